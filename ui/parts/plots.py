"""Figures from `dashlab.charts` onto a page."""

from typing import Any

import streamlit as st

from dashlab.charts.style import CONFIG
from dashlab.charts.vega import VegaChart

_EMPTY: dict[str, list[Any]] = {"series": [], "epoch": [], "step": [], "value": []}
"""The columns of a chart before its first row."""


def grow(chart: VegaChart, key: str, alt: str) -> None:
    """A chart that stays where it is in the browser while its rows grow."""
    st.vega_lite_chart(chart.rows or _EMPTY, chart.spec, key=key, alt=alt)


def plot(figure: Any, key: str, alt: str) -> None:
    """A plotly figure. The browser builds it anew whenever it changes: not for what a timer redraws."""
    st.plotly_chart(figure, key=key, config=CONFIG, alt=alt)
