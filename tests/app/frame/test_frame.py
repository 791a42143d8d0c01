"""The frame that every page opens with."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.pages import ran
from ui.frame import page
from ui.frame.pages import PAGES, PageInfo


@pytest.mark.parametrize("info", PAGES, ids=lambda info: info.slug)
def test_at_the_end_of_every_page_what_it_has_imported_is_frozen_and_kept_to_one_core(
    info: PageInfo, open_app: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(page, "run_ended", lambda: done.append("frozen"))
    monkeypatch.setattr(page, "compute_on_one_core", lambda: done.append("one core"))
    ran(open_app(None if info.slug == "home" else info.path))
    assert sorted(done) == ["frozen", "one core"]
