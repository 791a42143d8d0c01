"""Gains of activations: beside `calculate_gain`, against the spread of the input, and one's outputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from dashlab.charts.style import FAINT, figure

GREY = "rgba(128,128,128,0.9)"


@dataclass(frozen=True, slots=True)
class GainCurve:
    """An activation's measured gain against the spread of its input."""

    name: str
    stds: Sequence[float]
    gains: Sequence[float]


def beside(names: Sequence[str], measured: Sequence[float], calculated: Sequence[float | None]) -> go.Figure:
    """Measured gain of each activation as bars, `calculate_gain` as a line across them."""
    known = [(name, value) for name, value in zip(names, calculated, strict=True) if value is not None]
    traces = [
        go.Bar(
            x=list(names),
            y=list(measured),
            name="measured: std before / std after",
            text=[f"{value:.2f}" for value in measured],
            textposition="inside",
            insidetextanchor="start",
            hovertemplate="%{y:.4f}",
        ),
        go.Scatter(
            x=[name for name, _ in known],
            y=[value for _, value in known],
            name="torch.nn.init.calculate_gain",
            mode="markers",
            marker={"symbol": "line-ew-open", "size": 22, "line": {"width": 4}},
            hovertemplate="%{y:.4f}",
        ),
    ]
    drawn = figure(traces, x_title="", y_title="Gain", height=330)
    drawn.update_yaxes(rangemode="tozero", range=[0, 1.12 * max([*measured, 1.0])])
    return drawn


def against_spread(curves: Sequence[GainCurve], *, at: float) -> go.Figure:
    """Gain of each activation against the standard deviation of its input, both logarithmic."""
    traces = [
        go.Scatter(
            x=list(curve.stds),
            y=list(curve.gains),
            name=curve.name,
            mode="lines",
            line={"width": 2},
            hovertemplate="%{y:.3f}",
        )
        for curve in curves
    ]
    drawn = figure(traces, x_title="Spread of the input (std)", y_title="Gain", height=360)
    drawn.update_xaxes(type="log", hoverformat=".3g", **_ticks(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20))
    drawn.update_yaxes(type="log", **_ticks(0.5, 1, 2, 5, 10, 20, 50, 100))
    drawn.add_vline(x=at, line={"width": 1, "dash": "dot", "color": GREY})
    return drawn


def _ticks(*values: float) -> dict[str, Any]:
    return {"tickvals": list(values), "ticktext": [f"{value:g}" for value in values]}


def before_and_after(
    before: tuple[float, float, Sequence[int]], after: tuple[float, float, Sequence[int]], name: str
) -> go.Figure:
    """Histograms (low, high, counts) of the samples before and after an activation, as shares per unit."""
    traces = [
        _density(before, "before", "tozeroy"),
        _density(after, f"after {name}", "tozeroy"),
    ]
    drawn = figure(traces, x_title="Value", y_title="Share per unit", height=300)
    drawn.update_xaxes(gridcolor=FAINT)
    highest = max(max(traces[0].y, default=1.0), 0.2)
    # A spike (the zeros of ReLU, the ends of tanh) would flatten everything else.
    drawn.update_yaxes(range=[0, 3 * highest])
    return drawn


def _density(histogram: tuple[float, float, Sequence[int]], name: str, fill: str) -> go.Scatter:
    low, high, counts = histogram
    width = (high - low) / max(len(counts), 1) or 1.0
    share = [count / (sum(counts) * width) for count in counts]
    middles = [low + (at + 0.5) * width for at in range(len(counts))]
    return go.Scatter(
        x=middles,
        y=share,
        name=name,
        mode="lines",
        line={"width": 2, "shape": "hvh"},
        fill=fill,
        hovertemplate="%{y:.3f}",
    )
