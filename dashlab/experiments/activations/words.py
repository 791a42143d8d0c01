"""What was found of activations, in sentences and as rows of tables; no torch."""

from collections.abc import Iterator, Sequence
from typing import Any

from dashlab.experiments.activations.rows import (
    FLAT,
    OFTEN,
    Cost,
    Kink,
    LayeredSignal,
    LayerUnits,
    Shape,
    SignalRow,
    Zone,
)
from dashlab.experiments.activations.table import Use
from dashlab.settings.plurals import counted


def use_words(name: str, use: Use) -> str:
    """When an activation is used, with its source."""
    return (_USE if use.source else _USE_ALONE).format(name=name, sentence=use.sentence, source=use.source)


_USE = "{name}: {sentence} ({source})"
_USE_ALONE = "{name}: {sentence}"


def zone_words(shape: Shape, reach: float) -> str:
    """Where an activation saturates, within what is drawn."""
    if not shape.zones:
        return _NEVER.format(title=shape.title, reach=f"{reach:g}", flat=f"{FLAT:g}")
    said = [_zone(zone, reach) for zone in shape.zones]
    return _ZONES.format(title=shape.title, zones="; ".join(said))


_NEVER = (
    "{title} does not saturate between −{reach} and {reach}: "
    "its slope is nowhere within {flat} of 0 for long."
)
_ZONES = "{title} saturates {zones}."


def _zone(zone: Zone, reach: float) -> str:
    at_left, at_right = zone.low <= -reach, zone.high >= reach
    where = _WHERE[at_left, at_right].format(low=_signed(zone.low), high=_signed(zone.high))
    return (_DEAD if zone.dead else _SATURATED).format(where=where, flat=f"{FLAT:g}")


_WHERE = {
    (True, True): "everywhere",
    (True, False): "below {high}",
    (False, True): "above {low}",
    (False, False): "from {low} to {high}",
}
_DEAD = "{where} (slope exactly 0: nothing is learned there)"
_SATURATED = "{where} (slope below {flat})"


def kink_words(shape: Shape) -> str:
    """Which kinks an activation has, and which slope autograd takes at each."""
    if not shape.kinks:
        return _SMOOTH.format(title=shape.title)
    said = [_kink(kink) for kink in shape.kinks]
    return counted(
        len(shape.kinks),
        "{title} has a kink: {kinks}.",
        "{title} has {count} kinks: {kinks}.",
        title=shape.title,
        kinks="; ".join(said),
    )


_SMOOTH = "{title} has no kink: its slope changes gradually."


def _kink(kink: Kink) -> str:
    return (_JUMP if kink.jump else _KINK).format(
        x=_signed(kink.x),
        before=_signed(kink.slope_before),
        after=_signed(kink.slope_after),
        at=_signed(kink.slope_at),
        jump=_signed(kink.jump),
    )


_KINK = "at {x} the slope goes from {before} to {after} (autograd takes {at} there)"
_JUMP = (
    "at {x} the value jumps by {jump} and the slope goes from {before} to {after} (autograd takes {at} there)"
)


def _signed(number: float) -> str:
    return f"{number:.4g}".replace("-", "−")


def point_words(x: float, points: Sequence[tuple[str, float, float]]) -> str:
    """At which slope each activation stands at x, the largest and the smallest named.

    Args:
        x: the point.
        points: title, value and slope of each activation there.
    """
    title, _, slope = max(points, key=lambda one: abs(one[2]))
    if len(points) == 1:
        return _POINT.format(x=_signed(x), title=title, slope=_signed(slope), share=f"{slope:.1%}")
    other, _, least = min(points, key=lambda one: abs(one[2]))
    return _POINTS.format(x=_signed(x), title=title, slope=_signed(slope), other=other, least=_signed(least))


_POINT = "At x = {x} the slope of {title} is {slope}: of a gradient that comes back, {share} goes on."
_POINTS = (
    "At x = {x} most of a gradient goes on through {title} (slope {slope}), least through {other} "
    "(slope {least})."
)


def softmax_words(temperature: float, probabilities: Sequence[float], effective: float) -> str:
    """Which of the numbers is how probable, and how undecided that is."""
    largest = max(range(len(probabilities)), key=lambda place: probabilities[place])
    return _SOFTMAX.format(
        temperature=f"{temperature:g}",
        place=largest + 1,
        share=f"{probabilities[largest]:.1%}",
        effective=f"{effective:.2f}",
        count=len(probabilities),
    )


_SOFTMAX = (
    "At T = {temperature} z{place} has {share} of the probability. By their entropy the {count} are as "
    "undecided as {effective} equally likely ones."
)


def signal_words(signal: LayeredSignal) -> str:
    """What N(0, 1) has become after the last layer, and what a gradient has on its way back."""
    last = signal.rows[-1]
    return counted(
        last.layer,
        "{title}: after {count} layer with weights from N(0, g²/n), g = {gain}, the mean is {mean} and the "
        "standard deviation {std}; on its way back a gradient is multiplied by about {back}.",
        "{title}: after {count} layers with weights from N(0, g²/n), g = {gain}, the mean is {mean} and the "
        "standard deviation {std}; on its way back through all of them a gradient is multiplied by about "
        "{back}.",
        title=signal.title,
        gain=f"{signal.gain:.4g}",
        mean=_signed(last.mean),
        std=_signed(last.std),
        back=f"{backward(signal):.3g}",
    )


def backward(signal: LayeredSignal) -> float:
    """By about how much a gradient is multiplied: g times the root mean square slope of each layer."""
    product = 1.0
    for row in signal.rows:
        product *= signal.gain * row.gradient
    return product


def signal_rows(signals: Sequence[LayeredSignal]) -> Iterator[dict[str, Any]]:
    """All numbers of all layers, as a table."""
    for signal in signals:
        for row in signal.rows:
            yield {"activation": signal.title, **_numbers(row)}


def _numbers(row: SignalRow) -> dict[str, Any]:
    names = ("layer", "mean", "std", "between", "zeros", "saturated", "gradient")
    return {name: getattr(row, name) for name in names}


def accuracy_words(accuracy: float) -> str:
    """How well the network classifies, 0 to 1."""
    return _ACCURACY.format(accuracy=f"{100 * accuracy:.2f} %")


_ACCURACY = "Its test accuracy is {accuracy}."


def units_chosen_words(layer: LayerUnits) -> str:
    """What one layer's picture shows."""
    return counted(
        layer.units,
        "{name} ({kind}): {count} unit; {flat} of its values lie where the slope is below {limit}, and "
        "{zeros} of its outputs are exactly 0.",
        "{name} ({kind}): {count} units; {flat} of their values lie where the slope is below {limit}, and "
        "{zeros} of their outputs are exactly 0.",
        name=layer.name,
        kind=layer.kind,
        flat=f"{layer.flat:.1%}",
        zeros=f"{layer.zeros:.1%}",
        limit=f"{FLAT:g}",
    )


def units_words(layers: Sequence[LayerUnits], pictures: int) -> str:
    """How many units of a network are dead and saturated, and in which layer most of them are."""
    worst = max(layers, key=lambda layer: (layer.dead, layer.saturated))
    units = sum(layer.units for layer in layers)
    dead = sum(round(layer.dead * layer.units) for layer in layers)
    saturated = sum(round(layer.saturated * layer.units) for layer in layers)
    said = counted(
        dead,
        "Over {pictures} pictures {count} of {units} units is dead (its slope is exactly 0 for each of them: "
        "it learns no more) and {saturated} are saturated (slope below {flat} for at least {often} of them).",
        "Over {pictures} pictures {count} of {units} units are dead (their slope is exactly 0 for each of "
        "them: they learn no more) and {saturated} are saturated (slope below {flat} for at least {often} "
        "of them).",
        pictures=f"{pictures:,}",
        units=f"{units:,}",
        saturated=f"{saturated:,}",
        flat=f"{FLAT:g}",
        often=f"{OFTEN:.0%}",
    )
    most = _MOST.format(name=worst.name, kind=worst.kind, dead=f"{worst.dead:.1%}") if worst.dead else ""
    return f"{said} {most}".strip()


_MOST = "Most dead ones are in layer {name} ({kind}): {dead} of its units."


def unit_rows(layers: Sequence[LayerUnits]) -> Iterator[dict[str, Any]]:
    """One row per layer, as a table."""
    names = ("name", "kind", "units", "dead", "saturated", "flat", "zeros")
    for layer in layers:
        yield {name: getattr(layer, name) for name in names}


def cost_words(costs: Sequence[Cost], machine: str) -> str:
    """The cheapest and the dearest call."""
    cheap, dear = (pick(costs, key=lambda cost: cost.both_ns) for pick in (min, max))
    return _COST.format(
        cheap=cheap.title,
        cheap_ns=f"{cheap.both_ns:.2g}",
        dear=dear.title,
        dear_ns=f"{dear.both_ns:.2g}",
        times=f"{dear.both_ns / cheap.both_ns:.2g}",
        machine=machine,
    )


_COST = (
    "Forward and backward, {cheap} takes {cheap_ns} ns for each number and {dear} {dear_ns} ns, {times} "
    "times as long, measured on {machine}. In a network the products of its linear layers take far longer "
    "than either."
)
