"""The gain of an activation without a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.initialization.settings import ACTIVATIONS
from tests.app.pages import link, ran, texts
from ui.initialization.gain import EXPLAINED

PAGE = "pages/initialization.py"


def test_s11_is_the_default_of_the_gains(open_view: Callable[..., AppTest]) -> None:
    app = open_view("gain")
    assert app.metric[0].label == "Measured, tanh"
    measured, _, calculated, _ = [float(metric.value) for metric in app.metric]
    assert measured == pytest.approx(1.6, abs=0.05)
    assert calculated == pytest.approx(5 / 3, abs=1e-4)
    assert "GELU has no mark" in texts(app)


def test_every_activation_is_explained(open_view: Callable[..., AppTest]) -> None:
    assert EXPLAINED.keys() == ACTIVATIONS.keys()
    assert EXPLAINED["selu"] in texts(open_view("gain", activation="selu"))


def test_an_activation_that_pytorch_does_not_know_is_said_to_be_so(open_view: Callable[..., AppTest]) -> None:
    app = open_view("gain")
    app = ran(app.selectbox(key="init_gain_activation").set_value("gelu"))
    assert app.metric[2].value == "not known"


def test_the_spread_of_the_input_changes_the_gain(open_view: Callable[..., AppTest]) -> None:
    app = open_view("gain")
    app = ran(app.select_slider(key="init_gain_std").set_value(10.0))
    assert float(app.metric[0].value) > 8
    assert link(app)["init_gain_std"] == "10.0"
