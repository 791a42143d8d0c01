"""Faults that no page expects, as people see them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.app.pages import texts
from ui.frame.pages import PAGES
from ui.parts import unexpected

NUMBER = re.compile(r"number ([0-9a-f]{6}) in the server's log")
BODIES = {
    "home": "ui.frame.home.start",
    "optimizers": "ui.frame.views._switch",
    "initialization": "ui.frame.views._switch",
    "batchnorm": "ui.frame.views._switch",
    "augmentation": "ui.augmentation.page.editor",
    "trainer": "ui.trainer.page.settings",
    "sketch": "ui.sketch.page._strip",
    "descent": "ui.frame.views._switch",
    "fitting": "ui.frame.views._switch",
    "activations": "ui.frame.views._switch",
    "convolution": "ui.frame.views._switch",
}


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError("a fault that nobody expects")


def only_number(app: AppTest) -> str:
    (number,) = NUMBER.findall(texts(app))
    return str(number)


def test_every_page_is_tried_below() -> None:
    assert BODIES.keys() == {page.slug for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.slug)
def test_a_fault_in_a_page_is_a_number_in_the_log_and_the_frame_stays(
    page: object,
    open_app: Callable[..., AppTest],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    as_people_see: None,
) -> None:
    slug, path = page.slug, page.path  # type: ignore[attr-defined]
    monkeypatch.setattr(BODIES[slug], fail)
    with caplog.at_level(logging.ERROR):
        app = open_app(None if slug == "home" else path).run()
    assert not app.exception
    assert "ZeroDivisionError" not in texts(app)
    assert app.title[0].value
    assert any(":material/memory:" in caption.value for caption in app.sidebar.caption)
    (record,) = [record for record in caplog.records if only_number(app) in record.getMessage()]
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


def test_a_fault_in_a_callback_leaves_the_page_and_says_its_number_once(
    open_app: Callable[..., AppTest],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    as_people_see: None,
) -> None:
    app = open_app("pages/augmentation.py", aug_draws="1").run()
    monkeypatch.setattr("ui.parts.state.PageState.put", fail)
    app.button(key="aug_again").click().run()
    assert not app.exception
    assert only_number(app) in caplog.text
    assert "aug_again" in [button.key for button in app.button]
    app.run()
    assert not NUMBER.findall(texts(app))


def test_a_fault_in_a_fragment_is_a_number_too(
    open_app: Callable[..., AppTest],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    as_people_see: None,
) -> None:
    monkeypatch.setattr("ui.frame.home.start", st.fragment(fail))
    app = open_app().run()
    assert not app.exception
    assert only_number(app) in caplog.text


def test_what_streamlit_raises_to_stop_a_page_is_no_fault(
    open_app: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, as_people_see: None
) -> None:
    monkeypatch.setattr("ui.frame.home.start", st.stop)
    app = open_app().run()
    assert not app.exception
    assert not NUMBER.findall(texts(app))


def test_in_all_other_tests_a_fault_is_an_exception_and_so_a_failure(
    open_app: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.frame.home.start", fail)
    assert open_app().run().exception


def test_a_number_is_of_one_fault_alone() -> None:
    assert len({unexpected._logged(ValueError("again")) for _ in range(20)}) == 20
