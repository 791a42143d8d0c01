"""Studies for the tests of jobs: they count, and do what their setting tells them to."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from dashlab.settings.fields import choice, integer
from dashlab.training.results import Result
from dashlab.training.study import Study, Tick
from tests.unit import fake_training


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """One row."""

    number: int
    square: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Squares(Study):
    """The squares of the first numbers."""

    KIND: ClassVar[str] = "tests.unit.fake_study:Squares"
    ROW: ClassVar[type] = Square
    TITLE: ClassVar[str] = "Squares"

    count: int = integer(3, "Count", "How many.", low=1, high=10_000)
    how: str = choice(
        "quick", "How", "What happens.", {"quick": "Quick", "slow": "Slow", "bug": "Bug", "nan": "NaN"}
    )

    def rows(self) -> Iterator[Square | Tick]:
        for number in range(self.count):
            yield Tick(done=number, total=self.count, doing=f"Number {number}")
            if self.how == "slow":
                time.sleep(0.02)
            if self.how == "bug":
                raise ZeroDivisionError("division by zero")
            yield Square(number=number, square=float("nan") if self.how == "nan" else float(number**2))


@dataclass(frozen=True, slots=True, kw_only=True)
class WithRuns(Squares):
    """The same, and whole training runs come out as well."""

    def run(self, report: Callable[[Any], None], should_stop: Callable[[], bool]) -> tuple[Result, ...]:
        Squares.run(self, report, should_stop)
        return tuple(
            fake_training.train(
                fake_training.order("quick", seed=seed), on_row=lambda _row: None, should_stop=should_stop
            )
            for seed in (1, 2)
        )
