"""Runs with batches of several sizes: their paths over the loss, their losses, their noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashlab.charts.style import FAINT, figure

if TYPE_CHECKING:  # the experiment imports torch, charts do not
    from dashlab.experiments.optimizers.batch_size import BatchComparison, BatchRun, Problem, Summary

Array = NDArray[np.float64]

MOST_OF_PATH = 700
MOST_OF_CURVE = 300
SMALLEST = 1e-16
"""Loss above the lowest; below it lies rounding."""
WIDTHS = (3.0, 1.6, 1.0, 0.8, 0.7)
"""Of lines, the largest batch first: noisy paths lie beneath, thin."""
AXES = {"updates": "Updates", "samples": "Samples seen", "seconds": "Wall time in ms, measured"}


def name_of(batch: int, samples: int) -> str:
    """A batch size as people call it."""
    return (
        f"full batch ({batch})" if batch == samples else "one sample" if batch == 1 else f"batches of {batch}"
    )


def paths(result: BatchComparison) -> go.Figure:
    """The path of every run over the level lines of the loss of all samples."""
    made, samples = result.problem, len(result.problem.x)
    reach = _reach(result)
    traces = [_path(run, name_of(run.batch, samples), WIDTHS[k], reach) for k, run in enumerate(result.runs)]
    # Colours go by order, and a legend follows it; what is drawn last lies on top: the smoothest.
    drawn = figure([*traces, _levels(made, reach), *_marks(made, result.runs[0])], x_title="Slope w",
                   y_title="Intercept b", height=500)  # fmt: skip
    for k, trace in enumerate(drawn.data[: len(traces)]):
        trace.zorder = len(traces) - k
    drawn.update_xaxes(range=reach[0])
    drawn.update_yaxes(range=reach[1])
    drawn.update_layout(hovermode="closest")
    return drawn


def losses(result: BatchComparison, axis: str) -> go.Figure:
    """How far the loss of all samples is above the lowest possible, on log axes.

    Args:
        result: what was run.
        axis: what the runs are compared at; one of `AXES`.
    """
    scale = 1000.0 if axis == "seconds" else 1.0
    traces = []
    for k, run in enumerate(result.runs):
        indices = spread(len(run.losses))
        along = {"updates": np.arange(len(run.losses)), "samples": run.samples, "seconds": run.seconds}[axis]
        above = run.losses - result.problem.lowest
        traces.append(
            go.Scatter(
                x=scale * along[indices],
                y=np.where(above > SMALLEST, above, np.nan)[indices],
                mode="lines",
                name=name_of(run.batch, len(result.problem.x)),
                line={"width": WIDTHS[k]},
                zorder=len(result.runs) - k,
                hovertemplate="%{y:.3g}",
            )
        )
    drawn = figure(traces, x_title=AXES[axis], y_title="Loss above the lowest", height=280, legend=False)
    drawn.update_xaxes(type="log", exponentformat="power", dtick=1)
    drawn.update_yaxes(type="log", exponentformat="power", range=_loss_range(result))
    return drawn


def noise(summaries: Sequence[Summary], samples: int) -> go.Figure:
    """Noise of the gradient of each batch size: measured as bars, predicted as marks."""
    known = [row for row in summaries if row.predicted is not None]
    predicted = go.Scatter(
        x=[str(row.batch) for row in known],
        y=[row.predicted for row in known],
        name="predicted",
        mode="markers",
        marker={"symbol": "line-ew", "size": 26, "line": {"width": 3, "color": "#E0572F"}},
        hovertemplate="predicted %{y:.3f}<extra></extra>",
    )
    # One trace for each, so that a bar has the colour of its path.
    bars = [
        go.Bar(x=[str(row.batch)], y=[row.noise], name=name_of(row.batch, samples), showlegend=False,
               hovertemplate="measured %{y:.3f}<extra></extra>")
        for row in summaries
    ]  # fmt: skip
    drawn = figure([*bars, predicted], x_title="Batch size", y_title="Noise of the gradient", height=500)
    drawn.update_layout(barmode="overlay", hovermode="closest")
    drawn.update_xaxes(type="category")
    drawn.update_yaxes(exponentformat="power")
    # A run that diverged has a noise that would hide all others.
    most = max((row.predicted or 0 for row in summaries), default=0) * 2.5
    for k, row in enumerate(summaries):
        if row.noise > most > 1e-9:
            drawn.update_yaxes(range=[0, most])
            # By its place: Plotly would take a name that is a number for a place.
            drawn.add_annotation(
                x=k, y=1, yref="paper", yanchor="bottom", text=f"↑ {row.noise:,.0f}", showarrow=False
            )
    return drawn


def spread(count: int, most: int = MOST_OF_CURVE) -> NDArray[np.int64]:
    """At most `most` of the indices below `count`, [N], evenly over a log axis; first and last included."""
    return np.unique(np.geomspace(1, count, min(most, count)).round().astype(np.int64)) - 1


def _path(run: BatchRun, name: str, width: float, reach: tuple[list[float], list[float]]) -> go.Scatter:
    """All of the first updates, then every n-th."""
    count, first = len(run.points), MOST_OF_PATH // 2
    stride = -(-max(0, count - first) // first) or 1
    indices = np.unique(np.r_[np.arange(min(first, count)), np.arange(first, count, stride), count - 1])
    wide = [3 * (high - low) for low, high in reach]
    points = run.points[indices]
    return go.Scatter(
        # A path that leaves the picture leaves it by so much that the browser can still draw the line.
        x=np.clip(points[:, 0], reach[0][0] - wide[0], reach[0][1] + wide[0]),
        y=np.clip(points[:, 1], reach[1][0] - wide[1], reach[1][1] + wide[1]),
        customdata=np.stack([indices, run.losses[indices]], axis=1),
        mode="lines+markers",
        name=name,
        line={"width": width},
        marker={"size": 4 if count < first else 2},
        hovertemplate=f"{name}<br>update %{{customdata[0]:,}}<br>w %{{x:.3f}}, b %{{y:.3f}}<br>"
        "loss %{customdata[1]:.4g}<extra></extra>",
    )


def _reach(result: BatchComparison) -> tuple[list[float], list[float]]:
    """What is shown of w and of b: start, lowest point and the paths of runs that did not diverge."""
    start, best = result.runs[0].points[0], result.problem.best
    far = 2 * float(np.abs(start - best).max()) + 0.1
    bounded = [run for run in result.runs if run.left_at is None] or result.runs
    points = np.concatenate([run.points[np.isfinite(run.points).all(axis=1)] for run in bounded])
    low = np.maximum(points.min(axis=0), best - far)
    high = np.minimum(points.max(axis=0), best + far)
    low, high = np.minimum(low, best), np.maximum(high, best)
    edge = 0.08 * (high - low)
    (w0, b0), (w1, b1) = (low - edge).tolist(), (high + edge).tolist()
    return [w0, w1], [b0, b1]


def _levels(made: Problem, reach: tuple[list[float], list[float]]) -> go.Contour:
    w, b = (np.linspace(low, high, 61) for low, high in reach)
    above = made.losses(np.stack(np.meshgrid(w, b), axis=-1)) - made.lowest
    return go.Contour(
        x=w,
        y=b,
        z=np.log10(np.maximum(above, 1e-6)),
        contours={"coloring": "none", "start": -3, "end": 4, "size": 0.25},
        line={"width": 1, "color": FAINT},
        showscale=False,
        showlegend=False,
        hoverinfo="skip",
    )


def _marks(made: Problem, run: BatchRun) -> list[go.Scatter]:
    marks = (("start", run.points[0], "circle-open"), ("lowest loss", made.best, "x"))
    return [
        go.Scatter(
            x=[point[0]],
            y=[point[1]],
            mode="markers",
            name=name,
            marker={"symbol": symbol, "size": 10, "color": "#E0572F", "line": {"width": 2}},
            hovertemplate=f"{name}<br>w %{{x:.3f}}, b %{{y:.3f}}<extra></extra>",
            zorder=20,
        )
        for name, point, symbol in marks
    ]


def _loss_range(result: BatchComparison) -> list[float]:
    """In powers of ten: what went up is cut a little above the start."""
    above = np.concatenate([run.losses for run in result.runs]) - result.problem.lowest
    shown = above[above > SMALLEST]
    start = float(result.runs[0].losses[0] - result.problem.lowest)
    high = min(float(shown.max()), 30 * start) if len(shown) else 1.0
    low = max(float(shown.min()), 1e-12 * high) if len(shown) else 1e-3
    return [float(np.log10(low)) - 0.3, float(np.log10(high)) + 0.3]
