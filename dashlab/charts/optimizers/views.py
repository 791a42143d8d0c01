"""Other pictures of a race: in 3-D, one step taken apart, and where starts end."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashlab.charts.replay import COLOURS
from dashlab.charts.style import CLEAR, FAINT, figure
from dashlab.experiments.optimizers.surfaces import Surface

Array = npt.NDArray[np.float64]

LETTERS = "ABCDEFGH"
HEIGHTS = [[0, "#DCE6EE"], [1, "#45708F"]]  # pale where it is low; stands out from either background
INK = "#1E2A32"  # on markers that are white on either background


def in_space(
    names: Sequence[str], ground: tuple[Array, Array, Array], tracks: Sequence[Array], z_title: str
) -> go.Figure:
    """The surface in 3-D, with each racer's track on it.

    Args:
        names: of the racers.
        ground: x [X], y [Y] and heights [Y, X] of the surface.
        tracks: x, y and height of each racer, [steps + 1, 3], NaN where it is outside of the picture.
        z_title: what the heights are.
    """
    x, y, z = ground
    lift = 0.01 * float(z.max() - z.min())  # so that the surface does not swallow the lines
    traces: list[Any] = [
        go.Surface(x=x, y=y, z=z, opacity=0.9, colorscale=HEIGHTS, showscale=False, hoverinfo="skip")
    ]
    for number, (name, track) in enumerate(zip(names, tracks, strict=True)):
        traces.append(_in_space(name, track, lift, COLOURS[number]))
    drawn = figure(traces, x_title="", y_title="", height=560)
    axes = {
        name: {"title": title, "showbackground": False, "gridcolor": FAINT}
        for name, title in (("xaxis", "x"), ("yaxis", "y"), ("zaxis", z_title))
    }
    eye, shape = {"x": 1.6, "y": -1.75, "z": 1.3}, {"x": 1.2, "y": 1.2, "z": 0.8}
    drawn.update_layout(
        scene={**axes, "aspectratio": shape, "bgcolor": CLEAR, "camera": {"eye": eye}},
        dragmode="turntable",
        hovermode="closest",
    )
    return drawn


def _in_space(name: str, track: Array, lift: float, colour: str) -> go.Scatter3d:
    return go.Scatter3d(
        x=track[:, 0],
        y=track[:, 1],
        z=track[:, 2] + lift,
        name=name,
        mode="lines",
        line={"width": 6, "color": colour},
        hoverinfo="name",
    )


def arrows(
    ground: tuple[Array, Array, Array], at: Array, named: Sequence[tuple[str, Array]], taken: Array
) -> go.Figure:
    """One step close up: arrows from the point `at`, over contours of the loss around it.

    Args:
        ground: x [X], y [Y] and loss [Y, X].
        at: where the step began, [2].
        named: arrows [2] of which only the direction counts; they get the length of the step.
        taken: the step itself, [2], drawn to scale.
    """
    x, y, z = ground
    length = float(np.hypot(*taken))
    below = {"ncontours": 24, "opacity": 0.4, "showscale": False, "hoverinfo": "skip"}
    traces: list[Any] = [go.Contour(x=x, y=y, z=z, line={"width": 0.6}, **below)]
    for number, (name, way) in enumerate([*named, ("the step", taken)]):
        size = float(np.hypot(*way))
        traces.append(_arrow(name, at, at + (way * (length / size) if size > 0 else 0), COLOURS[number]))
    drawn = figure(traces, x_title="x", y_title="y", height=420)
    shared = {"constrain": "domain", "tickformat": ".4~g", "nticks": 5}
    drawn.update_xaxes(range=[float(x[0]), float(x[-1])], **shared)
    drawn.update_yaxes(range=[float(y[0]), float(y[-1])], scaleanchor="x", showgrid=False, **shared)
    drawn.update_layout(hovermode="closest")
    return drawn


def _arrow(name: str, begin: Array, end: Array, colour: str) -> go.Scatter:
    return go.Scatter(
        x=[begin[0], end[0]],
        y=[begin[1], end[1]],
        name=name,
        mode="lines+markers",
        line={"width": 3, "color": colour},
        marker={"symbol": "arrow", "angleref": "previous", "size": [0, 16], "color": colour},
        hoverinfo="name",
    )


def basin_map(surface: Surface, x: Array, y: Array, reached: npt.NDArray[np.int64]) -> go.Figure:
    """Each start in the colour of the minimum that it reaches; grey reaches none.

    Args:
        surface: whose minima are marked.
        x, y: coordinates of the starts, [X] and [Y].
        reached: index of the minimum that each start ends at, -1 for none, [Y, X].
    """
    count = len(surface.minima)
    colours = ["rgba(128,128,128,0.35)", *COLOURS[:count]]
    edges = np.linspace(0, 1, count + 2)
    scale = [[float(edge), colour] for i, colour in enumerate(colours) for edge in edges[i : i + 2]]
    words = np.array(["none", *LETTERS[:count]])[reached + 1]
    cells = go.Heatmap(
        x=x,
        y=y,
        z=reached,
        zmin=-1.5,
        zmax=count - 0.5,
        colorscale=scale,
        showscale=False,
        opacity=0.8,
        text=words,
        hovertemplate="from x %{x:.2f}, y %{y:.2f}: %{text}<extra></extra>",
    )
    minima = np.array(surface.minima)
    marks = go.Scatter(
        x=minima[:, 0],
        y=minima[:, 1],
        text=list(LETTERS[:count]),
        mode="markers+text",
        textposition="middle center",
        textfont={"size": 13, "color": INK},
        marker={"size": 22, "color": "white", "line": {"width": 1.5, "color": INK}},
        hovertemplate="minimum %{text}: x %{x:.4g}, y %{y:.4g}<extra></extra>",
    )
    drawn = figure([cells, marks], x_title="Start x", y_title="Start y", height=520, legend=False)
    drawn.update_xaxes(range=list(surface.x_range))
    drawn.update_yaxes(range=list(surface.y_range), showgrid=False)
    drawn.update_layout(hovermode="closest")
    return drawn
