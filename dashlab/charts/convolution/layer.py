"""A picture beside what a layer makes of it, with a pixel and those that it is linked to."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashlab.charts.replay import Plain, encoded
from dashlab.charts.style import layout
from dashlab.experiments.convolution.rows import LayerOutcome, Linked, Plane

Trace = dict[str, Any]

HEIGHT = 360
LINE = "#E0572F"
MOST_CATCHERS = 64
"""Along each side; a larger picture answers to a click with the nearest of so many."""
MOST_WRITTEN = 12
"""Pictures of at most so many pixels a side have their numbers written into them."""
SIGNED = [[0, "#2C7FB8"], [0.5, "rgb(245,245,245)"], [1, "#E0572F"]]
GREY = [[0, "rgb(0,0,0)"], [1, "rgb(255,255,255)"]]
IN, OUT = 0, 1
AXES = {IN: ("x", "y"), OUT: ("x2", "y2")}
CLICKS = {2: "input", 3: "output"}
"""The numbers of the traces that report clicks, and on what."""


def pair(outcome: LayerOutcome, link: Linked | None) -> go.Figure:
    """What goes in at the left, what comes out at the right, of each the first channel.

    A click reports a trace of `CLICKS`, x and y.
    """
    before, after = outcome.picture[0], outcome.output[0]
    traces = [
        on(IN, _heat(before)),
        on(OUT, _heat(after)),
        on(IN, _catchers(before)),
        on(OUT, _catchers(after)),
    ]
    marks: list[dict[str, Any]] = []
    if link is not None:
        here, there = (OUT, IN) if link.looks == "output" else (IN, OUT)
        marks.append(_box(here, link.at[1], link.at[2]))
        if len(link.rows):
            marks.append(_around(there, link))
            if max((after if there == OUT else before).shape) > MOST_WRITTEN:  # else they hide the numbers
                traces.append(on(there, _points(link)))
    titles = [
        _title(f"In: {_size(outcome.shapes[0])}", 0.0),
        _title(f"Out: {_size(outcome.shapes[1])}", 0.52),
    ]
    return Plain(
        layout(
            "", "", height=HEIGHT, legend=False,
            hovermode="closest", hoverdistance=60, clickmode="event+select",
            margin={"l": 4, "r": 4, "t": 28, "b": 4}, annotations=titles, shapes=marks,
            xaxis=_across(before, [0, 0.48], "y"), yaxis=_down(before, "x"),
            xaxis2=_across(after, [0.52, 1], "y2"), yaxis2=_down(after, "x2"),
        ),
        traces,
    )  # fmt: skip


def on(panel: int, trace: Trace) -> Trace:
    """The trace, on the axes of one of the two panels."""
    across, down = AXES[panel]
    return {**trace, "xaxis": across, "yaxis": down}


def _heat(plane: Plane) -> Trace:
    low, high = float(plane.min()), float(plane.max())
    most = max(abs(low), abs(high)) or 1.0
    signed = low < 0
    written = max(plane.shape) <= MOST_WRITTEN
    more = {"text": _texts(plane), "texttemplate": "%{text}", "textfont": {"size": 10}} if written else {}
    return {
        "type": "heatmap",
        "z": encoded(plane.astype(float)),
        "zmin": -most if signed else min(low, 0.0),
        "zmax": most if signed or high <= 0 else high,
        "colorscale": SIGNED if signed else GREY,
        "showscale": False,
        "hoverinfo": "skip",
        "xgap": int(written),
        "ygap": int(written),
        **more,
    }


def _texts(plane: Plane) -> list[list[str]]:
    return [[f"{value:.3g}".replace("-", "−") for value in row] for row in plane.tolist()]


def _catchers(plane: Plane) -> Trace:
    rows, columns = (_spread(size) for size in plane.shape)
    down, across = (places.ravel() for places in np.meshgrid(rows, columns, indexing="ij"))
    return {
        "type": "scatter",
        "x": across.tolist(),
        "y": down.tolist(),
        "customdata": [round(value, 5) for value in plane[down, across].tolist()],
        "mode": "text",  # of no text: caught as markers are, and cheaper to draw
        "hovertemplate": "row %{y}, column %{x}: %{customdata}<extra></extra>",
        "showlegend": False,
    }


def _spread(size: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, size - 1, min(size, MOST_CATCHERS)).round().astype(np.int64))


def _points(link: Linked) -> Trace:
    """The linked pixels, larger the more they weigh."""
    most = float(np.abs(link.weights).max()) or 1.0
    sizes = 3 + 6 * np.abs(link.weights) / most
    colours = [LINE if weight > 0 else "#2C7FB8" for weight in link.weights.tolist()]
    return {
        "type": "scatter",
        "x": link.columns.tolist(),
        "y": link.rows.tolist(),
        "mode": "markers",
        "marker": {"size": sizes.round(1).tolist(), "color": colours, "line": {"width": 1, "color": "white"}},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _box(panel: int, row: int, column: int) -> dict[str, Any]:
    return _rectangle(panel, row - 0.5, row + 0.5, column - 0.5, column + 0.5)


def _around(panel: int, link: Linked) -> dict[str, Any]:
    rows, columns = link.rows, link.columns
    return _rectangle(panel, rows.min() - 0.5, rows.max() + 0.5, columns.min() - 0.5, columns.max() + 0.5)


def _rectangle(panel: int, top: float, bottom: float, left: float, right: float) -> dict[str, Any]:
    axes = AXES[panel]
    return {
        "type": "rect", "xref": axes[0], "yref": axes[1], "x0": float(left), "x1": float(right),
        "y0": float(top), "y1": float(bottom), "line": {"color": LINE, "width": 2.5},
    }  # fmt: skip


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def _title(text: str, left: float) -> dict[str, Any]:
    place = {"x": left, "xanchor": "left", "y": 1, "yanchor": "bottom", "xref": "paper", "yref": "paper"}
    return {"text": text, "showarrow": False, "font": {"size": 12}, **place}


def _across(plane: Plane, domain: list[float], anchor: str) -> dict[str, Any]:
    return {"visible": False, "domain": domain, "anchor": anchor, "constrain": "domain",
            "range": [-0.5, plane.shape[1] - 0.5]}  # fmt: skip


def _down(plane: Plane, anchor: str) -> dict[str, Any]:
    return {"visible": False, "anchor": anchor, "scaleanchor": anchor, "constrain": "domain",
            "range": [plane.shape[0] - 0.5, -0.5]}  # fmt: skip
