"""Several panels in one figure, so that one slider moves them all."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dashlab.charts.style import FIXED

Trace = dict[str, Any]

GREY = "rgb(128,128,128)"
SMALL = {"size": 11}
"""Of the numbers on a small panel; on an axis of powers of ten Plotly draws them larger."""


def panel_axis(title: str, domain: Sequence[float], anchor: str, **more: Any) -> dict[str, Any]:
    """An axis of one panel, over this share of the picture, beside the axis `anchor`."""
    return {
        "title": {"text": title},
        "domain": list(domain),
        "anchor": anchor,
        "nticks": 6,
        "zeroline": False,
        "showgrid": False,
        "tickfont": SMALL,
        **FIXED,
        **more,
    }


def panel_title(text: str, left: float, top: float) -> dict[str, Any]:
    """A title over the panel whose upper left corner lies there, in shares of the picture."""
    place = {"x": left, "xanchor": "left", "y": top, "yanchor": "bottom", "xref": "paper", "yref": "paper"}
    return {"text": text, "showarrow": False, "font": {"size": 12}, **place}


def on(panel: int, trace: Trace) -> Trace:
    """The trace, on the axes of the panel of this number."""
    return trace | {"xaxis": f"x{panel}", "yaxis": f"y{panel}"}


def evenly(count: int, most: int) -> npt.NDArray[np.int64]:
    """Indices of at most `most` of `count`, evenly spread: [N]."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))
