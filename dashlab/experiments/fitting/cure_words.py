"""What the cures brought, in sentences and as rows of tables; no torch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dashlab.experiments.fitting.effects import Combination, CureOutcome, Effect
from dashlab.experiments.fitting.network import CURES, CureRun, CuresConfig, title_of
from dashlab.settings.plurals import counted

if TYPE_CHECKING:  # that imports torch
    from dashlab.experiments.fitting.weights import WeightRow

FAR = 0.05
"""A validation loss has risen where it ends higher than its lowest by more than this share of it."""


def size(number: float, measured: str) -> str:
    """A gain as people read it: accuracy in points, loss as it is, with its sign."""
    if math.isnan(number):
        return "–"
    text = f"{100 * number:+.2f}" if measured == "accuracy" else f"{number:+.3f}"
    return text.replace("-", "−")


def best_words(outcome: Sequence[Combination], config: CuresConfig) -> str:
    """Which combination does best on the validation pictures, and how it compares with none."""
    there = [one for one in outcome if not math.isnan(one.gain)]
    if not there:
        return _NOTHING
    best = max(there, key=lambda one: one.val_accuracy if config.measured == "accuracy" else -one.val_loss)
    if not best.cures:
        return _NONE_HELPS[config.measured].format(
            accuracy=f"{best.accuracy:.2%}", loss=f"{best.val_loss:.3f}"
        )
    return counted(
        best.runs,
        "{title} does best on the validation pictures: {value}, {gain} over no cure (one seed, which may be "
        "luck).",
        "{title} does best on the validation pictures: {value}, {gain} ± {std} over no cure (mean and "
        "standard deviation over {count} seeds).",
        title=title_of(best.cures),
        value=_VALUE[config.measured].format(accuracy=f"{best.accuracy:.2%}", loss=f"{best.val_loss:.3f}"),
        gain=_GAIN[config.measured].format(gain=size(best.gain, config.measured)),
        std=size(best.gain_std, config.measured).lstrip("+"),
    )


_NOTHING = "No combination is trained yet beside one without a cure."
_NONE_HELPS = {
    "accuracy": "None of these combinations is more accurate on the validation pictures than no cure at all "
    "(its test accuracy is {accuracy}).",
    "loss": "None of these combinations has a lower validation loss than no cure at all ({loss}).",
}
_VALUE = {"accuracy": "its test accuracy is {accuracy}", "loss": "its loss there is {loss}"}
_GAIN = {"accuracy": "{gain} points", "loss": "a loss lower by {gain}"}


def effect_words(effect: Effect, measured: str) -> str:
    """What one cure brings alone, and on top of all others."""
    template = _BOTH if not math.isnan(effect.among_all) else _ALONE
    return template.format(
        cure=CURES[effect.cure],
        alone=size(effect.alone, measured),
        among=size(effect.among_all, measured),
        average=size(effect.average, measured),
        unit=_UNIT[measured],
    )


_BOTH = (
    "{cure} brings {alone} {unit} alone, {among} on top of all the others, and {average} on the average "
    "over all combinations."
)
_ALONE = "{cure} brings {alone} {unit} alone; the other combinations are not trained yet."
_UNIT = {"accuracy": "points of test accuracy", "loss": "less validation loss"}


def overfit_words(outcome: CureOutcome) -> str:
    """Whether a run was overfitted: where the validation loss was lowest, and where it ended."""
    if math.isnan(outcome.val_loss):
        return _UNKNOWN
    template = _ROSE if outcome.risen > FAR * outcome.lowest_val_loss else _STAYED
    return template.format(
        at=outcome.lowest_at,
        epochs=outcome.epochs,
        lowest=f"{outcome.lowest_val_loss:.3f}",
        ends=f"{outcome.val_loss:.3f}",
        training=f"{outcome.train_loss:.3f}",
    )


_UNKNOWN = "This run has no validation loss yet."
_ROSE = (
    "Overfitted: the validation loss was lowest at epoch {at} of {epochs} ({lowest}) and is {ends} at the "
    "end, more than 5 % above it, while the training loss went on to {training}."
)
_STAYED = (
    "Not overfitted by the rule that the validation loss ends more than 5 % above its lowest: it is {ends} "
    "at the end, and was {lowest} at epoch {at} of {epochs}. The training loss is {training}."
)


def combination_rows(outcome: Sequence[Combination]) -> Iterator[dict[str, Any]]:
    """One row for each combination, as a table."""
    for one in outcome:
        yield {
            "cures": title_of(one.cures),
            "pictures": one.pictures,
            "runs": one.runs,
            "test_accuracy": one.accuracy,
            "test_accuracy_std": one.accuracy_std,
            "validation_loss": one.val_loss,
            "training_loss": one.train_loss,
            "gain": one.gain,
            "gain_std": one.gain_std,
        }


def runs_words(entries: Sequence[CureRun], known: int, seconds: float) -> str:
    """How many runs there are, how many are there already, and how long the rest takes."""
    if known == len(entries):
        return counted(known, "{count} run, which is there.", "{count} runs, which are there.")
    return counted(
        len(entries),
        "{count} run, {known} there already; the rest takes about {seconds} s on one core.",
        "{count} runs, {known} there already; the rest takes about {seconds} s on one core.",
        known=f"{known:,}",
        seconds=f"{seconds:.0f}",
    )


def weight_words(cure: str, rows: Sequence[WeightRow], plain: Sequence[WeightRow], near: float) -> str:
    """What a cure does to the weights, beside those without it; `near` is what counts as next to nothing."""
    with_it, without = (_near(one) for one in (rows, plain))
    return _WEIGHTS.format(
        cure=cure,
        near=f"{near:g}",
        share=f"{with_it:.1%}",
        other=f"{without:.1%}",
        std=f"{rows[0].std:.3g}",
        other_std=f"{plain[0].std:.3g}",
    )


_WEIGHTS = (
    "{cure}: {share} of all weights are closer to 0 than {near} (without: {other}), and those of the first "
    "layer have a standard deviation of {std} (without: {other_std})."
)


def _near(rows: Sequence[WeightRow]) -> float:
    return sum(row.near * row.count for row in rows) / sum(row.count for row in rows)
