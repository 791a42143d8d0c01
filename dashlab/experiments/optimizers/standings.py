"""What is known of the runs of a race, while they go on and at their end."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashlab.training.results import EpochRow, Started, StepRow
from dashlab.training.together import RacerRow

if TYPE_CHECKING:
    from dashlab.training.results import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """What is known of one run so far."""

    state: str = "waiting"  # running, finished, stopped, diverged, failed
    note: str = ""
    started: Started | None = None
    steps: tuple[StepRow, ...] = ()
    epochs: tuple[EpochRow, ...] = ()
    accuracy: float | None = None  # on the test set
    largest_class: float | None = None  # the test accuracy of always predicting the largest class
    test_loss: float | None = None
    train_s: float | None = None

    @property
    def last_loss(self) -> float | None:
        """Mean training loss of the last whole epoch."""
        return self.epochs[-1].train_loss if self.epochs else None

    @property
    def val_accuracy(self) -> float | None:
        """On the pictures that were held back, after the last whole epoch."""
        return self.epochs[-1].val_accuracy if self.epochs else None

    @property
    def val_loss(self) -> float | None:
        """On the pictures that were held back, after the last whole epoch."""
        return self.epochs[-1].val_loss if self.epochs else None

    def counted(self, figure: str) -> float | None:
        """How "accuracy" or another figure counts in a mean: that of guessing where the run diverged.

        Without such runs a rate at which two of three seeds diverge would pass for as good as the third.
        """
        if self.state != "diverged" or self.started is None:
            value: float | None = getattr(self, figure) if self.state == "finished" else None
            return value
        classes = len(self.started.classes)
        return math.log(classes) if figure.endswith("loss") else 1 / classes


def lane_of(result: "Result") -> Lane:
    """The lane of a run that is over."""
    evaluation = result.evaluation
    return Lane(
        state=result.state,
        note=result.note,
        started=result.started,
        steps=result.steps,
        epochs=result.epochs,
        accuracy=evaluation.accuracy if evaluation else None,
        largest_class=evaluation.largest_class()[1] if evaluation else None,
        test_loss=evaluation.loss if evaluation else None,
        train_s=result.seconds.train,
    )


def lanes_of(rows: Iterable[RacerRow], count: int) -> list[Lane]:
    """The lanes of `count` runs that are being trained stacked, from their rows so far."""
    started: list[Started | None] = [None] * count
    steps: list[list[StepRow]] = [[] for _ in range(count)]
    epochs: list[list[EpochRow]] = [[] for _ in range(count)]
    for row in rows:
        started[row.racer] = row.started or started[row.racer]
        if row.step is not None:
            steps[row.racer].append(row.step)
        if row.epoch is not None:
            epochs[row.racer].append(row.epoch)
    return [
        Lane(state="running" if begun else "waiting", started=begun, steps=tuple(moves), epochs=tuple(passes))
        for begun, moves, passes in zip(started, steps, epochs, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One racer at the end, over its seeds; each figure is a mean and a standard deviation.

    The deviation is that of a sample (n - 1), and None of fewer than two seeds; a figure is None where no run
    has it. In all but the seconds a diverged seed counts as guessing (`Lane.counted`), unless none finished.
    """

    name: str
    finished: int
    diverged: int
    accuracy: tuple[float, float | None] | None
    val_accuracy: tuple[float, float | None] | None
    train_loss: tuple[float, float | None] | None
    test_loss: tuple[float, float | None] | None
    train_s: tuple[float, float | None] | None
    notes: tuple[str, ...]


def standing(name: str, lanes: Sequence[Lane]) -> Standing:
    """The row of the final table for one racer, from its runs, one for each seed."""
    finished = [lane for lane in lanes if lane.state == "finished"]
    return Standing(
        name=name,
        finished=len(finished),
        diverged=sum(lane.state == "diverged" for lane in lanes),
        accuracy=mean_counted(lanes, "accuracy"),
        val_accuracy=mean_counted(lanes, "val_accuracy"),
        train_loss=mean_counted(lanes, "last_loss"),
        test_loss=mean_counted(lanes, "test_loss"),
        train_s=mean_and_sd(lane.train_s for lane in finished),
        notes=tuple(dict.fromkeys(lane.note for lane in lanes if lane.note)),
    )


def mean_counted(lanes: Sequence[Lane], figure: str) -> tuple[float, float | None] | None:
    """Mean and deviation of a figure over the seeds, as each counts; None where no finished run has it."""
    if not any(lane.state == "finished" and getattr(lane, figure) is not None for lane in lanes):
        return None
    return mean_and_sd(lane.counted(figure) for lane in lanes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far the test accuracy of one racer is from another's, seed by seed."""

    mean: float
    sd: float | None  # of the differences, n - 1
    below: int  # seeds at which it is lower
    seeds: int


def difference(lanes: Sequence[Lane], of_other: Sequence[Lane]) -> Difference | None:
    """`lanes` against `of_other`, both in the order of their seeds; None where they share no seed.

    A seed gives both racers the same first weights and batches, so what they have in common at it cancels:
    the differences can spread less than the accuracies do. A seed that diverged counts as guessing.
    """
    pairs = [(a.counted("accuracy"), b.counted("accuracy")) for a, b in zip(lanes, of_other, strict=True)]
    apart = [own - other for own, other in pairs if own is not None and other is not None]
    if not apart:
        return None
    mean, sd = statistics.fmean(apart), statistics.stdev(apart) if len(apart) > 1 else None
    return Difference(mean=mean, sd=sd, below=sum(one < 0 for one in apart), seeds=len(apart))


def best_column(columns: Sequence[Sequence[Lane]]) -> int | None:
    """Which column of a grid does best on the pictures that were held back; None where none is known.

    Args:
        columns: the runs of one racer at each rate. Of equal accuracies the lower loss decides.
    """
    ranked = []
    for column, lanes in enumerate(columns):
        accuracy, loss = mean_counted(lanes, "val_accuracy"), mean_counted(lanes, "val_loss")
        if accuracy is not None and loss is not None:
            ranked.append((accuracy[0], -loss[0], column))
    return max(ranked)[2] if ranked else None


def mean_and_sd(values: Iterable[float | None]) -> tuple[float, float | None] | None:
    """Mean and sample standard deviation of the values that are there."""
    there = [value for value in values if value is not None]
    if not there:
        return None
    return statistics.fmean(there), statistics.stdev(there) if len(there) > 1 else None


def curve(lanes: Sequence[Lane], smooth: int = 1) -> list[tuple[int, float, float, float, float]]:
    """The training loss of one racer over its seeds, as far as any of them has come.

    Args:
        lanes: one for each seed.
        smooth: each loss is the mean over this many rows up to it.

    Returns:
        (step, seconds of training, mean, lowest, highest) of each row; where some seeds have not come so far,
        of those that have.
    """
    smoothed = [_smoothed(lane, smooth) for lane in lanes if lane.steps]
    if not smoothed:
        return []
    steps: dict[int, list[tuple[float, float]]] = {}
    for one in smoothed:
        for step, seconds, loss in one:
            steps.setdefault(step, []).append((seconds, loss))
    return [
        (
            step,
            statistics.fmean(seconds for seconds, _ in there),
            statistics.fmean(loss for _, loss in there),
            min(loss for _, loss in there),
            max(loss for _, loss in there),
        )
        for step, there in sorted(steps.items())
    ]


def _smoothed(lane: Lane, smooth: int) -> list[tuple[int, float, float]]:
    """(step, seconds, loss) of each row; the seconds of an epoch are spread evenly over its steps."""
    marks = [(0, 0.0), *((row.step, row.seconds) for row in lane.epochs)]
    out, place = [], 0
    for number, row in enumerate(lane.steps):
        while place + 2 < len(marks) and row.step > marks[place + 1][0]:
            place += 1
        window = lane.steps[max(0, number + 1 - smooth) : number + 1]
        loss = statistics.fmean(one.loss for one in window)
        out.append((row.step, _seconds_at(row.step, marks[place : place + 2]), loss))
    return out


def _seconds_at(step: int, marks: Sequence[tuple[int, float]]) -> float:
    """On the line through two marks, or none where no epoch has ended yet."""
    if len(marks) < 2:
        return math.nan
    (first, begun), (last, ended) = marks
    return begun + (ended - begun) * (step - first) / (last - first)
