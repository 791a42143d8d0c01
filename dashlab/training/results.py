"""What a training run reports while it goes on, and what it leaves behind.

Rows are plain values: they cross process borders, survive JSON and need no torch to be drawn.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dashlab.settings.run import RunConfig

if TYPE_CHECKING:
    from torch import Tensor

MOST_STEP_ROWS = 400
"""A run reports about this many step rows in all, each the mean over the steps since the last."""

EndState = Literal["finished", "stopped", "diverged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The first row of a run: what there is to do."""

    epochs: int
    steps_per_epoch: int
    parameters: int
    train_count: int
    val_count: int
    test_count: int
    classes: tuple[str, ...]
    shape: tuple[int, int, int]  # of one picture: channels, height, width
    mean: tuple[float, ...]  # a pixel p in [0, 1] enters the network as (p - mean) / std, channel by channel
    std: tuple[float, ...]
    origin: str  # a sentence: which pictures, how many, from where
    device: str  # a name for people, such as "CPU (2 threads)"

    @property
    def steps(self) -> int:
        """Optimizer steps of the whole run."""
        return self.epochs * self.steps_per_epoch

    def pictures(self, config: RunConfig) -> str:
        """Which pictures a run of this config has, and how many it learns from where that is not all."""
        if not config.data.train_size and not self.val_count:
            return self.origin
        held_back = f", {self.val_count:,} are held back for validation" if self.val_count else ""
        return f"{self.origin} {self.train_count:,} of the training pictures are trained on{held_back}."


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """Figures of the training batches, averaged over the `window` steps that end with `step`.

    The loss is measured as that of the validation pictures is: without label smoothing, L1 and L2. What is
    made small is `loss + added_loss`.
    """

    step: int  # 1-based, over the whole run
    window: int
    loss: float  # but where `added_loss` is None, the one that is made small
    accuracy: float  # of the training batches, as seen while training
    lr: float  # at `step`
    added_loss: float | None = None  # by smoothing, L1 and L2; None in rows that an older version kept


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRow:
    """One pass over the training pictures.

    Training figures are running means over the epoch's batches, in train mode. Validation figures are taken
    at its end, in eval mode, and are None where nothing is held back. Both losses are without label
    smoothing, L1 and L2; what is made small is `train_loss + added_loss`.
    """

    epoch: int  # 1-based
    step: int  # last step of the epoch
    train_loss: float  # but where `added_loss` is None, the one that is made small
    train_accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    lr: float
    seconds: float  # since the start of training, evaluation included
    added_loss: float | None = None  # by smoothing, L1 and L2; None in rows that an older version kept


Row = Started | StepRow | EpochRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Figures on the test set, read once at the end of a complete run."""

    loss: float
    accuracy: float
    confusion: tuple[tuple[int, ...], ...]  # [true class][predicted class], counts
    probabilities: "Tensor"  # float32 [N, K], rows in the order of the test set

    def largest_class(self) -> tuple[int, float]:
        """The first class that most test pictures are of, and the accuracy of always answering it."""
        counts = [sum(row) for row in self.confusion]
        return counts.index(max(counts)), max(counts) / sum(counts)

    def is_guessing(self) -> bool:
        """Whether the network reads no better than by always predicting the largest class.

        Its accuracy is not above that by more than two standard errors of a share of as many pictures, and
        the mean of its accuracies on each class is below one and a half times an even guess: where nearly
        all pictures are of one class, a network that tells the few others apart gains little on all.
        """
        _, share = self.largest_class()
        counts = [sum(row) for row in self.confusion]
        by_class = [row[k] / counts[k] for k, row in enumerate(self.confusion) if counts[k]]
        by_luck = 2 * math.sqrt(share * (1 - share) / sum(counts))
        return len(by_class) > 1 and self.accuracy <= share + by_luck and sum(by_class) < 1.5

    def guessing_words(self, classes: Sequence[str]) -> str:
        """What usually helps a network that does not read better than guessing; empty for one that does."""
        if not self.is_guessing():
            return ""
        largest, share = self.largest_class()
        helps = "a learning rate ten times smaller or larger, more epochs, or another initializer"
        if share * len(classes) > 1.5:
            helps = (
                f"as many pictures of every class, {helps}. The accuracy on each class, beside the confusion "
                "matrix, tells more than the one on all"
            )
        return (
            f"This is no better than guessing: always predicting {classes[largest]} gives {share:.2%}. "
            f"What usually helps: {helps}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """Wall seconds of a run, by what they were spent on."""

    load: float = 0.0
    train: float = 0.0
    evaluate: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run leaves behind."""

    config: RunConfig
    state: EndState
    note: str  # a sentence about how it ended; empty when there is nothing to say
    started: Started
    steps: tuple[StepRow, ...]
    epochs: tuple[EpochRow, ...]
    evaluation: Evaluation | None  # None unless finished
    weights: (
        "dict[str, Tensor]"  # by name, such as [out, in] of a linear layer; on the CPU; empty if diverged
    )
    seconds: Seconds
    environment: dict[str, str] = field(default_factory=dict)  # as `device.environment` gives it
