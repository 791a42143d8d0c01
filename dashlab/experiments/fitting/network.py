"""A network and few pictures: every combination of the cures chosen, and the error over the sample count.

Each combination is an ordinary `RunConfig`, cached under its key. Those that differ in L1, L2 and early
stopping alone are trained stacked (`dashlab.training.together`). Nothing here needs torch.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

from dashlab.settings.fields import Value, choice, flag, integer, number, sizes
from dashlab.settings.flat import FlatConfig
from dashlab.settings.names import DATASET_NAMES
from dashlab.settings.run import RunConfig
from dashlab.settings.run_parts import FLOP_PER_S

MOST_RUNS = 200
MOST_PICTURES = 10_000
"""So many training pictures every set has at hand, those for validation among them."""
COUNTS = (50, 100, 200, 500, 1000, 2000, 5000)
"""Training pictures along the learning curve."""

CURES = {
    "l1": "L1",
    "l2": "L2",
    "dropout": "Dropout",
    "augment": "Augmentation",
    "stop": "Early stopping",
    "more": "More data",
    "fewer": "Fewer units",
}
"""The cures, in the order in which they are named; early stopping, L1 and L2 come last in a stack."""
TOGETHER = ("l1", "l2", "stop")
"""Runs that differ in these alone are trained as one."""

AUGMENT: dict[str, dict[str, Value]] = {
    "mnist": {"rotate": 10.0, "shift": 2.0, "zoom": 0.1},
    "fashion": {"flip": True, "shift": 2.0},
    "cifar10": {"flip": True, "crop_padding": 4},
}
"""What leaves a picture of each set what it is."""

TASKS = {"cures": "Cures", "counts": "Learning curve"}
_CURES, _COUNTS = ("task", ("cures",)), ("task", ("counts",))


@dataclass(frozen=True, slots=True, kw_only=True)
class CuresConfig(FlatConfig):
    """What is set on the view."""

    task: str = choice(
        "cures",
        "What to compare",
        "Cures: every combination of those that are switched on. Learning curve: from few to many training "
        "pictures, without cures and with all that are switched on.",
        TASKS,
    )
    dataset: str = choice(
        "mnist",
        "Data set",
        "Handwritten digits, pieces of clothing, or small colour photographs.",
        DATASET_NAMES,
    )
    pictures: int = integer(
        300,
        "Training pictures n",
        "So many are learned from, each class in its share; as many others are held back for validation.",
        low=50,
        high=5000,
        step=50,
        used_when=(_CURES,),
    )
    most: int = integer(
        2000,
        "Most pictures",
        "The learning curve ends at so many training pictures; as many others are held back for each.",
        low=100,
        high=5000,
        step=100,
        used_when=(_COUNTS,),
    )
    hidden: tuple[int, ...] = sizes(
        (256, 256),
        "Hidden layers",
        "Units of each hidden layer, joined by '-': 256-256. With few pictures it can learn them by heart.",
        high=1024,
        longest=4,
    )
    epochs: int = integer(40, "Epochs", "Passes over the training pictures.", low=2, high=300, step=10)
    lr: float = number(
        0.05,
        "Learning rate",
        "Of SGD with momentum 0.9; it falls to 0 along a cosine.",
        low=1e-4,
        high=1.0,
        log=True,
    )
    batch_size: int = integer(50, "Batch size", "Pictures per step.", low=2, high=512)
    l1: bool = flag(False, "L1", "Adds λ Σ |w| over the weights: it drives weights to 0.")
    l2: bool = flag(True, "L2", "Adds λ Σ w² over the weights: it shrinks weights, and none to 0.")
    dropout: bool = flag(True, "Dropout", "Switches hidden units off at random while the network learns.")
    augment: bool = flag(
        True,
        "Augmentation",
        "Changes the training pictures at random: digits are turned, moved and scaled, clothes mirrored and "
        "moved, photographs mirrored and cropped.",
    )
    stop: bool = flag(
        False, "Early stopping", "Stops when the validation loss no longer falls, and goes back to its best."
    )
    more: bool = flag(False, "More data", "Several times as many training pictures.", used_when=(_CURES,))
    fewer: bool = flag(False, "Fewer units", "Smaller hidden layers.")
    l1_strength: float = number(
        1e-4, "λ of L1", "How much L1 counts.", low=1e-6, high=0.1, log=True, used_when=(("l1", (True,)),)
    )
    l2_strength: float = number(
        0.001, "λ of L2", "How much L2 counts.", low=1e-6, high=1.0, log=True, used_when=(("l2", (True,)),)
    )
    dropout_p: float = number(
        0.5,
        "Dropout p",
        "The share of the hidden units that is switched off.",
        low=0.05,
        high=0.95,
        step=0.05,
        used_when=(("dropout", (True,)),),
    )
    patience: int = integer(
        5,
        "Patience",
        "Early stopping waits for so many epochs without a better validation loss.",
        low=1,
        high=100,
        used_when=(("stop", (True,)),),
    )
    times: int = integer(
        4,
        "Times as many",
        "So many times as many training pictures.",
        low=2,
        high=20,
        used_when=(("more", (True,)), _CURES),
    )
    units: int = integer(
        16, "Units left", "Of each hidden layer.", low=1, high=256, used_when=(("fewer", (True,)),)
    )
    seeds: int = integer(
        2,
        "Seeds",
        "Each combination is trained so often: with other pictures, first weights and batches each time. All "
        "combinations share them.",
        low=1,
        high=5,
    )
    seed: int = integer(0, "First seed", "Of pictures, first weights and batches.", low=0, high=9999)
    chosen: int = integer(
        0, "Combination", "The one whose curves are shown, counted from 0.", low=0, high=127, shown_only=True
    )
    measured: str = choice(
        "accuracy",
        "Cures are measured by",
        "The accuracy on the test pictures, or the loss on the validation pictures: a network that has "
        "learned its pictures by heart is too sure of itself, which the loss shows first.",
        {"accuracy": "Test accuracy", "loss": "Validation loss"},
        shown_only=True,
    )
    log_loss: bool = flag(True, "Loss on a log scale", "Tells small losses apart.", shown_only=True)

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        """See `FlatConfig.conflicts`."""
        runs = len(self.combinations()) * self.seeds * (len(self.counts()) if self.task == "counts" else 1)
        yield (
            runs > MOST_RUNS,
            f"These are {runs:,} runs, and {MOST_RUNS} are the most: switch a cure off or take fewer seeds.",
        )
        needed = self.pictures * (1 + (self.times if self.more else 1))
        yield (
            self.task == "cures" and needed > MOST_PICTURES,
            f"{needed:,} pictures would be needed, those for validation among them, and {MOST_PICTURES:,} "
            "are at hand: take fewer training pictures, or fewer times as many.",
        )
        yield not self.hidden, "Without hidden layers nothing is learned by heart: name one, such as 256-256."

    def cures(self) -> tuple[str, ...]:
        """The cures that are switched on, in the order of `CURES`."""
        return tuple(name for name in CURES if getattr(self, name) and self.is_used(name))

    def combinations(self) -> tuple[tuple[str, ...], ...]:
        """Which cures together: all subsets, none first; for a learning curve, none and all."""
        on = self.cures()
        if self.task == "counts":
            return ((), on) if on else ((),)
        return tuple(some for size in range(len(on) + 1) for some in combinations(on, size))

    def counts(self) -> tuple[int, ...]:
        """How many training pictures, ascending."""
        if self.task == "cures":
            return (self.pictures,)
        return (*(count for count in COUNTS if count < self.most), self.most)


@dataclass(frozen=True, slots=True)
class CureRun:
    """One run.

    Attributes:
        cures: that it is trained with, in the order of `CURES`.
        pictures: that it learns from, before "more data".
        seed: of the run.
        config: what is trained.
        key: of the config, by which the run is cached.
    """

    cures: tuple[str, ...]
    pictures: int
    seed: int
    config: RunConfig
    key: str


def entries(config: CuresConfig, source: str = "auto") -> tuple[CureRun, ...]:
    """All runs, in the order in which they are trained: those that can be stacked side by side.

    `source` says which of the data sets is there, "full" or "bundled": the keys of cached runs depend on it.
    """
    made = [
        _entry(config, cures, count, seed, source)
        for seed in range(config.seed, config.seed + config.seeds)
        for count in config.counts()
        for cures in config.combinations()
    ]
    apart = {cures: tuple(cure for cure in cures if cure not in TOGETHER) for cures in config.combinations()}
    return tuple(sorted(made, key=lambda one: (one.seed, one.pictures, apart[one.cures])))


def _entry(config: CuresConfig, cures: tuple[str, ...], count: int, seed: int, source: str) -> CureRun:
    run = _base(config, count).change(source=source, seed=seed)
    for cure in cures:
        run = run.change(**_changes(config, cure, count))
    run = run.without_unused()
    return CureRun(cures, count, seed, run, run.key())


def _base(config: CuresConfig, count: int) -> RunConfig:
    return RunConfig().change(
        dataset=config.dataset,
        train_size=2 * count,
        val_fraction=0.5,
        model="mlp",
        hidden=config.hidden,
        normalize="half",
        optimizer="sgd",
        lr=config.lr,
        momentum=0.9,
        schedule="cosine",
        batch_size=config.batch_size,
        epochs=config.epochs,
    )


def _changes(config: CuresConfig, cure: str, count: int) -> dict[str, Value]:
    """What a cure changes of a run; the pictures held back for validation stay the same ones."""
    changes: dict[str, dict[str, Value]] = {
        "l1": {"l1": config.l1_strength},
        "l2": {"l2": config.l2_strength},
        "dropout": {"dropout": config.dropout_p},
        "augment": AUGMENT[config.dataset],
        "stop": {"patience": config.patience},
        "more": {"train_size": count * (1 + config.times), "val_fraction": 1 / (1 + config.times)},
        "fewer": {"hidden": tuple(min(config.units, width) for width in config.hidden)},
    }
    return changes[cure]


def title_of(cures: tuple[str, ...]) -> str:
    """What a combination is called: "L2 + Dropout"."""
    return " + ".join(CURES[cure] for cure in cures) or "No cure"


def seconds(config: CuresConfig) -> float:
    """About how long all runs take on one core; to be said beforehand."""
    return math.fsum(_seconds(entry.config, config.dataset) for entry in entries(config))


STEP_S, READING_S = 0.0008, 0.3
"""Measured times of a step that has next to nothing to compute, and of reading the test pictures."""


def _seconds(run: RunConfig, dataset: str) -> float:
    pixels = 3 * 32 * 32 if dataset == "cifar10" else 28 * 28
    widths = (pixels, *run.model.hidden, 10)
    weights = sum(one * other for one, other in pairwise(widths))
    count = round(run.data.train_size * (1 - run.data.val_fraction))
    steps = run.loop.epochs * -(-count // run.loop.batch_size)
    flop = 6 * weights * run.loop.epochs * count
    return READING_S + steps * STEP_S + flop / FLOP_PER_S
