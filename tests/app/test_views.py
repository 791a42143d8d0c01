"""Pages of several views."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

PAGES = [("optimizers", "optim", "ema"), ("initialization", "init", "gain"), ("batchnorm", "bn", "rates")]


@pytest.mark.parametrize(("slug", "prefix", "view"), PAGES)
def test_a_switch_that_the_browser_left_unanswered_stays_where_it_was(
    slug: str, prefix: str, view: str, open_app: Callable[..., AppTest]
) -> None:
    app = open_app(f"pages/{slug}.py", **{f"{prefix}_view": view}).run()
    app.session_state[f"{prefix}_view"] = None
    app.run()
    assert not app.exception
    assert app.session_state[f"{prefix}_view"] == view
