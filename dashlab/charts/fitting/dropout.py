"""A table under a dropout mask, the mean over many masks, and the votes of a network under them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashlab.charts.style import FAINT, FIXED, MARGIN, MOST_POINTS, figure

if TYPE_CHECKING:  # the experiment imports torch, charts do not
    from dashlab.experiments.fitting.dropout import Masks, Votes

Array = NDArray[np.float64]

GREY = "rgba(128,128,128,0.75)"
DROPPED, STAYING = "rgba(128,128,128,0.15)", "rgb(58,106,160)"
CELL = 34
"""Height of a number of the table in pixels."""


def table(outcome: Masks, mask: int | None = None) -> go.Figure:
    """The table, or what one mask (from 1) makes of it: dropped numbers are pale, and each is written out."""
    values = outcome.values if mask is None else outcome.outputs[mask - 1]
    stay = np.ones_like(values) if mask is None else outcome.staying[mask - 1].astype(float)
    return _written(values, stay)


def mean_table(outcome: Masks) -> go.Figure:
    """The mean over all masks."""
    values = outcome.running_mean[-1]
    return _written(values, np.ones_like(values))


def _written(values: Array, stay: Array) -> go.Figure:
    trace = go.Heatmap(
        z=stay, text=values, texttemplate="%{text:.4~g}", zmin=0, zmax=1, xgap=2, ygap=2,
        colorscale=[[0, DROPPED], [1, STAYING]], showscale=False, hoverinfo="skip",
    )  # fmt: skip
    return figure(
        [trace], x_title="", y_title="", height=CELL * len(values) + 20, legend=False,
        xaxis={"visible": False}, yaxis={"visible": False, "autorange": "reversed"},
    )  # fmt: skip


def convergence(outcome: Masks) -> go.Figure:
    """How far the mean lies from the table over the number of masks, both logarithmic, beside theory."""
    counts = np.arange(1, len(outcome.outputs) + 1)
    seen = np.unique(np.geomspace(1, len(counts), min(MOST_POINTS, len(counts))).round().astype(int)) - 1
    traces = [
        go.Scatter(x=counts[seen], y=100 * outcome.apart[seen], mode="lines", name="measured",
                   line={"width": 2.5}, hovertemplate="%{y:.2f} %"),
        go.Scatter(x=counts[seen], y=100 * outcome.apart_expected[seen], mode="lines",
                   hovertemplate="%{y:.2f} %", name="√(p / ((1 − p) · masks))",
                   line={"width": 2, "dash": "dash", "color": GREY}),
    ]  # fmt: skip
    return figure(
        traces, x_title="Masks", y_title="Distance of the mean in %", height=280,
        xaxis={"type": "log", **FIXED}, yaxis={"type": "log", **FIXED}, margin=MARGIN,
    )  # fmt: skip


def votes(outcome: Votes) -> go.Figure:
    """For each class: the share of the votes, the mean probability with its spread, and eval mode."""
    classes = list(outcome.classes)
    share = 100 * np.array(outcome.counts) / len(outcome.each)
    traces = [
        go.Bar(x=classes, y=share, name="votes", hovertemplate="%{y:.1f} % of the votes",
               marker={"color": FAINT, "line": {"width": 1, "color": GREY}}),
        go.Scatter(x=classes, y=100 * outcome.mean, name="mean probability ± std", mode="markers",
                   error_y={"array": 100 * outcome.each.std(axis=0), "width": 4},
                   marker={"symbol": "circle", "size": 9}, hovertemplate="%{y:.1f} %"),
        go.Scatter(x=classes, y=100 * outcome.evaluated, name="eval mode", mode="markers",
                   marker={"symbol": "diamond-open", "size": 11, "line": {"width": 2}},
                   hovertemplate="%{y:.1f} %"),
    ]  # fmt: skip
    return figure(
        traces, x_title="", y_title="Per cent", height=320, xaxis={"type": "category"},
        yaxis={"range": [0, 104], **FIXED}, margin=MARGIN,
    )  # fmt: skip


def strip(outcome: Votes, most: int = 60) -> go.Figure:
    """The first votes side by side: each column is a mask, each row a class, dark where it is believed."""
    shown = outcome.each[:most].T
    trace = go.Heatmap(
        z=100 * shown, x=np.arange(1, shown.shape[1] + 1), y=list(outcome.classes), zmin=0, zmax=100,
        colorscale=[[0, "rgba(128,128,128,0.06)"], [1, "rgb(76,120,168)"]], xgap=1, ygap=1, showscale=False,
        hovertemplate="mask %{x}, %{y}: %{z:.1f} %<extra></extra>",
    )  # fmt: skip
    return figure(
        [trace], x_title="Mask", y_title="", height=60 + 20 * len(outcome.classes), legend=False,
        hovermode="closest", yaxis={"autorange": "reversed", "type": "category"},
    )  # fmt: skip
