"""What each twin makes of the plane, side by side, and how that came about, epoch by epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashlab.charts.batchnorm.curves import twins_of
from dashlab.charts.style import CLEAR, thinned
from dashlab.experiments.batchnorm.rows import GRID, TwinsEpoch, boundary_of

# Half transparent, right on a light and on a dark page: teal for class 0, rose for class 1. Blue and orange
# stand for the twins.
SHADES = [[0.0, "rgba(20,158,142,0.65)"], [0.5, "rgba(128,128,128,0.05)"], [1.0, "rgba(196,72,128,0.65)"]]
DOTS = [[0.0, "rgb(16,140,126)"], [1.0, "rgb(190,60,118)"]]
EDGE = "rgb(128,128,128)"
HEIGHT = 370
MOST_DOTS = 240
MOST_FRAMES = 20
FRAME_MS = 140


@dataclass(frozen=True, slots=True)
class Plane:
    """Some of the points, and the part of the plane that is drawn: left, right, bottom, top."""

    x: tuple[tuple[float, float], ...]
    y: tuple[int, ...]
    extent: tuple[float, float, float, float]


def boundaries(rows: Sequence[TwinsEpoch], shown: TwinsEpoch, plane: Plane) -> go.Figure:
    """The probability of class 1 over the plane under both twins at the epoch `shown`.

    A button replays how it came about, from epoch 0 to there; the browser does so alone.

    Args:
        rows: of the training; those without a boundary are passed over.
        shown: one of them that has one.
        plane: the points.
    """
    drawn = go.Figure([trace for side in (0, 1) for trace in _side(shown, plane, side)])
    drawn.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 44, "b": 44},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        showlegend=False,
        dragmode=False,
        annotations=_titles(shown),
        updatemenus=[_replay()],
        **_axes(plane),
    )
    before = [row for row in rows if row.normed.boundary + row.plain.boundary and row.epoch <= shown.epoch]
    drawn.frames = [_frame(row) for row in thinned(before, MOST_FRAMES)]
    return drawn


def points(plane: Plane) -> go.Figure:
    """The points alone, in the colours of their classes."""
    drawn = go.Figure([_dots(plane)])
    axes = _axes(plane)
    both = {"xaxis": axes["xaxis"] | {"domain": [0, 1]}, "yaxis": axes["yaxis"]}
    drawn.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        showlegend=False,
        dragmode=False,
        **both,
    )
    return drawn


def cells(row: TwinsEpoch, plane: Plane) -> list[dict[str, float]]:
    """The numbers behind the picture: each cell's middle and the probability of class 1 under each twin."""
    place = _middles(plane)
    plain, normed = (_cells(row, side) / 10_000 for side in (0, 1))
    return [
        {
            "x": round(place["x0"] + across * place["dx"], 4),
            "y": round(place["y0"] + up * place["dy"], 4),
            "plain": float(plain[up, across]),
            "batchnorm": float(normed[up, across]),
        }
        for up in range(GRID)
        for across in range(GRID)
    ]


def _side(row: TwinsEpoch, plane: Plane, side: int) -> list[Any]:
    """Cells, the line where both classes are equally likely, and points."""
    axes = {"xaxis": f"x{side + 1}", "yaxis": f"y{side + 1}"} if side else {}
    return [
        go.Heatmap(
            z=_percent(row, side), **_middles(plane), **axes, colorscale=SHADES, zmin=0, zmax=100,
            showscale=False, zsmooth="best", hovertemplate="class 1: %{z} %<extra></extra>",
        ),
        go.Contour(
            z=_cells(row, side), **_middles(plane), **axes, showscale=False, hoverinfo="skip",
            contours={"start": 5000, "end": 5000, "size": 1, "coloring": "none"},
            line={"color": EDGE, "width": 2},
        ),
        _dots(plane, **axes),
    ]  # fmt: skip


def _dots(plane: Plane, **axes: str) -> go.Scatter:
    step = max(1, len(plane.x) // MOST_DOTS)
    dots, classes = plane.x[::step], plane.y[::step]
    return go.Scatter(
        x=[dot[0] for dot in dots], y=[dot[1] for dot in dots], **axes, mode="markers", hoverinfo="skip",
        marker={"color": classes, "colorscale": DOTS, "cmin": 0, "cmax": 1, "size": 4, "opacity": 0.8},
    )  # fmt: skip


def _cells(row: TwinsEpoch, side: int) -> NDArray[np.uint16]:
    """In hundredths of a per cent, as whole numbers: few bytes on the way to the browser."""
    packed = twins_of(row)[side][1].boundary
    shares = np.array(boundary_of(packed)) if packed else np.full((GRID, GRID), 0.5)
    cells: NDArray[np.uint16] = np.rint(10_000 * shares).astype(np.uint16)
    return cells


def _percent(row: TwinsEpoch, side: int) -> NDArray[np.uint8]:
    cells: NDArray[np.uint8] = np.rint(_cells(row, side) / 100).astype(np.uint8)
    return cells


def _middles(plane: Plane) -> dict[str, Any]:
    left, right, bottom, top = plane.extent
    across, up = (right - left) / GRID, (top - bottom) / GRID
    return {"x0": left + across / 2, "dx": across, "y0": bottom + up / 2, "dy": up}


def _frame(row: TwinsEpoch) -> go.Frame:
    traces: list[Any] = []
    for side in (0, 1):
        traces += [go.Heatmap(z=_percent(row, side)), go.Contour(z=_cells(row, side))]
    return go.Frame(
        data=traces, traces=[0, 1, 3, 4], name=str(row.epoch), layout={"annotations": _titles(row)}
    )


def _titles(row: TwinsEpoch) -> list[dict[str, Any]]:
    """Above each half: which twin, when, how good."""
    titles = []
    for side, (name, twin) in enumerate(twins_of(row)):
        how = f"{100 * twin.by_running.accuracy:.1f} %" if not twin.diverged else "diverged"
        titles.append(
            {
                "text": f"{name}<br>epoch {row.epoch}: {how}",
                "x": 0.245 + 0.51 * side,
                "y": 1.0,
                "xref": "paper",
                "yref": "paper",
                "xanchor": "center",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 13},
            }
        )
    return titles


def _replay() -> dict[str, Any]:
    play = {
        "frame": {"duration": FRAME_MS, "redraw": True},
        "transition": {"duration": 0},
        "mode": "immediate",
    }
    return {
        "type": "buttons",
        "buttons": [{"label": "▶ Replay", "method": "animate", "args": [None, play]}],
        "showactive": False,
        "x": 0.5,
        "xanchor": "center",
        "y": 0,
        "yanchor": "top",
        "bgcolor": "rgba(128,128,128,0.15)",
        "bordercolor": "rgba(128,128,128,0.4)",
        "pad": {"t": 8, "b": 0},
    }


def _axes(plane: Plane) -> dict[str, Any]:
    left, right, bottom, top = plane.extent
    plain = {
        "showgrid": False,
        "zeroline": False,
        "showticklabels": False,
        "ticks": "",
        "constrain": "domain",
    }
    return {
        "xaxis": plain | {"domain": [0, 0.49], "range": [left, right]},
        "xaxis2": plain | {"domain": [0.51, 1], "range": [left, right], "anchor": "y2"},
        "yaxis": plain | {"range": [bottom, top], "scaleanchor": "x"},
        "yaxis2": plain | {"range": [bottom, top], "scaleanchor": "x2", "anchor": "x2"},
    }
