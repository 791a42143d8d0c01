"""A receptive field on the picture, and how it grows from layer to layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from dashlab.charts.replay import Plain, encoded
from dashlab.charts.style import FIXED, MARGIN, figure, layout

if TYPE_CHECKING:  # the experiment imports torch, charts do not
    from dashlab.experiments.convolution.field import Field

HEIGHT = 380
LINE = "#E0572F"
GREY = [[0, "rgb(0,0,0)"], [1, "rgb(255,255,255)"]]
HEAT = [[0, "rgba(224,87,47,0)"], [0.15, "rgba(224,87,47,0.35)"], [1, "rgba(224,87,47,0.9)"]]
"""Clear where nothing counts."""


def on_picture(field: Field) -> go.Figure:
    """The picture, what the field covers as a frame, and how much each pixel counts in orange."""
    counts = field.counts
    top, bottom, left, right = field.box
    traces: list[dict[str, Any]] = [
        {"type": "heatmap", "z": encoded(field.picture.astype(float)), "zmin": 0, "zmax": 1,
         "colorscale": GREY, "showscale": False, "hoverinfo": "skip"},
        {"type": "heatmap", "z": encoded(np.sqrt(counts)), "zmin": 0,
         "zmax": float(np.sqrt(counts.max())) or 1.0, "colorscale": HEAT, "showscale": False,
         "customdata": encoded(counts),
         "hovertemplate": "row %{y}, column %{x}: %{customdata:.3g}<extra></extra>"},
    ]  # fmt: skip
    side = len(counts)
    frame = {"type": "rect", "x0": left - 0.5, "x1": right + 0.5, "y0": top - 0.5, "y1": bottom + 0.5,
             "line": {"color": LINE, "width": 2.5}}  # fmt: skip
    shape = layout(
        "", "", height=HEIGHT, legend=False, hovermode="closest", shapes=[frame],
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        xaxis={"visible": False, "constrain": "domain", "range": [-0.5, side - 0.5]},
        yaxis={"visible": False, "scaleanchor": "x", "constrain": "domain", "range": [side - 0.5, -0.5]},
    )  # fmt: skip
    return Plain(shape, traces)


def growing(field: Field, up_to: int) -> go.Figure:
    """Receptive field and jump over the layers; a line marks the layer that is looked at."""
    places = list(range(len(field.rows)))
    traces = [
        go.Scatter(x=places, y=[row.reach for row in field.rows], name="receptive "
        "field r", mode="lines+markers",
                   line={"width": 2.5}, hovertemplate="%{y} pixels"),
        go.Scatter(x=places, y=[row.jump for row in field.rows], name="jump j", mode="lines+markers",
                   line={"width": 2, "dash": "dash"}, hovertemplate="%{y} pixels"),
    ]  # fmt: skip
    mark = {"type": "line", "x0": up_to, "x1": up_to, "y0": 0, "y1": 1, "yref": "paper",
            "line": {"color": LINE, "width": 1.5, "dash": "dot"}}  # fmt: skip
    return figure(
        traces, x_title="Layer", y_title="Pixels of the picture", height=240, margin=MARGIN, shapes=[mark],
        xaxis={"dtick": 1, **FIXED}, yaxis={"rangemode": "tozero", **FIXED},
    )  # fmt: skip
