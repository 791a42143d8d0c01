"""Two classes without a browser: the recipe, the threshold, draws that never get there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.pages import link, ran, texts, view_link

PAGE = "pages/descent.py"


@pytest.fixture
def open_classes(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """The view, opened with a link."""

    def start(**settings: str) -> AppTest:
        return open_page(**view_link("descent", "classes", settings))

    return start


def shown(app: AppTest) -> str:
    """What stands beside the slider of the picture."""
    (chart,) = [chart for chart in app.get("plotly_chart") if chart.proto.id.endswith("descent_classes_map")]
    slider: dict[str, Any] = json.loads(chart.proto.spec)["layout"]["sliders"][0]
    return str(slider["steps"][slider["active"]]["label"])


def test_s13_stops_at_its_380th_step_with_995_in_a_thousand(open_page: Callable[..., AppTest]) -> None:
    app = open_page(descent_preset="s13")
    assert shown(app) == "380 · loss 0.0493 · accuracy 0.995"
    assert "the best line classifies 99.2% correctly" in texts(app)


def test_a_draw_that_never_gets_there_says_so(open_page: Callable[..., AppTest]) -> None:
    app = open_page(descent_preset="neverthere")
    assert "It never got above 0.99, and no line can" in texts(app)
    assert shown(app).startswith("1000 · ")


def test_the_threshold_moves_the_accuracy_and_trains_nothing_anew(
    open_classes: Callable[..., AppTest],
) -> None:
    app = open_classes()
    ran(app.slider(key="descent_classes_threshold").set_value(0.99))
    assert shown(app).startswith("380 · loss 0.0493 · accuracy 0.")
    assert shown(app) != "380 · loss 0.0493 · accuracy 0.995"
    assert link(app)["descent_classes_threshold"] == "0.99"


def test_the_step_slider_moves_the_picture_in_the_same_run(open_classes: Callable[..., AppTest]) -> None:
    app = open_classes(detail="step")
    ran(app.select_slider(key="descent_classes_step").set_value(3))
    assert shown(app).startswith("3 · ")
    assert "∂L/∂" in texts(app)


@pytest.mark.parametrize("preset", ["growing", "overlapping", "circles", "moons"])
def test_why_the_weights_grow_or_rest_is_said(open_page: Callable[..., AppTest], preset: str) -> None:
    app = open_page(descent_preset=preset)
    assert ("These points are separable" in texts(app).replace("**", "")) == (preset == "growing")
    assert ("are not separable" in texts(app)) == (preset != "growing")


def test_an_accuracy_that_nothing_exceeds_says_what_to_do(open_classes: Callable[..., AppTest]) -> None:
    app = open_classes(stop_accuracy="1.0")
    assert "No accuracy is above 1: choose a share below it" in texts(app)
