"""The trainer's settings and its link, without a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.trainer.presets import PRESETS
from dashlab.settings.run import RunConfig
from dashlab.store.runs import Store
from tests.app.fakes import FakeLab, result
from tests.app.pages import press, texts
from tests.app.trainer.trained import FAST, open_tab

PAGE = "pages/trainer.py"
pytestmark = pytest.mark.usefixtures("pictures_at_hand")


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
