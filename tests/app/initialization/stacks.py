"""Stacks as tests open and train them."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest

from dashlab.experiments.initialization.settings import Setting
from dashlab.experiments.initialization.training import StackTraining, TrainedRow
from dashlab.settings.lists import text_of

TWO = (Setting(initializer="orthogonal", activation="tanh"), Setting(std=10.0))
LEARN = StackTraining(settings=text_of(TWO), depth=2, width=16, steps=20)


def figures(app: AppTest) -> dict[str, dict[str, Any]]:
    """The plotly figures on the page by the end of their keys."""
    charts = app.get("plotly_chart")
    return {chart.proto.id.rpartition("_chart_")[2]: json.loads(chart.proto.spec) for chart in charts}


def curves(app: AppTest, chart: str = "outputs") -> list[str]:
    """Names of the measured curves in a figure."""
    return [trace["name"] for trace in figures(app)[chart]["data"] if trace["name"] != "theory"]


def row(setting: int, step: int, **more: Any) -> TrainedRow:
    gradients = {"first_gradient": 0.25, "last_gradient": 0.5}
    return TrainedRow(setting=setting, step=step, loss=2 / step, accuracy=0.5, **(gradients | more))


def rows(last: int = 20) -> tuple[TrainedRow, ...]:
    """The first setting learns, the second one diverges at once."""
    ending = {"test_accuracy": 0.875} if last == 20 else {}
    return row(0, 1), row(1, 1, diverged=True), row(0, last, **ending)
