"""What the momentum plane, the batch sizes and the moving average have to set; needs no torch."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from dashlab.settings.fields import choice, flag, integer, number, sizes
from dashlab.settings.flat import FlatConfig

MOST_UPDATES = 20_000
"""Of all batch sizes together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneConfig(FlatConfig):
    """The bowl, the kind of momentum, and the cell that is looked at."""

    condition: float = number(
        100.0,
        "Condition number κ",
        "How many times as steep the bowl is across as along. At 1 it is round.",
        low=1.0,
        high=1000.0,
        log=True,
    )
    nesterov: bool = flag(
        False, "Nesterov", "Take the gradient as if the velocity had already carried the weights on."
    )
    lr: float = number(
        1.0, "Learning rate α", "How far one gradient moves the weights.", low=0.02, high=4.0, step=0.01
    )
    momentum: float = number(
        0.9, "Momentum β", "Share of the velocity that is kept at each step.", low=0.0, high=0.99, step=0.01
    )
    shown: int = integer(
        100, "Steps drawn", "How many steps of the chosen cell are drawn.", low=5, high=500, step=5
    )
    steps: int = integer(
        600,
        "Steps measured",
        "How many steps each cell makes. The rate is measured over the second half of them.",
        low=50,
        high=2000,
        step=50,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchConfig(FlatConfig):
    """The samples, and how they are dealt out."""

    samples: int = integer(
        100, "Samples", "How many points the line is fitted to.", low=10, high=1000, step=10
    )
    epochs: int = integer(50, "Epochs", "How often every sample is used.", low=1, high=500, step=5)
    full: bool = flag(True, "Full batch", "Also one run that uses all samples for each update.")
    batches: tuple[int, ...] = sizes(
        (20, 1),
        "Batch sizes",
        "How many samples each update uses; one run for each, up to four, joined by '-'.",
        high=1000,
        longest=4,
    )
    lr: float = number(
        0.05, "Learning rate α", "The same for every batch size.", low=0.001, high=1.0, log=True
    )
    decay: float = number(
        0.0, "Decay", "In epoch e the learning rate is α / (1 + decay · e), e from 0.", low=0.0, high=2.0,
        step=0.05,
    )  # fmt: skip
    noise: float = number(
        1.0, "Noise of the samples", "Standard deviation of y around the line.", low=0.0, high=4.0, step=0.1
    )
    shuffle: str = choice(
        "epoch",
        "Order of the samples",
        "Whether the samples are shuffled before every epoch, shuffled once, drawn with replacement (some "
        "twice, some not at all), or taken from left to right in every epoch.",
        {
            "epoch": "shuffled every epoch",
            "once": "shuffled once",
            "replace": "with replacement",
            "sorted": "never shuffled: by x",
        },
    )
    seed: int = integer(0, "Seed", "Of the samples and of their order.", low=0, high=9999)

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        """See `FlatConfig.conflicts`."""
        yield not batch_sizes(self), "Choose a batch size, or switch the full batch on."
        wanted = sum(self.epochs * math.ceil(self.samples / size) for size in batch_sizes(self))
        yield (
            wanted > MOST_UPDATES,
            f"These batch sizes make {wanted:,} updates in all, and the most here is {MOST_UPDATES:,}: "
            "take fewer epochs or samples, or larger batches.",
        )


def batch_sizes(config: BatchConfig) -> tuple[int, ...]:
    """The sizes that are run, largest first; a size above the number of samples means all of them."""
    wanted = {min(size, config.samples) for size in config.batches}
    return tuple(sorted(wanted | ({config.samples} if config.full else set()), reverse=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageConfig(FlatConfig):
    """A noisy series and the memory of its moving average."""

    beta: float = number(
        0.9, "Memory β", "Share of the average that is kept when a new value comes.", low=0.0, high=0.999
    )
    neighbours: bool = flag(
        False, "Other β beside it", "Also draw the corrected averages of β = 0.5, 0.9, 0.98 and 0.995."
    )
    at: int = integer(
        20,
        "Step looked at",
        "At this step the weights of all values so far are shown.",
        low=1,
        high=1000,
        shown_only=True,
    )
    series: str = choice(
        "wave",
        "Series",
        "What lies under the noise: a wave, a jump half-way, a slope, or a constant.",
        {"wave": "Wave", "jump": "Jump", "slope": "Slope", "constant": "Constant"},
    )
    noise: float = number(
        0.7, "Noise σ", "Standard deviation of the noise on every value.", low=0.0, high=3.0, step=0.1
    )
    length: int = integer(200, "Steps", "How many values the series has.", low=20, high=1000, step=10)
    seed: int = integer(0, "Seed", "Of the noise.", low=0, high=9999)
