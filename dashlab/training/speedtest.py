"""Which of two ways to compute a network's steps is faster on this machine: measured once, and kept.

A processor that has units for bfloat16 may still be slower with them, for one network and not for another.
The answer stands in a small file of its own, so that later runs get the same numbers:

    <store>/precision/<sha256 of what was asked>.json
"""

import hashlib
import json
import logging
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from dashlab.data.folders import store_folder
from dashlab.leftovers import temporary_name

logger = logging.getLogger(__name__)

BUDGET_S = 0.6
"""After so long, first calls counted too, no further pair of bursts begins where there are enough."""
LIMIT_S = 2.0
"""After so long none begins at all, though there are fewer, or none: what was timed until then decides."""
HOPELESS = 3.0
"""A first step with fewer digits that takes so many times as long needs no pairs beyond the budget."""
BURST_S = 0.01
"""A burst holds as many steps as take about so long: single short steps vary too much."""
PAIRS = 3, 15
"""At least, if the time allows, and at most so many pairs of bursts."""
MARGIN = 1.05
"""Fewer digits must pay: less than this many times as fast is no gain."""
MOST_KEPT = 500
"""So many answers are kept, a few hundred bytes each; the oldest go first."""

_FOLDER = "precision"

Way = Callable[[], object]
"""Computes one step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds of one step, forward and backward, each the median of its bursts."""

    full_s: float  # in float32
    fast_s: float  # with bfloat16

    @property
    def pays(self) -> bool:
        """Whether bfloat16 is faster by more than the margin."""
        return self.full_s > MARGIN * self.fast_s

    def words(self) -> str:
        """What was taken, and the figures that decided it."""
        figures = f"({1000 * self.fast_s:.3g} against {1000 * self.full_s:.3g} ms a step)"
        if self.pays:
            times = self.full_s / self.fast_s
            return f"Fast: bfloat16 was taken, measured {times:.2f} times as fast as float32 here {figures}."
        how = "slower" if self.fast_s > self.full_s else "hardly faster"
        return f"Fast: float32 was taken, for bfloat16 was measured to be {how} here {figures}."


def measure(
    full: Way, fast: Way, clock: Callable[[], float] = time.perf_counter, *, begun: float | None = None
) -> Timing:
    """Time both ways in turn, the first of each pair changing; what else the machine does then hits both.

    Args:
        full: computes a step in float32.
        fast: computes the same with bfloat16.
        clock: tells seconds.
        begun: when, by `clock`, the time began that may be spent; now, if nothing was spent before.
    """
    begun = clock() if begun is None else begun
    # Code is compiled for the first calls. They decide where the time is over and they differ that much.
    single = [_seconds_of_one(way, clock) for way in (full, fast)]
    if single[1] <= HOPELESS * single[0] or clock() - begun < LIMIT_S:
        single = [_seconds_of_one(way, clock) for way in (full, fast)]
    bursts = [max(1, min(100, round(BURST_S / seconds))) for seconds in single]
    taken: tuple[list[float], list[float]] = ([], [])
    least, most = PAIRS
    if single[1] > HOPELESS * single[0]:
        least = 0
    while len(taken[0]) < most and clock() - begun < (LIMIT_S if len(taken[0]) < least else BUDGET_S):
        sides = list(zip((full, fast), bursts, taken, strict=True))
        for way, steps, seconds in sides if len(taken[0]) % 2 == 0 else reversed(sides):
            since = clock()
            for _ in range(steps):
                way()
            seconds.append((clock() - since) / steps)
    if len(taken[0]) < PAIRS[0]:
        taken = [*taken[0], single[0]], [*taken[1], single[1]]
    return Timing(full_s=median(taken[0]), fast_s=median(taken[1]))


def _seconds_of_one(way: Way, clock: Callable[[], float]) -> float:
    since = clock()
    way()
    return max(clock() - since, 1e-9)


def measured_once(question: Mapping[str, object], ask: Callable[[], Timing]) -> Timing:
    """The kept answer to `question`; where there is none, that of `ask`, which is kept from now on.

    Args:
        question: all that the answer depends on, as plain values.
        ask: measures.
    """
    path = _path_of(question)
    if (known := _read(path, question)) is not None:
        return known
    timing = ask()
    if (meanwhile := _read(path, question)) is not None:  # by another process: both take the same
        return meanwhile
    try:
        agreed = _keep(path, question, timing)
    except OSError as error:
        logger.warning("Which precision is faster was measured, and cannot be kept: %s", error)
        return timing
    _prune(path.parent)
    return agreed


def _path_of(question: Mapping[str, object]) -> Path:
    digest = hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
    return store_folder() / _FOLDER / f"{digest}.json"


def _read(path: Path, question: Mapping[str, object]) -> Timing | None:
    try:
        answer: Any = json.loads(path.read_bytes())
        full_s, fast_s = float(answer["full_s"]), float(answer["fast_s"])
        sound = answer["of"] == question and all(math.isfinite(s) and s > 0 for s in (full_s, fast_s))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("%s cannot be read, and is measured anew: %s", path, error)
        return None
    return Timing(full_s=full_s, fast_s=fast_s) if sound else None


def _keep(path: Path, question: Mapping[str, object], timing: Timing) -> Timing:
    """Keep the answer unless another process has kept one by now; the one that is kept.

    It is written under a name of its own first: nobody reads half of it.
    """
    answer = {"of": question, "full_s": timing.full_s, "fast_s": timing.fast_s}
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.parents[1] / temporary_name(".new-", _FOLDER)  # where a start clears what was left behind
    try:
        new.write_text(json.dumps(answer, indent=1), encoding="utf-8")
        try:
            os.link(new, path)  # unlike a rename it leaves alone what is there
        except FileExistsError:
            if (meanwhile := _read(path, question)) is not None:
                return meanwhile
            new.replace(path)  # what is there cannot be read
        except OSError:  # a file system without links: of two at once each has its own, and the later stays
            new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return timing


def _prune(folder: Path) -> None:
    """Delete the oldest answers beyond the most that are kept."""
    try:
        files = sorted(folder.glob("*.json"), key=lambda one: one.stat().st_mtime)
        for old in files[:-MOST_KEPT]:
            old.unlink(missing_ok=True)
    except FileNotFoundError:
        logger.debug("Another process deletes old answers in %s.", folder)
    except OSError as error:
        logger.warning("Old answers in %s cannot be deleted: %s", folder, error)
