"""What all experiments with twins share: data, network, BatchNorm, and roughly how long they take."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from dashlab.settings.fields import choice, flag, integer, number, sizes
from dashlab.settings.names import ACTIVATION_NAMES, DATASET_NAMES, INITIALIZER_NAMES, some_of
from dashlab.settings.run_parts import FLOP_PER_S
from dashlab.training.study import Study

POINT_SET_NAMES = {"circles": "Circles", "moons": "Moons", "spirals": "Spirals"}
POINT_SETS = tuple(POINT_SET_NAMES)
MNIST_COUNT = 60_000
MNIST_TEST_COUNT = 10_000
STEP_S = 0.000_25
"""Measured time of a training step that does next to nothing, for each layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinSettings(Study):
    """On what data, with what networks and with what BatchNorm."""

    ADDED: ClassVar[frozenset[str]] = frozenset({"pixels", "shuffle", "activated"})

    dataset: str = choice(
        "circles",
        "Data",
        "Points in the plane, whose boundary can be drawn: two circles, two moons, two spirals. Or "
        "handwritten digits (MNIST).",
        {**POINT_SET_NAMES, **some_of(DATASET_NAMES, "mnist")},
    )
    points: int = integer(
        2000,
        "Points",
        "Half of them of each class.",
        low=40,
        high=5000,
        step=100,
        used_when=(("dataset", POINT_SETS),),
    )
    factor: float = number(
        0.4,
        "Inner radius",
        "Radius of the inner circle; the outer one has radius 1.",
        low=0.05,
        high=0.95,
        step=0.05,
        used_when=(("dataset", ("circles",)),),
    )
    turns: float = number(
        1.5,
        "Turns",
        "How often each arm winds around the middle: the more, the harder.",
        low=0.5,
        high=3.0,
        step=0.25,
        used_when=(("dataset", ("spirals",)),),
    )
    noise: float = number(
        0.1,
        "Noise",
        "Standard deviation of the noise on each coordinate.",
        low=0.0,
        high=0.5,
        step=0.01,
        used_when=(("dataset", POINT_SETS),),
    )
    test_fraction: float = number(
        0.3,
        "Test share",
        "The share of the points on which nothing is trained.",
        low=0.1,
        high=0.5,
        step=0.05,
        advanced=True,
        used_when=(("dataset", POINT_SETS),),
    )
    train_size: int = integer(
        0,
        "Training pictures",
        "How many of MNIST's 60,000 to train on, each digit in its share; 0 means all of them.",
        low=0,
        high=MNIST_COUNT,
        step=1000,
        used_when=(("dataset", ("mnist",)),),
    )
    pixels: str = choice(
        "signed",
        "Pixels",
        "What the networks take for black and for white: −1 and 1, so that the middle is 0; or 0 and 1.",
        {"signed": "−1 to 1", "unit": "0 to 1"},
        advanced=True,
        used_when=(("dataset", ("mnist",)),),
    )
    shuffle: bool = flag(
        True,
        "Shuffle",
        "Put the training data into a new order for every epoch. Otherwise the same inputs make up the same "
        "batch each time.",
        advanced=True,
    )
    hidden: tuple[int, ...] = sizes(
        (128, 64),
        "Hidden layers",
        "Units of each hidden layer, joined by '-': 128-64. BatchNorm stands at each of them.",
        high=512,
        longest=20,
    )
    activation: str = choice(
        "relu",
        "Activation",
        "The nonlinearity of each hidden layer.",
        some_of(ACTIVATION_NAMES, "relu", "leaky_relu", "gelu", "tanh", "sigmoid"),
    )
    activated: str = choice(
        "everywhere",
        "Activation stands",
        "After each hidden layer; or after the first one alone: BatchNorm aside, all that stands above it is "
        "then linear.",
        {"everywhere": "after each", "first": "after the first"},
        advanced=True,
    )
    bias: str = choice(
        "everywhere",
        "Biases",
        "BatchNorm subtracts the mean, and with it any bias of the layer before it; its own shift β takes "
        "over. So layers before a BatchNorm may go without.",
        {
            "everywhere": "Everywhere",
            "needed": "Not where BatchNorm follows",
            "nowhere": "Nowhere",
        },
        advanced=True,
    )
    init: str = choice(
        "pytorch",
        "Initializer",
        "How the first weights are drawn; both twins get the same. PyTorch's own: uniform in ±1/√fan_in.",
        INITIALIZER_NAMES,
    )
    init_std: float = number(
        0.01,
        "Initial std",
        "Standard deviation of the first weights.",
        low=0.001,
        high=10.0,
        log=True,
        used_when=(("init", ("normal",)),),
    )
    order: str = choice(
        "before",
        "BatchNorm stands",
        "Before the activation, as in the paper, or after it.",
        {"before": "before", "after": "after"},
    )
    track: bool = flag(
        True,
        "Running statistics",
        "Keep running means and variances for eval mode (track_running_stats). Without them a network in "
        "eval mode still normalises each batch by its own statistics.",
    )
    momentum: float = number(
        0.1,
        "BatchNorm momentum",
        "Share m of the newest batch b in the running statistics r ← (1 − m) r + m b. Training never uses "
        "them: only eval mode does.",
        low=0.001,
        high=1.0,
        log=True,
        used_when=(("track", (True,)),),
    )
    eps: float = number(
        1e-5,
        "ε",
        "Added to the variance before the root is taken.",
        low=1e-8,
        high=1.0,
        log=True,
        advanced=True,
    )
    affine: bool = flag(
        True, "γ and β", "Learn a scale γ and a shift β for each channel after normalising (affine)."
    )
    seed: int = integer(
        0, "Seed", "Decides the points, the first weights and the order of the data.", low=0, high=2**31 - 1
    )

    def data_conflicts(self, batch_size: int) -> Iterator[tuple[bool, str]]:
        """Settings that do not fit each other, for training on batches of this size."""
        yield (
            not self.hidden,
            "Give the network a hidden layer, such as 64: BatchNorm stands there.",
        )
        yield (
            batch_size == 1,
            "BatchNorm needs two inputs in a batch or more: choose a batch size of at least 2.",
        )
        yield (
            self.dataset == "mnist" and batch_size == 0,
            "All of MNIST in one batch is too much: choose a batch size, such as 64.",
        )
        yield self.dataset == "mnist" and 0 < self.train_size < 100, "Train on at least 100 pictures."

    @property
    def train_count(self) -> int:
        """Inputs to train on."""
        if self.dataset == "mnist":
            return self.train_size or MNIST_COUNT
        return self.points - round(self.points * self.test_fraction)

    @property
    def test_count(self) -> int:
        """Inputs to test on."""
        return MNIST_TEST_COUNT if self.dataset == "mnist" else self.points - self.train_count

    @property
    def widths(self) -> tuple[int, ...]:
        """Width of the input, of each hidden layer, and of the output."""
        return (784, *self.hidden, 10) if self.dataset == "mnist" else (2, *self.hidden, 2)

    @property
    def seconds(self) -> float:
        """About how long it takes on one core; for deciding whether to wait for it."""
        raise NotImplementedError

    def steps_of(self, batch_size: int) -> int:
        """Steps of an epoch; a last batch of a single input, which cannot be normalised, is left out."""
        size = min(batch_size, self.train_count) or self.train_count
        return math.ceil((self.train_count - (self.train_count % size == 1)) / size)

    def cost(self, batch_size: int, steps: int) -> float:
        """About how many seconds one twin takes for so many steps on one core."""
        size = min(batch_size, self.train_count) or self.train_count
        weights = sum(one * other for one, other in zip(self.widths, self.widths[1:], strict=False))
        values = 40 * sum(self.hidden)  # what is not a matrix product costs about as much as so many weights
        return steps * (STEP_S * len(self.widths) + 6 * size * (weights + values) / FLOP_PER_S)
