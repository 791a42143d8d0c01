"""Eight racers on one small network: trained stacked, and one after the other."""

from __future__ import annotations

from dashlab.data.images import ImageSet
from dashlab.settings.run import RunConfig
from dashlab.training.engine import train
from dashlab.training.stacked import train_stacked
from tests.bench.pictures import images
from tests.bench.settings import Settings
from tests.bench.timing import Bench, Clock, Ratio, Side

ONE_BY_ONE, STACKED = "one after the other", "stacked"
SGD_ONE_BY_ONE, SGD_STACKED = "eight rates of SGD, one after the other", "eight rates of SGD, stacked"
STEPS, BATCH = 150, 64

BASE = RunConfig().change(
    dataset="mnist",
    hidden=(128, 64),
    batchnorm=True,
    batch_size=BATCH,
    epochs=1,
    train_size=STEPS * BATCH,
    normalize="half",
)
EIGHT = (
    BASE.change(lr=0.1),
    BASE.change(lr=0.05, momentum=0.9),
    BASE.change(lr=0.05, momentum=0.9, nesterov=True),
    BASE.change(optimizer="adagrad", lr=0.02),
    BASE.change(optimizer="rmsprop", lr=0.001),
    BASE.change(optimizer="adam", lr=0.002),
    BASE.change(optimizer="adamw", lr=0.002),
    BASE.change(optimizer="adamax", lr=0.002),
)
"""Eight different optimizers of torch."""
RATES = tuple(BASE.change(lr=lr) for lr in (0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002))


def stacked(settings: Settings) -> Bench:
    """784-128-64-10 with BatchNorm, batches of 64, 150 steps; the seconds of training alone."""
    pictures = images("mnist")
    _alone(EIGHT[:1], pictures)
    _together(EIGHT, pictures)  # imports, and code that oneDNN compiles
    sides: dict[str, Side] = {
        ONE_BY_ONE: lambda pair: _alone(_seeded(EIGHT, pair), pictures),
        STACKED: lambda pair: _together(_seeded(EIGHT, pair), pictures),
        SGD_ONE_BY_ONE: lambda pair: _alone(_seeded(RATES, pair), pictures),
        SGD_STACKED: lambda pair: _together(_seeded(RATES, pair), pictures),
    }
    clock = Clock(settings.threads)
    seconds = clock.alternate(sides, settings.pairs)
    return Bench(
        name="stacked",
        title=f"Eight racers on 784-128-64-10 with BatchNorm, {STEPS} steps of {BATCH}",
        seconds=seconds,
        ratios=(
            Ratio(slow=ONE_BY_ONE, fast=STACKED, wanted=2),
            Ratio(slow=SGD_ONE_BY_ONE, fast=SGD_STACKED, wanted=2),
        ),
        notes=(
            "Eight different objects of torch.optim on views of the stacked parameters; the weights of both "
            "sides are equal, as `tests/unit/training/test_stacked.py` shows. With SGD alone the optimizers' "
            "own steps, which stacking does not shorten, weigh less.",
        ),
        own_share=clock.own_share,
    )


def _seeded(configs: tuple[RunConfig, ...], pair: int) -> tuple[RunConfig, ...]:
    return tuple(config.change(seed=pair) for config in configs)


def _alone(configs: tuple[RunConfig, ...], pictures: ImageSet) -> float:
    return sum(train(config, images=pictures, device="cpu").seconds.train for config in configs)


def _together(configs: tuple[RunConfig, ...], pictures: ImageSet) -> float:
    return sum(result.seconds.train for result in train_stacked(configs, images=pictures, device="cpu"))
