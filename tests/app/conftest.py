"""What every test of a page gets: a lab that trains nothing, and its page, opened with a link."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashlab import jobs
from tests.app.fakes import FakeLab, few_pictures
from tests.app.pages import ran
from ui.parts import unexpected


@pytest.fixture(autouse=True, scope="session")
def computes_here(one_thread: None) -> None:
    """These pages compute in the process of the tests, and in one thread."""
    os.environ["DASHLAB_CALCULATORS"] = "0"


@pytest.fixture(autouse=True)
def lab(monkeypatch: pytest.MonkeyPatch) -> FakeLab:
    """A lab that trains nothing."""
    fake = FakeLab()
    for name in ("submit", "progress", "batch", "stop", "active", "warm_up"):
        monkeypatch.setattr(jobs, name, getattr(fake, name))
    return fake


@pytest.fixture
def as_people_see() -> None:
    """Faults are shown as people see them; every other test has them as exceptions, and fails."""


@pytest.fixture(autouse=True)
def faults_are_exceptions(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no page expects ends up in `app.exception`, as without dashlab's own sentence."""
    if "as_people_see" not in request.fixturenames:
        monkeypatch.setattr(unexpected, "show", st.exception)
        monkeypatch.setattr(unexpected, "_show_uncaught", st.exception)


@pytest.fixture
def pictures_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that need no reading."""
    monkeypatch.setattr("dashlab.training.engine.load", lambda _config: few_pictures())


@pytest.fixture
def open_page(request: pytest.FixtureRequest, open_app: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """The `PAGE` of the file of tests, opened with a link on a server that has drawn no page before."""

    def start(**query: str) -> AppTest:
        return ran(open_app(request.module.PAGE, **query))

    return start
