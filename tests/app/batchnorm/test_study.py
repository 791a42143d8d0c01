"""Twins that take long, without a browser: a study, and every state that it is in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.data.folders import store_folder
from dashlab.experiments.batchnorm.presets import TWINS
from dashlab.experiments.batchnorm.rows import TwinsConfig
from dashlab.jobs import JobState
from dashlab.store import studies
from dashlab.training.study import Study, StudyOutcome
from tests.app.batchnorm.twins import metrics, plotly
from tests.app.fakes import FakeLab
from tests.app.pages import elements, press, ran, texts

PAGE = "pages/batchnorm.py"
LONG = TwinsConfig(points=100, hidden=(8, 6), epochs=500, batch_size=2)


def rows_of(study: Study) -> tuple[Any, ...]:
    return tuple(row for row in study.rows() if isinstance(row, study.ROW))


def open_long(open_view: Callable[..., AppTest], **more: str) -> AppTest:
    return open_view(points="100", hidden="8-6", epochs="500", batch_size="2", **more)


def test_a_long_training_waits_for_a_press(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    app = open_long(open_view, at="3", pane="classes")
    assert "on one core. Press **Train**" in texts(app)
    assert lab.submitted == []
    app = press(app, "bn_start")
    assert lab.submitted == [LONG]  # without what is only looked at


def test_while_it_runs_the_curves_grow_and_it_can_be_stopped(
    open_view: Callable[..., AppTest], lab: FakeLab
) -> None:
    rows = rows_of(LONG.change(epochs=2, batch_size=0))
    lab.show(LONG, JobState.RUNNING, "Epoch 2 of 500.", rows=rows, elapsed_s=3.0, left_s=60.0, fraction=0.25)
    app = open_long(open_view)
    assert elements(app, "progress")[0].value == 25
    assert app.button(key="bn_start").disabled
    assert len(app.get("vega_lite_chart")) == 2
    assert plotly(app).keys() == {"boundary"}
    assert "epoch 2" in plotly(app)["boundary"]["layout"]["annotations"][0]["text"]
    app.button(key="bn_stop").click().run()
    assert lab.stopped == [LONG.key()]


def test_before_the_first_row_it_says_that_it_waits(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    lab.show(LONG, JobState.QUEUED, "Waiting for the process that trains.")
    assert "Waiting for the first numbers." in texts(open_long(open_view))


def test_a_finished_study_shows_everything(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    lab.show(LONG, JobState.FINISHED, rows=rows_of(LONG.change(epochs=3, batch_size=0)))
    app = open_long(open_view)
    assert "boundary" in plotly(app)
    assert len(metrics(app)) == 2


@pytest.mark.parametrize("kept", [0, 2])
def test_a_stopped_study_keeps_what_it_has(
    open_view: Callable[..., AppTest], lab: FakeLab, kept: int
) -> None:
    rows = rows_of(LONG.change(epochs=3, batch_size=0))[:kept]
    lab.show(LONG, JobState.STOPPED, "Stopped. What was computed until then is shown.", rows=rows)
    app = open_long(open_view)
    assert "Stopped. What was computed until then is shown." in texts(app)
    assert len(metrics(app)) == (2 if kept else 0)
    assert not app.button(key="bn_start").disabled


@pytest.mark.parametrize(("state", "said"), [("stopped", True), ("running", False)])
def test_an_epoch_of_the_link_that_a_stopped_study_never_reached_is_said(
    open_view: Callable[..., AppTest], lab: FakeLab, state: str, said: bool
) -> None:
    lab.show(LONG, JobState(state), rows=rows_of(LONG.change(epochs=3, batch_size=0))[:3])
    app = ran(open_long(open_view, at="400"))
    assert texts(app).count("The link asked for twins_at=400; here the nearest is 2.") == said


def test_a_failed_study_says_why(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    lab.show(LONG, JobState.FAILED, "The pictures are damaged: fetch them again.")
    assert "The pictures are damaged: fetch them again." in texts(open_long(open_view))


def test_a_cached_study_is_there_at_once(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    keep(LONG)
    app = open_long(open_view)
    assert "boundary" in plotly(app)
    assert lab.submitted == []


def test_a_damaged_cached_study_is_set_aside_and_said(open_view: Callable[..., AppTest]) -> None:
    keep(LONG)
    (path,) = (store_folder() / "studies").glob("*.json")
    path.write_bytes(path.read_bytes()[:-20])
    app = open_long(open_view)
    assert "was damaged and has been set aside" in texts(app)
    assert not app.button(key="bn_start").disabled


def keep(study: Study) -> None:
    """Leave a finished study in the store."""
    rows = rows_of(study.change(epochs=2, batch_size=0))
    studies.save(study, StudyOutcome(state="finished", rows=rows, seconds=1.0, environment={}))


def test_a_study_goes_on_while_settings_change(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    app = press(open_long(open_view), "bn_start")
    lab.show(LONG, JobState.RUNNING, "Epoch 1 of 500.", fraction=0.1)
    app = ran(app.select_slider(key="bn_twins_lr").set_value(0.2))
    assert "it has other settings than those beside it" in texts(app)
    assert elements(app, "progress")[0].value == 10
    assert not app.button(key="bn_start").disabled


def test_twins_that_go_on_are_not_drawn_as_a_sweep(
    open_view: Callable[..., AppTest], lab: FakeLab, all_is_long: None
) -> None:
    app = press(open_long(open_view), "bn_start")
    lab.show(LONG, JobState.RUNNING, "Epoch 1 of 500.", rows=rows_of(LONG.change(epochs=2, batch_size=0)))
    app.session_state["bn_view"] = "rates"
    app = ran(app)
    assert "Press **Train**" in texts(app)
    app.session_state["bn_view"] = "twins"
    assert len(elements(ran(app), "progress")) == 1


def test_mnist_is_never_trained_on_the_page_itself(open_page: Callable[..., AppTest], lab: FakeLab) -> None:
    app = open_page(bn_preset="s8")
    app = press(app, "bn_start")
    (study,) = lab.submitted
    assert study.flat().items() >= {
        "dataset": "mnist", "hidden": (256, 256), "bias": "needed", "lr": 0.01, "batch_size": 64,
        "epochs": 10, "pixels": "unit", "activated": "first", "shuffle": False, "measured": "both",
    }.items()  # fmt: skip


def test_finished_digits_are_shown_class_by_class(open_page: Callable[..., AppTest], lab: FakeLab) -> None:
    config = TWINS["s8"].config
    study = TwinsConfig().change(**{name: config.flat()[name] for name in TwinsConfig.specs()})
    rows = [
        replace(row, plain=ten(row.plain), normed=ten(row.normed))
        for row in rows_of(TwinsConfig(points=100, hidden=(8, 6), epochs=10))
    ]
    lab.show(study, JobState.FINISHED, rows=tuple(rows))
    app = open_page(bn_preset="s8")
    assert "boundary" not in plotly(app)
    for classes in ("classes", "known_classes"):
        assert plotly(app)[classes]["data"][0]["x"] == [str(digit) for digit in range(10)]


def test_s8_is_shown_on_the_training_pictures_in_both_modes(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    config = TWINS["s8"].config
    study = TwinsConfig().change(**{name: config.flat()[name] for name in TwinsConfig.specs()})
    rows = [
        replace(row, plain=ten(row.plain), normed=ten(row.normed))
        for row in rows_of(TwinsConfig(points=100, hidden=(8, 6), epochs=10, measured="both"))
    ]
    lab.show(study, JobState.FINISHED, rows=tuple(rows))
    app = open_page(bn_preset="s8")
    plain, normed = rows[-1].plain.on_training, rows[-1].normed.on_training
    said = next(sentence for sentence in texts(app).splitlines() if "On all **training data**" in sentence)
    for score in (normed.by_batch, normed.by_running, plain.by_running):
        assert f"{100 * score.accuracy:.2f} % at a loss of {score.loss:.4f}" in said
    assert len(app.get("vega_lite_chart")) == 4
    epochs = next(
        table.value for table in app.dataframe if "Plain training data eval mode loss" in table.value
    )
    assert epochs["Batchnorm training data train mode accuracy"].iloc[-1] == normed.by_batch.accuracy


def ten(twin: Any) -> Any:
    shares = tuple(0.9 + digit / 100 for digit in range(10))
    known = twin.on_training
    if known is not None:
        known = replace(known, classes_by_batch=shares, classes_by_running=shares)
    return replace(twin, boundary="", classes_by_batch=shares, classes_by_running=shares, on_training=known)
