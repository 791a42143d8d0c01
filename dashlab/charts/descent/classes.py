"""Two classes with the boundary and the probabilities between them, loss and accuracy: one replay of all."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashlab.charts.descent.panels import GREY, Trace, evenly, panel_axis, panel_title
from dashlab.charts.logarithmic import log_axis
from dashlab.charts.replay import COLOURS, Plain, encoded, player, stops_of, xy
from dashlab.charts.style import FAINT, FIXED, MOST_POINTS, figure, layout
from dashlab.experiments.descent.classes_rows import ClassesRun, logit
from dashlab.experiments.descent.numbers import with_minus

Array = npt.NDArray[np.float64]

HEIGHT = 590
LOW = 0.24
"""Share of the height that the lower panels have."""
ZERO, ONE = "#E0572F", "#2C7FB8"
"""Colours of class 0 and class 1, right on a light and on a dark page."""
EDGES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Probabilities of class 1 between which the field has one shade."""
DARKEST = 0.34


def replay(run: ClassesRun, threshold: float, step: int, *, revision: str = "") -> go.Figure:
    """Boundary and probabilities as one step leaves them; buttons and a slider move all panels.

    Args:
        run: a descent.
        threshold: the probability at which the boundary is drawn, and by which the accuracy goes.
        step: at which the picture stands.
        revision: another one where the slider should not stay as it was left.
    """
    stops, accuracies = stops_of(run.steps, step), run.accuracies(threshold)
    ranges = _ranges(run.x)
    fixed = [*_points(run), *_curves(run, accuracies)]
    now = [*_field(run, ranges, step), *_moved(run, ranges, accuracies, threshold, step)]
    looks = [*_shades(), *_looks()]
    moved = [trace | look for trace, look in zip(now, looks, strict=True)]
    # The field lies under the points: its traces come first.
    traces = [*moved[: len(EDGES) + 1], *fixed, *moved[len(EDGES) + 1 :]]
    places = [*range(len(EDGES) + 1), *range(len(EDGES) + 1 + len(fixed), len(traces))]
    frames = [
        {
            "name": str(stop),
            "data": [*_field(run, ranges, stop), *_moved(run, ranges, accuracies, threshold, stop)],
            "traces": places,
        }
        for stop in stops
    ]
    shape = layout(
        "x₁",
        "x₂",
        height=HEIGHT,
        margin={"l": 50, "b": 36},
        hovermode="closest",
        uirevision=revision,
        **_axes(run, ranges, accuracies),
        **player(stops, active=stops.index(step), labels=[_label(run, accuracies, stop) for stop in stops]),
    )
    return Plain(shape, traces, frames)


def _label(run: ClassesRun, accuracies: Array, step: int) -> str:
    return with_minus(f"{step} · loss {run.losses[step]:.3g} · accuracy {accuracies[step]:.3f}")


def _ranges(x: Array) -> Array:
    """What is shown of x₁ and x₂: [2, 2], low and high of each."""
    low, high = x.min(0), x.max(0)
    room = 0.08 * (high - low)
    return np.stack([low - room, high + room], 1)


def _axes(run: ClassesRun, ranges: Array, accuracies: Array) -> dict[str, Any]:
    grid = {"showgrid": True, "gridcolor": FAINT}
    losses = log_axis([run.losses, np.array([run.optimum_loss])], np.inf) | grid
    lowest = max(float(accuracies.min()) - 0.05, 0.0)
    shares = {"range": [lowest, 1.01], "tickformat": ".0%", "nticks": 4} | grid
    steps = {"range": [0, max(run.steps, 1)], "nticks": 5}
    left, right, low = (0, 0.42), (0.58, 1), (0, LOW)
    return {
        "xaxis": {"range": ranges[0].tolist(), **FIXED},
        "yaxis": {
            "range": ranges[1].tolist(),
            "domain": [0.44, 1],
            "showgrid": False,
            "scaleanchor": "x",
            **FIXED,
        },
        "xaxis2": panel_axis("Step", left, "y2", **steps),
        "yaxis2": panel_axis("", low, "x2", **losses),
        "xaxis3": panel_axis("Step", right, "y3", **steps),
        "yaxis3": panel_axis("", low, "x3", **shares),
        "annotations": [panel_title("Loss", left[0], LOW), panel_title("Accuracy", right[0], LOW)],
    }


def _points(run: ClassesRun) -> Iterator[Trace]:
    for number, (colour, symbol) in enumerate(((ZERO, "circle"), (ONE, "diamond"))):
        yield {
            **xy(run.x[run.y == number]),
            "mode": "markers",
            "name": f"class {number}",
            "marker": {"size": 7, "color": colour, "symbol": symbol, "line": {"width": 1, "color": "white"}},
            "hovertemplate": f"class {number}<br>x₁ %{{x:.3g}}, x₂ %{{y:.3g}}<extra></extra>",
        }


def _curves(run: ClassesRun, accuracies: Array) -> Iterator[Trace]:
    """Loss and accuracy at every step, and what they cannot pass."""
    chosen = evenly(run.steps + 1, MOST_POINTS)
    panels = (
        (run.losses, run.optimum_loss, "2", "loss", ".4g"),
        (accuracies, run.best_count / len(run.y), "3", "accuracy", ".3f"),
    )
    for values, limit, panel, name, form in panels:
        on = {"xaxis": f"x{panel}", "yaxis": f"y{panel}", "mode": "lines", "showlegend": False}
        yield {
            **xy(np.column_stack([chosen, values[chosen]])),
            "line": {"width": 2, "color": COLOURS[2]},
            "hovertemplate": f"step %{{x}}: {name} %{{y:{form}}}<extra></extra>",
            **on,
        }
        ends = np.array([[0, limit], [max(run.steps, 1), limit]])
        dashed = {"width": 1.5, "dash": "dash", "color": GREY}
        yield {**xy(ends), "line": dashed, "hoverinfo": "skip", **on}


def _field(run: ClassesRun, ranges: Array, step: int) -> Iterator[Trace]:
    """A band for each shade: between two level lines of the probability, which are straight and parallel."""
    normal, size, nearest = _normal(run, ranges, step)
    middle = ranges.mean(1)
    reach = _reach(ranges)
    along = np.array([-normal[1], normal[0]]) * reach
    levels = np.clip([(logit(edge) / size - nearest) for edge in EDGES], -reach, reach)
    for low, high in zip([-reach, *levels], [*levels, reach], strict=True):
        first, second = middle + low * normal, middle + high * normal
        yield xy(np.stack([first - along, first + along, second + along, second - along]))


def _reach(ranges: Array) -> float:
    """Farther from the middle than any corner, also where both axes of a wide window have one scale."""
    return 4 * float(np.hypot(*np.diff(ranges, axis=1)[:, 0]))


def _normal(run: ClassesRun, ranges: Array, step: int) -> tuple[Array, float, float]:
    """The direction in which the probability rises, [2]; the length of (w₁, w₂); and how far, along it, the
    middle of the picture lies beyond the line of probability ½."""
    w, b = run.weights[step, :2], float(run.weights[step, 2])
    size = max(float(np.hypot(*w)), 1e-12)
    return w / size, size, float(w @ ranges.mean(1) + b) / size


def _moved(run: ClassesRun, ranges: Array, accuracies: Array, threshold: float, step: int) -> Iterator[Trace]:
    """The boundary, and the marks on loss and accuracy."""
    normal, size, nearest = _normal(run, ranges, step)
    reach = _reach(ranges)
    along = np.array([-normal[1], normal[0]]) * reach
    at = ranges.mean(1) + np.clip(logit(threshold) / size - nearest, -3 * reach, 3 * reach) * normal
    yield xy(np.stack([at - along, at + along]))
    for values in (run.losses, accuracies):
        yield {"type": "scatter", "x": [step], "y": encoded(values[step : step + 1])}


def _shades() -> Iterator[Trace]:
    """From the colour of class 0, over none at ½, to that of class 1."""
    edges: Sequence[float] = (0.0, *EDGES, 1.0)
    for low, high in pairwise(edges):
        middle = (low + high) / 2
        colour, alpha = (ONE if middle > 0.5 else ZERO), DARKEST * abs(2 * middle - 1)
        red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
        yield {
            "mode": "lines",
            "fill": "toself",
            "fillcolor": f"rgba({red},{green},{blue},{alpha:.3f})",
            "line": {"width": 0},
            "hoverinfo": "skip",
            "showlegend": False,
        }


def _looks() -> Iterator[Trace]:
    """How the boundary and the two marks are drawn."""
    line = {"width": 3, "color": COLOURS[2]}
    yield {"mode": "lines", "name": "boundary", "line": line, "hoverinfo": "skip"}
    dot = {"size": 11, "color": COLOURS[2], "line": {"width": 1.5, "color": "white"}}
    for panel in "23":
        yield {
            "mode": "markers",
            "xaxis": f"x{panel}",
            "yaxis": f"y{panel}",
            "marker": dot,
            "cliponaxis": False,
            "hoverinfo": "skip",
            "showlegend": False,
        }


def growth(run: ClassesRun) -> go.Figure:
    """The length of (w₁, w₂) against the step, on an axis of powers of ten; where there is a best, that."""
    steps = np.arange(1, run.steps + 1)
    chosen = np.unique(np.geomspace(1, max(run.steps, 1), min(max(run.steps, 1), MOST_POINTS)).round()) - 1
    places = chosen.astype(int)
    traces = [
        go.Scatter(
            x=steps[places] if run.steps else [],
            y=run.norms[1:][places] if run.steps else [],
            mode="lines",
            name="length of w",
            hovertemplate="%{y:.4g}",
        )
    ]
    if run.optimum is not None:
        best = float(np.hypot(*run.optimum[:2]))
        traces.append(
            go.Scatter(
                x=[1, max(run.steps, 2)],
                y=[best, best],
                mode="lines",
                name="of the weights of the least loss",
                line={"dash": "dash", "color": GREY},
                hovertemplate="%{y:.4g}",
            )
        )
    drawn = figure(traces, x_title="Step", y_title="Length of (w₁, w₂)", height=320)
    drawn.update_xaxes(type="log", exponentformat="power", dtick=1)
    return drawn
