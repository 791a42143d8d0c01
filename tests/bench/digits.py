"""The same digits on sheets of many kinds: how many are read, and how many are doubted."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import torch
from numpy.typing import NDArray

from dashlab.experiments.sketch.prepare import prepare
from dashlab.experiments.trainer.presets import preset
from dashlab.training.classifier import Classifier
from dashlab.training.engine import train
from tests.bench.pictures import images
from tests.bench.settings import Settings
from tests.bench.timing import Bench
from tests.sheets import CONDITIONS, Condition, beside, sheet

COUNT = 600
MOST_APART, LEAST = 0.03, 0.97
_PART = 50  # digits that a process takes at a time

Pixels = NDArray[np.uint8]
Show = Callable[[int], Pixels]


def digits(settings: Settings) -> Bench:
    """The first 600 test pictures of MNIST under every condition, read by the network of the sketch pad."""
    network = Classifier.of(train(preset("sketch").config, images=images("mnist"), device="cpu"))
    truth = images("mnist").test_y[:COUNT].numpy()
    plain = _accuracy(network, _digits(), truth, np.zeros(COUNT, dtype=np.bool_))
    rows = [("straight from MNIST", f"{plain:.2%}", "")]
    accuracies, seconds = [plain], list[float]()
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_alone) as pool:
        for condition in CONDITIONS:
            seen, doubted, taken = _prepared(pool, partial(_shown, condition))
            accuracies.append(_accuracy(network, seen, truth, doubted))
            seconds += taken
            rows.append((str(condition), f"{accuracies[-1]:.2%}", f"{doubted.mean():.2%}"))
            sys.stderr.write(f"  {' · '.join(rows[-1])}\n")
        for count in (2, 3):
            _, doubted, _ = _prepared(pool, partial(_several, count))
            rows.append((f"{count} digits beside each other", "", f"{doubted.mean():.2%}"))
    return Bench(
        name="digits",
        title=f"{COUNT} test pictures of MNIST, shown in {len(CONDITIONS)} ways",
        seconds={"preparing one sheet, of the processor": seconds},
        table=(("shown", "read rightly", "doubted"), *rows),
        notes=(
            f"Furthest from what comes straight from MNIST: {max(plain - a for a in accuracies):.2%} below "
            f"(wanted: at most {MOST_APART:.0%}); lowest {min(accuracies):.2%} (wanted: {LEAST:.0%}).",
            "A digit that is doubted counts as read wrongly.",
        ),
    )


def _alone() -> None:
    torch.set_num_threads(1)


def _digits() -> Pixels:
    return np.asarray(images("mnist").test_x[:COUNT, 0].numpy())


def _shown(condition: Condition, number: int) -> Pixels:
    return sheet(_digits()[number], condition, seed=number)


def _several(count: int, number: int) -> Pixels:
    draw = np.random.default_rng(number)
    return beside(list(_digits()[draw.integers(0, COUNT, count)]), gap=draw.uniform(0.15, 0.7), seed=number)


def _prepared(pool: ProcessPoolExecutor, show: Show) -> tuple[Pixels, NDArray[np.bool_], list[float]]:
    """[600, 28, 28] as the network sees them, which are doubted or seem empty, and the seconds of each."""
    parts = pool.map(partial(_part, show), range(0, COUNT, _PART))
    seen, doubted, seconds = zip(*(one for part in parts for one in part), strict=True)
    return np.stack(seen), np.array(doubted), list(seconds)


def _part(show: Show, first: int) -> list[tuple[Pixels, bool, float]]:
    return [_one(show(number)) for number in range(first, min(first + _PART, COUNT))]


def _one(shown: Pixels) -> tuple[Pixels, bool, float]:
    begun = time.process_time()
    done = prepare(shown)
    taken = time.process_time() - begun
    if done is None:
        return np.zeros((28, 28), dtype=np.uint8), True, taken
    return done.picture, bool(done.doubt), taken


def _accuracy(
    network: Classifier, seen: Pixels, truth: NDArray[np.int64], doubted: NDArray[np.bool_]
) -> float:
    read = network.probabilities(torch.from_numpy(seen.copy())[:, None]).argmax(1).numpy()
    return float(((read == truth) & ~doubted).mean())
