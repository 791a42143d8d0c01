"""Figures that replay steps in the browser: plain JSON, one bar of buttons and one slider for all of it."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashlab.charts.style import CLEAR

Array = npt.NDArray[np.float64]

COLOURS = tuple(f"#0000{number:02}" for number in range(1, 11))
"""Stand-ins for the theme's ten colours, in the order in which Streamlit gives them to traces: wherever one
occurs in a figure, it puts the colour of the theme that is in force."""

SPEEDS = {"Play": 90, "Slow": 350, "Fast": 20}  # milliseconds a frame
NEVER = 1_000_000_000
"""A frame that lasts so many milliseconds is followed by no other."""


class Plain(go.Figure):  # type: ignore[misc]
    """A figure of plain JSON, taken as it is.

    Plotly would spend as much time on checking a replay's traces and frames as torch on what they show.
    """

    def __init__(
        self, shape: dict[str, Any], traces: Sequence[dict[str, Any]], frames: Sequence[dict[str, Any]] = ()
    ) -> None:
        super().__init__()
        self._shape, self._plain_traces, self._plain_frames = shape, list(traces), list(frames)

    def to_dict(self) -> dict[str, Any]:
        """The figure as JSON has it."""
        whole: dict[str, Any] = super().to_dict()
        whole["layout"] |= self._shape
        return whole | {"data": self._plain_traces, "frames": self._plain_frames}


def encoded(values: Array) -> dict[str, str]:
    """Numbers of any shape [...] as plotly.js reads them from base64, in float32."""
    data = base64.b64encode(_small(values).tobytes()).decode()
    return {"dtype": "f4", "bdata": data, "shape": ", ".join(map(str, values.shape))}


def _small(values: Array) -> npt.NDArray[np.float32]:
    """Half as much to be sent: a picture has fewer points than a float32 has values."""
    with np.errstate(over="ignore"):
        return np.asarray(values, dtype=np.float32)


def xy(points: Array) -> dict[str, Any]:
    """A trace, or what a frame changes of one, through the points [N, 2]."""
    return {"type": "scatter", "x": encoded(points[:, 0]), "y": encoded(points[:, 1])}


def markers(x: Array, y: Array, *, opacity: float = 1, **more: Any) -> dict[str, Any]:
    """Points at x [N] and y [N] that look the same whether a click has chosen some, none or others."""
    same = {"marker": {"opacity": opacity}}
    points = xy(np.stack([x, y], axis=1))
    return {**points, "mode": "markers", "selected": same, "unselected": same, "showlegend": False, **more}


def stops_of(steps: int, *also: int, closely: int = 60, most: int = 100) -> list[int]:
    """Which of the steps 0 to `steps` get a frame: all of the first, then evenly to the last; and `also`."""
    first = range(min(steps, closely) + 1)
    rest = np.linspace(closely, steps, most - closely + 1).round().astype(int) if steps > closely else ()
    return sorted({*first, *map(int, rest), *(step for step in also if 0 <= step <= steps)})


def player(
    stops: Sequence[int],
    *,
    active: int | None = None,
    labels: Sequence[str] | None = None,
    redraw: bool = False,
) -> dict[str, Any]:
    """Buttons and a slider below the picture, as a part of its layout.

    Args:
        stops: the steps that have a frame, ascending; a frame's name is its step.
        active: the number of the stop at which the picture stands; the last if None.
        labels: what is said of each stop beside the slider; the step itself if None.
        redraw: whether a frame changes what Plotly draws anew only as a whole, such as a heatmap.
    """
    names = [str(stop) for stop in stops]
    buttons = _buttons(names, redraw=redraw)
    steps = [
        {"label": label, "method": "animate", "args": [[name], _pace(0, redraw=redraw)]}
        for name, label in zip(names, labels or names, strict=True)
    ]
    shared = {"x": 0, "xanchor": "left", "y": 0, "yanchor": "top"}
    menu = {
        "type": "buttons",
        "direction": "left",
        "showactive": False,
        "buttons": buttons,
        "pad": {"t": 52, "l": 0},
        "font": {"size": 11},  # so that six buttons fit on a phone
        "bgcolor": CLEAR,
        "bordercolor": "rgba(128,128,128,0.5)",
        **shared,
    }
    slider = {
        "active": len(stops) - 1 if active is None else active,
        "len": 1,
        "pad": {"t": 96, "b": 6},
        # A colour of its own, for that of the labels below is clear; the style of the page replaces it.
        "currentvalue": {"prefix": "Step ", "font": {"color": "rgb(128,128,128)", "size": 14}},
        "bgcolor": "rgba(128,128,128,0.3)",
        "bordercolor": CLEAR,
        "tickcolor": CLEAR,
        "ticklen": 0,
        "minorticklen": 0,
        "steps": steps,
        **shared,
        "font": {"color": CLEAR, "size": 1},  # no label below each of forty steps
    }
    return {"updatemenus": [menu], "sliders": [slider]}


def _buttons(names: Sequence[str], *, redraw: bool) -> list[dict[str, Any]]:
    """Those of the bar, for frames of these names."""
    return [
        *(_button(name, None, _pace(pace, redraw=redraw, fromcurrent=True)) for name, pace in SPEEDS.items()),
        _button("Pause", [None], _pace(0)),
        # What Plotly plays on from is the first frame of that name: after the last there is none.
        _button("Step", [names[-1], *names], _pace(NEVER, redraw=redraw, fromcurrent=True)),
        _button("Rewind", [names[0]], _pace(0, redraw=redraw)),
    ]


def _button(label: str, frames: list[Any] | None, pace: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "method": "animate", "args": [frames, pace]}


def _pace(milliseconds: int, *, redraw: bool = False, **more: Any) -> dict[str, Any]:
    frame = {"duration": milliseconds, "redraw": redraw}
    return {"frame": frame, "transition": {"duration": 0}, "mode": "immediate", **more}
