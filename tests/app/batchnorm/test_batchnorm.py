"""BatchNorm against none without a browser: its views, its states, its link, bad input."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.charts.batchnorm.boundary import Plane, boundaries
from dashlab.data.folders import store_folder
from dashlab.experiments.batchnorm.presets import TWINS
from dashlab.experiments.batchnorm.rows import TwinsConfig, TwinsEpoch
from dashlab.experiments.batchnorm.sweeps import BatchSweep, RateSweep, Trial
from dashlab.jobs import JobState
from dashlab.store import studies
from dashlab.training.study import Study, StudyOutcome, Tick
from tests.app.fakes import FakeLab
from tests.app.pages import elements, link, press, ran, texts, view_link
from ui.batchnorm import parts as batchnorm_parts
from ui.batchnorm import twins as batchnorm_twins
from ui.batchnorm import views as batchnorm
from ui.frame.views import View

PAGE = "pages/batchnorm.py"
ALL_PRESETS = [(view, name) for view in batchnorm.VIEWS for name in view.presets]
SMALL = {"points": "100", "hidden": "8-6", "epochs": "6"}
LONG = TwinsConfig(points=100, hidden=(8, 6), epochs=500, batch_size=2)
PANES = ("values", "statistics", "gradients", "classes")


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


def metrics(app: AppTest) -> list[str]:
    return [str(element.value) for element in app.metric]


def plotly(app: AppTest) -> dict[str, dict[str, Any]]:
    """The plotly figures on the page by the end of their keys."""
    return {
        chart.proto.id.rpartition("bn_twins_chart_")[2]: json.loads(chart.proto.spec)
        for chart in app.get("plotly_chart")
    }


def rows_of(study: Study) -> tuple[Any, ...]:
    return tuple(row for row in study.rows() if isinstance(row, study.ROW))


def buttons(app: AppTest) -> set[str | None]:
    return {button.key for button in app.button}


# What stands there at first


def test_the_page_opens_with_s7(open_page: Callable[..., AppTest]) -> None:
    app = open_page()
    assert [float(value.removesuffix(" %")) >= 98 for value in metrics(app)] == [True, True]
    plain, normed = (element.delta for element in app.metric)
    assert plain == "loss never below 0.1"
    assert re.fullmatch("loss below 0.1 first in epoch 1[0-5]", normed)
    title = plotly(app)["boundary"]["layout"]["annotations"][0]["text"]
    assert re.fullmatch(r"Without BatchNorm<br>epoch 15: [78]\d\.\d %", title)
    assert re.search(
        r"After epoch 15 the twin with BatchNorm reads 99\.\d % of the test data in train mode", texts(app)
    )
    assert app.query_params == {}


@pytest.mark.parametrize(("view", "name"), ALL_PRESETS, ids=lambda value: getattr(value, "name", value))
def test_every_preset_opens(
    open_page: Callable[..., AppTest], all_is_long: None, view: View, name: str
) -> None:
    preset = view.presets[name]
    app = open_page(bn_preset=name)
    assert app.selectbox(key="bn_preset").value == name
    assert preset.about in texts(app)
    assert not app.warning
    assert preset.config.check() is preset.config
    assert link(app) == ({} if name == "s7" else {"bn_preset": name})


def test_both_networks_are_written_down_before_a_long_training(
    open_view: Callable[..., AppTest], all_is_long: None
) -> None:
    app = open_view(hidden="7-5")
    plain, normed = (element.value for element in app.code if "Linear" in element.value)
    assert "BatchNorm1d(7" in normed
    assert "BatchNorm" not in plain
    assert "Press **Train**" in texts(app)


def test_the_points_are_seen_before_a_long_training(
    open_view: Callable[..., AppTest], all_is_long: None
) -> None:
    (points,) = plotly(open_view(points="100"))["points"]["data"]
    assert len(points["x"]) == 100


@pytest.mark.usefixtures("pictures_at_hand")
@pytest.mark.parametrize("view", ["twins", "rates", "batches"])
def test_the_digits_are_seen_before_a_training_on_them(open_view: Callable[..., AppTest], view: str) -> None:
    app = open_view(view, dataset="mnist", **({} if view == "batches" else {"batch_size": "64"}))
    assert len(app.get("image")) == 10
    assert "Press **Train**" in texts(app)


# Quick settings


def test_a_moved_setting_is_trained_at_once(open_view: Callable[..., AppTest]) -> None:
    app = open_view(**SMALL)
    before = plotly(app)["boundary"]["data"][3]["z"]
    app = ran(app.select_slider(key="bn_twins_lr").set_value(1.0))
    assert plotly(app)["boundary"]["data"][3]["z"] != before
    assert link(app)["bn_twins_lr"] == "1.0"
    assert "bn_start" not in buttons(app)


def test_another_epoch_shows_another_boundary_and_stands_in_the_link(
    open_view: Callable[..., AppTest],
) -> None:
    app = open_view(**SMALL)
    assert "epoch 6" in plotly(app)["boundary"]["layout"]["annotations"][0]["text"]
    app = ran(app.select_slider(key="bn_twins_at").set_value(2))
    assert "epoch 2" in plotly(app)["boundary"]["layout"]["annotations"][0]["text"]
    assert link(app)["bn_twins_at"] == "2"
    app = open_view(**SMALL, at="2")
    assert "epoch 2" in plotly(app)["boundary"]["layout"]["annotations"][0]["text"]


def test_looking_elsewhere_trains_nothing_anew(
    open_view: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_view(**SMALL, seed="5")
    asked: list[str] = []

    def none(self: TwinsConfig) -> Iterator[TwinsEpoch | Tick]:
        asked.append(self.key())
        return iter(())

    monkeypatch.setattr(TwinsConfig, "rows", none)
    app = ran(app.select_slider(key="bn_twins_at").set_value(1))
    for pane in PANES:
        app.session_state["bn_twins_pane"] = pane
        app = ran(app)
    assert asked == []


def test_looking_elsewhere_builds_no_boundary_anew(
    open_view: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_view(**SMALL, seed="6")
    built: list[int] = []

    def counted(rows: Sequence[TwinsEpoch], at: TwinsEpoch, on: Plane) -> Any:
        built.append(at.epoch)
        return boundaries(rows, at, on)

    monkeypatch.setattr(batchnorm_twins, "boundaries", counted)
    app.session_state["bn_twins_pane"] = "gradients"
    app = ran(app)
    assert built == []
    app = ran(app.select_slider(key="bn_twins_at").set_value(2))
    assert built == [2]
    assert "epoch 2" in plotly(app)["boundary"]["layout"]["annotations"][0]["text"]


@pytest.mark.parametrize(
    ("pane", "charts"),
    [
        ("values", {"values_False", "values_True"}),
        ("statistics", {"mean", "var"}),
        ("gradients", {"gradients", "gradient"}),
        ("classes", {"classes"}),
    ],
)
def test_each_look_inside_has_its_pictures_and_numbers(
    open_view: Callable[..., AppTest], pane: str, charts: set[str]
) -> None:
    app = open_view(**SMALL, pane=pane)
    assert plotly(app).keys() - {"boundary"} == charts
    assert len(app.dataframe) == 3  # those of the boundaries, of the curves and of this one
    assert all(len(frame.value) > 0 for frame in app.dataframe)
    assert len(app.get("download_button")) == 3


def test_the_layer_that_is_looked_at_stands_in_the_link(open_view: Callable[..., AppTest]) -> None:
    app = open_view(**SMALL, pane="gradients")
    app = ran(app.select_slider(key="bn_twins_layer").set_value(3))
    assert "**Layer 3**, over epochs" in texts(app)
    assert link(app)["bn_twins_layer"] == "3"


def test_a_layer_that_is_not_there_any_more_gives_way_to_the_nearest(
    open_view: Callable[..., AppTest],
) -> None:
    app = open_view(**SMALL, pane="gradients", layer="9")
    assert "**Layer 3**, over epochs" in texts(app)


def test_momentum_moves_the_running_statistics(open_view: Callable[..., AppTest]) -> None:
    app = open_view(**SMALL, pane="statistics")
    assert "halved every 6.58 steps" in texts(app)
    before = plotly(app)["mean"]["data"][1]["y"]
    app = ran(app.select_slider(key="bn_twins_momentum").set_value(0.5))
    assert plotly(app)["mean"]["data"][1]["y"] != before
    assert plotly(app)["mean"]["data"][0]["y"] is not None
    assert "halved every 1 steps" in texts(app)


def test_without_running_statistics_that_is_said(open_view: Callable[..., AppTest]) -> None:
    app = open_view(**SMALL, pane="statistics", track="off")
    assert "Without running statistics eval mode normalises by whatever batch it gets" in texts(app)
    assert len(plotly(app)["mean"]["data"]) == 1
    assert "bn_twins_momentum" not in {slider.key for slider in app.select_slider}


def test_divergence_is_said_with_twin_and_step_and_ruins_no_axis(open_view: Callable[..., AppTest]) -> None:
    app = open_view(points="400", hidden="64-64-64-64", init="kaiming_normal", lr="5.0", epochs="20")
    assert metrics(app)[0] == "diverged"
    assert "**Without BatchNorm** diverged at step" in texts(app)
    assert "are left out of the picture; the largest was" in texts(app)
    assert "diverged" in plotly(app)["boundary"]["layout"]["annotations"][0]["text"]


@pytest.mark.parametrize("pane", PANES)
def test_every_look_inside_bears_twins_that_both_diverged(
    open_view: Callable[..., AppTest], pane: str
) -> None:
    app = open_view(
        points="100", hidden="-".join(["16"] * 8), init="kaiming_normal", lr="100.0", batch_size="4",
        epochs="8", pane=pane,
    )  # fmt: skip
    assert metrics(app) == ["diverged", "diverged"]
    assert "**With BatchNorm** diverged at step" in texts(app)


def test_the_formula_has_no_scale_and_shift_where_none_are_learned(open_view: Callable[..., AppTest]) -> None:
    assert r"\gamma" in "".join(one.value for one in open_view(**SMALL).latex)
    assert r"\gamma" not in "".join(one.value for one in open_view(**SMALL, affine="off").latex)


# Long settings: a study


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


# The sweeps


def test_the_sweep_over_rates_names_where_each_twin_stops(open_view: Callable[..., AppTest]) -> None:
    app = open_view("rates")
    said = texts(app)
    stops = re.findall(r"\*\*: learns from [\d.]+ to [\d.]+, and \*\*stops learning at ([\d.]+)\*\*\.", said)
    assert len(stops) == 2
    assert float(stops[0]) < float(stops[1])
    assert "at least 75 %" in said
    assert len(app.dataframe[0].value) == 26
    assert len(app.get("download_button")) == 1


def test_running_statistics_that_lag_are_said(open_view: Callable[..., AppTest]) -> None:
    assert "statistics are still those of an earlier network" in texts(open_view("rates"))
    assert "statistics are still those of an earlier network" not in texts(open_view("rates", track="off"))


def test_a_rate_at_which_a_twin_diverges_is_said(open_view: Callable[..., AppTest]) -> None:
    app = open_view(
        "rates", points="400", hidden="64-64-64-64", init="kaiming_normal", lowest="0.1", highest="5.0",
        count="3", epochs="10",
    )  # fmt: skip
    assert "Without BatchNorm, 1 of the trainings diverged, the first at learning rate 5" in texts(app)


def test_the_sweep_over_sizes_says_what_two_inputs_do(open_view: Callable[..., AppTest]) -> None:
    app = open_view("batches")
    found = re.findall(
        r"\*\*(With|Without) BatchNorm\*\*, batches of 2: ([\d.]+) % in eval mode\.", texts(app)
    )
    accuracy = {name: float(value) for name, value in found}
    assert accuracy["With"] < 70 < accuracy["Without"]


@pytest.mark.parametrize(("view", "study"), [("rates", RateSweep()), ("batches", BatchSweep())])
def test_a_long_sweep_is_a_study_that_grows(
    open_view: Callable[..., AppTest], lab: FakeLab, all_is_long: None, view: str, study: Study
) -> None:
    app = ran(open_view(view).button(key="bn_start").click())
    assert lab.submitted == [study]
    trial = Trial(
        lr=0.1, batch_size=4, batchnorm=True, seed=0, steps=5, training_loss=1.0, by_batch=0.9,
        by_running=0.8, diverged=0,
    )  # fmt: skip
    lab.show(study, JobState.RUNNING, "Learning rate 0.1.", rows=(trial,), fraction=0.5)
    app = ran(app)
    assert len(app.get("vega_lite_chart")) == 1
    assert "learns from" not in texts(app)
    assert elements(app, "progress")[0].value == 50


def test_the_views_keep_settings_of_their_own(open_view: Callable[..., AppTest], all_is_long: None) -> None:
    app = open_view("rates", hidden="5-5")
    app.session_state["bn_view"] = "batches"
    app = ran(app)
    assert "BatchNorm1d(64" in "".join(element.value for element in app.code)
    assert link(app) == {"bn_view": "batches", "bn_rates_hidden": "5-5"}


# Bad input


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hidden": "none"}, "Give the network a hidden layer"),
        ({"batch_size": "1"}, "choose a batch size of at least 2"),
        ({"dataset": "mnist"}, "choose a batch size, such as 64"),
        ({"dataset": "mnist", "batch_size": "64", "train_size": "7"}, "at least 100 pictures"),
    ],
)
def test_settings_that_do_not_fit_say_what_to_do(
    open_view: Callable[..., AppTest], settings: dict[str, str], said: str
) -> None:
    app = open_view(**settings)
    assert said in texts(app)
    assert plotly(app) == {}
    assert "bn_start" not in buttons(app)


def test_rates_in_the_wrong_order_say_what_to_do(open_view: Callable[..., AppTest]) -> None:
    assert "must be above the lowest" in texts(open_view("rates", lowest="5.0", highest="0.5"))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"bn_twins_lr": "1e9"}, "the most is 100"),
        ({"bn_twins_lr": "fast"}, "lr=fast, which cannot be read"),
        ({"bn_twins_order": "beside"}, "beside"),
        ({"bn_twins_epochs": "-5"}, "the least is 1"),
        ({"bn_nonsense": "3"}, "‘nonsense’, which this page does not have"),
        ({"bn_preset": "s99"}, "s99"),
        ({"bn_view": "moon"}, "moon"),
    ],
)
def test_a_link_that_asks_for_what_is_not_there_is_clamped_and_said(
    open_page: Callable[..., AppTest], all_is_long: None, query: dict[str, str], said: str
) -> None:
    app = open_page(**query)
    assert said in "\n".join(warning.value for warning in app.warning).replace("\\", "")


def test_layers_that_cannot_be_read_are_said_and_change_nothing(
    open_view: Callable[..., AppTest], all_is_long: None
) -> None:
    app = open_view()
    app = ran(app.text_input(key="bn_twins_hidden").set_value("many"))
    assert "'many' is not whole numbers joined by '-'" in texts(app)
    assert "bn_start" not in buttons(app)


def test_a_setting_without_effect_left_over_from_other_data_does_no_harm(
    open_view: Callable[..., AppTest], lab: FakeLab, all_is_long: None
) -> None:
    app = open_view(factor="0.6")
    app = ran(app.selectbox(key="bn_twins_dataset").set_value("moons"))
    app = press(app, "bn_start")
    assert [study.flat()["factor"] for study in lab.submitted] == [0.4]
