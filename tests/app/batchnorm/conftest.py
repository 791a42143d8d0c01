"""The views of the page on BatchNorm."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.pages import view_link
from ui.batchnorm import parts as batchnorm_parts


@pytest.fixture
def all_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is computed on the page."""
    monkeypatch.setattr(batchnorm_parts, "QUICK_S", 0.0)


@pytest.fixture
def open_view(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """One view of the page, opened with a link: `open_view("rates", epochs="3")`."""

    def start(view: str = "twins", **settings: str) -> AppTest:
        return open_page(**view_link("bn", view, settings))

    return start
