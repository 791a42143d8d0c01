"""A noisy series with its predictions, and their errors over τ and over the steps ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashlab.charts.style import FAINT, FIXED, MARGIN, MOST_POINTS, figure

if TYPE_CHECKING:  # the experiment imports torch, charts do not
    from dashlab.experiments.fitting.series import Forecast, TauRow

Array = NDArray[np.float64]

LINE = "#E0572F"
GREY = "rgba(128,128,128,0.75)"


def predictions(outcome: Forecast, *, free_running: bool = True) -> go.Figure:
    """The values, and what is predicted of them one step and k steps ahead, and all on its own."""
    stride = -(-len(outcome.values) // MOST_POINTS)
    time = np.arange(1, len(outcome.values) + 1)[::stride]
    curves: list[tuple[str, Array, dict[str, object]]] = [
        ("without noise", outcome.clean, {"width": 1.5, "dash": "dot", "color": GREY}),
        ("1 step ahead", outcome.one_step, {"width": 2}),
    ]
    if outcome.ahead > 1:
        curves.append((f"{outcome.ahead} steps ahead", outcome.k_step, {"width": 2, "dash": "dash"}))
    if free_running:
        curves.append(("all on its own", outcome.free, {"width": 2.5, "dash": "dashdot"}))
    traces = [
        go.Scatter(x=time, y=outcome.values[::stride], mode="markers", name="values",
                   marker={"size": 4, "color": GREY}, opacity=0.6, hovertemplate="%{y:.3f}"),
        *(
            go.Scatter(x=time, y=values[::stride], mode="lines", name=name, line=line,
                       hovertemplate="%{y:.3f}")
            for name, values, line in curves
        ),
    ]  # fmt: skip
    most = 1.3 * float(np.abs(outcome.values).max())
    return figure(
        traces, x_title="Time t", y_title="Value", height=300,
        shapes=[{"type": "rect", "yref": "paper", "x0": 1, "x1": outcome.train_count, "y0": 0, "y1": 1,
                 "fillcolor": FAINT, "line": {"width": 0}, "layer": "below"}],
        annotations=[{"text": "trained on", "x": outcome.train_count, "xanchor": "right", "y": 1,
                      "yref": "paper", "yanchor": "top", "showarrow": False, "font": {"color": GREY}}],
        yaxis={"range": [-most, most], **FIXED}, xaxis=FIXED, margin=MARGIN,
    )  # fmt: skip


def over_tau(rows: Sequence[TauRow], tau: int, ahead: int) -> go.Figure:
    """Errors of linear models over τ, which is marked."""
    taus = [row.tau for row in rows]
    curves = (
        ("trained on", [row.training for row in rows], "dot", "x-thin-open"),
        ("1 step ahead", [row.one_step for row in rows], "solid", "circle"),
        (f"{ahead} steps ahead", [row.k_step for row in rows], "dash", "diamond"),
    )
    traces = [
        go.Scatter(x=taus, y=values, mode="lines+markers", name=name, line={"width": 2, "dash": dash},
                   marker={"symbol": symbol, "size": 7}, hovertemplate="%{y:.4g}")
        for name, values, dash, symbol in curves
    ]  # fmt: skip
    mark = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": tau, "x1": tau,
            "line": {"width": 1.5, "dash": "dot", "color": LINE}}  # fmt: skip
    return figure(
        traces, x_title="Values seen τ", y_title="Mean squared error", height=250, shapes=[mark],
        xaxis={"type": "log", "tickvals": taus, **FIXED}, yaxis={"type": "log", **FIXED}, margin=MARGIN,
    )  # fmt: skip


def over_ahead(outcome: Forecast) -> go.Figure:
    """The error over how many steps ahead is predicted."""
    ahead, errors = zip(*outcome.by_ahead, strict=True)
    trace = go.Scatter(x=ahead, y=errors, mode="lines+markers", line={"width": 2}, hovertemplate="%{y:.4g}")
    return figure(
        [trace], x_title="Steps ahead k", y_title="Mean squared error", height=280, legend=False,
        xaxis={"type": "log", "tickvals": list(ahead), **FIXED},
        yaxis={"rangemode": "tozero", **FIXED}, margin=MARGIN,
    )  # fmt: skip
