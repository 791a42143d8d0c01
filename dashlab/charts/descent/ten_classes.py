"""The ten weight pictures as they form, with the loss below them; p − y of one picture."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashlab.charts.descent.panels import GREY, Trace, evenly, panel_axis
from dashlab.charts.replay import COLOURS, Plain, player, xy
from dashlab.charts.style import FAINT, FIXED, MARGIN, MOST_POINTS, figure, layout
from dashlab.experiments.descent.ten_classes_settings import SIDE, TenClassesRow

COLUMNS = 5
ACROSS, DOWN = 7, 10
"""Pixels between the tiles; below each there is room for a name, on a phone too."""
MIDDLE = 127
SCALE = [[0, "#2C7FB8"], [0.5, "rgb(245,245,245)"], [1, "#E0572F"]]
"""Against the class, neither, for it."""
HEIGHT, LOW = 560, 0.22


def replay(
    rows: Sequence[TenClassesRow], at: int, classes: Sequence[str], *, revision: str = ""
) -> go.Figure:
    """Weights and loss as one step has them; buttons and a slider move both.

    Args:
        rows: of the steps that are kept.
        at: position of the row at which the picture stands.
        classes: their names.
        revision: another one where the slider should not stay as it was left.
    """
    losses = np.concatenate([[rows[0].loss], *[row.losses for row in rows[1:]]])
    seen = evenly(len(losses), MOST_POINTS)
    curve = xy(np.column_stack([seen, losses[seen]])) | {
        "mode": "lines", "line": {"width": 1.5, "color": COLOURS[0]}, "xaxis": "x2", "yaxis": "y2",
        "hovertemplate": "step %{x}: %{y:.4f}<extra></extra>", "showlegend": False,
    }  # fmt: skip
    traces = [curve, *_moving(rows[at])]
    frames = [{"name": str(place), "data": _moving(row), "traces": [1, 2]} for place, row in enumerate(rows)]
    finite = losses[np.isfinite(losses)]
    top = float(np.quantile(finite, 0.995)) * 1.1 if len(finite) else 1.0
    labels = [f"{row.step:,} · loss {row.loss:.3f}" for row in rows]
    shape = layout(
        "", "", height=HEIGHT, legend=False, hovermode="closest", uirevision=revision,
        margin={"l": 50, "b": 36, "t": 24},
        xaxis={"visible": False, "constrain": "domain", **FIXED},
        yaxis={"visible": False, "domain": [0.36, 1], "autorange": "reversed", "scaleanchor": "x", **FIXED},
        xaxis2=panel_axis("Step", (0, 1), "y2"),
        yaxis2=panel_axis("Batch loss", (0, LOW), "x2", range=[0, top], gridcolor=FAINT, showgrid=True),
        annotations=[_name(number, name) for number, name in enumerate(classes)],
        **player(range(len(rows)), active=at, labels=labels, redraw=True),
    )  # fmt: skip
    return Plain(shape, traces, frames)


def _moving(row: TenClassesRow) -> list[Trace]:
    dot = {"type": "scatter", "x": [row.step], "y": [row.loss], "mode": "markers", "showlegend": False,
           "marker": {"size": 10, "color": COLOURS[6]}, "xaxis": "x2", "yaxis": "y2",
           "hoverinfo": "skip"}  # fmt: skip
    return [_tiles(row.matrix()), dot]


def _tiles(weights: NDArray[np.float32]) -> Trace:
    """All classes' weights, in rows of `COLUMNS`, as bytes: 127 is 0."""
    most = float(np.nanmax(np.abs(weights))) or 1.0
    levels = np.nan_to_num(np.round(MIDDLE * (1 + weights / most)), nan=MIDDLE).clip(0, 2 * MIDDLE)
    rows = -(-len(weights) // COLUMNS)
    height, width = rows * (SIDE + DOWN) - DOWN, COLUMNS * (SIDE + ACROSS) - ACROSS
    sheet = np.full((height, width), MIDDLE, dtype=np.uint8)
    for number, one in enumerate(levels):
        down, across = divmod(number, COLUMNS)
        top, left = down * (SIDE + DOWN), across * (SIDE + ACROSS)
        sheet[top : top + SIDE, left : left + SIDE] = one.reshape(SIDE, SIDE)
    data = base64.b64encode(sheet.tobytes()).decode()
    z = {"dtype": "u1", "bdata": data, "shape": ", ".join(map(str, sheet.shape))}
    look = {"zmin": 0, "zmax": 2 * MIDDLE, "colorscale": SCALE, "showscale": False, "hoverinfo": "skip"}
    return {"type": "heatmap", "z": z, **look}


def _name(number: int, name: str) -> dict[str, Any]:
    """The class's name over its tile."""
    down, across = divmod(number, COLUMNS)
    place = {"x": across * (SIDE + ACROSS) + SIDE / 2, "y": down * (SIDE + DOWN) - 0.5}
    look = {
        "showarrow": False,
        "yanchor": "bottom",
        "font": {"size": 10, "color": GREY},
    }
    return {**place, "text": name, **look}


def error(probabilities: NDArray[np.float64], label: int, classes: Sequence[str]) -> go.Figure:
    """p of a picture, [K], and p − y: below 0 at its class alone."""
    y = np.zeros(len(classes))
    y[label] = 1
    traces = [
        go.Bar(x=list(classes), y=probabilities, name="p", hovertemplate="%{y:.4f}"),
        go.Bar(x=list(classes), y=probabilities - y, name="p − y", hovertemplate="%{y:.4f}",
               marker={"pattern": {"shape": "/"}}),
    ]  # fmt: skip
    return figure(
        traces, x_title="", y_title="", height=260, barmode="group", xaxis={"type": "category"},
        yaxis={"range": [-1.05, 1.05], "zeroline": True, "zerolinecolor": FAINT, **FIXED}, margin=MARGIN,
    )  # fmt: skip
