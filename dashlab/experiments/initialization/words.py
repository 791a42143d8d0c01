"""What was measured in a stack, in sentences and as a row of a table."""

from collections.abc import Iterator, Sequence
from typing import Any

from dashlab.experiments.initialization.rows import StackStats

NOT_FINITE = "First not finite (index)"
TINY = 1e-38
"""About the smallest float32 that is not subnormal: from above it no layer gets to 0 by making it smaller."""
LOST = 0.01
"""Share of the whole spread below which the difference between inputs counts as lost."""


def sentences(stats: StackStats) -> str:
    """What happens to the signal on its way up, and to the gradient on its way down."""
    return " ".join([*_outputs(stats), *_likeness(stats), *_gradients(stats)])


def factor(values: Sequence[float | None]) -> float | None:
    """By what a number is multiplied from layer to layer: a geometric mean over the layers that have one."""
    kept = [(at, value) for at, value in enumerate(values) if value]
    if len(kept) < 2:
        return None
    (first, low), (last, high) = kept[0], kept[-1]
    return float((high / low) ** (1 / (last - first)))


def numbered(index: int) -> str:
    """A layer as people count, and as Python does."""
    return f"layer {index + 1} (index {index})"


def _outputs(stats: StackStats) -> Iterator[str]:
    stds = [layer.std for layer in stats.layers]
    grown = factor(stds)
    growth = f" × {grown:.3g} a layer" if grown else ""
    if (broken := stats.first_not_finite) is not None:
        which = numbered(broken).capitalize()
        yield f"{which} is the first with values that are not finite: they grew{growth}, past 3.4e38."
    elif (gone := stats.first_zero) == 0:
        yield "Every output is exactly 0 from the first layer on: no input can be told from another."
    elif gone is not None:
        yield f"From {numbered(gone)} on every output is exactly 0: {_why_gone(stats, gone, growth)}."
    elif stds[-1] == 0:
        yield f"All outputs of the top layer are one number: {stats.layers[-1].mean:.3g}."
    else:
        growth = growth and f":{growth}"
        yield f"The spread is {stds[0]:.3g} after layer 1 and {stds[-1]:.3g} after layer {len(stds)}{growth}."


def _why_gone(stats: StackStats, gone: int, growth: str) -> str:
    """Whether the outputs fell below what float32 has, or the activation cut off all that was left."""
    largest = stats.layers[gone - 1].largest
    if largest is not None and largest > TINY:
        return "everything that entered its activation was negative"
    return f"they shrank{growth}, below 1.4e-45"


def _likeness(stats: StackStats) -> Iterator[str]:
    first, last = stats.layers[0], stats.layers[-1]
    if first.alike and first.largest:
        yield "For each input all units of a layer give the same value."
        if len(stats.layers) > 1:
            yield (
                "Below the top they get the same gradient too and stay copies of each other: "
                f"{stats.config.width} units do the work of one."
            )
    if last.std and last.between is not None and last.between < LOST * last.std:
        yield f"Different inputs come out almost alike: between them the spread is only {last.between:.2g}."


def _gradients(stats: StackStats) -> Iterator[str]:
    if (broken := stats.gradient_not_finite) is not None:
        yield f"The gradient is no longer finite at {numbered(broken)}{_and_below(broken)}."
    elif (gone := stats.gradient_zero) is not None:
        nothing = all(layer.weight_gradient == 0 for layer in stats.layers)
        end = "nothing learns" if nothing else "the layers there do not learn"
        yield f"No gradient arrives at {numbered(gone)}{_and_below(gone)}: it is exactly 0; {end}."
    elif len(stats.layers) > 1:
        top, bottom = stats.layers[-1].gradient_std, stats.layers[0].gradient_std
        assert top is not None
        assert bottom is not None
        yield f"The gradient comes in with {top:.3g} and reaches layer 1 with {bottom:.3g}."


def _and_below(index: int) -> str:
    return " and below" if index else ""


def summary(stats: StackStats) -> dict[str, Any]:
    """One row of the table; empty where a number is not finite."""
    first, last = stats.layers[0], stats.layers[-1]
    return {
        "Setting": stats.config.title,
        "× a layer": factor([layer.std for layer in stats.layers]),
        "Std, layer 1": first.std,
        "Std, top": last.std,
        "Between inputs, top": last.between,
        NOT_FINITE: stats.first_not_finite,
        "Gradient std, layer 1": first.gradient_std,
        "Weights' gradient, layer 1": first.weight_gradient,
    }


def layer_rows(stacks: Sequence[StackStats]) -> Iterator[dict[str, Any]]:
    """All numbers of all layers, as a table; what is not finite is empty."""
    for number, stats in enumerate(stacks, 1):
        for layer in stats.layers:
            yield {
                "setting": f"{number}. {stats.config.title}",
                "layer": layer.index + 1,
                "index": layer.index,
                "std": layer.std,
                "std_between_inputs": layer.between,
                "mean": layer.mean,
                "largest": layer.largest,
                "share_of_zeros": layer.zeros,
                "gradient_std": layer.gradient_std,
                "weight_gradient_norm": layer.weight_gradient,
            }
