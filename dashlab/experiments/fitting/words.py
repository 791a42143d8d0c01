"""What was measured on the views of over- and underfitting, in sentences and as rows of tables; no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dashlab.experiments.fitting.settings import CurveConfig, FeaturesConfig, SeriesConfig
from dashlab.settings.plurals import counted

if TYPE_CHECKING:  # these import torch
    from dashlab.experiments.fitting.curve import CurveSample, ErrorParts
    from dashlab.experiments.fitting.dropout import Masks, Votes
    from dashlab.experiments.fitting.features import Interpolation
    from dashlab.experiments.fitting.series import Forecast, TauRow

NEAR_BEST = 1.1
"""A degree fits well whose expected error is at most so many times the lowest of all degrees."""
UNDER, WELL, OVER = "underfitted", "well fitted", "overfitted"


def best_degree(parts: ErrorParts) -> int:
    """The degree with the lowest bias² + variance + noise."""
    return int(parts.expected.argmin())


def verdict(parts: ErrorParts, degree: int) -> str:
    """`UNDER`, `WELL` or `OVER`: how a degree does on samples like this one.

    The rule: well, where bias² + variance + noise is at most 1.1 times the lowest of all degrees; else
    underfitted where bias² is larger than the variance, and overfitted where the variance is.
    """
    if parts.expected[degree] <= NEAR_BEST * parts.expected.min():
        return WELL
    return UNDER if parts.bias2[degree] > parts.variance[degree] else OVER


def verdict_words(parts: ErrorParts, degree: int) -> str:
    """The verdict with its rule and the numbers that it is made from."""
    best = best_degree(parts)
    numbers = {
        "degree": degree,
        "best": best,
        "error": f"{parts.expected[degree]:.3g}",
        "lowest": f"{parts.expected[best]:.3g}",
        "times": f"{parts.expected[degree] / parts.expected[best]:.3g}" if parts.expected[best] else "∞",
        "bias2": f"{parts.bias2[degree]:.3g}",
        "variance": f"{parts.variance[degree]:.3g}",
        "near": f"{NEAR_BEST:g}",
    }
    return _VERDICTS[verdict(parts, degree)].format(**numbers)


_VERDICTS = {
    WELL: (
        "Degree {degree} fits well: bias² + variance + noise is {error}, at most {near} times the lowest, "
        "{lowest} at degree {best}."
    ),
    UNDER: (
        "Degree {degree} is underfitted: bias² + variance + noise is {error}, {times} times the lowest "
        "({lowest} at degree {best}), and bias² ({bias2}) is larger than the variance ({variance}): the "
        "curve cannot bend as the truth does."
    ),
    OVER: (
        "Degree {degree} is overfitted: bias² + variance + noise is {error}, {times} times the lowest "
        "({lowest} at degree {best}), and the variance ({variance}) is larger than bias² ({bias2}): the "
        "curve follows the noise of its sample."
    ),
}


def sum_words(parts: ErrorParts, degree: int) -> str:
    """Whether the three parts come to the error that is measured on new points."""
    return _SUM.format(
        bias2=f"{parts.bias2[degree]:.3g}",
        variance=f"{parts.variance[degree]:.3g}",
        noise=f"{parts.noise:.3g}",
        total=f"{parts.expected[degree]:.3g}",
        measured=f"{parts.measured[degree]:.3g}",
        error=f"{parts.standard_error[degree]:.2g}",
        count=f"{parts.resamples:,}",
    )


_SUM = (
    "Bias² {bias2} + variance {variance} + noise {noise} = {total}. On new points the {count} fits have a "
    "mean squared error of {measured} ± {error} (standard error)."
)


def curve_rows(parts: ErrorParts, drawn: CurveSample) -> Iterator[dict[str, Any]]:
    """All numbers by degree, as a table."""
    for degree, expected in enumerate(parts.expected.tolist()):
        yield {
            "degree": degree,
            "bias2": float(parts.bias2[degree]),
            "variance": float(parts.variance[degree]),
            "noise": parts.noise,
            "expected": expected,
            "measured": float(parts.measured[degree]),
            "standard_error": float(parts.standard_error[degree]),
            "training": float(parts.training[degree]),
            "training_of_this_sample": float(drawn.training[degree]),
            "validation_of_this_sample": float(drawn.validation[degree]),
            "verdict": verdict(parts, degree),
        }


def formula(config: CurveConfig) -> str:
    """What is made small, in TeX, with the terms that the settings bring in."""
    return {
        "none": r"\frac1n\sum_i (y_i - f(x_i))^2",
        "l2": r"\frac1n\sum_i (y_i - f(x_i))^2 + \tfrac12\lambda\sum_{k\ge1} c_k^2",
        "l1": r"\frac1n\sum_i (y_i - f(x_i))^2 + \lambda\sum_{k\ge1} |c_k|",
    }[config.penalty]


def peak_words(outcome: Interpolation, config: FeaturesConfig) -> str:
    """Where the error is highest, how it compares with what comes after, and what ridge makes of it."""
    peak = outcome.peak
    numbers = {
        "points": config.points,
        "peak": f"{outcome.counts[peak]:,}",
        "error": f"{outcome.errors[peak]:.3g}",
        "after": f"{outcome.lowest_after:.3g}",
        "most": f"{outcome.counts[outcome.lowest_at]:,}",
        "times": f"{outcome.height:.3g}",
        "ridge": f"{config.ridge:g}",
        "with_ridge": f"{outcome.ridge_height:.3g}",
    }
    template = _PEAK if outcome.counts[peak] == config.points else _ELSEWHERE
    return template.format(**numbers)


_PEAK = (
    "With as many features as points, {points}, only one fit passes through all points, and it swings: the "
    "error is {error}, {times} times the lowest to its right ({after} at {most} features). There many fits "
    "pass through all points, and the one with the smallest weights is taken. With ridge λ = {ridge} the "
    "error at {points} features is {with_ridge} times the lowest to its right."
)
_ELSEWHERE = (
    "With these settings the error is highest at {peak} features ({error}) and not at {points}, where there "
    "are as many as points: there it is {times} times the lowest to its right ({after} at {most} features); "
    "with ridge λ = {ridge} it is {with_ridge} times."
)


def mask_words(outcome: Masks, mask: int) -> str:
    """What one mask does to the table; `mask` counts from 1."""
    if outcome.scale == 1:
        return _NOTHING_DROPPED
    dropped = int((~outcome.staying[mask - 1]).sum())
    return _MASK.format(
        dropped=dropped,
        mask=f"{mask:,}",
        total=outcome.values.size,
        scale=f"{outcome.scale:.4g}",
    )


_MASK = (
    "Mask {mask} sets {dropped} of {total} numbers to 0 and multiplies the others by 1/(1 − p) = {scale}, so "
    "that the mean over many masks is the table itself."
)
_NOTHING_DROPPED = (
    "Nothing is dropped and nothing is scaled: in eval mode a dropout layer gives what it gets, and with p = "
    "0 it does so in train mode too."
)


def mean_words(outcome: Masks) -> str:
    """How near the mean over all masks comes to the table."""
    return counted(
        len(outcome.outputs),
        "After {count} mask the numbers lie {apart} from the table (root mean square, as a share of each "
        "number); √(p / ((1 − p) · masks)) expects {expected}.",
        "After {count} masks their mean lies {apart} from the table (root mean square, as a share of each "
        "number); √(p / ((1 − p) · masks)) expects {expected}.",
        apart=f"{outcome.apart[-1]:.1%}",
        expected=f"{outcome.apart_expected[-1]:.1%}",
    )


def vote_words(outcome: Votes) -> str:
    """How the masks vote, beside what the whole network says."""
    most = max(range(len(outcome.classes)), key=lambda k: outcome.counts[k])
    whole = int(outcome.evaluated.argmax())
    return counted(
        len(outcome.each),
        "{count} mask votes for {winner}, with a probability of {mean}. The whole network, in eval mode, "
        "predicts {whole} with {evaluated}. The picture shows {label}.",
        "{votes} of {count} masks vote for {winner}, with a mean probability of {mean}. The whole network, "
        "in eval mode, predicts {whole} with {evaluated}. The picture shows {label}.",
        votes=f"{outcome.counts[most]:,}",
        winner=outcome.classes[most],
        mean=f"{outcome.mean[most]:.1%}",
        whole=outcome.classes[whole],
        evaluated=f"{outcome.evaluated[whole]:.1%}",
        label=outcome.classes[outcome.label],
    )


def tau_words(rows: Sequence[TauRow], config: SeriesConfig) -> str:
    """Which τ predicts best, and how the τ that was chosen compares; of linear models."""
    best = min(rows, key=lambda row: row.one_step)
    far = min(rows, key=lambda row: row.k_step)
    own = next((row for row in rows if row.tau == config.tau), best)
    template = _TAU_SAME if own.tau == best.tau else _TAU
    return template.format(
        tau=own.tau,
        error=f"{own.one_step:.3g}",
        best=best.tau,
        lowest=f"{best.one_step:.3g}",
        training=f"{own.training:.3g}",
        least=f"{min(row.training for row in rows):.3g}",
        noise=f"{config.noise**2:.3g}",
        ahead=config.ahead,
        far=far.tau,
        far_error=f"{far.k_step:.3g}",
        own_far=f"{own.k_step:.3g}",
    )


_TAU_SAME = (
    "A linear model with τ = {tau} predicts the next value best: mean squared error {error}, of which the "
    "noise alone makes {noise}. {ahead} steps ahead τ = {far} does best ({far_error}; τ = {tau}: {own_far})."
)
_TAU = (
    "A linear model with τ = {tau} predicts the next value with a mean squared error of {error}; τ = {best} "
    "does best ({lowest}), and the noise alone makes {noise}. The error on the training values is {training} "
    "and goes down to {least} with more of them seen, whether that helps or not. {ahead} steps ahead τ = "
    "{far} does best ({far_error}; τ = {tau}: {own_far})."
)


def ahead_words(outcome: Forecast) -> str:
    """One step against k steps against no new values at all."""
    errors = dict(outcome.by_ahead)
    return counted(
        outcome.ahead,
        "One step ahead the mean squared error is {near}. On its own, with predictions fed back alone, it is "
        "{free}: each error enters the next prediction.",
        "One step ahead the mean squared error is {near}, {count} steps ahead {far}. On its own, with "
        "predictions fed back alone, it is {free}: each error enters the next prediction.",
        near=f"{errors[1]:.3g}",
        far=f"{errors[outcome.ahead]:.3g}",
        free=f"{outcome.free_error:.3g}",
    )
