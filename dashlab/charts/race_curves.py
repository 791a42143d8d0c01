"""Curves of a race: loss, distance and steps of all, the inner state of one, and the search of rates."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashlab.charts.race import COLOURS
from dashlab.charts.style import MOST_POINTS, figure

Array = npt.NDArray[np.float64]

LOWEST = 1e-16
"""What is smaller is rounding, and is drawn no more."""
MOST = 1e6
"""What is larger belongs to a racer that diverges."""


def curves(
    names: Sequence[str],
    values: Sequence[Array],
    *,
    y_title: str,
    highest: float,
    first: int = 0,
) -> go.Figure:
    """One curve a racer against the step, on a log axis; what is above `highest` is left out.

    Args:
        names: of the racers.
        values: of each, one a step; neither all positive nor all finite.
        y_title: with the unit, where there is one.
        highest: the most that is drawn, so that one that diverges leaves the others their room.
        first: the step of the first value.
    """
    traces = [
        _curve(name, within(own, highest), COLOURS[number], first)
        for number, (name, own) in enumerate(zip(names, values, strict=True))
    ]
    drawn = figure(traces, x_title="Step", y_title=y_title, height=320)
    drawn.update_yaxes(**log_axis(values, highest))
    drawn.update_xaxes(range=[0, first + max(len(own) for own in values) - 1])
    return drawn


def both_coordinates(named: Sequence[tuple[str, Array]], *, y_title: str, log: bool) -> go.Figure:
    """Quantities of one racer against the step, x and y of each; arrays of shape (steps, 2)."""
    traces = []
    for quantity, (name, values) in enumerate(named):
        same = np.array_equal(values[:, 0], values[:, 1], equal_nan=True)
        for coordinate, letter in enumerate("x" if same else "xy"):
            own = values[:, coordinate]
            shown = within(np.abs(own), MOST) if log else np.where(np.abs(own) < MOST, own, np.nan)
            words = name if same else f"{name}, {letter}" if len(named) > 1 else letter
            traces.append(
                _curve(words, shown, COLOURS[coordinate], 1, ("solid", "dot", "dash")[quantity % 3])
            )
    drawn = figure(traces, x_title="Step", y_title=y_title, height=270)
    if log:
        drawn.update_yaxes(**log_axis([values for _, values in named], MOST))
    return drawn


def searched(
    names: Sequence[str],
    rates: Sequence[float],
    finals: Sequence[Array],
    best: Sequence[float],
    highest: float,
) -> go.Figure:
    """The loss at the end against the learning rate, one curve a racer, on log axes; the best is marked."""
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
    title = "Final loss above the lowest"
    drawn = figure(traces, x_title="Learning rate", y_title=title, height=380)
    drawn.update_yaxes(**log_axis([np.maximum(own, LOWEST) for own in finals], highest))
    drawn.update_xaxes(type="log", exponentformat="power", dtick=1)
    return drawn


def within(values: Array, highest: float) -> Array:
    """The values, NaN for those that a log axis up to `highest` cannot show."""
    with np.errstate(invalid="ignore"):
        return np.where((values >= LOWEST) & (values <= highest), values, np.nan)


def log_axis(values: Sequence[Array], highest: float) -> dict[str, Any]:
    """A log axis over what is shown of the values, of at least two decades."""
    everything = within(np.abs(np.concatenate([np.ravel(own) for own in values])), highest)
    shown = everything[np.isfinite(everything)]
    low, high = (float(shown.min()), float(shown.max())) if len(shown) else (LOWEST, 1.0)
    top = np.log10(high) + 0.15
    bottom = min(np.log10(low) - 0.15, top - 2)
    dtick = max(1, round((top - bottom) / 6))
    return {"type": "log", "range": [bottom, top], "exponentformat": "power", "dtick": dtick}


def _curve(name: str, values: Array, colour: str, first: int, dash: str = "solid") -> go.Scatter:
    kept = np.linspace(0, len(values) - 1, min(len(values), MOST_POINTS)).round().astype(int)
    return go.Scatter(
        x=kept + first,
        y=values[kept],
        name=name,
        mode="lines",
        line={"width": 2, "color": colour, "dash": dash},
        hovertemplate="%{y:.3g}",
    )
