"""Which stacks learn: the same stack, data and batches under several initializers, activations and cures.

The computation stands in `stack_learners`; nothing here needs torch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from dashlab.experiments.initialization.settings import MOST_SETTINGS, Setting, StackConfig
from dashlab.settings.fields import choice, integer, number
from dashlab.settings.lists import entries_of, items
from dashlab.settings.names import OPTIMIZER_NAMES, some_of
from dashlab.settings.run_parts import FLOP_PER_S
from dashlab.training.study import Study

PIXELS, CLASSES = 28 * 28, 10
TEST_COUNT = 1_000
LEARNS, SLOWLY = 0.5, 0.2
"""Test accuracies from which a stack learns, and learns slowly; chance is 0.1."""
LARGEST_CLASS = 0.126
"""The test accuracy of always predicting 1: no other digit has as many of these test pictures."""
LAYER_S = 0.000_08
"""Measured time of a training step in a layer that has next to nothing to compute."""
MOST_WEIGHTS = 200 * 256**2


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedRow:
    """How one setting does; loss and accuracy are means over the training batches since the row before."""

    setting: int  # position in the list
    step: int  # from 1
    loss: float
    accuracy: float
    first_gradient: float  # norm of the gradient of the stack's lowest weights in this step
    last_gradient: float  # and of its highest
    test_accuracy: float | None = None  # only in the last row of a setting that came to its end
    diverged: bool = False  # the loss or a gradient is no longer finite: the last row of this setting


@dataclass(frozen=True, slots=True, kw_only=True)
class StackTraining(Study):
    """The same stack trained on handwritten digits under up to six settings, from the same draws."""

    KIND: ClassVar[str] = "dashlab.experiments.stack_training:StackTraining"
    ROW: ClassVar[type] = TrainedRow
    COMPUTE: ClassVar[str] = "dashlab.experiments.initialization.learners:train_settings"
    TITLE: ClassVar[str] = "Which ones learn"

    settings: str = items(
        (
            Setting(initializer="kaiming_normal", activation="relu"),
            Setting(initializer="pytorch", activation="relu"),
            Setting(activation="relu"),
            Setting(initializer="pytorch", activation="relu", cure="batchnorm"),
            Setting(initializer="pytorch", activation="relu", cure="residual_layernorm"),
            Setting(initializer="orthogonal", activation="tanh"),
        ),
        "Settings",
        "The stacks side by side, each with its initializer, activation and cure.",
        longest=MOST_SETTINGS,
    )
    depth: int = integer(
        30, "Layers", "Linear layers in the stack, between an input and an output layer.", low=1, high=200
    )
    width: int = integer(128, "Width n", "Units in each layer of the stack.", low=8, high=512)
    steps: int = integer(
        300, "Steps", "How many batches each stack is trained on.", low=20, high=3000, step=100
    )
    batch: int = integer(64, "Batch", "Pictures in a batch.", low=2, high=512)
    optimizer: str = choice(
        "sgd",
        "Optimizer",
        "SGD is with momentum 0.9. Adam divides each gradient by its usual size and so forgives gradients "
        "that are merely small.",
        some_of(OPTIMIZER_NAMES, "sgd", "adam"),
    )
    lr: float = number(
        0.003,
        "Learning rate",
        "The same for all settings. Adam moves each weight by about this much a step, whatever the size of "
        "its gradient.",
        low=1e-5,
        high=1.0,
        log=True,
    )
    seed: int = integer(0, "Seed", "Of weights and batches; all settings share both.", low=0, high=99_999)

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        """See `FlatConfig.conflicts`."""
        weights = self.depth * self.width**2
        yield (
            weights > MOST_WEIGHTS,
            f"{self.depth} layers of {self.width} × {self.width} are {weights:,} weights, and at most "
            f"{MOST_WEIGHTS:,} are trained here: take fewer layers or a smaller width.",
        )

    def entries(self) -> tuple[Setting, ...]:
        """The settings in their order."""
        return entries_of(self.settings, Setting)

    @property
    def seconds(self) -> float:
        """About how long it takes on one core; to be said beforehand."""
        weights = self.depth * self.width**2 + self.width * (PIXELS + CLASSES)
        step = LAYER_S * self.depth + 6 * self.batch * weights / FLOP_PER_S
        return len(self.entries()) * self.steps * step

    def stack(self, setting: Setting) -> StackConfig:
        """The stack that is trained under a setting."""
        return StackConfig().change(**setting.flat(), depth=self.depth, width=self.width, seed=self.seed)


def verdict(rows: Sequence[TrainedRow]) -> str:
    """What became of one setting, in a few words; `rows` are its own."""
    if not rows:
        return "not yet begun"
    last = rows[-1]
    if last.diverged:
        return f"diverged at step {last.step:,}"
    if last.test_accuracy is None:
        return f"at step {last.step:,}"
    if last.test_accuracy >= LEARNS:
        return "learns"
    return "learns slowly" if last.test_accuracy >= SLOWLY else "does not learn"
