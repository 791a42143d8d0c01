"""What is said of a logistic regression, with its numbers; no torch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashlab.experiments.descent.classes_rows import ClassesRun
from dashlab.experiments.descent.classes_settings import ClassesConfig
from dashlab.experiments.descent.numbers import signed, with_minus

_ENDS = {
    "accuracy": "It stopped at step **{step:,}** with an accuracy of **{accuracy:.3f}**, above {wanted:g}.",
    "steps": "After **{step:,} steps** the accuracy is **{accuracy:.3f}** and the loss {loss:.3g}.",
}
_NEVER = (
    " It never got above {wanted:g}, and no line can: the best of all lines classifies {best} of these "
    "{count} points correctly, {share:.1%}."
)
_NOT_YET = " It did not get above {wanted:g}; the best of all lines would have {share:.1%}."
_BAYES = (
    " Of all points that such clouds can give, the best line classifies {bayes:.1%} correctly: Φ(m √2), with "
    "m = {mean:g}. A draw of {count} may allow more, or less."
)
_LINE_FAILS = (
    " No line can do better than {share:.1%} here: logistic regression draws a straight boundary, whatever "
    "its weights."
)


def ending(config: ClassesConfig, run: ClassesRun) -> str:
    """How the descent ended, and what the best line could have done."""
    numbers: dict[str, Any] = {
        "step": run.steps,
        "accuracy": float(run.accuracies(0.5)[-1]),
        "loss": float(run.losses[-1]),
        "wanted": config.stop_accuracy,
        "best": run.best_count,
        "count": len(run.y),
        "share": run.best_count / len(run.y),
        "mean": config.mean,
        "bayes": bayes(config.mean),
    }
    text = _ENDS[run.ended].format(**numbers)
    if config.stops and run.ended == "steps":
        text += (_NEVER if numbers["share"] <= config.stop_accuracy else _NOT_YET).format(**numbers)
    elif config.data != "clouds":
        text += _LINE_FAILS.format(**numbers)
    if config.data == "clouds" and config.stops:
        text += _BAYES.format(**numbers)
    return with_minus(text)


def bayes(mean: float) -> float:
    """Share that the best line classifies correctly among all points of two clouds at ±(mean, mean).

    Each lies mean √2 from the line between them, so that it is Φ(mean √2).
    """
    return (1 + math.erf(mean)) / 2


_GROWS = (
    "**These points are separable**: some line has all of class 0 on one side and all of class 1 on the "
    "other. Weights twice as large then put every probability nearer to its class, so that the loss "
    "−log p is lower still: it has no lowest point, and falls towards 0 for ever. From step {half:,} to "
    "{last:,} the length of w grew from {before:.3g} to {after:.3g}, and the loss fell from {high:.2g} to "
    "{low:.2g}. The length grows like log t (Soudry et al. 2018). Doubling the weights now would "
    "take the loss from {now:.2g} to {doubled:.2g}."
)
_RESTS = (
    "**These points are not separable**: the best line classifies {best} of {count} correctly. A point on "
    "the wrong side costs more the larger the weights are, so that there is a best length: {length:.3g}, "
    "with a loss of {lowest:.3g} (by Newton's method). After {last:,} steps the length is {after:.3g} and "
    "the loss {low:.3g}."
)


def growth_words(run: ClassesRun) -> str:
    """Why the weights grow for ever, or why they do not."""
    half, last = run.steps // 2, run.steps
    numbers: dict[str, Any] = {
        "half": half,
        "last": last,
        "before": run.norms[half],
        "after": run.norms[last],
        "high": run.losses[half],
        "low": run.losses[last],
        "best": run.best_count,
        "count": len(run.y),
    }
    if run.optimum is not None:
        length = float(np.hypot(*run.optimum[:2]))
        return with_minus(_RESTS.format(length=length, lowest=run.optimum_loss, **numbers))
    now, doubled = (cross_entropy(run, scale * run.weights[last]) for scale in (1, 2))
    return with_minus(_GROWS.format(now=now, doubled=doubled, **numbers))


def cross_entropy(run: ClassesRun, weights: NDArray[np.float64]) -> float:
    """The mean loss of the weights [3] on the points of the run: of log(1 + e⁻ᶻ), z towards the class."""
    logits = (run.x @ weights[:2] + weights[2]) * np.where(run.y == 1, 1, -1)
    return float(np.logaddexp(0, -logits).mean())


def counts_table(run: ClassesRun, threshold: float, step: int) -> str:
    """How many points of each class are put into which, at one step, as a Markdown table."""
    guessed = run.probabilities(step) >= threshold
    lines = ["| class | put into 0 | put into 1 | correct |", "| --- | ---: | ---: | ---: |"]
    for number in (0, 1):
        own = guessed[run.y == number]
        ones = int(own.sum())
        correct = ones if number else len(own) - ones
        lines.append(f"| {number} | {len(own) - ones} | {ones} | {correct / len(own):.1%} |")
    return "\n".join(lines)


def step_table(config: ClassesConfig, run: ClassesRun, step: int) -> str:
    """Weights and gradient at one step, as a Markdown table."""
    lines = ["| | where it is | ∂L/∂ |", "| --- | ---: | ---: |"]
    for name, value, slope in zip(("w₁", "w₂", "b"), run.weights[step], run.gradients[step], strict=True):
        lines.append(f"| {name} | {signed(value)} | {signed(slope)} |")
    accuracy = run.accuracies(config.threshold)[step]
    lines.append(f"| loss | {run.losses[step]:.5g} | |")
    lines.append(f"| accuracy | {accuracy:.4g} | |")
    return "\n".join(lines)


def step_rows(config: ClassesConfig, run: ClassesRun) -> Iterator[dict[str, Any]]:
    """Every step: weights, loss, accuracy at the threshold, length of w."""
    accuracies = run.accuracies(config.threshold)
    for step in range(run.steps + 1):
        row: dict[str, Any] = {"step": step, "loss": float(run.losses[step])}
        row |= {"accuracy": float(accuracies[step]), "length": float(run.norms[step])}
        row |= dict(zip(("w1", "w2", "b"), map(float, run.weights[step]), strict=True))
        yield row
