"""(1) and (2): one epoch of S1 and of S4, by the textbook's loop and by the engine."""

from __future__ import annotations

from functools import partial

import torch
from torch.utils.data import Subset

from dashlab.data.images import ImageSet
from dashlab.experiments.trainer.presets import preset
from dashlab.settings.run import RunConfig
from dashlab.training.device import has_bf16_units
from dashlab.training.engine import train
from tests.bench import products, textbook
from tests.bench.pictures import images, torchvision_set
from tests.bench.settings import Settings
from tests.bench.timing import Bench, Clock, Ratio, Side

TEXTBOOK, FULL, FAST, BARE = "textbook loop", "engine, float32", "engine, fast", "bare products"
S4_STEPS = 150
"""Steps of S4 that are timed of the 938 of an epoch: so many that the bundled pictures suffice."""

NO_BF16 = (
    'This CPU has no bfloat16 units (AVX-512 BF16 or AMX), so precision="fast" is float32 here, the same '
    "computation, and is not timed apart."
)


def s1(settings: Settings) -> Bench:
    """One epoch of S1: 60,000 digits, 938 steps of 64."""
    config, pictures = preset("s1").config.change(epochs=1), images("mnist")
    count = len(pictures.train_y)
    sides: dict[str, Side] = {
        TEXTBOOK: lambda pair: next(
            textbook.epochs(torchvision_set("mnist"), textbook.mlp(seed=pair), workers=settings.workers)
        ),
        FULL: partial(engine_seconds, config, pictures),
        FAST: partial(engine_seconds, config.change(precision="fast"), pictures),
        BARE: lambda _pair: products.s1_seconds(count, textbook.BATCH),
    }
    return _compare(
        settings,
        sides,
        warm_up=config.change(train_size=10 * textbook.BATCH),
        name="s1",
        title=f"S1 (MNIST, MLP), one epoch of {count:,} pictures",
        ratios=(
            Ratio(slow=TEXTBOOK, fast=FULL, wanted=3),
            Ratio(slow=TEXTBOOK, fast=FAST, wanted=4),
            Ratio(slow=FULL, fast=BARE, wanted=1.6, at_most=True),
        ),
        steps_share=1.0,
    )


def s4(settings: Settings) -> Bench:
    """One epoch of S4, from the seconds of its first 150 steps."""
    count = S4_STEPS * textbook.BATCH
    config, pictures = preset("s4").config.change(epochs=1, train_size=count), images("fashion")
    some = Subset(torchvision_set("fashion"), range(count))
    sides: dict[str, Side] = {
        TEXTBOOK: lambda pair: next(textbook.epochs(some, textbook.cnn(seed=pair), workers=settings.workers)),
        FULL: partial(engine_seconds, config, pictures),
        FAST: partial(engine_seconds, config.change(precision="fast"), pictures),
        BARE: lambda _pair: products.s4_seconds(S4_STEPS, textbook.BATCH),
    }
    return _compare(
        settings,
        sides,
        warm_up=config.change(train_size=10 * textbook.BATCH),
        name="s4",
        title=f"S4 (Fashion-MNIST, CNN), one epoch of 60,000 pictures, from {S4_STEPS} of its 937.5 steps",
        ratios=(
            Ratio(slow=TEXTBOOK, fast=FULL, wanted=1.4),
            Ratio(slow=TEXTBOOK, fast=FAST, wanted=2.2),
            Ratio(slow=FULL, fast=BARE),
        ),
        steps_share=S4_STEPS * textbook.BATCH / 60_000,
    )


def engine_seconds(config: RunConfig, pictures: ImageSet, pair: int) -> float:
    """Seconds from pixels in memory to the trained network, all preparation counted, evaluation not."""
    seconds = train(config.change(seed=pair), images=pictures, device="cpu").seconds
    return seconds.load + seconds.train


def _compare(
    settings: Settings,
    sides: dict[str, Side],
    *,
    warm_up: RunConfig,  # a short run before the clock starts: imports, code that oneDNN compiles
    name: str,
    title: str,
    ratios: tuple[Ratio, ...],
    steps_share: float,
) -> Bench:
    notes: tuple[str, ...] = ()
    if not has_bf16_units(torch.device("cpu")):
        del sides[FAST]
        ratios, notes = tuple(ratio for ratio in ratios if ratio.fast != FAST), (NO_BF16,)
    engine_seconds(warm_up, images(warm_up.data.dataset), 0)
    clock = Clock(settings.threads)
    taken = clock.alternate(sides, settings.pairs)
    seconds = {side: [s / steps_share for s in times] for side, times in taken.items()}
    return Bench(
        name=name, title=title, seconds=seconds, ratios=ratios, notes=notes, own_share=clock.own_share
    )
