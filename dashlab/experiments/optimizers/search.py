"""The best learning rate of each racer on a course, from a search over evenly spaced powers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashlab.experiments.optimizers.outcome import outcome
from dashlab.experiments.optimizers.race import Course
from dashlab.experiments.optimizers.run import race
from dashlab.settings.optim import SurfaceOptimConfig

RATES = (*(float(f"{digits}e{power}") for power in range(-4, 1) for digits in (1, 2.2, 4.6)), 10.0)
"""Three in each power of ten, from 0.0001 to 10."""
GOOD_ENOUGH = 1e-12
"""Losses that are this close to the lowest are equally good: below it rounding decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How one racer ends under each rate.

    Attributes:
        finals: loss above the lowest after the last step, by rate; NaN or huge where it diverged.
        best: the rate with the lowest; of several that are good enough, the one that got there first.
    """

    rates: tuple[float, ...]
    finals: tuple[float, ...]
    best: float


def search(course: Course, racers: Sequence[SurfaceOptimConfig]) -> tuple[Search, ...]:
    """A search for each racer; its own rate plays no part. All of them run side by side."""
    entries = [racer.change(lr=rate) for racer in racers for rate in RATES]
    ends = [outcome(course.on, track.points, track.losses, GOOD_ENOUGH) for track in race(course, entries)]
    searches = []
    for first in range(0, len(ends), len(RATES)):
        own = ends[first : first + len(RATES)]
        scores = [_score(end.final, end.arrived_at, end.is_lost) for end in own]
        searches.append(
            Search(
                rates=RATES,
                finals=tuple(end.final for end in own),
                best=RATES[min(range(len(RATES)), key=scores.__getitem__)],
            )
        )
    return tuple(searches)


def _score(final: float, arrived_at: int | None, is_lost: bool) -> tuple[float, float]:
    """The lower the better."""
    if is_lost or not np.isfinite(final):
        return float("inf"), 0.0
    return (GOOD_ENOUGH, float(arrived_at or 0)) if final < GOOD_ENOUGH else (final, 0.0)
