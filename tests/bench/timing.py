"""Two or more ways to do the same, timed in turn, and what is said about them."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Side = Callable[[int], float]
"""Does the work once for the pair with this number, and returns the seconds that count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times as long one side takes as another: the median over the pairs."""

    slow: str
    fast: str
    wanted: float | None = None
    at_most: bool = False  # `wanted` is the most, not the least, that was hoped for


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The seconds that a side was hoped to stay under."""

    side: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What one bench measured."""

    name: str
    title: str
    seconds: dict[str, list[float]] = field(default_factory=dict)  # by side, one entry a pair
    ratios: tuple[Ratio, ...] = ()
    limits: tuple[Limit, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()  # of what is no time; its heading first
    notes: tuple[str, ...] = ()
    own_share: float | None = None  # smallest share of the wall clock for which this process had its cores

    def pair_ratios(self, ratio: Ratio) -> list[float]:
        """`ratio`, pair by pair."""
        return [
            slow / fast for slow, fast in zip(self.seconds[ratio.slow], self.seconds[ratio.fast], strict=True)
        ]

    def median(self, side: str) -> float:
        """Median seconds of `side`."""
        return statistics.median(self.seconds[side])


class Clock:
    """Wall seconds of the part that counts, and the share of them in which this process was computing."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self.shares: list[float] = []

    def alternate(self, sides: Mapping[str, Side], pairs: int) -> dict[str, list[float]]:
        """Do all sides in turn, `pairs` times; every other time in reverse, so that a drift favours none."""
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        for pair in range(pairs):
            for name in list(sides) if pair % 2 == 0 else list(sides)[::-1]:
                wall, cpu = time.perf_counter(), time.process_time()
                seconds[name].append(sides[name](pair))
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                self.shares.append(min(1.0, cpu / (wall * self._threads)))
            told = ", ".join(f"{name} {taken[-1]:.2f} s" for name, taken in seconds.items())
            sys.stderr.write(f"  {pair + 1} of {pairs}: {told}\n")
        return seconds

    @property
    def own_share(self) -> float:
        """The smallest share of the wall clock that went to this process, of all that was timed."""
        return min(self.shares)
