"""Curves of a race: loss, distance and steps of all, the inner state of one, and the search of rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashlab.charts.logarithmic import LOWEST, log_axis, within
from dashlab.charts.replay import COLOURS, Plain, encoded
from dashlab.charts.style import FAINT, FIXED, MARGIN, MOST_POINTS, figure, layout

Array = npt.NDArray[np.float64]

HEIGHT, PANEL = 110, 185  # in pixels: of what is around the panels, and of each panel
MOST = 1e6
"""What is larger belongs to a racer that diverges."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Panel:
    """One quantity of all racers against the step.

    Attributes:
        title: of its axis, with the unit where there is one.
        values: of each racer, one a step, [steps]; neither all positive nor all finite.
        highest: the most that is drawn, so that one that diverges leaves the others their room.
        first: the step of the first value.
    """

    title: str
    values: Sequence[Array]
    highest: float
    first: int = 0


def curves(names: Sequence[str], panels: Sequence[Panel]) -> go.Figure:
    """Panels below each other over one axis of steps, one curve a racer in each, on log axes."""
    traces = []
    for place, panel in enumerate(panels):
        for number, (name, own) in enumerate(zip(names, panel.values, strict=True)):
            curve = _curve(name, within(own, panel.highest), COLOURS[number], panel.first)
            curve |= {"x": encoded(curve["x"]), "y": encoded(curve["y"]), "yaxis": _axis("y", place)}
            curve |= {"legendgroup": name, "showlegend": place == 0}
            traces.append(curve)
    steps = max(panel.first + len(own) - 1 for panel in panels for own in panel.values)
    axes: dict[str, Any] = {
        _axis("yaxis", place): {
            **log_axis(panel.values, panel.highest),
            "title": {"text": panel.title},
            "domain": _domain(place, len(panels)),
            "zeroline": False,
            "gridcolor": FAINT,
            **FIXED,
        }
        for place, panel in enumerate(panels)
    }
    below = {"range": [0, steps], "anchor": _axis("y", len(panels) - 1), **FIXED}
    height = HEIGHT + PANEL * len(panels)
    return Plain(layout("Step", "", height=height, xaxis=below, margin=MARGIN, **axes), traces)


def _axis(name: str, place: int) -> str:
    return name if place == 0 else f"{name}{place + 1}"


def _domain(place: int, count: int) -> list[float]:
    """The share of the height that a panel has, from the top."""
    return [1 - (place + 0.88) / count if place < count - 1 else 0.0, 1 - place / count]


def both_coordinates(named: Sequence[tuple[str, Array]], *, y_title: str, log: bool) -> go.Figure:
    """Quantities of one racer against the step, x and y of each: arrays [steps, 2]."""
    traces = []
    for quantity, (name, values) in enumerate(named):
        same = np.array_equal(values[:, 0], values[:, 1], equal_nan=True)
        for coordinate, letter in enumerate("x" if same else "xy"):
            own = values[:, coordinate]
            shown = within(np.abs(own), MOST) if log else np.where(np.abs(own) < MOST, own, np.nan)
            words = name if same else f"{name}, {letter}" if len(named) > 1 else letter
            dash = ("solid", "dot", "dash")[quantity % 3]
            traces.append(go.Scatter(_curve(words, shown, COLOURS[coordinate], 1, dash)))
    axis = log_axis([values for _, values in named], MOST) if log else {}
    return figure(traces, x_title="Step", y_title=y_title, height=270, yaxis=axis)


def searched(
    names: Sequence[str],
    rates: Sequence[float],
    finals: Sequence[Array],
    best: Sequence[float],
    highest: float,
) -> go.Figure:
    """The loss at the end against the learning rate, one curve a racer, on log axes; the best is marked.

    Args:
        names: of the racers.
        rates: the learning rates that were tried.
        finals: of each racer, the final loss above the lowest, one a rate: [rates].
        best: the learning rate that is best for each racer.
        highest: the largest loss that is drawn.
    """
    traces = []
    for number, (name, own, chosen) in enumerate(zip(names, finals, best, strict=True)):
        shown, colour = within(np.maximum(own, LOWEST), highest), COLOURS[number]
        sizes = [13 if rate == chosen else 5 for rate in rates]
        traces.append(
            go.Scatter(
                x=list(rates),
                y=shown,
                name=name,
                mode="lines+markers",
                line={"width": 1.5, "color": colour},
                marker={"size": sizes, "color": colour},
                hovertemplate="%{y:.3g}",
            )
        )
    return figure(
        traces,
        x_title="Learning rate",
        y_title="Final loss above the lowest",
        height=380,
        xaxis={"type": "log", "exponentformat": "power", "dtick": 1},
        yaxis=log_axis([np.maximum(own, LOWEST) for own in finals], highest),
    )


def _curve(name: str, values: Array, colour: str, first: int, dash: str = "solid") -> dict[str, Any]:
    indices = np.linspace(0, len(values) - 1, min(len(values), MOST_POINTS)).round().astype(int)
    return {
        "type": "scatter",
        "x": indices + first,
        "y": values[indices],
        "name": name,
        "mode": "lines",
        "line": {"width": 2, "color": colour, "dash": dash},
        "hovertemplate": "%{y:.3g}",
    }
