"""What the learning rate does to the loss, and how steep and flat a surface is."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashlab.charts.logarithmic import log_axis
from dashlab.charts.style import FAINT, figure

Array = npt.NDArray[np.float64]

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
OWN, MARK = "#E0572F", "rgb(128,128,128)"
LEVELS = (0.5, 1.0, 2.0)
"""Of the loss above the lowest, at which lines are drawn."""


def losses(named: Sequence[tuple[str, Array]], own: tuple[str, Array], lowest: float) -> go.Figure:
    """The loss of each rate against the step, [steps + 1] each, and of the one that is set."""
    traces = [
        go.Scatter(
            x=np.arange(len(values)),
            y=np.where(np.isfinite(values), values, np.nan),
            mode="lines",
            name=name,
            line={"width": 3 if place == len(named) else 2, "dash": DASHES[place]},
            hovertemplate="%{y:.3g}",
        )
        for place, (name, values) in enumerate([*named, own])
    ]
    tops = np.array([values[0] for _, values in named])
    axis = log_axis([tops, np.array([lowest, 30 * tops.max()])], np.inf)
    return figure(traces, x_title="Step", y_title="Loss", height=320, yaxis=axis)


def factors(values: Array, lr: float) -> go.Figure:
    """By what a step multiplies the error along the steepest and the flattest direction.

    Args:
        values: second derivatives of the loss along its axes, ascending, [P].
        lr: the rate that is set; it is marked, and so is 2/λmax.
    """
    limit = 2 / float(values[-1])
    rates = np.linspace(0, max(1.25 * limit, min(1.1 * lr, 3 * limit)), 241)
    traces = [
        go.Scatter(x=rates, y=np.abs(1 - rates * value), mode="lines", name=name, hovertemplate="%{y:.4f}",
                   line={"width": 2, "dash": dash})
        for name, value, dash in (("steepest", values[-1], "solid"), ("flattest", values[0], "dash"))
    ]  # fmt: skip
    sides = ("left", "right") if lr < limit else ("right", "left")
    marks = [(limit, "2/λmax", sides[0], {"width": 2, "color": MARK, "dash": "dash"})]
    if lr <= rates[-1]:
        marks.append((lr, "α", sides[1], {"width": 2, "color": OWN}))
    across = {"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": 1, "y1": 1}
    return figure(
        traces,
        x_title="Learning rate α",
        y_title="|1 − αλ|",
        height=320,
        yaxis={"range": [0, 1.5]},
        shapes=[
            across | {"line": {"width": 1, "color": MARK}},
            *(_upright(at, look) for at, *_, look in marks),
        ],
        annotations=[
            {"x": at, "y": 1, "yref": "paper", "text": name, "xanchor": side, "showarrow": False}
            for at, name, side, _ in marks
        ],
    )


def _upright(at: float, line: dict[str, object]) -> dict[str, object]:
    return {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def ellipses(before: Array, after: Array, titles: tuple[str, str], axes: tuple[str, str]) -> go.Figure:
    """Level lines of two bowls with the second derivatives [2, 2], around their lowest points, to one scale.

    Args:
        before, after: [2, 2], of the loss over the same two weights.
        titles: of the two.
        axes: what the two weights are called.
    """
    traces = []
    for place, curvature in enumerate((before, after)):
        for level in LEVELS:
            x, y = _level(curvature, level).T
            traces.append(
                go.Scatter(
                    x=x,
                    y=y,
                    mode="lines",
                    name=titles[place],
                    showlegend=level == LEVELS[0],
                    line={"width": 2, "color": ("#E0572F", "#2C7FB8")[place], "dash": DASHES[place]},
                    hoverinfo="name",
                )
            )
    drawn = figure(traces, x_title=f"{axes[0]}, from the lowest point", y_title=f"{axes[1]}", height=420)
    drawn.update_xaxes(showgrid=True, gridcolor=FAINT)
    drawn.update_yaxes(scaleanchor="x")
    drawn.update_layout(hovermode="closest")
    return drawn


def _level(curvature: Array, level: float) -> Array:
    """Where ½ dᵀHd is `level`: [73, 2]."""
    values, directions = np.linalg.eigh(curvature)
    turns = np.linspace(0, 2 * np.pi, 73)
    round_ = np.stack([np.cos(turns), np.sin(turns)])
    radii = np.sqrt(2 * level / np.maximum(values, 1e-9))
    points: Array = (directions @ (radii[:, None] * round_)).T
    return points
