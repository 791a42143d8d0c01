"""What tests read of the page on BatchNorm."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def metrics(app: AppTest) -> list[str]:
    return [str(element.value) for element in app.metric]


def plotly(app: AppTest) -> dict[str, dict[str, Any]]:
    """The plotly figures on the page by the end of their keys."""
    return {
        chart.proto.id.rpartition("bn_twins_chart_")[2]: json.loads(chart.proto.spec)
        for chart in app.get("plotly_chart")
    }
