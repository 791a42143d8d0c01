"""What each cure brings, alone and together, with its spread over the seeds; nothing here needs torch."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashlab.experiments.fitting.network import CureRun
from dashlab.training.results import EpochRow


@dataclass(frozen=True, slots=True, kw_only=True)
class CureOutcome:
    """What one run came to; a number that it does not have is NaN."""

    test_accuracy: float
    train_loss: float  # in train mode, on the pictures as they were changed, over the last epoch
    val_loss: float  # after the epoch whose weights are kept
    val_accuracy: float
    lowest_val_loss: float
    lowest_at: int  # epoch, from 1; 0 for none
    epochs: int  # that were trained

    def score(self, measured: str) -> float:
        """What is better the larger it is: the test accuracy, or the validation loss below 0."""
        return self.test_accuracy if measured == "accuracy" else -self.val_loss

    @property
    def risen(self) -> float:
        """How far the validation loss lies above its lowest at the end: what early stopping would save."""
        return self.val_loss - self.lowest_val_loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """One combination of cures over its seeds; spreads are standard deviations, NaN for one seed."""

    cures: tuple[str, ...]
    pictures: int
    runs: int
    accuracy: float  # on the test pictures, mean
    accuracy_std: float
    val_loss: float  # mean
    val_loss_std: float
    val_accuracy: float  # mean; by this and not by the test pictures the best combination is chosen
    train_loss: float  # mean
    gain: float  # over no cure at the same seed, mean: how much higher the accuracy, or lower the loss
    gain_std: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one cure brings, in more accuracy or less loss: mean and standard deviation over the seeds."""

    cure: str
    alone: float  # with it against without any
    alone_std: float
    among_all: float  # all cures against all but it
    among_all_std: float
    average: float  # with it against without, over all combinations of the others
    average_std: float


def outcome_of(epochs: Sequence[EpochRow], accuracy: float | None, *, stops: bool) -> CureOutcome:
    """The outcome of a run from its rows and its test accuracy.

    Args:
        epochs: of the run.
        accuracy: None where the run was not finished.
        stops: whether the run had early stopping, and so keeps the weights of its best epoch.
    """
    nothing = math.nan if accuracy is None else accuracy
    validated = [row for row in epochs if row.val_loss is not None]
    if not validated:
        return CureOutcome(
            test_accuracy=nothing, train_loss=math.nan, val_loss=math.nan, val_accuracy=math.nan,
            lowest_val_loss=math.nan, lowest_at=0, epochs=len(epochs),
        )  # fmt: skip
    best = min(validated, key=lambda row: _number(row.val_loss))
    kept = best if stops else validated[-1]
    return CureOutcome(
        test_accuracy=nothing,
        train_loss=epochs[-1].train_loss,
        val_loss=_number(kept.val_loss),
        val_accuracy=_number(kept.val_accuracy),
        lowest_val_loss=_number(best.val_loss),
        lowest_at=best.epoch,
        epochs=len(epochs),
    )


def together(
    entries: Sequence[CureRun], outcomes: Mapping[str, CureOutcome], *, measured: str = "accuracy"
) -> tuple[Combination, ...]:
    """Every combination that has a run, in the order of the entries.

    Args:
        entries: all runs.
        outcomes: of those that are there, by key.
        measured: what a gain is one of, "accuracy" or "loss".
    """
    groups: dict[tuple[int, tuple[str, ...]], list[CureRun]] = {}
    for entry in entries:
        if entry.key in outcomes:
            groups.setdefault((entry.pictures, entry.cures), []).append(entry)
    scores = _scores(entries, outcomes, measured)
    return tuple(
        _combination(group, [outcomes[entry.key] for entry in group], scores) for group in groups.values()
    )


def effects(
    entries: Sequence[CureRun], outcomes: Mapping[str, CureOutcome], *, measured: str = "accuracy"
) -> tuple[Effect, ...]:
    """What each cure brings. Gains are taken within a seed, whose pictures and first weights are the same.

    A gain whose runs are not all there is NaN. All entries are of one number of pictures.
    """
    scores = _scores(entries, outcomes, measured)
    seeds = sorted({entry.seed for entry in entries})
    cures = max((entry.cures for entry in entries), key=len, default=())
    others = {cure: [entry.cures for entry in entries if cure in entry.cures] for cure in cures}
    return tuple(_effect(cure, cures, dict.fromkeys(others[cure]), scores, seeds) for cure in cures)


Scores = Mapping[tuple[int, int, tuple[str, ...]], float]
"""By seed, pictures and cures."""


def _scores(
    entries: Sequence[CureRun], outcomes: Mapping[str, CureOutcome], measured: str
) -> dict[tuple[int, int, tuple[str, ...]], float]:
    return {
        (entry.seed, entry.pictures, entry.cures): outcomes[entry.key].score(measured)
        for entry in entries
        if entry.key in outcomes
    }


def _combination(group: Sequence[CureRun], outcome: Sequence[CureOutcome], scores: Scores) -> Combination:
    pictures, cures = group[0].pictures, group[0].cures
    gains = [
        scores[entry.seed, pictures, cures] - scores.get((entry.seed, pictures, ()), math.nan)
        for entry in group
    ]
    mean, std = mean_and_std([one.test_accuracy for one in outcome])
    val_loss, val_loss_std = mean_and_std([one.val_loss for one in outcome])
    gain, gain_std = mean_and_std(gains)
    return Combination(
        cures=cures,
        pictures=pictures,
        runs=len(group),
        accuracy=mean,
        accuracy_std=std,
        val_loss=val_loss,
        val_loss_std=val_loss_std,
        val_accuracy=statistics.fmean(one.val_accuracy for one in outcome),
        train_loss=statistics.fmean(one.train_loss for one in outcome),
        gain=gain,
        gain_std=gain_std,
    )


def _effect(
    cure: str,
    cures: tuple[str, ...],
    having: Mapping[tuple[str, ...], object],
    scores: Scores,
    seeds: Sequence[int],
) -> Effect:
    pictures = next((pictures for _, pictures, _ in scores), 0)

    def gains(combination: tuple[str, ...]) -> list[float]:
        without = tuple(one for one in combination if one != cure)
        return [
            scores.get((seed, pictures, combination), math.nan)
            - scores.get((seed, pictures, without), math.nan)
            for seed in seeds
        ]

    each = [gains(combination) for combination in having]
    average = [statistics.fmean(of_seed) for of_seed in zip(*each, strict=True)]
    (alone, alone_std), (among, among_std) = mean_and_std(gains((cure,))), mean_and_std(gains(cures))
    mean, std = mean_and_std(average)
    return Effect(
        cure=cure, alone=alone, alone_std=alone_std, among_all=among, among_all_std=among_std,
        average=mean, average_std=std,
    )  # fmt: skip


def mean_and_std(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation; the latter is NaN for a single value, both are where one is NaN."""
    if not values or any(map(math.isnan, values)):  # before 3.12 the standard deviation of a NaN is an error
        return math.nan, math.nan
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else math.nan


def _number(value: float | None) -> float:
    return math.nan if value is None else value
