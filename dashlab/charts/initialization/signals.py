"""Spread of outputs and gradients by layer, over the whole range of float32, and histograms of one layer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from dashlab.charts.style import FAINT, FIXED, MARGIN, figure

LARGEST, SMALLEST_NORMAL, SMALLEST = 3.4028235e38, 1.1754944e-38, 1.4e-45
LIMITS = (
    (LARGEST, "largest number of float32, 3.4e38"),
    (SMALLEST_NORMAL, "smallest with full precision, 1.2e-38"),
    (SMALLEST, "smallest above 0, 1.4e-45"),
)
TOP, FLOOR = 40.0, -47.0
"""Powers of ten around all of float32; what is not finite stands at `TOP`, what is 0 on `FLOOR`."""
LEAST_DECADES = 2.0
MOST_TICKS = 10
GREY = "rgba(128,128,128,0.9)"
LEGEND_ROW = 20


@dataclass(frozen=True, slots=True)
class Signal:
    """One stack: a number for each layer, None where it is not finite; the prediction may be shorter."""

    name: str
    values: Sequence[float | None]
    theory: Sequence[float] = ()


def by_layer(
    signals: Sequence[Signal], *, y_title: str, whole: bool = False, legend: bool = True, down: bool = False
) -> go.Figure:
    """Numbers by layer on a logarithmic axis, theory dashed, float32's limits where they are in view.

    Numbers that go `down`, from the last layer to the first, have the limits named at the left, others at
    the right: there a curve has long crossed them.
    """
    low, high = (FLOOR, TOP) if whole else _powers(signals)
    traces = [_line(signal, low, high) for signal in signals]
    dashed = [_dashes(signal, low, high, first=at == 0) for at, signal in enumerate(signals) if signal.theory]
    rows = len(signals) + bool(dashed)  # on a phone each name has a row of its own
    in_view = [(value, words) for value, words in LIMITS if low < math.log10(value) < high]
    steps = {"dtick": 1} if high - low < MOST_TICKS else {"nticks": MOST_TICKS}
    depth = max((len(signal.values) for signal in signals), default=1)
    return figure(
        [*traces, *dashed],
        x_title="Layer",
        y_title=y_title,
        height=280 + LEGEND_ROW * rows * legend,
        legend=legend,
        shapes=[_rule(value) for value, _ in in_view],
        annotations=[
            *(_note(value, words, at_left=down) for value, words in in_view),
            *(sign for signal in signals for sign in _signs(signal, low, high)),
        ],
        yaxis={"type": "log", "range": [low, high], "exponentformat": "power", **steps, **FIXED},
        xaxis={"range": [1 - 0.02 * depth, depth * 1.02], **FIXED},
        margin=MARGIN,
    )


def _powers(signals: Sequence[Signal]) -> tuple[float, float]:
    """The powers of ten that the axis spans."""
    values = [value for signal in signals for value in signal.values]
    seen = [math.log10(value) for value in values if value]
    predicted = (value for signal in signals for value in signal.theory if value > 0)
    seen += [power for power in map(math.log10, predicted) if FLOOR < power < TOP]
    low, high = min(seen, default=-1.0), max(seen, default=1.0)
    missing = max(LEAST_DECADES - (high - low), 0.0) / 2
    padding = 0.04 * (high - low)
    low = FLOOR if 0 in values else low - missing - padding
    high = TOP if None in values else high + missing + padding
    return low, high


def _line(signal: Signal, low: float, high: float) -> go.Scatter:
    """A measured curve: along the floor where it is 0, up to the top where it stops being finite."""
    turns = _turns(signal)
    points = [
        None if value is None and at not in turns else _place(value, low, high)
        for at, value in enumerate(signal.values)
    ]
    return go.Scatter(
        x0=1,  # in steps of 1; a list would be looked through number by number
        y=points,
        name=signal.name,
        mode="lines" if len(points) > 1 else "markers",
        line={"width": 2},
        customdata=[_words(value) for value in signal.values],
        hovertemplate="%{customdata}",
    )


def _turns(signal: Signal) -> set[int]:
    """Where a curve begins to be 0 or not finite: next to a layer where it is not, or at the very first."""
    odd = [not value for value in signal.values]  # None or 0
    beside = {at for at, here in enumerate(odd) if here and not all(odd[max(at - 1, 0) : at + 2])}
    return beside or ({0} if odd and odd[0] else set())


def _signs(signal: Signal, low: float, high: float) -> list[dict[str, Any]]:
    """A cross where a curve stops being finite, a triangle where it becomes 0.

    Notes and not markers, of which plotly would draw one for every layer.
    """
    return [
        {
            "text": "✕" if signal.values[at] is None else "▼",
            "x": at + 1,
            "y": math.log10(_place(signal.values[at], low, high)),
            "showarrow": False,
            "font": {"size": 14},
        }
        for at in sorted(_turns(signal))
    ]


def _place(value: float | None, low: float, high: float) -> float:
    if value is None:
        return float(10.0 ** (high - 0.01 * (high - low)))
    return value or float(10.0 ** (low + 0.01 * (high - low)))


def _words(value: float | None) -> str:
    if value is None:
        return "not finite"
    return f"{value:.3g}" if value else "exactly 0"


def _dashes(signal: Signal, low: float, high: float, *, first: bool) -> go.Scatter:
    inside = [value if value > 0 and low < math.log10(value) < high else None for value in signal.theory]
    return go.Scatter(
        x0=1,
        y=inside,
        name="theory",
        mode="lines",
        line={"width": 1.5, "dash": "4px,4px", "color": GREY},
        legendgroup="theory",
        showlegend=first,
        hoverinfo="skip",
    )


def _rule(value: float) -> dict[str, Any]:
    line = {"width": 1, "dash": "dot", "color": GREY}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value, "line": line}


def _note(value: float, words: str, *, at_left: bool) -> dict[str, Any]:
    """What a limit is called: on the inner side of its rule, at one end."""
    x, side = (0, "left") if at_left else (1, "right")
    return {
        "text": words, "x": x, "xref": "paper", "xanchor": side, "y": math.log10(value),
        "yanchor": "bottom" if value < 1 else "top", "showarrow": False, "font": {"size": 11, "color": GREY},
    }  # fmt: skip


def bars(low: float, high: float, counts: Sequence[int], *, position: int, x_title: str) -> go.Figure:
    """A histogram of one layer, in the colour of the stack at `position`."""
    width = (high - low) / len(counts) if counts and high > low else 0.0
    middles = [low + (at + 0.5) * width for at in range(len(counts))]
    # Traces that are not seen take the colours of the stacks before this one.
    unseen = [go.Bar(x=[], y=[], visible="legendonly") for _ in range(position)]
    if width:
        seen: Any = go.Bar(x=middles, y=list(counts), width=width, marker={"line": {"width": 0}})
    else:
        seen = go.Scatter(x=middles, y=list(counts), mode="markers", marker={"size": 12})
    seen.update(name="", hovertemplate="%{y:,} values about %{x:.3g}")
    return figure(
        [*unseen, seen],
        x_title=x_title,
        y_title="Values",
        height=190,
        legend=False,
        hovermode="closest",
        bargap=0,
        xaxis={"gridcolor": FAINT, **_ends(low, high), **FIXED},
        yaxis={"rangemode": "tozero", **FIXED},
        margin=MARGIN | {"r": 30},  # for half of the number at the right end
    )


def _ends(low: float, high: float) -> dict[str, Any]:
    """Marks at both ends of a histogram and at 0, for its numbers may be of any size."""
    inner = [0.0] if min(-low, high) > 0.2 * (high - low) else []
    marks = sorted({low, high, *inner})
    return {"tickvals": marks, "ticktext": [f"{mark:.2g}" for mark in marks]}
