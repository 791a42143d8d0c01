"""Activations over one another, their slopes, and what layer after layer makes of N(0, 1)."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from dashlab.charts.style import FAINT, FIXED, MARGIN, figure
from dashlab.experiments.activations.rows import Cost, LayeredSignal, LayerUnits, Shape

LINE = "#E0572F"
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
"""Curves differ by more than their colour."""
UNSEEN = {"marker": {"opacity": 0}}
CLICKED = {
    "mode": "lines+markers",
    "marker": {"size": 14, "opacity": 0, "maxdisplayed": 1},
    "selected": UNSEEN,
    "unselected": UNSEEN,
}
"""Makes a curve report clicks, which Plotly does for markers only; all of them answer, one is drawn."""
TALLEST = 3.0
"""Above and below, curves are cut off at this many times the reach along x."""


def values(shapes: Sequence[Shape], *, point: float) -> go.Figure:
    """f(x) of each activation, with a mark at the point; zones where the first saturates are shaded.

    A click reports a point with the x that was meant.
    """
    drawn = _curves(shapes, "y", "f(x)", point, zones=shapes[0] if shapes else None)
    drawn.update_traces(CLICKED)
    drawn.update_layout(clickmode="event+select")
    return drawn


def slopes(shapes: Sequence[Shape], *, point: float) -> go.Figure:
    """f'(x) of each activation, as autograd has it; broken where it jumps."""
    return _curves(shapes, "slope", "f′(x)", point, zones=None)


def _curves(shapes: Sequence[Shape], what: str, y_title: str, point: float, zones: Shape | None) -> go.Figure:
    traces = [
        go.Scatter(x=_x(shape, what), y=_y(shape, what), mode="lines", name=shape.title,
                   line={"width": 2.5, "dash": DASHES[place % len(DASHES)]}, hovertemplate="%{y:.4g}")
        for place, shape in enumerate(shapes)
    ]  # fmt: skip
    bands = [
        {"type": "rect", "yref": "paper", "x0": zone.low, "x1": zone.high, "y0": 0, "y1": 1,
         "fillcolor": FAINT, "line": {"width": 0}, "layer": "below"}
        for zone in (zones.zones if zones else ())
    ]  # fmt: skip
    reach = shapes[0].x[-1] if shapes else 1.0
    seen = [value for shape in shapes for value in getattr(shape, what) if abs(value) < TALLEST * reach]
    low, high = min(seen, default=0.0), max(seen, default=1.0)
    room = 0.08 * (high - low) or 0.5
    return figure(
        traces, x_title="x", y_title=y_title, height=260 if what == "y" else 200, legend=what == "y",
        shapes=[*bands, _mark(point)], xaxis={"range": [-reach, reach], **FIXED},
        yaxis={"range": [low - room, high + room], "zeroline": True, "zerolinecolor": FAINT, **FIXED},
        margin=MARGIN,
    )  # fmt: skip


def _x(shape: Shape, what: str) -> list[float]:
    return [x for x, _ in _broken(shape, what)]


def _y(shape: Shape, what: str) -> list[float | None]:
    return [y for _, y in _broken(shape, what)]


def _broken(shape: Shape, what: str) -> list[tuple[float, float | None]]:
    """The points of a curve, with a gap at each kink where it jumps."""
    jumps = [kink.x for kink in shape.kinks if what == "slope" or kink.jump]
    outcome: list[tuple[float, float | None]] = []
    for x, y in zip(shape.x, getattr(shape, what), strict=True):
        while jumps and x > jumps[0]:
            outcome.append((jumps.pop(0), None))
        outcome.append((x, y))
    return outcome


def _mark(x: float) -> dict[str, Any]:
    line = {"width": 1.5, "dash": "dot", "color": LINE}
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": x, "x1": x, "line": line}


def by_layer(signals: Sequence[LayeredSignal], what: str, y_title: str, *, layer: int) -> go.Figure:
    """One of a signal's numbers (`std`, `between`, `mean`, `zeros` …) over the layers."""
    traces = [
        go.Scatter(x=[row.layer for row in signal.rows], y=[getattr(row, what) for row in signal.rows],
                   name=signal.title, mode="lines+markers" if len(signal.rows) < 30 else "lines",
                   line={"width": 2, "dash": DASHES[place % len(DASHES)]}, hovertemplate="%{y:.4g}")
        for place, signal in enumerate(signals)
    ]  # fmt: skip
    scale = {"type": "log", "exponentformat": "power"} if what in ("std", "between") else {}
    return figure(
        traces, x_title="Layer", y_title=y_title, height=270, shapes=[_mark(layer)],
        xaxis=FIXED, yaxis={**scale, **FIXED}, margin=MARGIN,
    )  # fmt: skip


def histograms(signals: Sequence[LayeredSignal], *, layer: int) -> go.Figure:
    """What comes out of one layer (from 1) under each activation, as shares per unit of x."""
    traces = [_density(signal, min(layer, len(signal.rows)), place) for place, signal in enumerate(signals)]
    middle = sorted(max(trace.y, default=0.0) for trace in traces)[len(traces) // 2] if traces else 1.0
    return figure(
        traces, x_title="Output", y_title="Share per unit", height=220, legend=False, xaxis=FIXED,
        yaxis={"range": [0, 1.5 * middle or 1.0], **FIXED}, margin=MARGIN,
    )  # fmt: skip


def _density(signal: LayeredSignal, layer: int, place: int) -> go.Scatter:
    outcome = signal.rows[layer - 1].outputs
    width = (outcome.high - outcome.low) / max(len(outcome.counts), 1) or 1.0
    total = sum(outcome.counts) or 1
    return go.Scatter(
        x=[outcome.low + (at + 0.5) * width for at in range(len(outcome.counts))],
        y=[count / (total * width) for count in outcome.counts],
        name=signal.title, mode="lines", hovertemplate="%{y:.3f}",
        line={"width": 2, "shape": "hvh", "dash": DASHES[place % len(DASHES)]},
    )  # fmt: skip


def units(layers: Sequence[LayerUnits]) -> go.Figure:
    """Dead and saturated units of each layer of a network, in per cent."""
    names = [f"{place}. {layer.kind}" for place, layer in enumerate(layers, 1)]
    parts = (
        ("dead units", "dead", "x"),
        ("saturated units", "saturated", "/"),
        ("values in a flat part", "flat", ""),
    )
    traces = [
        go.Bar(x=names, y=[100 * getattr(layer, what) for layer in layers], name=name,
               marker={"pattern": {"shape": pattern}}, hovertemplate="%{y:.1f} %")
        for name, what, pattern in parts
    ]  # fmt: skip
    return figure(
        traces, x_title="Layer", y_title="Per cent", height=280, barmode="group",
        xaxis={"type": "category"}, yaxis={"range": [0, 104], **FIXED}, margin=MARGIN,
    )  # fmt: skip


def flat_units(layer: LayerUnits) -> go.Figure:
    """How many units of a layer are flat how often: at the right those that hardly learn any more."""
    counts = layer.shares.counts
    width = 100 / len(counts)
    trace = go.Bar(
        x=[(place + 0.5) * width for place in range(len(counts))], y=list(counts), width=width,
        customdata=[(place * width, (place + 1) * width) for place in range(len(counts))],
        hovertemplate="%{y} units are flat for %{customdata[0]:g} to %{customdata[1]:g} % of the values"
        "<extra></extra>",
    )  # fmt: skip
    return figure(
        [trace], x_title="Values of a unit in a flat part, in %", y_title="Units", height=210, legend=False,
        hovermode="closest", xaxis={"range": [0, 100], **FIXED}, yaxis={"rangemode": "tozero", **FIXED},
        margin=MARGIN,
    )  # fmt: skip


def costs(outcome: Sequence[Cost]) -> go.Figure:
    """Nanoseconds for each number, forward and with the way back; the cheapest first."""
    ordered = sorted(outcome, key=lambda cost: cost.both_ns)
    names = [cost.title for cost in ordered]
    traces = [
        go.Bar(x=names, y=[cost.forward_ns for cost in ordered], name="forward", hovertemplate="%{y:.3g} ns"),
        go.Bar(x=names, y=[cost.both_ns for cost in ordered], name="forward and backward",
               marker={"pattern": {"shape": "/"}}, hovertemplate="%{y:.3g} ns"),
    ]  # fmt: skip
    return figure(
        traces, x_title="", y_title="ns for each number", height=320, barmode="group",
        xaxis={"type": "category"}, yaxis={"rangemode": "tozero", **FIXED}, margin={"l": 62},
    )  # fmt: skip
