"""What softmax regression is set to, and what it reports of each step that is kept; needs no torch."""

import base64
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from dashlab.settings.fields import choice, integer, number
from dashlab.training.study import Study

SIDE, CLASSES = 28, 10
FULL = 60_000
"""Training pictures of either full set."""
STEP_S, READING_S = 0.0025, 0.4
"""Measured times of a step by hand and by torch.nn, and of reading the pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenClassesRow:
    """How both regressions stand before a step that is kept, or after the last."""

    step: int
    loss: float  # of the batch of this step, by hand; after the last step that of the last batch
    torch_loss: float  # the same by torch.nn
    apart: float  # the largest difference between weights and biases by hand and by torch.nn
    weights: str  # by hand, packed
    biases: tuple[float, ...]  # [K]
    losses: tuple[float, ...]  # by hand, of every batch since the row before
    train_accuracy: float | None = None  # at the end: on all pictures that were learned from, 0 to 1
    test_accuracy: float | None = None  # on the test pictures, read once at the end
    largest_share: float | None = None  # the test accuracy of always predicting the largest class

    def matrix(self) -> NDArray[np.float32]:
        """The weights, [K, SIDE²]."""
        return unpack_weights(self.weights)


def pack_weights(weights: NDArray[np.float32]) -> str:
    """Weights [K, SIDE²] as text."""
    return base64.b64encode(weights.astype("<f4").tobytes()).decode()


def unpack_weights(text: str) -> NDArray[np.float32]:
    """The weights [K, SIDE²] that were packed."""
    values = np.frombuffer(base64.b64decode(text), dtype="<f4")
    return values.reshape(CLASSES, -1).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class TenClassesConfig(Study):
    """Softmax regression on pictures of ten classes; the defaults are the recipe S15."""

    KIND: ClassVar[str] = "dashlab.experiments.descent.ten_classes_settings:TenClassesConfig"
    ROW: ClassVar[type] = TenClassesRow
    TITLE: ClassVar[str] = "Softmax regression by hand"
    COMPUTE: ClassVar[str] = "dashlab.experiments.descent.ten_classes:regress"

    dataset: str = choice(
        "fashion",
        "Data set",
        "Pieces of clothing or handwritten digits, 28 × 28 grey pixels each.",
        {"fashion": "Fashion-MNIST", "mnist": "MNIST"},
    )
    train_size: int = integer(
        0,
        "Training pictures",
        "How many are learned from; 0 means all that are at hand.",
        low=0, high=60_000, step=1000,
    )  # fmt: skip
    lr: float = number(0.1, "Learning rate α", "θ ← θ − α ∂L/∂θ.", low=1e-4, high=10.0, log=True)
    batch_size: int = integer(256, "Batch size", "Pictures per step.", low=16, high=4096, step=16)
    epochs: int = integer(10, "Epochs", "Passes over the training pictures.", low=1, high=30)
    std: float = number(
        0.01, "Std of the first weights", "They are drawn from N(0, σ²); biases begin at 0.", low=0.0,
        high=1.0,
        step=0.01,
    )  # fmt: skip
    seed: int = integer(
        0, "Seed", "Of the first weights and of the order of the pictures.", low=0, high=99_999
    )

    @property
    def trained_on(self) -> int:
        """So many pictures at most are learned from."""
        return min(self.train_size or FULL, FULL)

    @property
    def steps(self) -> int:
        """So many steps are taken, where all of these pictures are at hand."""
        return self.epochs * -(-self.trained_on // self.batch_size)

    @property
    def seconds(self) -> float:
        """See `Study.seconds`."""
        return READING_S + STEP_S * self.steps


@dataclass(frozen=True, slots=True, kw_only=True)
class TenClassesLook(TenClassesConfig):
    """What is trained, and which part of it is looked at."""

    step: int = integer(
        10**6, "Step", "The step at which weights and probabilities are shown.", low=0, high=10**6,
        shown_only=True,
    )  # fmt: skip
    picture: int = integer(
        0, "Picture", "Which of the test pictures is classified, counted from 0.", low=0, high=1_999,
        shown_only=True,
    )  # fmt: skip
    scale: float = number(
        1.0,
        "Outputs times",
        "The outputs of the picture are multiplied by this before the softmax: see where e^z is too large "
        "for a float32.",
        low=1.0,
        high=1000.0,
        log=True,
        shown_only=True,
    )
