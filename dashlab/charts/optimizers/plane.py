"""The plane of learning rate and momentum, and one cell of it: its path and its loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashlab.charts.style import FAINT, MOST_POINTS, figure

if TYPE_CHECKING:  # the experiment imports torch, charts do not
    from dashlab.experiments.optimizers.plane import Descent, RatePlane, TheoryLine

Array = NDArray[np.float64]

DIVERGING = "rgba(214,90,49,0.30)"
LINE = "#E0572F"
"""Orange that stands out from every blue of the plane, on light and on dark."""
DASHES = ("solid", "dash", "dot")
REACH, FURTHEST = 1.35, 12.0
"""The path is drawn within the first distance of the minimum, the start being at 1; wide swings within the
second.
"""


def plane(
    cells: RatePlane, lines: Sequence[TheoryLine], best: tuple[float, float], chosen: tuple[float, float]
) -> go.Figure:
    """Measured rates as colours, the closed form as lines; every cell can be clicked.

    Plotly reports clicks on points only, so an empty text lies on each cell.

    Args:
        cells: rates.
        lines: the closed form; the first is the border.
        best: learning rate and momentum of the fastest cell, in theory.
        chosen: those of the cell that is looked at.
    """
    drawn = figure(
        [
            _rates(cells),
            _diverging(cells),
            *(_line(line, dash) for line, dash in zip(lines, DASHES, strict=False)),
            _mark("fastest", *best, symbol="star", size=13),
            _mark("chosen", *chosen, symbol="circle-open", size=17),
            _catchers(cells),
        ],
        x_title="Learning rate α",
        y_title="Momentum β",
        height=440,
    )
    half = (cells.lrs[1] - cells.lrs[0]) / 2, (cells.momenta[1] - cells.momenta[0]) / 2
    drawn.update_xaxes(range=[cells.lrs[0] - half[0], cells.lrs[-1] + half[0]], showgrid=False)
    drawn.update_yaxes(range=[cells.momenta[0] - half[1], cells.momenta[-1] + half[1]], showgrid=False)
    drawn.add_annotation(x=3.4, y=0.1, text="diverges", showarrow=False)
    drawn.update_layout(hovermode="closest", clickmode="event+select")
    return drawn


def _rates(cells: RatePlane) -> go.Heatmap:
    return go.Heatmap(
        x=cells.lrs,
        y=cells.momenta,
        z=np.where(cells.measured < 1, cells.measured, np.nan),
        zmin=float(cells.measured.min()),
        zmax=1,
        reversescale=True,  # the fastest stands out from the page
        colorbar={"title": "rate", "thickness": 10, "len": 0.9, "outlinewidth": 0},
        hoverinfo="skip",
    )


def _diverging(cells: RatePlane) -> go.Heatmap:
    return go.Heatmap(
        x=cells.lrs,
        y=cells.momenta,
        z=np.where(cells.measured < 1, np.nan, 1.0),
        colorscale=[[0, DIVERGING], [1, DIVERGING]],
        showscale=False,
        hoverinfo="skip",
    )


def _line(line: TheoryLine, dash: str) -> go.Scatter:
    return go.Scatter(
        x=line.lrs,
        y=line.momenta,
        mode="lines",
        name=line.name,
        line={"color": LINE, "width": 2.5, "dash": dash},
        hoverinfo="skip",
    )


def _mark(name: str, lr: float, momentum: float, *, symbol: str, size: int) -> go.Scatter:
    return go.Scatter(
        x=[lr],
        y=[momentum],
        mode="markers",
        name=name,
        marker={"symbol": symbol, "size": size, "color": LINE, "line": {"width": 3, "color": LINE}},
        hoverinfo="skip",
    )


def _catchers(cells: RatePlane) -> go.Scatter:
    x, y = np.meshgrid(cells.lrs, cells.momenta)
    return go.Scatter(
        x=x.ravel(),
        y=y.ravel(),
        customdata=np.stack([cells.measured.ravel(), cells.theory.ravel()], axis=1),
        mode="text",  # of no text: caught as markers are, and cheaper to build
        hovertemplate="α %{x:.1f}, β %{y:.2f}<br>measured %{customdata[0]:.4f}<br>"
        "theory %{customdata[1]:.4f}<extra></extra>",
        showlegend=False,
    )


def losses(descent: Descent, curvatures: Sequence[float], rate: float) -> go.Figure:
    """Loss of one cell at each step on a log axis, what each direction adds to it, and theory's slope."""
    steps = np.arange(len(descent.losses))
    stride = -(-len(steps) // MOST_POINTS)
    parts = descent.points**2 * np.array(curvatures) / 2
    slope = descent.losses[0] * rate ** (2.0 * steps)
    curves = {
        "loss": (descent.losses, {"width": 3}),
        "steep": (parts[:, 0], {"width": 1.3}),
        "flat": (parts[:, 1], {"width": 1.3}),
        "theory": (slope, {"width": 1.5, "dash": "dot"}),
    }
    traces = [
        go.Scatter(x=steps[::stride], y=positive(values)[::stride], mode="lines", name=name, line=line,
                   hovertemplate="%{y:.3g}")
        for name, (values, line) in curves.items()
    ]  # fmt: skip
    drawn = figure(traces, x_title="Step", y_title="Loss", height=320)
    drawn.update_yaxes(type="log", exponentformat="power", range=_log_range(descent.losses))
    return drawn


def path(descent: Descent, curvatures: Sequence[float]) -> go.Figure:
    """The path of one cell over the level lines of the bowl; the flat direction lies along x."""
    wide, high = _reach(descent.points[:, 1]), _reach(descent.points[:, 0])
    x, y = np.linspace(-wide, wide, 61), np.linspace(-high, high, 61)
    bowl = (curvatures[1] * x[None] ** 2 + curvatures[0] * y[:, None] ** 2) / 2
    stride = -(-len(descent.points) // MOST_POINTS)
    steps = np.arange(len(descent.points))[::stride]
    # Far out nothing is seen, and numbers of 10⁶ would make the browser draw lines of that length.
    across, along = np.clip(descent.points[::stride], -20, 20).T
    drawn = figure(
        [
            _levels(x, y, bowl),
            go.Scatter(x=along, y=across, customdata=np.stack([steps, descent.losses[::stride]], axis=1),
                       mode="lines+markers", marker={"size": 4}, line={"width": 1.5},
                       hovertemplate="step %{customdata[0]}<br>loss %{customdata[1]:.3g}<extra></extra>"),
            go.Scatter(x=[0], y=[0], mode="markers", marker={"symbol": "x", "size": 9, "color": LINE},
                       hovertemplate="minimum<extra></extra>"),
        ],
        x_title="w₂, the flat direction",
        y_title="w₁, the steep direction",
        height=320,
        legend=False,
    )  # fmt: skip
    drawn.update_xaxes(range=[-wide, wide])
    drawn.update_yaxes(range=[-high, high])
    drawn.update_layout(hovermode="closest")
    return drawn


def _reach(positions: Array) -> float:
    furthest = 1.1 * float(np.abs(positions).max())
    return REACH if furthest > FURTHEST else max(REACH, furthest)


def _levels(x: Array, y: Array, bowl: Array) -> Any:
    """Level lines at powers of ten and between."""
    return go.Contour(
        x=x,
        y=y,
        z=np.log10(np.maximum(bowl, 1e-12)),
        contours={"coloring": "none", "start": -6, "end": 2, "size": 0.25},
        line={"width": 1, "color": FAINT},
        showscale=False,
        hoverinfo="skip",
    )


def positive(values: Array) -> Array:
    """Of values of any shape [...] what a log axis can show; the rest is NaN, which is drawn as a gap."""
    return np.where((values > 0) & np.isfinite(values), values, np.nan)


def _log_range(values: Array) -> list[float]:
    shown = values[(values > 0) & np.isfinite(values)]
    low, high = math.log10(max(shown.min(), 1e-40)), math.log10(max(shown.max(), 1e-39))
    return [low - 0.5, high + 0.5]
