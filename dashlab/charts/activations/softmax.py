"""Probabilities of softmax, over its temperature, and the slopes between inputs and outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashlab.charts.style import FIXED, MARGIN, figure

if TYPE_CHECKING:  # the experiment imports torch, charts do not
    from dashlab.experiments.activations.softmax import Softmax

LINE = "#E0572F"
DASHES = ("solid", "dash", "dot", "dashdot")
NAMES = ("1", "2", "3", "4")


def probabilities(answer: Softmax) -> go.Figure:
    """One bar for each number."""
    trace = go.Bar(
        x=[f"z{name} = {z:g}" for name, z in zip(NAMES, answer.numbers, strict=True)],
        y=100 * answer.probabilities, hovertemplate="%{y:.2f} %<extra></extra>",
    )  # fmt: skip
    return figure(
        [trace], x_title="", y_title="Probability in %", height=220, legend=False, hovermode="closest",
        xaxis={"type": "category"}, yaxis={"range": [0, 104], **FIXED}, margin=MARGIN,
    )  # fmt: skip


def over_temperature(answer: Softmax, temperature: float) -> go.Figure:
    """The probabilities over the temperature: at a low one takes all, at a high one all are alike."""
    traces = [
        go.Scatter(x=answer.temperatures, y=100 * column, mode="lines", name=f"p{name}",
                   line={"width": 2.5, "dash": dash}, hovertemplate="%{y:.2f} %")
        for name, dash, column in zip(NAMES, DASHES, answer.over_temperature.T, strict=True)
    ]  # fmt: skip
    mark = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": temperature, "x1": temperature,
            "line": {"width": 1.5, "dash": "dot", "color": LINE}}  # fmt: skip
    return figure(
        traces, x_title="Temperature T", y_title="Probability in %", height=270, shapes=[mark],
        xaxis={"type": "log", "tickvals": [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20], **FIXED},
        yaxis={"range": [0, 104], **FIXED}, margin=MARGIN,
    )  # fmt: skip


def slopes(answer: Softmax) -> go.Figure:
    """∂p/∂z, each written out: raising one number lowers the probabilities of all others."""
    trace = go.Heatmap(
        z=answer.slopes, x=[f"z{name}" for name in NAMES], y=[f"p{name}" for name in NAMES], zmid=0,
        colorscale="RdBu", reversescale=True, text=answer.slopes, texttemplate="%{text:.3f}", showscale=False,
        hovertemplate="∂%{y}/∂%{x} = %{z:.4f}<extra></extra>", xgap=2, ygap=2,
    )  # fmt: skip
    return figure(
        [trace], x_title="", y_title="", height=260, legend=False, hovermode="closest",
        yaxis={"autorange": "reversed"},
    )  # fmt: skip
