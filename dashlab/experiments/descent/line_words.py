"""What is said of a descent on a line, with its numbers; no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dashlab.experiments.descent.line_rows import (
    LineData,
    LineRun,
    condition,
    curvatures,
    largest_rate,
    point_losses,
)
from dashlab.experiments.descent.numbers import signed, with_minus
from dashlab.experiments.descent.settings import LOSSES, MULTIPLES, LineConfig
from dashlab.settings.plurals import counted

if TYPE_CHECKING:  # it imports torch
    from dashlab.experiments.descent.line_losses import LossFit
    from dashlab.experiments.descent.line_rates import RateRuns

_ENDS = {
    "loss": "It stopped after **{steps:,} steps** with a loss of **{loss:.3g}**, below {wanted:g}.",
    "steps": "After **{steps:,} steps** the loss is **{loss:.3g}**.",
    "epochs": "After **{epochs}**, {steps:,} steps, the loss is **{loss:.3g}**.",
    "diverged": "It **diverged**: after {steps:,} steps the loss is {loss:.2g}, and it ends there.",
}
_NOT_BELOW = " It never came below {wanted:g}{why}."
_CANNOT = ": the least-squares line itself has {lowest:.3g}, and no line has less"
_LEAST = " The least-squares line has {lowest:.3g}."
_HIGHER = " That is {times:.3g} times what it was at the start: it diverges."
_FAR = " {share:.0%} of what is still above that lies along the direction in which the surface is flattest."


def ending(config: LineConfig, run: LineRun) -> str:
    """How the descent ended, and how far that is from least squares."""
    wanted, loss = config.stop_loss, float(run.losses[-1])
    epochs = counted(run.epochs, "{count} epoch", "{count} epochs")
    text = _ENDS[run.ended].format(steps=run.steps, loss=loss, wanted=wanted, epochs=epochs)
    squared = config.loss == "squared"
    if config.stop == "loss" and run.ended == "steps":
        why = _CANNOT.format(lowest=run.lowest) if squared and run.lowest >= wanted else ""
        text += _NOT_BELOW.format(wanted=wanted, why=why)
    if run.ended != "diverged" and loss > run.losses[0]:
        text += _HIGHER.format(times=loss / run.losses[0])
    elif run.ended != "diverged":
        text += _LEAST.format(lowest=run.lowest)
        share = flat_share(run) if run.ended != "diverged" else 0.0
        if squared and loss > 1.05 * run.lowest and share > 0.9:
            text += _FAR.format(share=share)
    return with_minus(text)


def flat_share(run: LineRun) -> float:
    """What share of the squared loss above the lowest lies along the flattest direction, at the end."""
    values, directions = np.linalg.eigh(run.data.hessian)
    parts = values * (directions.T @ (run.weights[-1] - run.data.best)) ** 2
    return float(parts[0] / parts.sum()) if parts.sum() > 0 else 0.0


_LIMIT = "Largest stable rate **2/λmax = {limit:.3g}**; α is {times:.3g} times that. "
_RATES = {
    "small": (
        "Each step takes {steep:.0%} off the error along the steepest direction; along the flattest half of "
        "it is gone after {half}."
    ),
    "swings": (
        "Along the steepest direction each step multiplies the error by {factor:.3g}: it jumps from side to "
        "side, and shrinks. Along the flattest half is gone after {half}."
    ),
    "at": "Along the steepest direction it jumps from side to side and never gets nearer.",
    "above": (
        "Along the steepest direction each step multiplies the error by {factor:.4g}: it gets larger with "
        "every step, and the descent diverges."
    ),
}
_OTHER_LOSS = {
    "absolute": (
        "The absolute loss has the same slope however near it is: no constant α lets it come to rest. It "
        "ends up wandering, in steps of about α."
    ),
    "huber": "For errors up to δ that holds for the Huber loss too; larger ones pull with a constant force.",
}
_BATCHES = (
    "That is for all points together. The steepest single batch has λmax = {batch:.3g}: alone it would stand "
    "α below {limit:.3g}."
)


def rate_words(config: LineConfig, run: LineRun) -> str:
    """What the learning rate does, against the largest stable one."""
    limit = largest_rate(run.data.hessian)
    text = _LIMIT.format(limit=limit, times=config.lr / limit)
    if config.loss == "absolute":
        return text + _OTHER_LOSS["absolute"]
    values = curvatures(run.data.hessian)
    factors = 1 - config.lr * values
    text += _RATES[regime(config.lr / limit)].format(
        steep=1 - abs(factors[-1]), factor=factors[-1], half=_half(abs(factors[0]))
    )
    if config.loss == "huber":
        text += " " + _OTHER_LOSS["huber"]
    return with_minus(text)


def regime(times: float) -> str:
    """`small`, `swings`, `at` or `above`: what becomes of the steepest direction at so many times 2/λmax."""
    if abs(times - 1) < 1e-6:
        return "at"
    return "above" if times > 1 else "swings" if times > 0.5 else "small"


def _half(factor: float) -> str:
    if factor <= 0:
        return "one step"
    if factor >= 1:
        return "no number of steps"
    return counted(max(1, round(np.log(0.5) / np.log(factor))), "{count} step", "{count} steps")


def unstable_words(config: LineConfig, limits: NDArray[np.float64]) -> str:
    """For how many data sets of the recipe, of largest stable rates [N], the learning rate is too large."""
    share = float((limits <= config.lr).mean())
    if share == 0:
        return _NEVER.format(drawn=len(limits), lr=config.lr, lowest=limits.min())
    return _SOMETIMES.format(drawn=len(limits), lr=config.lr, share=share)


_SOMETIMES = (
    "With other draws it can go otherwise: of {drawn:,} data sets drawn like this one, {share:.0%} have "
    "their largest stable rate at or below α = {lr:g}. On those it diverges."
)
_NEVER = (
    "None of {drawn:,} data sets drawn like this one diverges at α = {lr:g}: the lowest of their largest "
    "stable rates is {lowest:.3g}."
)


def conditioning_words(config: LineConfig, run: LineRun) -> str:
    """The condition number before and after the inputs are standardised."""
    before = condition(run.data.raw_hessian)
    after = condition(standard_hessian(run))
    template = _ROUND if before > 1.5 * after else _NO_GAIN
    return template.format(before=before, after=after, ratio=np.sqrt(before)) + _NOW[config.standardise]


def standard_hessian(run: LineRun) -> NDArray[np.float64]:
    """Second derivatives of the squared loss once the inputs are standardised: [P, P]."""
    standard = (run.data.x - run.data.x.mean(0)) / run.data.x.std(0)
    features = np.column_stack([standard, np.ones(len(standard))])
    curvature: NDArray[np.float64] = features.T @ features / len(features)
    return curvature


_ROUND = (
    "The **condition number** λmax/λmin says how much steeper the surface is one way than another. Here "
    "it is **{before:,.3g}**: the level lines are {ratio:.3g} times as long as wide. With standardised "
    "inputs it is **{after:.3g}**. "
)
_NO_GAIN = (
    "The **condition number** λmax/λmin is **{before:.3g}** as the inputs are, and **{after:.3g}** when they "
    "are standardised: little is gained here. "
)
_NOW = {
    True: "The inputs are standardised now.",
    False: "Switch **Standardise the inputs** on, and see how few steps it takes.",
}


def learned_rows(run: LineRun) -> Iterator[dict[str, Any]]:
    """Learned, least-squares and true weights, of the inputs as drawn."""
    columns = [("Learned", run.data.raw(run.weights[-1])), ("Least squares", run.data.raw(run.data.best))]
    if run.data.truth is not None:
        columns.append(("True", run.data.truth))
    for place, name in enumerate(run.names):
        yield {"Weight": name} | {title: float(values[place]) for title, values in columns}


def epoch_rows(run: LineRun) -> Iterator[dict[str, Any]]:
    """After each epoch: weights and loss, and the farthest that a weight is from the true one.

    Of points of one's own nobody knows that: there it is from least squares.
    """
    target = run.data.raw(run.data.best) if run.data.truth is None else run.data.truth
    for epoch in range(run.epochs + 1):
        weights = run.data.raw(run.weights[epoch * run.per_epoch])
        row: dict[str, Any] = {"Epoch": epoch, "Loss": float(run.losses[epoch * run.per_epoch])}
        row |= dict(zip(run.names, map(float, weights), strict=True))
        yield row | {"Farthest off": float(np.abs(weights - target).max())}


def loss_rows(data: LineData, each: Sequence[LossFit]) -> Iterator[dict[str, Any]]:
    """Weights, of the inputs as drawn, and mean errors of the fit under each loss."""
    names = ("w", "b") if data.x.shape[1] == 1 else ("w₁", "w₂", "b")
    for one in each:
        weights = map(float, data.raw(one.weights))
        row: dict[str, Any] = {"Loss": LOSSES[one.loss], **dict(zip(names, weights, strict=True))}
        yield row | {"Mean ½ e²": one.squared, "Mean |e|": one.absolute}


LOSSES_COMPARED = (
    "The same points, start, batches and learning rate. The squared loss lets the largest errors pull "
    "most; under the absolute loss all pull alike, and under Huber's small ones pull as in the first and "
    "large ones as in the second (Huber 1964)."
)


def step_rows(run: LineRun) -> Iterator[dict[str, Any]]:
    """Every step: weights of the fitted inputs, loss and gradient over all points, and that of the batch."""
    names = ("w", "b") if run.weights.shape[1] == 2 else ("w1", "w2", "b")
    for step in range(run.steps + 1):
        row: dict[str, Any] = {"step": step, "loss": float(run.losses[step])}
        row |= {name: float(value) for name, value in zip(names, run.weights[step], strict=True)}
        taken = run.taken[step] if step < run.steps else run.gradients[step]
        row |= {f"gradient_{name}": float(value) for name, value in zip(names, taken, strict=True)}
        yield row


def compared(config: LineConfig, runs: RateRuns) -> str:
    """How far each learning rate came, in so many steps."""
    ends = [
        _RATE_END.format(title=title, rate=times * runs.limit, loss=float(losses[-1]), steps=len(losses) - 1)
        for (title, times), losses in zip(MULTIPLES.items(), runs.losses, strict=True)
    ]
    text = _COMPARED.format(limit=runs.limit, ends="; ".join(ends), lowest=runs.lowest)
    if config.batch != "full":
        text += _NOISY
    return with_minus(text)


_RATE_END = "{title} (α = {rate:.3g}) {loss:.3g} after {steps:,} steps"
_COMPARED = (
    "Against the largest stable rate 2/λmax = {limit:.3g}, the loss is: {ends}. Least squares: {lowest:.3g}."
)
_NOISY = (
    " 2/λmax is that of all points together. Single batches are steeper than that, so that with them a rate "
    "below it can diverge too."
)


def formula(config: LineConfig) -> str:
    """Loss and gradient of the loss that is set, in LaTeX."""
    return _FORMULAS[config.loss]


_MEAN = r"\frac1n \sum_i "
_FORMULAS = {
    "squared": rf"L = {_MEAN}\tfrac12 e_i^2,\quad \frac{{\partial L}}{{\partial w}} = {_MEAN}e_i x_i,\quad "
    rf"\frac{{\partial L}}{{\partial b}} = {_MEAN}e_i",
    "absolute": rf"L = {_MEAN}|e_i|,\quad \frac{{\partial L}}{{\partial w}} = "
    rf"{_MEAN}\operatorname{{sign}}(e_i)\, x_i,\quad \frac{{\partial L}}{{\partial b}} = "
    rf"{_MEAN}\operatorname{{sign}}(e_i)",
    "huber": rf"\frac{{\partial L}}{{\partial w}} = {_MEAN}g(e_i)\, x_i,\quad "
    rf"\frac{{\partial L}}{{\partial b}} = {_MEAN}g(e_i),\quad g(e) = \max(-\delta, \min(e, \delta))",
}


def step_table(config: LineConfig, run: LineRun, step: int) -> str:
    """One step with its numbers put into the formula, as a Markdown table."""
    last = step == run.steps
    gradient = run.gradients[step] if last else run.taken[step]
    whole = run.per_epoch == 1
    measured = differences(config, run, step) if whole else np.full(len(gradient), np.nan)
    lines = [
        f"| step {step:,} | where it is | ∂L/∂ | by differences | −α ∂L/∂ | where it goes |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, value, slope, near in zip(run.names, run.weights[step], gradient, measured, strict=True):
        move = -config.lr * slope
        lines.append(
            f"| {name} | {signed(value)} | {signed(slope)} | {signed(near) if whole else ''} | "
            f"{signed(move)} | {signed(value + move)} |"
        )
    lines.append(f"| loss | {run.losses[step]:.5g} | | | | {'' if last else f'{run.losses[step + 1]:.5g}'} |")
    return "\n".join(lines)


def differences(config: LineConfig, run: LineRun, step: int) -> NDArray[np.float64]:
    """The gradient over all points at a step, [P], as (L(w + h) − L(w − h)) / 2h."""
    weights, h = run.weights[step], 1e-5
    each = []
    for place in range(len(weights)):
        ends = [weights + side * h * np.eye(len(weights))[place] for side in (1, -1)]
        errors = [run.data.features @ end - run.data.y for end in ends]
        above, below = (point_losses(error, config.loss, config.delta).mean() for error in errors)
        each.append((above - below) / (2 * h))
    return np.array(each)


def step_caption(config: LineConfig, run: LineRun) -> str:
    """What the numbers of a step are for."""
    whole = run.per_epoch == 1
    return (_WHOLE if whole else _OF_BATCH) + (_STANDARD if config.standardise else "")


_WHOLE = (
    "The gradient is that of all points, by autograd; beside it stands (L(w + h) − L(w − h)) / 2h with "
    "h = 10⁻⁵. The arrow on the surface shows where it leads."
)
_OF_BATCH = (
    "The gradient is that of the step's batch, by autograd, and the loss that of all points: a step can make "
    "it larger."
)
_STANDARD = " The weights are those of the standardised inputs, over which the surface is drawn."
