"""A line through points, the loss surface with the path, and the loss: one replay of all three."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashlab.charts.descent.fit import FitPanel
from dashlab.charts.descent.panels import GREY, Trace, evenly, on, panel_axis, panel_title
from dashlab.charts.ground import catchers, ground, spread_out
from dashlab.charts.logarithmic import log_axis
from dashlab.charts.replay import COLOURS, Plain, encoded, markers, player, stops_of, xy
from dashlab.charts.style import FAINT, FIXED, MOST_POINTS, layout
from dashlab.experiments.descent.line_rows import LineRun
from dashlab.experiments.descent.line_surface import LossGround
from dashlab.experiments.descent.numbers import with_minus

Array = npt.NDArray[np.float64]

HEIGHT = 590
NEW_POINT, NEW_START = 0, 1
"""Numbers of the traces that report where a click wants a new point, and a new start."""
LOW = 0.45
"""Share of the height that the lower panels have."""
HIGHEST_DRAWN = 30
"""A way that diverges is drawn as long as its loss is at most so many times that of the start."""
ARROW = 0.22
"""Length of the arrow, as a share of the surface's panel."""


def contours(base: LossGround) -> str:
    """The picture of the surface that `replay` wants."""
    return ground(base.heights)


def replay(run: LineRun, base: LossGround, picture: str, step: int, *, revision: str = "") -> go.Figure:
    """Fit, surface and loss, as one step leaves them; buttons and a slider move all three.

    Args:
        run: a descent on a line or a plane.
        base: the loss around it.
        picture: of that loss, as `contours` makes it.
        step: at which the picture stands.
        revision: another one where the slider should not stay as it was left.
    """
    stops, panel, way = stops_of(run.steps, step), FitPanel(run.data), _drawable(run)
    fixed = [
        panel.catcher(),
        on(2, catchers(*base.coarse(), axes=(run.names[0], run.names[1]))),
        *panel.fixed(),
        *_under(run, way),
        *_loss_curve(run),
    ]
    now = _moved(run, base, panel, way[[stop for stop in stops if stop <= step]], step)
    moved = [trace | look for trace, look in zip(now, _looks(panel), strict=True)]
    places = list(range(len(fixed), len(fixed) + len(moved)))
    frames = [
        {
            "name": str(stop),
            "data": _changed(_moved(run, base, panel, way[stops[: number + 1]], stop)),
            "traces": places,
        }
        for number, stop in enumerate(stops)
    ]
    x_title, y_title = panel.titles
    shape = layout(
        x_title,
        y_title,
        height=HEIGHT,
        margin={"l": 50, "b": 36},
        hovermode="closest",
        clickmode="event+select",
        uirevision=revision,
        images=[spread_out(picture, *base.ranges, axes="2")],
        **_axes(run, base, panel),
        **player(stops, active=stops.index(step), labels=[_label(run, stop) for stop in stops]),
    )
    return Plain(shape, [*fixed, *moved], frames)


def _label(run: LineRun, step: int) -> str:
    weights = zip(run.names, run.data.raw(run.weights[step]), strict=True)
    each = " · ".join(f"{name} {value:.3g}" for name, value in weights)
    return with_minus(f"{step} · {each} · loss {run.losses[step]:.3g}")


def _axes(run: LineRun, base: LossGround, panel: FitPanel) -> dict[str, Any]:
    across, up = base.ranges
    finite = run.losses[np.isfinite(run.losses)]
    losses = log_axis([finite, np.array([run.lowest])], np.inf) | {"showgrid": True, "gridcolor": FAINT}
    steps = [0, max(run.steps, 1)]
    first, second = run.names[0], run.names[1]
    left, right, low = (0, 0.6), (0.74, 1), (0, LOW)
    return {
        "xaxis": {"range": panel.ranges[0], **FIXED},
        "yaxis": {"range": panel.ranges[1], "domain": [0.65, 1], **FIXED},
        "xaxis2": panel_axis(first, left, "y2", range=list(across)),
        "yaxis2": panel_axis(second, low, "x2", range=list(up)),
        "xaxis3": panel_axis("Step", right, "y3", range=steps, nticks=4),
        "yaxis3": panel_axis("", low, "x3", **losses),
        "annotations": [
            panel_title(f"Loss over {first} and {second}", left[0], LOW),
            panel_title("Loss", right[0], LOW),
        ],
    }


def _under(run: LineRun, way: Array) -> Iterator[Trace]:
    """On the surface: the whole way, thin; where it began, and where least squares ends at once."""
    thinned = way[evenly(run.steps + 1, MOST_POINTS)]
    thin = {"width": 1, "color": COLOURS[2]}
    yield on(
        2,
        {
            **xy(thinned),
            "mode": "lines",
            "line": thin,
            "opacity": 0.6,
            "hoverinfo": "skip",
            "showlegend": False,
        },
    )
    ink = {"width": 1.5, "color": "#1E2A32"}
    spots = (("circle", 8, run.weights[0], "start"), ("star", 13, run.data.best, "least squares"))
    for symbol, size, at, words in spots:
        yield on(
            2,
            markers(
                at[:1],
                at[1:2],
                marker={"symbol": symbol, "size": size, "color": "white", "line": ink},
                hovertemplate=f"{words}: %{{x:.4g}}, %{{y:.4g}}<extra></extra>",
            ),
        )


def _loss_curve(run: LineRun) -> Iterator[Trace]:
    """The loss at every step, and that of least squares."""
    chosen = evenly(run.steps + 1, MOST_POINTS)
    curve = np.column_stack([chosen, run.losses[chosen]])
    line = {"width": 2, "color": COLOURS[2]}
    yield on(
        3,
        {
            **xy(curve),
            "mode": "lines",
            "line": line,
            "showlegend": False,
            "hovertemplate": "step %{x}: %{y:.4g}<extra></extra>",
        },
    )
    level = np.array([[0, run.lowest], [max(run.steps, 1), run.lowest]])
    dashed = {"width": 1.5, "dash": "dash", "color": GREY}
    skip = {"showlegend": False, "hoverinfo": "skip"}
    yield on(3, {**xy(level), "mode": "lines", "line": dashed, **skip})


def _moved(run: LineRun, base: LossGround, panel: FitPanel, way: Array, step: int) -> Iterator[Trace]:
    """What a step moves: errors, line, the way to it [..., 2], arrow, place, and the mark on the loss."""
    weights = run.weights[step]
    yield panel.errors(weights)
    yield panel.moving(weights)
    yield xy(way)
    here = way[-1]
    yield xy(np.stack([here, here + _downhill(run, base, step)]))
    yield xy(here[None])
    yield {"type": "scatter", "x": [step], "y": encoded(run.losses[step : step + 1])}


def _changed(moved: Iterator[Trace]) -> list[Trace]:
    """What a frame has to say of them: the x of errors and line stay as they are."""
    errors, fitted, *others = moved
    return [{"type": "scatter", "y": errors["y"]}, {"type": "scatter", "y": fitted["y"]}, *others]


def _looks(panel: FitPanel) -> Iterator[Trace]:
    """How each of `_moved` is drawn."""
    yield from panel.looks()
    colour = COLOURS[2]
    skip = {"hoverinfo": "skip", "showlegend": False}
    yield on(2, {"mode": "lines", "line": {"width": 1.8, "color": colour}, **skip})
    tip = {"symbol": "arrow", "angleref": "previous", "size": [0, 13], "color": COLOURS[1]}
    arrow = {"mode": "lines+markers", "line": {"width": 2.5, "color": COLOURS[1]}, "marker": tip}
    yield on(2, arrow | {"name": "−gradient", "hoverinfo": "skip"})
    dot = {"size": 11, "color": colour, "line": {"width": 1.5, "color": "white"}}
    yield on(2, {"mode": "markers", "marker": dot, **skip})
    yield on(3, {"mode": "markers", "marker": dot, "cliponaxis": False, **skip})


def _drawable(run: LineRun) -> Array:
    """The way over the first two weights, [steps + 1, 2]; NaN from where it is far out of the picture."""
    high = run.losses > HIGHEST_DRAWN * run.losses[0]
    lost = np.logical_or.accumulate(high)
    return np.where(lost[:, None], np.nan, run.weights[:, :2])


def _downhill(run: LineRun, base: LossGround, step: int) -> Array:
    """The arrow of the gradient that the next step takes: its direction, at a length that can be seen: [2].

    Its length on the screen is always the same, so it is scaled by what the panel shows.
    """
    gradient = -(run.taken[step] if step < run.steps else run.gradients[step])[:2]
    spans = np.array([high - low for low, high in base.ranges])
    length = float(np.hypot(*(gradient / spans)))
    return ARROW * gradient / length if length > 0 else np.zeros(2)
