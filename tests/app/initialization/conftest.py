"""The views of the page on initialization."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.pages import view_link


@pytest.fixture
def open_view(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """One view of the page, opened with a link: `open_view("stack", depth="3")`."""

    def start(view: str = "stack", **settings: str) -> AppTest:
        small = {"depth": "5", "width": "16"} if view == "stack" else {}
        return open_page(**view_link("init", view, small | settings))

    return start
