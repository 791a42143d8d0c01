"""What a link asks for beyond what there is just now gives way to the nearest that there is, and is said."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.pages import ran, texts
from ui.frame.pages import PAGES

BEYOND = (
    ("aug", {"aug_draws": "3", "aug_draw": "9"}, "asked for draw=9; here the nearest is 3."),
    (
        "optim",
        {"optim_view": "surface", "optim_surface_detail": "step", "optim_surface_step": "350"},
        "asked for surface_step=350; here the nearest is",
    ),
    (
        "optim",
        {"optim_view": "surface", "optim_surface_detail": "state", "optim_surface_racer": "8"},
        "asked for surface_racer=8; here the nearest is",
    ),
    (
        "optim",
        {"optim_view": "ema", "optim_ema_length": "50", "optim_ema_at": "120"},
        "asked for ema_at=120; here the nearest is 50.",
    ),
    (
        "init",
        {"init_view": "stack", "init_stack_depth": "20", "init_stack_layer": "180"},
        "asked for stack_layer=180; here the nearest is 20.",
    ),
)


@pytest.mark.parametrize(("prefix", "query", "said"), BEYOND, ids=[case[2].split()[2] for case in BEYOND])
def test_a_link_beyond_what_there_is_gives_way_and_says_so(
    prefix: str, query: dict[str, str], said: str, open_app: Callable[..., AppTest]
) -> None:
    path = next(page.path for page in PAGES if page.prefix == prefix)
    app = ran(open_app(path, **query))
    assert texts(app).count(said) == 1
    assert texts(ran(app)).count(said) == 1, "it stays on top of the page"


@pytest.mark.parametrize("view", ["ema", "stack"])
def test_what_people_themselves_make_less_is_not_said_to_be_a_links_wish(
    view: str, open_app: Callable[..., AppTest]
) -> None:
    path, prefix, most = {
        "ema": ("optimizers", "optim", "length"),
        "stack": ("initialization", "init", "depth"),
    }[view]
    app = ran(open_app(f"pages/{path}.py", **{f"{prefix}_view": view}))
    state = app.session_state[f"{prefix}__state"]
    state.put({f"{view}_{most}": 100, f"{view}_{'at' if view == 'ema' else 'layer'}": 90})
    app = ran(app)
    state = app.session_state[f"{prefix}__state"]
    state.put({f"{view}_{most}": 50})
    assert "The link asked for" not in texts(ran(app))


def test_a_number_beyond_the_pictures_of_a_class_is_said(open_app: Callable[..., AppTest]) -> None:
    app = ran(open_app("pages/augmentation.py", aug_source="fashion", aug_number="9000"))
    assert "There are 1,000 pictures of this class: the last is shown." in texts(app)
    app = ran(open_app("pages/augmentation.py", aug_source="fashion", aug_number="1000"))
    assert "pictures of this class" not in texts(app)
