"""A small network drawn as a graph, with the numbers of one step coming in phase by phase."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from dashlab.charts.replay import Plain, player
from dashlab.charts.style import FIXED, layout
from dashlab.experiments.descent import backprop_words as words

if TYPE_CHECKING:  # that imports torch
    from dashlab.experiments.descent.backprop import StepNumbers

Trace = dict[str, Any]

POSITIVE, NEGATIVE, NODE = "#2C7FB8", "#E0572F", "#40607A"
HEIGHT = 460
FEW = 10
"""Of so many weights each is written beside its line; of more only the one that is chosen."""
ALONG = 0.32
"""Where along a line its weight is written, so that two that cross do not cover each other."""


def graph(step: StepNumbers, example: int, phase: int, chosen: str, *, revision: str = "") -> go.Figure:
    """The network with the numbers of one example; buttons and a slider go through the phases.

    A click reports the customdata of a unit, "a1.2", or of a weight, "w1.2.1".

    Args:
        step: all numbers.
        example: which of the batch, from 1.
        phase: at which the picture stands.
        chosen: the unit, weight or bias that is ringed, with all that it leads to.
        revision: another one where the slider should not stay as it was left.
    """
    config, lit = step.config, leads_to(step, chosen)
    edges = list(_edges(step, lit))
    moving = len(edges) + 2  # the first trace that a phase changes
    traces = [
        *edges,
        _handles(step, example),
        _nodes(step, example, chosen),
        *_numbers(step, example, phase, chosen),
    ]
    places = list(range(moving, len(traces)))
    frames = [
        {
            "name": str(stop),
            "data": list(_numbers(step, example, stop, chosen)),
            "traces": places,
        }
        for stop in range(config.phases + 1)
    ]
    stops = range(config.phases + 1)
    shape = layout(
        "",
        "",
        height=HEIGHT,
        legend=False,
        hovermode="closest",
        clickmode="event+select",
        uirevision=revision,
        margin={"l": 8, "r": 8, "t": 8, "b": 0},
        xaxis={"range": [-0.35, config.layers + 0.35], "visible": False, **FIXED},
        yaxis={"range": [-0.1, 1.06], "visible": False, **FIXED},
        **player(stops, active=phase, labels=[words.phase_title(config, stop) for stop in stops]),
    )
    return Plain(shape, traces, frames)


def place_of(widths: Sequence[int], layer: int, unit: int) -> tuple[float, float]:
    """Where a unit (from 1) of a layer (from 0) stands; y from 0 to 1, the first unit at the top."""
    return float(layer), 1 - (unit - 0.5) / widths[layer]


def leads_to(step: StepNumbers, chosen: str) -> set[str]:
    """The weights on the paths from a unit or weight to the loss, itself among them."""
    kind, (layer, *places) = chosen[0], [int(part) for part in chosen[1:].split(".")]
    widths = step.config.widths
    lit = {chosen}
    reached: Collection[int] = [places[0]]
    for following in range(layer + 1, len(widths)):
        units = range(1, widths[following] + 1)
        lit |= {f"w{following}.{to}.{source}" for to in units for source in reached}
        reached = units
    return lit if kind in "wba" else set()


def _edges(step: StepNumbers, lit: Collection[str]) -> Iterator[Trace]:
    most = max(float(abs(weight).max()) for weight in step.start.weights) or 1.0
    for name, value, (x0, y0), (x1, y1) in _weights(step):
        yield {
            "type": "scatter",
            "x": [x0, x1],
            "y": [y0, y1],
            "mode": "lines",
            "hoverinfo": "skip",
            "opacity": 0.95 if name in lit else 0.3,
            "line": {"color": POSITIVE if value >= 0 else NEGATIVE, "width": 1 + 4 * abs(value) / most,
                     "dash": "solid" if value >= 0 else "dash"},
        }  # fmt: skip


Place = tuple[float, float]


def _weights(step: StepNumbers) -> Iterator[tuple[str, float, Place, Place]]:
    widths = step.config.widths
    for layer, weight in enumerate(step.start.weights, 1):
        for to, row in enumerate(weight, 1):
            for source, value in enumerate(row, 1):
                ends = place_of(widths, layer - 1, source), place_of(widths, layer, to)
                yield f"w{layer}.{to}.{source}", float(value), *ends


def _between(start: Place, end: Place) -> Place:
    return start[0] + ALONG * (end[0] - start[0]), start[1] + ALONG * (end[1] - start[1])


def _handles(step: StepNumbers, _example: int) -> Trace:
    """Invisible markers on the lines: Plotly reports clicks on points only."""
    weights = list(_weights(step))
    spots = [_between(start, end) for _, _, start, end in weights]
    unseen = {"marker": {"opacity": 0}}
    return {
        "type": "scatter",
        "x": [x for x, _ in spots],
        "y": [y for _, y in spots],
        "mode": "markers",
        "marker": {"size": 22, "opacity": 0},
        "selected": unseen,
        "unselected": unseen,
        "customdata": [name for name, *_ in weights],
        "text": [
            f"{name} = {words.number(value)}<br>∂L/∂w = {words.number(step.gradient(name))}"
            for name, value, *_ in weights
        ],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _nodes(step: StepNumbers, example: int, chosen: str) -> Trace:
    widths = step.config.widths
    units = [(layer, unit) for layer, width in enumerate(widths) for unit in range(1, width + 1)]
    names = [f"a{layer}.{unit}" for layer, unit in units]
    spots = [place_of(widths, layer, unit) for layer, unit in units]
    same = {"marker": {"opacity": 1}}
    return {
        "type": "scatter",
        "x": [x for x, _ in spots],
        "y": [y for _, y in spots],
        "mode": "markers",
        "marker": {
            "size": 42,
            "color": NODE,
            "opacity": 1,
            "line": {"width": [4 if name == chosen else 1 for name in names],
                     "color": [NEGATIVE if name == chosen else "white" for name in names]},
        },
        "selected": same,
        "unselected": same,
        "customdata": names,
        "text": [_about(step, example, layer, unit) for layer, unit in units],
        "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _about(step: StepNumbers, example: int, layer: int, unit: int) -> str:
    row = example - 1
    a = f"a{layer}.{unit} = {words.number(step.a[layer][row, unit - 1])}"
    if layer == 0:
        return a
    z, d = step.z[layer - 1][row, unit - 1], step.delta[layer - 1][row, unit - 1]
    bias = step.start.biases[layer - 1][unit - 1]
    return f"{a}<br>z = {words.number(z)}<br>δ = {words.number(d)}<br>bias {words.number(bias)}"


def _numbers(step: StepNumbers, example: int, phase: int, chosen: str) -> Iterator[Trace]:
    """The values in the units, the δ below them, and the weights: as far as the phase has come."""
    config, row = step.config, example - 1
    units = [(layer, unit) for layer, width in enumerate(config.widths) for unit in range(1, width + 1)]
    spots = [place_of(config.widths, layer, unit) for layer, unit in units]
    values = [
        f"{step.a[layer][row, unit - 1]:.3g}" if phase >= words.forward_at(layer) else "?"
        for layer, unit in units
    ]
    deltas = [
        f"δ {step.delta[layer - 1][row, unit - 1]:.2g}"
        if layer and phase >= words.backward_at(config, layer)
        else ""
        for layer, unit in units
    ]
    x, y = [x for x, _ in spots], [y for _, y in spots]
    yield _text(x, y, [_minus(value) for value in values], 12, "white")
    yield _text(x, [one - 0.155 for one in y], [_minus(delta) for delta in deltas], 12, None)
    weights = list(_weights(step))
    shown = [name for name, *_ in weights] if len(weights) <= FEW else [chosen]
    labels = [
        words.number(step.updated(name) if phase >= config.phases else value) if name in shown else ""
        for name, value, *_ in weights
    ]
    middles = [_between(start, end) for _, _, start, end in weights]
    yield _text([x for x, _ in middles], [y + 0.035 for _, y in middles], labels, 12, None)


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _text(
    x: Sequence[float], y: Sequence[float], labels: Sequence[str], size: int, colour: str | None
) -> Trace:
    font: dict[str, Any] = {"size": size} | ({"color": colour} if colour else {})
    return {"type": "scatter", "x": list(x), "y": list(y), "mode": "text", "text": list(labels),
            "hoverinfo": "skip", "textfont": font}  # fmt: skip
