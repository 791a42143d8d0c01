"""The trainer without a browser: its states, its settings, its link."""

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
from tests.app.fakes import FakeLab, epoch_row, few_pictures, result, started, steps
from tests.app.pages import elements, press, texts
from ui.trainer.page import KEPT

PAGE = "pages/trainer.py"
pytestmark = pytest.mark.usefixtures("pictures_at_hand")
FAST = PRESETS["mnist-fast"].config


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
    assert [toast.value for toast in app.toast] == [KEPT]


def test_train_says_nothing_of_the_kind_when_it_trains(open_page: Callable[..., AppTest]) -> None:
    assert not press(open_page(), "train_start").toast


def test_the_published_figure_stands_beside_the_measured_one(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(PRESETS["s1"].config))
    values = {metric.label: metric.value for metric in open_page(train_preset="s1").metric}
    assert values["Published"] == "97.45 %"


def test_a_stopped_run_keeps_its_curves_and_says_so(open_page: Callable[..., AppTest], lab: FakeLab) -> None:
    note = "Stopped after 20 of 470 steps. Curves and weights are kept; the test set was not read."
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


# Mistakes


def test_the_most_frequent_mistake_is_chosen_first(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    app = open_page()
    assert (app.selectbox(key="train_true").value, app.selectbox(key="train_read").value) == (4, 9)
    assert "**3** of 4 pictures of *4* were read as *9*." in texts(app)


def test_choosing_a_cell_by_its_classes_shows_its_pictures(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    app = open_page()
    app.selectbox(key="train_read").set_value(4).run()
    assert "**1** of 4 pictures of *4* were read as *4* — rightly." in texts(app)
    assert len(app.get("image")) == 1


def test_an_empty_cell_says_so_and_shows_no_picture(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    app = open_page()
    app.selectbox(key="train_true").set_value(0).run()
    assert "**0** of 4 pictures of *0* were read as *9*." in texts(app)
    assert not app.get("image")


def test_the_worst_mistakes_come_with_the_networks_probabilities(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    app = open_page()
    app.session_state["train_tabs"] = "Worst mistakes"
    app.run()
    assert "reads **3** of 40 test pictures wrongly" in texts(app)
    assert elements(app, "progress")[0].text == "**9** · 91.0 %"


def test_pictures_that_changed_since_are_not_shown_as_mistakes(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    Store().save(result(FAST))
    monkeypatch.setattr("dashlab.training.engine.load", lambda _config: few_pictures(test_count=20))
    assert "The pictures have changed since this run" in texts(open_page())


# Other tabs


def open_tab(app: AppTest, name: str) -> AppTest:
    app.session_state["train_tabs"] = name
    app.run()
    assert not app.exception, app.exception
    return app


def test_another_run_is_compared_by_what_differs(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST.change(lr=0.05), wrong=1))
    Store().save(result(FAST))
    app = open_tab(open_page(), "Compare")
    (table,) = (frame.value for frame in app.dataframe)
    assert list(table["Learning rate"]) == ["0.4", "0.05"]
    assert list(table["Test accuracy in %"]) == [92.5, 97.5]


def test_a_first_run_has_nothing_to_be_compared_with(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    assert "only cached run so far" in texts(open_tab(open_page(), "Compare"))


def test_weights_history_settings_and_predictions_can_be_downloaded(
    open_page: Callable[..., AppTest],
) -> None:
    Store().save(result(FAST))
    app = open_tab(open_page(), "Downloads")
    labels = [button.label for button in elements(app, "download_button")]
    assert labels == ["Weights, safetensors", "History, CSV", "Settings, JSON", "Predictions, CSV"]
    assert app.code[-1].value == "python -m dashlab train --preset mnist-fast"


def test_a_diverged_run_offers_no_weights(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST, "diverged", "Diverged: at step 7."))
    app = open_tab(open_page(), "Downloads")
    assert [button.label for button in elements(app, "download_button")] == ["History, CSV", "Settings, JSON"]


def test_the_layers_of_the_network_are_listed(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    (table,) = (frame.value for frame in open_tab(open_page(), "Network").dataframe)
    layer = ["Linear", "BatchNorm1d", "ReLU"]
    assert list(table["Kind"]) == ["Flatten", *layer, *layer, "Linear"]


# Settings


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_sets_every_control(open_page: Callable[..., AppTest], preset: str) -> None:
    app = open_page()
    app.selectbox(key="train_preset").set_value(preset).run()
    assert not app.exception, app.exception
    assert app.session_state["train__state"].values == PRESETS[preset].config.flat()
    assert PRESETS[preset].about in texts(app)


def test_another_optimizer_brings_its_own_default_along_unless_it_was_set(
    open_page: Callable[..., AppTest],
) -> None:
    app = open_page(train_lr="0.05")
    app.selectbox(key="train_optimizer").select("adadelta").run()
    assert not app.exception, app.exception
    assert app.session_state["train__state"].values["eps"] == 1e-6
    assert "train_eps" not in {slider.key for slider in app.select_slider}, "it stands at its default"
    app.toggle(key="train_advanced").set_value(True).run()
    app.select_slider(key="train_eps").set_value(1e-8).run()
    assert link_of(app)["train_eps"] == "1e-08"
    app.selectbox(key="train_optimizer").select("adagrad").run()
    assert app.select_slider(key="train_eps").value == 1e-8


def link_of(app: AppTest) -> dict[str, str]:
    """The query of the page, a text for each name."""
    return {k: v if isinstance(v, str) else v[0] for k, v in app.query_params.items()}


def test_every_setting_can_be_reached(open_page: Callable[..., AppTest]) -> None:
    seen: set[str] = set()
    for query in ({"train_optimizer": name} for name in ("sgd", "rmsprop", "adam", "adadelta", "adagrad")):
        seen |= controls(open_page(**query), advanced=True)
    for name in ("cnn", "mlp"):
        seen |= controls(open_page(train_model=name, train_init="normal"), advanced=True)
    for name in ("step", "one_cycle"):
        seen |= controls(open_page(train_schedule=name), advanced=True)
    seen |= controls(open_page(train_dataset="own"), advanced=True)
    assert set(RunConfig().flat()) - seen == set()


def controls(app: AppTest, *, advanced: bool) -> set[str]:
    app.toggle(key="train_advanced").set_value(advanced).run()
    assert not app.exception, app.exception
    kinds = (
        app.selectbox, app.number_input, app.toggle, app.slider, app.select_slider, app.text_input,
        app.get("segmented_control"),
    )  # fmt: skip
    widgets = [widget for kind in kinds for widget in kind]
    assert all(
        widget.help for widget in widgets if (widget.key or "").removeprefix("train_") in RunConfig().flat()
    )
    return {widget.key.removeprefix("train_") for widget in widgets if widget.key}


def test_a_setting_without_effect_is_not_drawn_and_does_not_enter_the_config(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = open_page(train_preset="s1")
    app.selectbox(key="train_optimizer").set_value("adam").run()
    assert "train_momentum" not in {slider.key for slider in app.select_slider}
    press(app, "train_start")
    assert lab.submitted[0].optim.momentum == 0.0


def test_a_hidden_setting_comes_back_as_it_was(open_page: Callable[..., AppTest]) -> None:
    app = open_page(train_preset="s1")
    app.selectbox(key="train_optimizer").set_value("adam").run()
    app.selectbox(key="train_optimizer").set_value("sgd").run()
    assert app.select_slider(key="train_momentum").value == 0.9


def test_an_advanced_setting_that_was_changed_is_drawn_unasked(open_page: Callable[..., AppTest]) -> None:
    assert "train_beta1" in {
        s.key for s in open_page(train_optimizer="adam", train_beta1="0.5").select_slider
    }
    assert "train_beta1" not in {s.key for s in open_page(train_optimizer="adam").select_slider}


def test_layers_that_cannot_be_read_are_said_in_their_place_and_not_trained(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = open_page()
    app.text_input(key="train_hidden").set_value("512-x").run()
    assert "'512-x' is not whole numbers joined by '-'" in texts(app)
    assert app.button(key="train_start").disabled
    app.text_input(key="train_hidden").set_value("512-64").run()
    assert not app.button(key="train_start").disabled
    press(app, "train_start")
    assert lab.submitted[0].model.hidden == (512, 64)


def test_layers_out_of_range_are_said_in_their_place(open_page: Callable[..., AppTest]) -> None:
    app = open_page()
    app.text_input(key="train_hidden").set_value("99999").run()
    assert "entries must lie between 1 and 8,192" in texts(app)


def test_settings_that_do_not_fit_together_are_said_and_not_trained(
    open_page: Callable[..., AppTest],
) -> None:
    app = open_page(train_nesterov="on")
    assert "Nesterov needs a momentum above 0" in texts(app)
    assert app.button(key="train_start").disabled


def test_own_pictures_ask_for_an_upload_first(open_page: Callable[..., AppTest]) -> None:
    app = open_page(train_preset="s16")
    assert "Own pictures need a path" in texts(app)
    assert app.button(key="train_start").disabled
    assert app.get("file_uploader")


def test_put_back_restores_the_preset(open_page: Callable[..., AppTest]) -> None:
    app = open_page(train_preset="s1")
    app.number_input(key="train_epochs").set_value(9).run()
    assert "Changed from MNIST, MLP with momentum: Epochs 9." in texts(app)
    press(app, "train_put_back")
    assert app.number_input(key="train_epochs").value == 5
    assert app.query_params == {"train_preset": "s1"}


# Link


def test_the_link_carries_what_differs_from_the_preset(open_page: Callable[..., AppTest]) -> None:
    app = open_page()
    app.selectbox(key="train_preset").set_value("s1").run()
    app.number_input(key="train_epochs").set_value(7).run()
    assert app.query_params == {"train_preset": "s1", "train_epochs": "7"}


def test_opening_the_link_elsewhere_restores_the_state(open_page: Callable[..., AppTest]) -> None:
    first = open_page(train_preset="s4", train_hidden="64-32", train_lr="0.003", train_batchnorm="off")
    second = open_page(**first.query_params)
    assert second.session_state["train__state"].values == first.session_state["train__state"].values
    assert second.text_input(key="train_hidden").value == "64-32"
    assert second.select_slider(key="train_lr").value == 0.003


def test_clamped_values_of_a_link_are_said(open_page: Callable[..., AppTest]) -> None:
    app = open_page(train_epochs="5000", train_model="vgg")
    assert "The link asked for epochs=5000; the most is 1000." in texts(app)
    assert "The link asked for model=vgg" in texts(app)
    assert app.query_params == {"train_epochs": "1000"}


def test_markup_in_a_link_is_shown_as_text(open_page: Callable[..., AppTest]) -> None:
    app = open_page(train_model="![x](http://a.b/c.png)")
    assert r"\!" in app.warning[0].value or r"\[x\]\(http" in app.warning[0].value


def test_settings_survive_a_visit_to_another_page(open_page: Callable[..., AppTest]) -> None:
    app = open_page(train_preset="s1")
    app.number_input(key="train_epochs").set_value(7).run()
    app.switch_page("app.py").run()
    app.query_params.clear()
    app.switch_page(PAGE).run()
    assert not app.exception
    assert app.number_input(key="train_epochs").value == 7
    assert app.query_params == {"train_preset": "s1", "train_epochs": "7"}


def test_a_link_opened_in_the_same_session_replaces_what_was_set(open_page: Callable[..., AppTest]) -> None:
    app = open_page(train_preset="s1")
    app.number_input(key="train_epochs").set_value(7).run()
    app.switch_page("app.py").run()
    app.query_params.clear()
    app.query_params["train_preset"] = "s5"
    app.switch_page(PAGE).run()
    assert app.session_state["train__state"].values == PRESETS["s5"].config.flat()


def test_a_change_made_while_the_browser_still_sends_the_old_link_is_kept(
    open_page: Callable[..., AppTest],
) -> None:
    app = open_page(train_preset="s1")
    app.number_input(key="train_epochs").set_value(7).run()
    app.query_params.clear()
    app.query_params["train_preset"] = "s1"  # what the address was before the last change
    app.number_input(key="train_seed").set_value(3).run()
    values = app.session_state["train__state"].values
    assert (values["epochs"], values["seed"]) == (7, 3)


def test_the_link_stands_ready_to_be_copied(open_page: Callable[..., AppTest]) -> None:
    app = open_page(train_preset="s1", train_epochs="9")
    assert app.code[0].value.endswith("?train_preset=s1&train_epochs=9")


def test_a_tab_that_the_next_run_does_not_have_gives_way(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    Store().save(result(FAST.change(epochs=7), "stopped", "Stopped after 3 of 9 steps."))
    app = open_tab(open_page(), "Worst mistakes")
    app.number_input(key="train_epochs").set_value(7).run()
    assert not app.exception, app.exception
    assert "Stopped after 3 of 9 steps." in texts(app)
    app.number_input(key="train_epochs").set_value(2).run()
    assert not app.exception, app.exception


def test_the_figure_that_the_material_reports_stands_with_its_preset(
    open_page: Callable[..., AppTest],
) -> None:
    assert "The course material reports 97.45 %." in texts(open_page(train_preset="s1"))


def test_under_the_loss_stands_what_is_made_small_besides(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    said = texts(open_page())
    assert "What is made small in training is more: label smoothing adds 0.0250 (step 20)." in said
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
