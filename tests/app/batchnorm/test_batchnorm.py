"""BatchNorm against none without a browser: its views, its quick settings, its link, bad input."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.charts.batchnorm.boundary import Plane, boundaries
from dashlab.experiments.batchnorm.rows import TwinsConfig, TwinsEpoch
from dashlab.training.study import Tick
from tests.app.batchnorm.twins import metrics, plotly
from tests.app.fakes import FakeLab
from tests.app.pages import link, press, ran, texts
from ui.batchnorm import twins as batchnorm_twins
from ui.frame.pages import page_of
from ui.frame.views import View, views_of

PAGE = "pages/batchnorm.py"
ALL_PRESETS = [(view, name) for view in views_of(page_of("batchnorm")) for name in view.presets]
SMALL = {"points": "100", "hidden": "8-6", "epochs": "6"}
PANES = ("values", "statistics", "gradients", "classes")


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
        r"After epoch 15 the twin with BatchNorm classifies 99\.\d % of the test data correctly in train",
        texts(app),
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
