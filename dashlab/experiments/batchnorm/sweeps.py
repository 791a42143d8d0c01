"""How far each twin survives: over learning rates, and over batch sizes.

The computation stands in `twins_training`; nothing here needs torch.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from dashlab.experiments.batchnorm.settings import TwinSettings
from dashlab.settings.fields import integer, number, sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One twin, trained at one learning rate on batches of one size, from one seed; NaN where it diverged."""

    lr: float
    batch_size: int  # as it was: never 0
    batchnorm: bool
    seed: int
    steps: int  # that were asked for
    training_loss: float  # over the last tenth of the steps
    by_batch: float  # test accuracy in train mode, each test batch normalised by its own statistics
    by_running: float  # test accuracy in eval mode
    diverged: int  # the step at which the loss was no finite number any more; 0 for never


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep(TwinSettings):
    """What both sweeps share."""

    ROW: ClassVar[type] = Trial
    COMPUTE: ClassVar[str] = "dashlab.experiments.batchnorm.training:sweep"

    points: int = integer(
        600, "Points", "Half of them of each class.", low=40, high=5000, step=100,
        used_when=(("dataset", ("circles", "moons", "spirals")),),
    )  # fmt: skip
    hidden: tuple[int, ...] = sizes(
        (64, 32),
        "Hidden layers",
        "Units of each hidden layer, joined by '-': 64-32. BatchNorm stands at each of them.",
        high=512,
        longest=20,
    )
    seeds: int = integer(
        1,
        "Seeds",
        "Every setting is trained from so many seeds; the curve is their mean, the band reaches from the "
        "worst to the best.",
        low=1,
        high=5,
    )

    def settings(self) -> Iterator[tuple[float, int, int]]:
        """Learning rate, batch size (0: all) and steps of each place along the sweep, in order."""
        raise NotImplementedError

    @property
    def seconds(self) -> float:
        """About how long it takes on one core; for deciding whether to wait for it."""
        return 2 * self.seeds * sum(self.cost(size, steps) for _, size, steps in self.settings())


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSweep(Sweep):
    """Both twins over learning rates, evenly spread on a logarithmic scale."""

    KIND: ClassVar[str] = "dashlab.experiments.twins_sweeps:RateSweep"
    TITLE: ClassVar[str] = "Learning-rate sweep of BatchNorm twins"

    lowest: float = number(0.001, "Lowest rate", "The first learning rate.", low=1e-5, high=10.0, log=True)
    highest: float = number(100.0, "Highest rate", "The last learning rate.", low=1e-3, high=1e4, log=True)
    count: int = integer(13, "Rates", "How many learning rates, the ends included.", low=3, high=40)
    batch_size: int = integer(
        0, "Batch size", "Inputs per step; 0 means all of them at once.", low=0, high=4096
    )
    epochs: int = integer(40, "Epochs", "Passes over the training data at each rate.", low=1, high=200)

    def settings(self) -> Iterator[tuple[float, int, int]]:
        """See `Sweep.settings`."""
        steps = self.epochs * self.steps_of(self.batch_size)
        for place in range(self.count):
            ratio = (self.highest / self.lowest) ** (place / (self.count - 1))
            yield float(f"{self.lowest * ratio:.3g}"), self.batch_size, steps

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        """See `FlatConfig.conflicts`."""
        yield self.lowest >= self.highest, "The highest learning rate must be above the lowest: raise it."
        yield from self.data_conflicts(self.batch_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSweep(Sweep):
    """Both twins over batch sizes 2, 4, 8 and so on, for the same number of steps each."""

    KIND: ClassVar[str] = "dashlab.experiments.twins_sweeps:BatchSweep"
    TITLE: ClassVar[str] = "Batch-size sweep of BatchNorm twins"

    lr: float = number(0.1, "Learning rate", "The same at every batch size.", low=1e-4, high=100.0, log=True)
    largest: int = integer(
        256, "Largest batch", "The sweep doubles from 2 up to this.", low=4, high=1024, step=2
    )
    steps: int = integer(
        150,
        "Steps",
        "Updates at each batch size: the same number, so that batches are compared and not amounts of work.",
        low=10,
        high=5000,
        step=50,
    )

    def settings(self) -> Iterator[tuple[float, int, int]]:
        """See `Sweep.settings`."""
        size = 2
        while size <= min(self.largest, self.train_count):
            yield self.lr, size, self.steps
            size *= 2

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        """See `FlatConfig.conflicts`."""
        yield from self.data_conflicts(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where along the learning rates one twin learns.

    Attributes:
        learns: rates at which it does, ascending.
        stops_at: the first rate above those that it does not learn at; None if it learns up to the highest.
        gaps: rates between those at which it learns, at which it does not.
    """

    batchnorm: bool
    learns: tuple[float, ...]
    stops_at: float | None
    gaps: tuple[float, ...] = ()


def threshold(trials: Iterable[Trial], classes: int) -> float:
    """The accuracy from which a twin counts as learning: half way from chance to the best of all trials."""
    best = max((trial.by_running for trial in trials if not trial.diverged), default=math.nan)
    return (1 / classes + best) / 2


def mean_accuracy(trials: Iterable[Trial], *, lr: float, batchnorm: bool, classes: int) -> float:
    """Test accuracy in eval mode over the seeds; a diverged network is as good as chance."""
    found = [
        1 / classes if trial.diverged else trial.by_running
        for trial in trials
        if trial.lr == lr and trial.batchnorm == batchnorm
    ]
    return math.fsum(found) / len(found) if found else math.nan


def reach(trials: Sequence[Trial], *, batchnorm: bool, classes: int) -> Reach:
    """At which learning rates a twin learns, and above which it stops."""
    enough = threshold(trials, classes)
    rates = sorted({trial.lr for trial in trials if trial.batchnorm == batchnorm})
    learns = tuple(
        lr for lr in rates if mean_accuracy(trials, lr=lr, batchnorm=batchnorm, classes=classes) >= enough
    )
    above = [lr for lr in rates if learns and lr > learns[-1]]
    gaps = tuple(lr for lr in rates if learns and learns[0] < lr < learns[-1] and lr not in learns)
    return Reach(batchnorm=batchnorm, learns=learns, stops_at=above[0] if above else None, gaps=gaps)
