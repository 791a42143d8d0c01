"""The view of races on a network."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.optimizers.raced import LINK


@pytest.fixture
def open_view(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """The view, opened with a link on a server that has drawn no page before."""

    def start(**query: str) -> AppTest:
        return open_page(**(query or LINK))

    return start
