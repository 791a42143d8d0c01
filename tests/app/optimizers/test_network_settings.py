"""Races on a network without a browser: its racers, its presets, its link."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.optimizers.presets import NETWORK as PRESETS
from dashlab.settings.lists import entries_of, text_of
from dashlab.settings.optim import OptimConfig
from tests.app.optimizers.raced import GRID, RACERS
from tests.app.pages import press, texts

PAGE = "pages/optimizers.py"
pytestmark = pytest.mark.usefixtures("pictures_at_hand")


# Racers


def racers_of(app: AppTest) -> tuple[OptimConfig, ...]:
    value = app.query_params["optim_net_racers"]
    return entries_of(value if isinstance(value, str) else value[0], OptimConfig)


def test_a_racer_can_be_changed_and_the_link_has_it(open_view: Callable[..., AppTest]) -> None:
    app = open_view()
    app.select_slider(key="optim_net_racers_1_lr").set_value(0.1).run()
    assert racers_of(app) == (RACERS[0], RACERS[1].change(lr=0.1))


def test_another_optimizer_takes_only_its_own_coefficients_along(open_view: Callable[..., AppTest]) -> None:
    momentum = text_of((OptimConfig(lr=0.1, momentum=0.9), RACERS[1]))
    app = open_view(optim_view="net", optim_net_racers=momentum)
    app.selectbox(key="optim_net_racers_0_optimizer").select("adagrad").run()
    assert not app.exception, app.exception
    assert racers_of(app)[0] == OptimConfig(optimizer="adagrad", lr=0.1)


def test_an_optimizer_of_a_racer_brings_its_own_default_along(open_view: Callable[..., AppTest]) -> None:
    app = open_view()
    app.selectbox(key="optim_net_racers_0_optimizer").select("adadelta").run()
    assert not app.exception, app.exception
    assert racers_of(app)[0] == OptimConfig(optimizer="adadelta", lr=0.1, eps=1e-6)
    assert "optim_net_racers_0_eps" not in {slider.key for slider in app.select_slider}


def test_racers_are_added_copied_and_removed(open_view: Callable[..., AppTest]) -> None:
    app = press(open_view(), "optim_net_racers_add")
    assert [racer.optimizer for racer in racers_of(app)] == ["sgd", "adam", "rmsprop"]
    app = press(app, "optim_net_racers_0_copy")
    assert [racer.optimizer for racer in racers_of(app)] == ["sgd", "sgd", "adam", "rmsprop"]
    for mark in (0, 3, 1):  # a racer keeps the keys of its widgets; the copy was the fourth to come
        app = press(app, f"optim_net_racers_{mark}_remove")
    assert [racer.optimizer for racer in racers_of(app)] == ["rmsprop"]
    assert app.button(key="optim_net_racers_2_remove").disabled


def test_after_a_removal_the_widgets_show_the_racers_that_are_left(open_view: Callable[..., AppTest]) -> None:
    app = press(open_view(), "optim_net_racers_0_remove")
    assert app.selectbox(key="optim_net_racers_1_optimizer").value == "adam"
    assert app.select_slider(key="optim_net_racers_1_lr").value == 0.01


def test_a_racer_that_is_not_sound_is_said_and_nothing_can_start(open_view: Callable[..., AppTest]) -> None:
    app = open_view()
    app.toggle(key="optim_net_racers_0_nesterov").set_value(True).run()
    assert not app.exception, app.exception
    assert "Nesterov needs a momentum above 0" in texts(app)
    assert "optim_net_start" not in {button.key for button in app.button}
    app.select_slider(key="optim_net_racers_0_momentum").set_value(0.9).run()
    assert racers_of(app)[0] == OptimConfig(lr=0.1, momentum=0.9, nesterov=True)


# Presets and links


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_opens(open_view: Callable[..., AppTest], name: str) -> None:
    app = open_view(optim_preset=name)
    PRESETS[name].config.check()
    assert PRESETS[name].about in texts(app)


def test_a_bad_link_is_said_and_mended(open_view: Callable[..., AppTest]) -> None:
    app = open_view(
        optim_view="net",
        optim_net_epochs="900",
        optim_net_racers="optimizer~sgdx~lr~9",
        optim_net_dataset="x",
    )
    assert "The link asked for epochs=900; the most is 50." in texts(app).replace("net_", "")
    assert app.number_input(key="optim_net_epochs").value == 50
    assert app.selectbox(key="optim_net_dataset").value == "mnist"
    assert app.selectbox(key="optim_net_racers_0_optimizer").value == "sgd"
    assert app.select_slider(key="optim_net_racers_0_lr").value == 9.0


def test_too_many_runs_are_said_beside_the_button(open_view: Callable[..., AppTest]) -> None:
    app = open_view(optim_view="net", optim_net_task="grid", optim_net_seeds="5")
    assert "These are 200 runs, and 150 are the most" in texts(app)


def test_a_grid_that_spans_nothing_is_said(open_view: Callable[..., AppTest]) -> None:
    app = open_view(**GRID, optim_net_lr_low="0.1", optim_net_lr_high="0.01")
    assert "The highest learning rate must be above the lowest." in texts(app)
