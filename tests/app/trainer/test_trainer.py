"""The trainer without a browser: its states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashlab import jobs
from dashlab.errors import DataError, JobError
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.jobs import JobState
from dashlab.settings.run import RunConfig
from dashlab.store.runs import Store
from tests.app.fakes import FakeLab, epoch_row, result, started, steps
from tests.app.pages import elements, press, texts
from tests.app.trainer.trained import FAST
from ui.trainer.page import FROM_CACHE

PAGE = "pages/trainer.py"
pytestmark = pytest.mark.usefixtures("pictures_at_hand")


def charts(app: AppTest) -> set[str]:
    return {element.type for element in (*app.get("vega_lite_chart"), *app.get("plotly_chart"))}


# Before training


def test_pictures_and_network_are_shown_before_anything_is_trained(open_page: Callable[..., AppTest]) -> None:
    app = open_page()
    assert "All of MNIST, as a test has it." in texts(app)
    assert len(app.get("image")) == 10
    assert "153,290 parameters" in texts(app)


def test_the_page_opens_with_the_preset_that_trains_in_seconds(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = press(open_page(), "train_start")
    assert [config.change(source="auto") for config in lab.submitted] == [FAST]
    assert not app.query_params


def test_what_cannot_be_read_is_said_in_the_place_of_the_pictures(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_config: object) -> None:
        raise DataError("The pictures are damaged: fetch them again.")

    monkeypatch.setattr("dashlab.training.engine.load", broken)
    assert "The pictures are damaged: fetch them again." in texts(open_page())


# While it goes on


def test_a_queued_run_says_what_it_waits_for(open_page: Callable[..., AppTest], lab: FakeLab) -> None:
    lab.show(FAST, JobState.QUEUED, "Waiting for the process that trains.")
    app = open_page()
    assert elements(app, "progress")[0].text == "Waiting for the process that trains."


def test_a_running_run_shows_its_time_and_its_curves(open_page: Callable[..., AppTest], lab: FakeLab) -> None:
    lab.show(
        FAST, JobState.RUNNING, "Training: epoch 1 of 2.", started=started(FAST), steps=steps(12),
        epochs=(epoch_row(1),), elapsed_s=4.0, left_s=65.0, fraction=0.4,
    )  # fmt: skip
    app = open_page()
    (bar,) = elements(app, "progress")
    assert bar.text.replace("\\", "") == "Training: epoch 1 of 2 · 4.0 s so far · about 1 min 05 s left"
    assert bar.value == 40
    assert "vega_lite_chart" in charts(app)


def test_a_run_that_is_tested_is_nearly_done_instead_of_stuck_at_no_time_left(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    lab.show(FAST, JobState.RUNNING, "Testing.", started=started(FAST), elapsed_s=4.0, left_s=0.0)
    assert elements(open_page(), "progress")[0].text == "Testing · 4.0 s so far · nearly done"


def test_stop_asks_for_the_run_to_end(open_page: Callable[..., AppTest], lab: FakeLab) -> None:
    running = lab.show(FAST, JobState.RUNNING, "Training: epoch 1 of 2.", started=started(FAST))
    app = press(open_page(), "train_stop")
    assert lab.stopped == [running.key]
    assert app.button(key="train_stop").disabled


def test_a_run_stays_in_view_while_settings_are_changed(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    lab.show(FAST, JobState.RUNNING, "Training: epoch 1 of 2.")
    app = open_page()
    app.number_input(key="train_epochs").set_value(7).run()
    assert elements(app, "progress")[0].text.startswith(r"Training\: epoch 1 of 2 ")


# How it ends


def test_a_finished_run_shows_its_figures_matrix_and_curves(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    app = open_page()
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Test accuracy"] == "92.50 %"
    assert values["Training took"] == "2.2 s"
    assert charts(app) == {"vega_lite_chart", "plotly_chart"}


def test_beside_the_test_accuracy_stands_what_the_largest_class_alone_gives(
    open_page: Callable[..., AppTest],
) -> None:
    Store().save(result(FAST))
    app = open_page()
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Largest class alone"] == "10.00 %"
    assert "no better than guessing" not in texts(app)


def test_a_run_that_always_answers_the_largest_class_says_what_helps(
    open_page: Callable[..., AppTest],
) -> None:
    run = result(FAST)
    assert run.evaluation is not None
    sums = tuple(100 if k == 1 else 2 for k in range(10))
    guessed = tuple((0, count, *(0,) * 8) for count in sums)
    Store().save(replace(run, evaluation=replace(run.evaluation, accuracy=100 / 118, confusion=guessed)))
    app = open_page()
    assert {metric.label: metric.value for metric in app.metric}["Largest class alone"] == "84.75 %"
    assert "no better than guessing" in texts(app)
    assert "as many pictures of every class" in texts(app)


def test_a_cached_run_is_there_without_training(open_page: Callable[..., AppTest], lab: FakeLab) -> None:
    Store().save(result(FAST))
    assert "92.50 %" in texts(open_page())
    assert lab.submitted == []


def test_train_says_that_a_kept_run_is_not_trained_again(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    Store().save(result(FAST))
    lab.show(FAST, JobState.FINISHED)
    app = press(open_page(), "train_start")
    assert [toast.value for toast in app.toast] == [FROM_CACHE]


def test_train_says_nothing_of_the_kind_when_it_trains(open_page: Callable[..., AppTest]) -> None:
    assert not press(open_page(), "train_start").toast


def test_the_published_figure_stands_beside_the_measured_one(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(PRESETS["s1"].config))
    values = {metric.label: metric.value for metric in open_page(train_preset="s1").metric}
    assert values["Published"] == "97.45 %"


def test_a_stopped_run_keeps_its_curves_and_says_so(open_page: Callable[..., AppTest], lab: FakeLab) -> None:
    note = "Stopped after 20 of 470 steps. Curves and weights are kept; the test set was not used."
    Store().save(result(FAST, "stopped", note))
    lab.show(FAST, JobState.STOPPED, note)
    app = open_page()
    assert note in texts(app)
    assert "Test accuracy" not in {metric.label for metric in app.metric}
    assert charts(app) == {"vega_lite_chart"}


def test_a_diverged_run_says_at_which_step_and_why(open_page: Callable[..., AppTest]) -> None:
    note = "Diverged: at step 7 the loss was no longer a finite number. Try a smaller learning rate than 90."
    Store().save(result(FAST, "diverged", note))
    assert note in texts(open_page())


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (JobState.FAILED, "The pictures in zip.zip cannot be read: pack it again."),
        (JobState.LOST, "The process that trains was killed; perhaps the memory ran out."),
        (JobState.STOPPED, "Stopped before the first step; there is nothing to keep."),
    ],
)
def test_a_run_that_left_nothing_says_why_and_can_be_started_again(
    open_page: Callable[..., AppTest], lab: FakeLab, state: JobState, sentence: str
) -> None:
    lab.show(FAST, state, sentence)
    app = open_page()
    assert sentence in texts(app)
    assert not app.button(key="train_start").disabled


def test_a_run_whose_worker_was_killed_still_shows_what_it_measured(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    lab.show(
        FAST, JobState.LOST, "The process that trains was killed.", started=started(FAST), steps=steps(5)
    )
    app = open_page()
    assert "was killed" in texts(app)
    assert charts(app)


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1] + b"\xff", lambda data: data[:-9], lambda _data: b""]
)
def test_a_damaged_run_is_said_never_shown_and_can_be_trained_anew(
    open_page: Callable[..., AppTest], damage: Callable[[bytes], bytes]
) -> None:
    run = result(FAST)
    Store().save(run)
    weights = Store().weights_path(run.config.key())
    weights.write_bytes(damage(weights.read_bytes()))
    app = open_page()
    assert "was damaged" in texts(app)
    assert not app.metric
    assert len(app.get("image")) == 10
    assert not app.button(key="train_start").disabled


def test_a_run_that_cannot_be_submitted_says_why(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_config: RunConfig) -> str:
        raise JobError("The process that trains could not be started.")

    monkeypatch.setattr(jobs, "submit", refuse)
    assert "The process that trains could not be started." in texts(press(open_page(), "train_start"))


def test_a_stopped_run_that_is_started_again_can_be_stopped_again(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    lab.show(FAST, JobState.RUNNING, "Training: epoch 1 of 2.", started=started(FAST))
    app = press(open_page(), "train_stop")
    lab.show(FAST, JobState.STOPPED, "Stopped.")
    app.run()
    lab.known.clear()
    press(app, "train_start")
    assert not app.button(key="train_stop").disabled


def test_a_run_that_goes_on_cannot_be_started_twice(open_page: Callable[..., AppTest], lab: FakeLab) -> None:
    lab.show(FAST, JobState.RUNNING, "Training: epoch 1 of 2.")
    assert open_page().button(key="train_start").disabled


def test_after_a_change_of_settings_the_last_run_stays_with_a_note(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    app = open_page()
    app.number_input(key="train_epochs").set_value(7).run()
    assert "This run had other settings: Epochs 3 → 7." in texts(app)
    assert "92.50 %" in texts(app)


def test_the_figure_that_the_material_reports_stands_with_its_preset(
    open_page: Callable[..., AppTest],
) -> None:
    assert "The course material reports 97.45 %." in texts(open_page(train_preset="s1"))


def test_under_the_loss_stands_what_is_made_small_besides(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    said = texts(open_page())
    assert "What training minimises is more: label smoothing adds 0.0250 (step 20)." in said
    assert "Validation: measured" not in said


def test_beside_a_validation_loss_stands_how_both_are_measured(open_page: Callable[..., AppTest]) -> None:
    run = result(FAST.change(val_fraction=0.1))
    Store().save(replace(run, started=replace(run.started, val_count=6)))
    said = texts(open_page(train_preset="mnist-fast", train_val_fraction="0.1"))
    assert "Validation: measured after each epoch, in eval mode." in said


def test_the_training_loss_of_an_old_run_is_called_what_it_is(open_page: Callable[..., AppTest]) -> None:
    run = result(FAST)
    Store().save(replace(run, steps=tuple(replace(row, added_loss=None) for row in run.steps)))
    assert "its training loss also holds label smoothing" in texts(open_page())
