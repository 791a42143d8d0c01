"""How every figure looks: margins, legend, hover.

Colours come from the template that is in force, by the order of the traces, so that a figure is right on a
light and on a dark page alike; nothing here names a colour that would be wrong on one of the two.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

MOST_POINTS = 500
"""A curve is thinned to about this many points before it is sent to a browser."""

CONFIG: dict[str, Any] = {
    "displayModeBar": False,
    "scrollZoom": False,
    "doubleClick": "reset",
    "showTips": False,
}
"""Plotly's own options for every chart: no toolbar, and a page that scrolls under a finger."""

FIXED, MARGIN = {"automargin": False}, {"l": 62, "b": 42}
"""For the axes and the layout of a figure that follows a slider: room for numbers and titles. To find out how
much they need, plotly would draw the axes several times."""

CLEAR = "rgba(0,0,0,0)"
FAINT = "rgba(128,128,128,0.22)"


def figure(
    traces: Sequence[Any], *, x_title: str, y_title: str, height: int = 300, legend: bool = True, **more: Any
) -> go.Figure:
    """The traces over two plain axes; the legend stands above them.

    `more` is merged into the layout. Plotly takes ten times as long to change a figure as to make it.
    """
    return go.Figure(list(traces), layout(x_title, y_title, height=height, legend=legend, **more))


def layout(
    x_title: str, y_title: str, *, height: int = 300, legend: bool = True, **more: Any
) -> dict[str, Any]:
    """What the layouts of all figures share, with `more` merged into it."""
    shared = {
        "height": height,
        # At the right half of the last tick label must fit, or plotly leaves it out.
        "margin": {"l": 8, "r": 18, "t": 36 if legend else 12, "b": 8},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "showlegend": legend,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "title": None,
        },
        "hovermode": "x unified",
        "uirevision": "kept",  # a zoom survives the next redraw
        "dragmode": False,
        "xaxis": {"title": {"text": x_title}, "automargin": True, "zeroline": False, "showgrid": False},
        "yaxis": {"title": {"text": y_title}, "automargin": True, "zeroline": False, "gridcolor": FAINT},
    }
    return _merged(shared, more)


def _merged(into: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """`into` with the values of `more`, dicts merged key by key."""
    merged = dict(into)
    for name, value in more.items():
        both = isinstance(merged.get(name), Mapping) and isinstance(value, Mapping)
        merged[name] = _merged(merged[name], value) if both else value
    return merged


def thinned(rows: Sequence[Any], most: int = MOST_POINTS) -> list[Any]:
    """At most about `most` of the rows, evenly spread, the first and the last among them."""
    if len(rows) <= most:
        return list(rows)
    stride = -(-len(rows) // most)
    kept = list(rows[::stride])
    return kept if kept[-1] is rows[-1] else [*kept, rows[-1]]
