"""Which stacks learn, without a browser: every state of the view."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.data.folders import store_folder
from dashlab.experiments.initialization.training import StackTraining
from dashlab.jobs import JobState
from dashlab.store import studies
from dashlab.training.study import StudyOutcome
from tests.app.fakes import FakeLab
from tests.app.initialization.stacks import LEARN, curves, rows
from tests.app.pages import press, ran, texts
from ui.parts.live import seconds

PAGE = "pages/initialization.py"


@pytest.fixture
def open_learn(open_view: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """The view of trainings, with the settings of `LEARN`."""

    def start(**settings: str) -> AppTest:
        own = {"settings": LEARN.settings, "depth": "2", "width": "16", "steps": "20"}
        return open_view("learn", **(own | settings))

    return start


def test_before_a_training_stands_what_reaches_the_weights(open_learn: Callable[..., AppTest]) -> None:
    app = open_learn()
    assert "Guess which of them will learn" in texts(app)
    assert f"On one core it takes about {seconds(LEARN.seconds)}" in texts(app)
    assert curves(app, "before") == ["1 · Orthogonal, tanh", "2 · N(0, 10²), linear"]
    assert not app.button(key="init_learn_start").disabled


def test_the_time_that_is_said_beforehand_grows_with_what_is_trained() -> None:
    assert LEARN.change(steps=200).seconds == pytest.approx(10 * LEARN.change(steps=20).seconds)
    assert LEARN.change(width=64).seconds > LEARN.change(width=32).seconds
    assert 5 < StackTraining().seconds < 60


def test_the_button_trains_what_is_set(open_learn: Callable[..., AppTest], lab: FakeLab) -> None:
    press(open_learn(), "init_learn_start")
    assert lab.submitted == [LEARN]


def test_a_training_that_goes_on_shows_its_curves_and_can_be_stopped(
    open_learn: Callable[..., AppTest], lab: FakeLab
) -> None:
    lab.show(LEARN, JobState.RUNNING, "Step 9 of 20.", rows=rows(9), fraction=0.4, elapsed_s=1.0)
    app = open_learn()
    table = app.dataframe[0].value
    assert list(table["Verdict"]) == ["at step 9", "diverged at step 1"]
    assert app.button(key="init_learn_start").label == "Training …"
    assert len(app.get("vega_lite_chart")) == 2
    app.button(key="init_learn_stop").click().run()
    assert lab.stopped == [LEARN.key()]


def test_a_finished_training_says_which_learn(open_learn: Callable[..., AppTest], lab: FakeLab) -> None:
    lab.show(LEARN, JobState.FINISHED, rows=rows())
    table = open_learn().dataframe[0].value
    assert list(table["Verdict"]) == ["learns", "diverged at step 1"]
    assert list(table["Test accuracy"]) == ["87.5 %", ""]
    assert list(table["Gradient below, step 1"]) == ["0.25", "0.25"]


def test_a_stopped_training_keeps_its_curves_and_can_be_started_anew(
    open_learn: Callable[..., AppTest], lab: FakeLab
) -> None:
    lab.show(LEARN, JobState.STOPPED, "Stopped at step 9.", rows=rows(9))
    app = open_learn()
    assert "Stopped at step 9." in texts(app)
    assert app.dataframe[0].value["Verdict"][0] == "at step 9"
    assert not app.button(key="init_learn_start").disabled


def test_a_failed_training_says_why(open_learn: Callable[..., AppTest], lab: FakeLab) -> None:
    lab.show(LEARN, JobState.FAILED, "The memory ran out.")
    app = open_learn()
    assert "The memory ran out." in texts(app)
    assert list(app.dataframe[0].value["Verdict"]) == ["not yet begun"] * 2


def test_a_cached_training_is_there_at_once(open_learn: Callable[..., AppTest], lab: FakeLab) -> None:
    studies.save(LEARN, StudyOutcome(state="finished", rows=rows(), seconds=1.0, environment={}))
    app = open_learn()
    assert list(app.dataframe[0].value["Verdict"]) == ["learns", "diverged at step 1"]
    assert app.button(key="init_learn_start").label == "Trained"
    assert app.button(key="init_learn_start").disabled
    assert lab.submitted == []


def test_a_damaged_cached_training_is_said_and_can_be_trained_again(
    open_learn: Callable[..., AppTest],
) -> None:
    studies.save(LEARN, StudyOutcome(state="finished", rows=rows(), seconds=1.0, environment={}))
    (file,) = (store_folder() / "studies").glob("*.json")
    file.write_bytes(file.read_bytes()[:-9])
    app = open_learn()
    assert "damaged" in texts(app)
    assert not app.button(key="init_learn_start").disabled


def test_the_training_that_goes_on_stays_in_sight_when_a_setting_is_changed(
    open_learn: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = press(open_learn(), "init_learn_start")
    lab.show(LEARN, JobState.RUNNING, "Step 9 of 20.", rows=rows(9))
    app = ran(app.select_slider(key="init_learn_depth").set_value(3))
    assert "it has other settings than those beside it" in texts(app)
    assert list(app.dataframe[0].value["Verdict"]) == ["at step 9", "diverged at step 1"]


def test_more_weights_than_can_be_trained_are_refused_in_a_sentence(
    open_learn: Callable[..., AppTest],
) -> None:
    app = open_learn(depth="200", width="512")
    assert "take fewer layers or a smaller width" in texts(app)
    assert app.button(key="init_learn_start").disabled
