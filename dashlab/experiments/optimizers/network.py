"""One network under several optimizers: same first weights, same batches; and the same over learning rates.

Every run of a race is an ordinary `RunConfig`, cached under its key: one that was trained before costs
nothing. Those that are missing are trained stacked where that can be done (`dashlab.training.stacked`), else
one after the other.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from dashlab.errors import ConfigError
from dashlab.experiments.optimizers.race import racer_names
from dashlab.settings.fields import Value, choice, flag, integer, number, sizes, text
from dashlab.settings.flat import FlatConfig
from dashlab.settings.lists import entries_of, items, text_of
from dashlab.settings.names import DATASET_NAMES, NETWORK_NAMES, some_of
from dashlab.settings.optim import OptimConfig
from dashlab.settings.run import LEAVES, RunConfig
from dashlab.training.results import EpochRow, Row, Started, StepRow
from dashlab.training.study import Study, Tick

if TYPE_CHECKING:
    from dashlab.training.results import Result

MOST_RACERS = 8
MOST_RUNS = 150
"""Racers times seeds, or cells times seeds."""
HELD_BACK = 0.2
"""The share of the training pictures by which a grid chooses the best rate.

A race chooses nothing, and trains on all of them.
"""
MOST_UPDATES = 100_000
"""Racers times updates with batches of 64 of a linear race: they take some seconds."""
MOST_TOGETHER = 8
"""So many runs are trained as one: more would hold up the first results."""

FIELD = (
    OptimConfig(lr=0.1),
    OptimConfig(lr=0.05, momentum=0.9),
    OptimConfig(optimizer="adagrad", lr=0.02),
    OptimConfig(optimizer="rmsprop", lr=0.001),
    OptimConfig(optimizer="adam", lr=0.002),
)
"""Each at a rate that suits it on the default network."""

TASKS = {"race": "Race", "grid": "Learning-rate grid", "linear": "Linear layer"}
TARGETS = {"linear": "A linear function", "noise": "Pure noise"}
_PICTURES = ("task", ("race", "grid"))
_RACE, _GRID, _LINEAR = ("task", ("race",)), ("task", ("grid",)), ("task", ("linear",))
"""The tasks under which a setting has an effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRace(FlatConfig):
    """What is set on the view."""

    task: str = choice(
        "race",
        "What to compare",
        "Race: the optimizers as they are set. Learning-rate grid: each of them at several learning rates. "
        "Linear layer: the smallest network there is, on random samples, with three sizes of batch.",
        TASKS,
    )
    dataset: str = choice(
        "mnist",
        "Data set",
        "Handwritten digits, pieces of clothing, or small colour photographs.",
        DATASET_NAMES,
        used_when=(_PICTURES,),
    )
    train_size: int = integer(
        4000,
        "Training pictures",
        "How many training pictures are used, each class in its share; 0 means all of them.",
        names={"0": "all"},
        low=0,
        high=60_000,
        step=1000,
        used_when=(_PICTURES,),
    )
    network: str = choice(
        "mlp",
        "Network",
        "softmax: one linear layer. mlp: fully connected layers. Both are trained stacked, all racers at "
        "once. lenet and cnn are trained one racer after the other, which takes longer.",
        some_of(NETWORK_NAMES, "softmax", "mlp", "lenet", "cnn"),
        used_when=(_PICTURES,),
    )
    hidden: tuple[int, ...] = sizes(
        (128, 64),
        "Hidden layers",
        "Units of each hidden layer, joined by '-': 128-64.",
        high=1024,
        longest=6,
        used_when=(_PICTURES, ("network", ("mlp",))),
    )
    batchnorm: bool = flag(
        False,
        "BatchNorm",
        "Normalise each unit over the batch: it makes every optimizer less choosy about its learning rate.",
        used_when=(_PICTURES, ("network", ("mlp", "lenet", "cnn"))),
    )
    batch_size: int = integer(
        64,
        "Batch size",
        "Pictures per step, the same for all racers.",
        low=2,
        high=4096,
        used_when=(_PICTURES,),
    )
    epochs: int = integer(
        3, "Epochs", "Passes over the training pictures.", low=1, high=50, used_when=(_PICTURES,)
    )
    seeds: int = integer(
        1,
        "Seeds",
        "How often the race is run, each time from other first weights and with other batches. A ranking "
        "from one seed is an anecdote.",
        low=1,
        high=5,
        used_when=(_PICTURES,),
    )
    seed: int = integer(
        0, "First seed", "Decides first weights and batches; the same for all racers.", low=0, high=9999
    )
    racers: str = items(FIELD, "Racers", "Optimizers, each with its own coefficients.", longest=MOST_RACERS)
    lr_low: float = number(
        0.0003, "Lowest rate", "The grid begins here.", low=1e-6, high=10.0, log=True, used_when=(_GRID,)
    )
    lr_high: float = number(
        1.0, "Highest rate", "The grid ends here.", low=1e-6, high=10.0, log=True, used_when=(_GRID,)
    )
    lr_count: int = integer(
        8,
        "Rates",
        "How many learning rates, evenly spaced on a logarithmic scale.",
        low=2,
        high=12,
        used_when=(_GRID,),
    )
    samples: int = integer(
        1000,
        "Samples",
        "Random inputs x of 10 numbers, with targets y of 5.",
        low=1000,
        high=10_000,
        step=1000,
        used_when=(_LINEAR,),
    )
    targets: str = choice(
        "linear",
        "Targets",
        "A linear function: y = Wx + b under a little noise, which a linear layer can learn. Pure noise: y "
        "has nothing to do with x, so that the best a layer can do is to answer close to 0.",
        TARGETS,
        used_when=(_LINEAR,),
    )
    passes: int = integer(10, "Epochs", "Passes over the samples.", low=1, high=200, used_when=(_LINEAR,))
    full_passes: int = integer(
        0,
        "Epochs with all samples",
        "The same where all samples are one batch, and an epoch is one update.",
        names={"0": "as many"},
        low=0,
        high=200,
        used_when=(_LINEAR,),
    )
    log_loss: bool = flag(
        True, "Loss on a log scale", "Tells small losses apart.", shown_only=True, used_when=(_RACE,)
    )
    cell_shows: str = choice(
        "accuracy",
        "Cells show",
        "The accuracy at the end on the pictures that were held back to choose a rate by, or the training "
        "loss of the last epoch.",
        {"accuracy": "Validation accuracy", "loss": "Training loss"},
        shown_only=True,
        used_when=(_GRID,),
    )
    cell: int = integer(
        0,
        "Cell",
        "The chosen cell, counted row by row from 1.",
        low=0,
        high=96,
        shown_only=True,
        used_when=(_GRID,),
    )

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        """See `FlatConfig.conflicts`."""
        grid, pictures = self.task == "grid", self.task != "linear"
        yield grid and self.lr_low >= self.lr_high, "The highest learning rate must be above the lowest."
        runs = len(self.field()) * self.seeds * (self.lr_count if grid else 1)
        yield (
            pictures and runs > MOST_RUNS,
            f"These are {runs} runs, and {MOST_RUNS} are the most: take fewer racers, rates or seeds.",
        )

        updates = len(self.field()) * self.passes * -(-self.samples // 64)
        yield (
            not pictures and updates > MOST_UPDATES,
            f"With batches of 64 these are {updates:,} updates of all racers together, and {MOST_UPDATES:,} "
            "are the most: take fewer racers, samples or epochs.",
        )

    def field(self) -> tuple[OptimConfig, ...]:
        """The racers."""
        return entries_of(self.racers, OptimConfig)

    def rates(self) -> tuple[float, ...]:
        """The learning rates of the grid, rounded to three digits."""
        low, high = math.log10(self.lr_low), math.log10(self.lr_high)
        step = (high - low) / (self.lr_count - 1)
        return tuple(float(f"{10 ** (low + k * step):.3g}") for k in range(self.lr_count))


@dataclass(frozen=True, slots=True)
class RaceRun:
    """One run of a race.

    Attributes:
        racer: its place among the racers.
        column: its place among the rates of a grid; 0 in a race.
        seed: of the run.
        config: what is trained.
        key: of the config, by which the run is cached.
    """

    racer: int
    column: int
    seed: int
    config: RunConfig
    key: str


def entries(race: NetworkRace, source: str = "auto") -> tuple[RaceRun, ...]:
    """All runs of a race or grid, seed by seed, in the order in which they are trained; none if linear.

    `source` says which of the data sets is there, "full" or "bundled": the keys of cached runs depend on it.
    """
    if race.task == "linear":
        return ()
    return tuple(_entries(race, _base(race).change(source=source)))


def _entries(race: NetworkRace, base: RunConfig) -> Iterator[RaceRun]:
    for seed in range(race.seed, race.seed + race.seeds):
        for place, racer in enumerate(race.field()):
            for column, optim in enumerate(_at_rates(race, racer)):
                config = replace(base.change(seed=seed), optim=optim.without_unused())
                yield RaceRun(place, column, seed, config, config.key())


def _at_rates(race: NetworkRace, racer: OptimConfig) -> list[OptimConfig]:
    return [racer.change(lr=lr) for lr in race.rates()] if race.task == "grid" else [racer]


def _base(race: NetworkRace) -> RunConfig:
    settings: dict[str, Value] = {
        "dataset": race.dataset,
        "train_size": race.train_size,
        "model": race.network,
        "hidden": race.hidden,
        "batchnorm": race.batchnorm,
        "batch_size": race.batch_size,
        "epochs": race.epochs,
    }
    if race.task == "grid":
        settings |= {"val_fraction": HELD_BACK}
    if race.network == "cnn":
        settings |= {"hidden": (64,), "channels": (16, 32)}
    return RunConfig().change(**settings).without_unused()


def names(race: NetworkRace) -> tuple[str, ...]:
    """What the racers are called; those of a grid without the rates, which are its columns."""
    return without_rates(race.field()) if race.task == "grid" else racer_names(race.field())


def without_rates(racers: Sequence[OptimConfig]) -> tuple[str, ...]:
    """What racers are called where their learning rates do not count."""
    alike = racer_names([racer.change(lr=0.01) for racer in racers])
    return tuple(name.replace(" 0.01", "", 1) for name in alike)


# -- training ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RacerRow:
    """A row of one of the runs that are trained stacked; one of the last three is there."""

    racer: int  # its place among the runs
    started: Started | None = None
    step: StepRow | None = None
    epoch: EpochRow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedRuns(Study):
    """Runs that differ in their optimizer alone, trained as one; what comes out are the runs themselves."""

    KIND: ClassVar[str] = "dashlab.experiments.network_race:StackedRuns"
    ROW: ClassVar[type] = RacerRow
    TITLE: ClassVar[str] = "Runs trained as one"
    IS_CACHED: ClassVar[bool] = False

    base: str = text("{}", "In common", "What the runs have in common, where it is not the default, as JSON.")
    racers: str = items((OptimConfig(),), "Racers", "Their optimizers.", longest=MOST_TOGETHER)

    @staticmethod
    def of(configs: Sequence[RunConfig]) -> "StackedRuns":
        """The study that trains these."""
        common = replace(configs[0], optim=OptimConfig()).differences(RunConfig())
        base = json.dumps({name: ours for name, (ours, _) in common.items()}, sort_keys=True)
        return StackedRuns(base=base, racers=text_of(config.optim for config in configs))

    def configs(self) -> tuple[RunConfig, ...]:
        """The runs.

        Raises:
            ConfigError: what they have in common cannot be read.
        """
        try:
            values = json.loads(self.base)
            known = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items() if n in LEAVES}
        except (ValueError, AttributeError) as error:
            raise ConfigError("What the runs have in common is not valid JSON.") from error
        base = RunConfig().change(**known)
        return tuple(replace(base, optim=optim) for optim in entries_of(self.racers, OptimConfig))

    def run(self, report: Callable[[Any], None], should_stop: Callable[[], bool]) -> "tuple[Result, ...]":
        """Train them; see `Study.run`."""
        from dashlab.training.stacked import train_stacked

        configs = self.configs()
        done, total = [0] * len(configs), 0

        def on_row(index: int, row: Row) -> None:
            nonlocal total
            report(_racer_row(index, row))
            if isinstance(row, Started):
                total += row.steps
            else:
                done[index] = row.step
                report(Tick(done=sum(done), total=total, doing=_doing(len(configs), sum(done), total)))

        return tuple(train_stacked(configs, on_row=on_row, should_stop=lambda _index: should_stop()))


def _doing(count: int, done: int, total: int) -> str:
    racers = f"{count} racers" if count > 1 else "1 racer"
    return f"{racers}: {done / total:.0%} of their steps" if done < total else "Evaluating the test pictures"


def _racer_row(index: int, row: Row) -> RacerRow:
    if isinstance(row, Started):
        return RacerRow(racer=index, started=row)
    return RacerRow(racer=index, step=row) if isinstance(row, StepRow) else RacerRow(racer=index, epoch=row)


def orders(configs: Iterable[RunConfig]) -> list["StackedRuns | RunConfig"]:
    """What to submit so that these runs are trained, in their order: stacked where that can be done."""
    from dashlab.training.stacked import can_stack

    groups: list[list[RunConfig]] = []
    for config in configs:
        fits = groups and len(groups[-1]) < MOST_TOGETHER and can_stack([*groups[-1], config])
        if fits:
            groups[-1].append(config)
        else:
            groups.append([config])
    return [StackedRuns.of(group) if can_stack(group) else group[0] for group in groups]
