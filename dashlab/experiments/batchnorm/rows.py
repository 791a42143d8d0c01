"""Twins that differ in nothing but BatchNorm: their settings, and what is reported of them.

The computation stands in `twins_training` and `twins_sweeps`; nothing here needs torch.

>>> from dashlab.experiments.batchnorm.rows import TwinsConfig
>>> rows = [row for row in TwinsConfig(epochs=15).rows() if isinstance(row, TwinsEpoch)]
>>> rows[15].plain.training.loss > 0.5 > 0.1 > rows[15].normed.training.loss
True
"""

import base64
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from dashlab.experiments.batchnorm.settings import TwinSettings
from dashlab.settings.fields import choice, integer, number

FRAMES = 60
"""Boundaries and histograms are kept for about this many epochs, for each of the first 20 among them."""
GRID = 40
"""Cells of a boundary along each side."""
FULL = 65_535
"""How a probability of 1 is stored."""
SPAN = 4.0
"""Histograms reach from -SPAN to SPAN; what lies beyond is counted in the outermost bin."""
BINS = 32
PROBE = 500
"""Histograms are taken over so many training inputs."""
CHANNELS = 6
"""The statistics of so many channels of each BatchNorm layer are followed."""
MARKS = 80
"""They are noted at about twice as many steps of a training, closer together at its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Mean cross-entropy in nats and share of right answers; NaN where there is nothing to measure."""

    loss: float
    accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How the values of one hidden layer are distributed over some training inputs, in train mode.

    Histograms have `BINS` bins from -`SPAN` to `SPAN`.
    """

    entering: tuple[int, ...]  # what enters the activation; where there is none, what the next layer gets
    leaving: tuple[int, ...]  # what the next layer gets
    mean: float  # of `entering`
    std: float
    silent: float  # share of units whose output is the same for every input


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Statistics of the first `CHANNELS` channels of one BatchNorm layer, right after a step.

    `mean` and `var` are those of the batch of that step, the latter with n - 1 as PyTorch averages it. The
    running ones are empty where none are tracked.
    """

    step: int
    layer: int  # 0-based, among the hidden layers
    mean: tuple[float, ...]
    var: tuple[float, ...]
    running_mean: tuple[float, ...]
    running_var: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BothModes:
    """What one network scores over the same data in both modes, over all and for each class."""

    by_batch: Score
    by_running: Score
    classes_by_batch: tuple[float, ...]
    classes_by_running: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """One twin after an epoch. What a twin that has diverged cannot have is NaN or empty."""

    training: Score  # averaged over the epoch's batches, as they came, in train mode
    by_batch: Score  # on the test data in train mode: each test batch is normalised by its own statistics
    by_running: Score  # on the test data in eval mode: with the running statistics
    classes_by_batch: tuple[float, ...]  # the same accuracies for each class
    classes_by_running: tuple[float, ...]
    gradients: tuple[float, ...]  # norm of each linear layer's weight gradient in the epoch's last step
    layers: tuple[Spread, ...] = ()  # hidden layers; only in some epochs
    boundary: str = ""  # see `boundary_of`; only for points, only in some epochs
    diverged: int = 0  # the step at which the loss was no finite number any more; 0 for never
    on_training: BothModes | None = None  # over the training data after the epoch; only where asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinsEpoch:
    """Both twins after an epoch; epoch 0 is before the first step."""

    epoch: int
    step: int
    plain: Twin
    normed: Twin
    moments: tuple[Moments, ...] = ()  # of steps within the epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinsConfig(TwinSettings):
    """Two networks with equal first weights, trained on the same batches, one of them with BatchNorm.

    The defaults are 2,000 points on two circles and 100 epochs of full-batch gradient descent.
    """

    KIND: ClassVar[str] = "dashlab.experiments.twins:TwinsConfig"
    ROW: ClassVar[type] = TwinsEpoch
    COMPUTE: ClassVar[str] = "dashlab.experiments.batchnorm.training:train_twins"
    TITLE: ClassVar[str] = "BatchNorm twins"
    ADDED: ClassVar[frozenset[str]] = TwinSettings.ADDED | {"measured"}

    lr: float = number(
        0.1,
        "Learning rate",
        "How far a step goes along the negative gradient: w ← w − η ∂L/∂w.",
        low=1e-4,
        high=100.0,
        log=True,
    )
    batch_size: int = integer(
        0,
        "Batch size",
        "Inputs per step, over which BatchNorm takes mean and variance; 0 means all of them at once.",
        names={"0": "all"},
        low=0,
        high=4096,
    )
    epochs: int = integer(100, "Epochs", "Passes over the training data.", low=1, high=500)
    measured: str = choice(
        "test",
        "Measured on",
        "After each epoch both modes are measured on the test data; or on all training data as well, which "
        "takes half as long again.",
        {"test": "test data", "both": "test and training data"},
        advanced=True,
    )

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        """See `FlatConfig.conflicts`."""
        yield from self.data_conflicts(self.batch_size)

    @property
    def seconds(self) -> float:
        """About how long it takes on one core; for deciding whether to wait for it."""
        training = 2 * self.cost(self.batch_size, self.epochs * self.steps_of(self.batch_size))
        return training * (1.5 if self.measured == "both" else 1) + 0.002 * self.epochs


def frames_of(epochs: int) -> tuple[int, ...]:
    """The epochs of which boundaries and histograms are kept: the first 20, then evenly spread ones."""
    early = min(epochs, 20)
    stride = max(1, -(-(epochs - early) // (FRAMES - early)))
    return (*range(early), *range(early, epochs, stride), epochs)


def marks_of(steps: int) -> frozenset[int]:
    """The steps after which statistics are noted: evenly and geometrically spread, the ends included."""
    even = (1 + round((steps - 1) * k / MARKS) for k in range(MARKS + 1))
    early = (round(steps ** (k / MARKS)) for k in range(MARKS + 1))
    return frozenset((*even, *early))


def boundary_of(packed: str) -> list[list[float]]:
    """The probability of class 1 in each of `GRID` × `GRID` cells, row by row from the bottom, in [0, 1]."""
    cells = struct.unpack(f"<{GRID * GRID}H", base64.b64decode(packed))
    return [[cell / FULL for cell in cells[row * GRID : (row + 1) * GRID]] for row in range(GRID)]


def pack_boundary(cells: list[int]) -> str:
    """Probabilities in parts of `FULL`, row by row from the bottom, as `boundary_of` reads them."""
    return base64.b64encode(struct.pack(f"<{len(cells)}H", *cells)).decode("ascii")
