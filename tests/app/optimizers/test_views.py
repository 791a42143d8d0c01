"""Momentum plane, batch size and moving average without a browser: their states, their links, bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.app.pages import link, press, ran, texts, view_link
from ui.frame.views import View
from ui.optimizers import average as optim_ema
from ui.optimizers import batches as optim_batches
from ui.optimizers import plane as optim_plane

PAGE = "pages/optimizers.py"
VIEWS = (optim_plane.VIEW, optim_batches.VIEW, optim_ema.VIEW)
ALL_PRESETS = [(view, name) for view in VIEWS for name in view.presets]


@pytest.fixture
def open_view(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """One view of the page, opened with a link: `open_view("plane", lr="2.0")`."""

    def start(view: str, **settings: str) -> AppTest:
        return open_page(**view_link("optim", view, settings))

    return start


def figure(app: AppTest, key: str) -> dict[str, Any]:
    """The plotly figure of an element, from what is sent to the browser."""
    found = [chart for chart in app.get("plotly_chart") if chart.proto.id.endswith(key)]
    assert len(found) == 1, [chart.proto.id for chart in app.get("plotly_chart")]
    spec: dict[str, Any] = json.loads(found[0].proto.spec)
    return spec


def metric(app: AppTest, label: str) -> str:
    (value,) = [str(element.value) for element in app.metric if element.label == label]
    return value


def frame(app: AppTest, number: int = 0) -> Any:
    return app.dataframe[number].value


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_opens_with_pictures_and_numbers(open_view: Callable[..., AppTest], view: View) -> None:
    app = open_view(view.name)
    assert len(app.get("plotly_chart")) >= 3
    assert len(app.dataframe) >= 1
    assert len(app.get("download_button")) >= 1
    assert not app.warning
    assert not app.error


@pytest.mark.parametrize(("view", "preset"), ALL_PRESETS, ids=lambda value: getattr(value, "name", value))
def test_a_preset_is_sound_and_opens_by_its_name(
    open_page: Callable[..., AppTest], view: View, preset: str
) -> None:
    view.presets[preset].config.check()
    app = open_page(optim_preset=preset)
    assert view.presets[preset].about in [caption.value for caption in app.caption]
    assert not app.error


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_setting_can_be_reached_and_has_help(open_view: Callable[..., AppTest], view: View) -> None:
    app = open_view(view.name)
    widgets = (
        *app.slider,
        *app.select_slider,
        *app.number_input,
        *app.toggle,
        *app.selectbox,
        *app.text_input,
    )
    drawn = {widget.key: widget.proto.help for widget in widgets if widget.key}
    for name in view.config.specs():
        assert drawn[f"optim_{view.name}_{name}"]


# The momentum plane


def test_a_moved_learning_rate_moves_the_cell_and_the_link(open_view: Callable[..., AppTest]) -> None:
    app = open_view("plane")
    assert metric(app, "Rate, in theory") == "0.9487"
    ran(app.slider(key="optim_plane_lr").set_value(3.3))
    assert "The chosen cell: α = 3.3, β = 0.9" in texts(app)
    assert link(app)["optim_plane_lr"] == "3.3"


def test_a_cell_over_the_border_is_said_to_diverge(open_view: Callable[..., AppTest]) -> None:
    app = open_view("plane", lr="3.5", momentum="0.2")
    assert "Diverged: after" in texts(app)
    assert "runs away" in texts(app)
    assert metric(app, "Steps per digit") == "never"


def test_a_button_goes_to_the_fastest_cell(open_view: Callable[..., AppTest]) -> None:
    app = open_view("plane", condition="10.0")
    press(app, "optim_plane_jump0")
    assert app.slider(key="optim_plane_lr").value == pytest.approx(2.31)
    assert "critically damped" in texts(app)


def test_a_button_goes_to_the_best_without_momentum(open_view: Callable[..., AppTest]) -> None:
    app = press(open_view("plane"), "optim_plane_jump1")
    assert app.slider(key="optim_plane_momentum").value == 0
    assert metric(app, "Rate, in theory") == "0.9802"


def test_the_page_says_how_well_theory_holds(open_view: Callable[..., AppTest]) -> None:
    assert "2,000 of 2,000 cells are on the same side of the border" in texts(open_view("plane"))


def test_nesterov_has_a_border_of_its_own(open_view: Callable[..., AppTest]) -> None:
    app = open_view("plane", nesterov="on")
    names = [trace.get("name") for trace in figure(app, "optim_plane_chart_cells")["data"]]
    assert "border: αλ = (2 + 2β) / (1 + 2β)" in names


def test_a_round_bowl_reached_in_one_step_is_no_error(open_view: Callable[..., AppTest]) -> None:
    app = open_view("plane", condition="1.0", lr="1.0", momentum="0.0")
    assert metric(app, "Steps per digit") == "1 step"


# Batch size


def test_the_table_counts_what_was_done(open_view: Callable[..., AppTest]) -> None:
    table = frame(open_view("batches"))
    assert table["Run"].tolist() == ["full batch (100)", "batches of 20", "one sample"]
    assert table["Updates"].tolist() == [50, 250, 5000]
    assert table["Samples seen"].tolist() == [5000, 5000, 5000]


def test_other_batch_sizes_are_run(open_view: Callable[..., AppTest]) -> None:
    app = open_view("batches", epochs="10")
    ran(app.text_input(key="optim_batches_batches").set_value("50-10"))
    assert frame(app)["Updates"].tolist() == [10, 20, 100]
    assert link(app)["optim_batches_batches"] == "50-10"


def test_batch_sizes_that_cannot_be_read_leave_what_was_there(open_view: Callable[..., AppTest]) -> None:
    app = open_view("batches")
    ran(app.text_input(key="optim_batches_batches").set_value("twenty"))
    assert "'twenty' is not whole numbers" in texts(app)
    assert frame(app)["Updates"].tolist() == [50, 250, 5000]


def test_too_many_updates_are_refused_with_what_to_do(open_view: Callable[..., AppTest]) -> None:
    app = open_view("batches", samples="1000", epochs="500")
    assert "take fewer epochs or samples, or larger batches" in texts(app)
    assert not app.get("plotly_chart")
    ran(app.number_input(key="optim_batches_epochs").set_value(10))
    assert app.get("plotly_chart")


def test_a_run_that_diverges_is_said_with_its_update_and_why(open_view: Callable[..., AppTest]) -> None:
    app = open_view("batches", lr="0.3")
    assert "One sample diverged: at update 128" in texts(app)
    assert "makes that sample's own error larger" in texts(app)


def test_a_learning_rate_too_large_for_all_names_the_limit(open_view: Callable[..., AppTest]) -> None:
    assert "Even all samples together tolerate only learning rates below 2/λ = 0.402" in texts(
        open_view("batches", lr="0.5")
    )


def test_a_fixed_order_predicts_no_noise(open_view: Callable[..., AppTest]) -> None:
    table = frame(open_view("batches", shuffle="sorted"))
    assert table["Predicted"].isna().all()


def test_measuring_again_keeps_everything_but_the_times(open_view: Callable[..., AppTest]) -> None:
    app = open_view("batches", epochs="2")
    before = frame(app).drop(columns=["Time in ms", "µs / update"])
    press(app, "optim_batches_again")
    assert frame(app).drop(columns=["Time in ms", "µs / update"]).equals(before)


# Moving average


def test_a_moved_beta_moves_window_and_link(open_view: Callable[..., AppTest]) -> None:
    app = open_view("ema")
    assert metric(app, "Window 1/(1 − β)") == "10 steps"
    ran(app.select_slider(key="optim_ema_beta").set_value(0.99))
    assert metric(app, "Window 1/(1 − β)") == "100 steps"
    assert link(app)["optim_ema_beta"] == "0.99"


def test_other_memories_are_drawn_beside(open_view: Callable[..., AppTest]) -> None:
    few, many = (
        len(figure(open_view("ema", neighbours=flag), "optim_ema_chart_series")["data"])
        for flag in ("off", "on")
    )
    assert many == few + 3


def test_a_step_behind_the_end_is_the_last_one(open_view: Callable[..., AppTest]) -> None:
    assert "At step 50 the weights" in texts(open_view("ema", length="50", at="900"))


def test_a_series_without_noise_has_none_left(open_view: Callable[..., AppTest]) -> None:
    assert metric(open_view("ema", noise="0.0"), "Noise left, measured") == "no noise"


@pytest.mark.parametrize("beta", ["0.0", "0.999"])
def test_the_ends_of_the_slider_work(open_view: Callable[..., AppTest], beta: str) -> None:
    app = open_view("ema", beta=beta, length="1000")
    assert np.isfinite(frame(app)[f"corrected, β={float(beta):g}"]).all()


# Links


@pytest.mark.parametrize(
    ("view", "settings", "said"),
    [
        ("plane", {"lr": "17"}, "The link asked for plane_lr=17; the most is 4."),
        ("plane", {"momentum": "-1"}, "the least is 0."),
        ("plane", {"condition": "nan"}, "plane_condition=nan"),
        ("batches", {"batches": "7-x"}, "batches_batches=7-x, which cannot be read; 20-1 is used."),
        ("batches", {"epochs": "0"}, "the least is 1."),
        ("batches", {"shuffle": "never"}, "which must be one of epoch, once, replace, sorted"),
        ("ema", {"beta": "1.5"}, "the most is 0.999."),
        ("ema", {"series": "stocks"}, "which must be one of wave, jump, slope, constant"),
    ],
)
def test_a_link_that_asks_for_too_much_is_clamped_and_said(
    open_view: Callable[..., AppTest], view: str, settings: dict[str, str], said: str
) -> None:
    app = open_view(view, **settings)
    assert said in texts(app)
    assert app.get("plotly_chart")


def test_the_link_of_a_changed_preset_brings_back_the_same_page(open_page: Callable[..., AppTest]) -> None:
    app = open_page(optim_preset="batchclean")
    ran(app.number_input(key="optim_batches_epochs").set_value(7))
    again = open_page(**link(app))
    assert frame(again)["Updates"].tolist() == frame(app)["Updates"].tolist() == [7, 35, 700]
    assert "Epochs 7" in texts(again)
