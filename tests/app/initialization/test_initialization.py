"""The page on initialization without a browser: its views, its states, its link, bad input."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.charts.initialization import signals as charts
from dashlab.experiments.initialization.settings import Setting, StackView
from dashlab.settings.lists import entries_of, text_of
from tests.app.initialization.stacks import TWO, curves, figures
from tests.app.pages import link, press, ran, texts
from ui.frame.pages import page_of
from ui.frame.views import View, views_of
from ui.parts.tables import csv_text

PAGE = "pages/initialization.py"
ALL_PRESETS = [(view, name) for view in views_of(page_of("initialization")) for name in view.presets]


def unfolded(app: AppTest, *boxes: str) -> AppTest:
    """The app with these boxes open: of settings by their place in the list, of others by their key."""
    for box in boxes:
        app.session_state[f"init_stack_settings_{box}_box" if box.isdigit() else box] = True
    return ran(app)


def settings_of(app: AppTest, view: str = "stack") -> tuple[Setting, ...]:
    """What the link says of the settings side by side."""
    return entries_of(link(app)[f"init_{view}_settings"], Setting)


# Signals through the stack


def test_the_page_opens_with_stacks_that_explode_hold_and_vanish(open_page: Callable[..., AppTest]) -> None:
    app = open_page()
    assert app.title[0].value == "Initialization and exploding gradients"
    assert (
        curves(app)
        == curves(app, "gradients")
        == ["1 · N(0, 1), linear", "2 · N(0, 1/n), linear", "3 · N(0, 0.01²), linear"]
    )
    assert "Layer 32 (index 31) is the first with values that are not finite" in texts(app)
    assert "From layer 57 (index 56) on every output is exactly 0" in texts(app)
    assert app.query_params == {}


@pytest.mark.parametrize(("view", "name"), ALL_PRESETS, ids=lambda value: getattr(value, "name", value))
def test_every_preset_opens(open_page: Callable[..., AppTest], view: View, name: str) -> None:
    size = {f"init_{view.name}_depth": "4", f"init_{view.name}_width": "16"} if view.name != "gain" else {}
    app = open_page(init_preset=name, **size)
    preset = view.presets[name]
    assert app.selectbox(key="init_preset").value == name
    assert preset.about in texts(app)
    assert not app.warning
    assert preset.config.check() is preset.config


def test_the_presets_of_the_material_are_there() -> None:
    names = {name for _, name in ALL_PRESETS}
    assert {"s9", "s10a", "s10b", "s10c", "s11"} <= names


def test_an_initializer_can_be_changed(open_view: Callable[..., AppTest]) -> None:
    app = unfolded(open_view(), "0")
    before = figures(app)["outputs"]
    app = ran(app.selectbox(key="init_stack_settings_0_initializer").set_value("orthogonal"))
    assert curves(app)[0] == "1 · Orthogonal, linear"
    assert settings_of(app)[0] == Setting(initializer="orthogonal")
    assert figures(app)["outputs"]["data"][0] != before["data"][0]


def test_only_what_has_an_effect_can_be_set(open_view: Callable[..., AppTest]) -> None:
    app = unfolded(open_view(), "0")
    sliders = {slider.key for slider in app.select_slider}
    assert "init_stack_settings_0_std" in sliders
    app = ran(app.selectbox(key="init_stack_settings_0_initializer").set_value("zeros"))
    assert "init_stack_settings_0_std" not in {slider.key for slider in app.select_slider}


def test_an_activation_and_a_cure_are_kept_together(open_view: Callable[..., AppTest]) -> None:
    app = unfolded(open_view(), "1")
    app = ran(app.selectbox(key="init_stack_settings_1_activation").set_value("tanh"))
    app = ran(app.selectbox(key="init_stack_settings_1_cure").set_value("layernorm"))
    assert settings_of(app)[1] == Setting(initializer="normal_fan", activation="tanh", cure="layernorm")


def test_a_setting_can_be_added_and_removed(open_view: Callable[..., AppTest]) -> None:
    app = unfolded(open_view(), "0", "1")
    app = press(app, "init_stack_settings_add")
    assert len(curves(app)) == 4
    app = press(app, "init_stack_settings_0_remove")
    assert curves(app)[0] == "1 · N(0, 1/n), linear"
    # What moved up stays unfolded, and its widgets its own.
    assert app.selectbox(key="init_stack_settings_1_initializer").value == "normal_fan"


def test_there_are_at_most_six_and_at_least_one(open_view: Callable[..., AppTest]) -> None:
    app = open_view(settings=text_of([Setting()] * 6))
    assert app.button(key="init_stack_settings_add").disabled
    single = unfolded(open_view(settings=text_of([Setting()])), "0")
    assert "init_stack_settings_0_remove" not in {button.key for button in single.button}


def test_what_is_folded_up_keeps_its_value(open_view: Callable[..., AppTest]) -> None:
    app = unfolded(open_view(), "init_stack_batch__box", "0")
    app = ran(app.number_input(key="init_stack_batch").set_value(32))
    app = ran(app.selectbox(key="init_stack_settings_0_activation").set_value("tanh"))
    app.session_state["init_stack_batch__box"] = app.session_state["init_stack_settings_0_box"] = False
    app = ran(ran(app))
    assert "init_stack_batch" not in {number.key for number in app.number_input}
    assert link(app)["init_stack_batch"] == "32"
    app = unfolded(app, "init_stack_batch__box", "0")
    assert app.number_input(key="init_stack_batch").value == 32
    assert app.selectbox(key="init_stack_settings_0_activation").value == "tanh"


def test_the_formulas_can_be_unfolded(open_view: Callable[..., AppTest]) -> None:
    app = open_view()
    assert "Glorot and Bengio" not in texts(app)
    assert "Glorot and Bengio" in texts(unfolded(app, "init_why"))


def test_a_preset_fills_the_widgets_anew(open_view: Callable[..., AppTest]) -> None:
    app = unfolded(open_view(), "0")
    app = ran(app.selectbox(key="init_stack_settings_0_initializer").set_value("zeros"))
    app = ran(app.selectbox(key="init_preset").set_value("s10c"))
    assert app.selectbox(key="init_stack_settings_0_initializer").value == "kaiming_normal"
    assert app.selectbox(key="init_stack_settings_0_activation").value == "relu"
    assert app.select_slider(key="init_stack_depth").value == 100


def test_what_was_changed_can_be_put_back(open_page: Callable[..., AppTest]) -> None:
    app = open_page(init_preset="s9", init_stack_depth="5")
    assert "Changed from S9: N(0, 1), no activation: Layers 5." in texts(app)
    app = press(app, "init_put_back")
    assert app.select_slider(key="init_stack_depth").value == 100


def test_zeros_and_constants_are_said_and_drawn(open_page: Callable[..., AppTest]) -> None:
    app = open_page(init_preset="alike")
    assert "Every output is exactly 0 from the first layer on" in texts(app)
    assert "units do the work of one" in texts(app)
    assert figures(app)["outputs"]["layout"]["yaxis"]["type"] == "log"


def test_the_gradient_of_the_weights_can_be_seen(open_view: Callable[..., AppTest]) -> None:
    app = open_view(gradient="weights", spread="inputs")
    assert figures(app)["gradients"]["layout"]["yaxis"]["title"]["text"] == "Norm of the weights' gradient"
    assert figures(app)["outputs"]["layout"]["yaxis"]["title"]["text"] == "Std between inputs"


def test_theory_can_be_left_out(open_view: Callable[..., AppTest]) -> None:
    assert len(figures(open_view())["outputs"]["data"]) == 6
    assert len(figures(open_view(theory="off"))["outputs"]["data"]) == 3


def test_the_histograms_are_those_of_the_chosen_layer(open_view: Callable[..., AppTest]) -> None:
    app = open_view(layer="2")
    second = figures(app)["layer_1"]["data"][1]
    app = ran(app.select_slider(key="init_stack_layer").set_value(4))
    assert figures(app)["layer_1"]["data"][1] != second
    assert link(app)["init_stack_layer"] == "4"


def test_a_layer_that_is_not_there_becomes_the_last_one(open_view: Callable[..., AppTest]) -> None:
    app = open_view(layer="100")
    assert app.select_slider(key="init_stack_layer").value == 5
    app = ran(app.select_slider(key="init_stack_depth").set_value(3))
    assert app.select_slider(key="init_stack_layer").value == 3


def test_a_layer_without_a_finite_value_has_no_histogram(open_page: Callable[..., AppTest]) -> None:
    app = open_page(init_stack_layer="90")
    assert "No value in layer 90 is finite." in texts(app)
    assert "layer_0" not in figures(app)


def test_a_single_layer_is_a_stack_too(open_view: Callable[..., AppTest]) -> None:
    app = open_view(depth="1")
    assert "init_stack_layer" not in {slider.key for slider in app.select_slider}
    assert "layer_0" in figures(app)


def test_a_width_between_the_stops_is_kept(open_view: Callable[..., AppTest]) -> None:
    app = open_view(width="100")
    assert app.select_slider(key="init_stack_width").value == 100
    app = ran(app.select_slider(key="init_stack_depth").set_value(6))
    assert app.select_slider(key="init_stack_width").value == 100
    app = ran(app.select_slider(key="init_stack_width").set_value(64))
    assert link(app)["init_stack_width"] == "64"


def test_the_link_brings_back_the_same_page(
    open_view: Callable[..., AppTest], open_page: Callable[..., AppTest]
) -> None:
    app = unfolded(open_view(layer="3", spread="inputs"), "0")
    app = ran(app.selectbox(key="init_stack_settings_0_activation").set_value("gelu"))
    again = open_page(**link(app))
    assert figures(again) == figures(app)
    assert not again.warning


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ({"depth": "900"}, "the most is 200"),
        ({"width": "1"}, "the least is 8"),
        ({"depth": "deep"}, "cannot be read"),
        ({"settings": "initializer~he"}, "has an entry that is not possible"),
        ({"settings": "~~~"}, "cannot be read"),
        ({"settings": text_of([Setting()] * 9)}, "must have 1 to 6 entries"),
        ({"settings": "std~1e9"}, "must lie between"),
        ({"colour": "red"}, "this page does not have"),
    ],
)
def test_a_bad_link_is_mended_and_said(
    open_page: Callable[..., AppTest], query: dict[str, str], note: str
) -> None:
    small = {"depth": "3", "width": "16"} | query
    app = open_page(**{f"init_stack_{name}": text for name, text in small.items()})
    assert note in "\n".join(str(warning.value) for warning in app.warning).replace("\\", "")
    assert "outputs" in figures(app)


def test_an_unknown_preset_is_said(open_page: Callable[..., AppTest]) -> None:
    assert "which does not exist" in texts(open_page(init_preset="s99", init_stack_depth="3"))


def test_the_download_has_every_layer(
    open_view: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(
        "ui.initialization.signals.csv_download", lambda _label, rows, *_, **__: asked.append(rows)
    )
    open_view()
    table = list(csv.DictReader(io.StringIO(csv_text(asked[0]()))))
    assert len(table) == 3 * 5
    assert table[0]["setting"] == "1. N(0, 1), linear"


def test_the_settings_can_be_taken_along_to_be_trained(open_view: Callable[..., AppTest]) -> None:
    app = open_view(settings=text_of(TWO), width="1024", depth="2")
    app = press(app, "init_stack_train")
    assert app.segmented_control(key="init_view").value == "learn"
    assert settings_of(app, "learn") == TWO
    assert app.select_slider(key="init_learn_width").value == 512


def test_what_was_measured_once_is_not_measured_again(
    open_view: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_view(seed="78")
    monkeypatch.setattr(
        "dashlab.experiments.initialization.measured.layer_stats",
        lambda *_, **__: pytest.fail("measured again"),
    )
    open_view(seed="78", spread="inputs")


def test_settings_that_are_not_used_are_left_out_of_the_link() -> None:
    view = StackView(settings=text_of([Setting(initializer="zeros", activation="relu")]))
    assert view.settings == "initializer~zeros~activation~relu"


def test_a_layer_that_was_looked_at_before_is_not_drawn_anew(
    open_view: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_view(seed="77")
    built: list[int] = []
    honest = charts.bars

    def bars(*found: Any, **more: Any) -> Any:
        built.append(more["position"])
        return honest(*found, **more)

    monkeypatch.setattr(charts, "bars", bars)
    app = ran(app.select_slider(key="init_stack_layer").set_value(2))
    assert built == [0, 1, 2]
    before = figures(app)["layer_1"]
    app = ran(app.select_slider(key="init_stack_layer").set_value(3))
    app = ran(app.select_slider(key="init_stack_layer").set_value(2))
    assert len(built) == 6
    assert figures(app)["layer_1"] == before
