"""Long computations that are no single training: they report rows, and these rows are their result."""

import importlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from dashlab.settings.flat import FlatConfig, hash_of
from dashlab.training.records import from_plain, plain

if TYPE_CHECKING:
    from dashlab.training.results import Result

TICK_EVERY_S = 0.1
"""Ticks are passed on no more often than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Still at it: how far a study has come. It is also the moment at which a stop is noticed."""

    done: int
    total: int
    doing: str = ""  # a few words, such as "Batch size 16, epoch 3"


class Study(FlatConfig):
    """Settings that know how to compute what they describe.

    Subclasses are frozen dataclasses with slots at the top of a module, and define `KIND`, `ROW`, `TITLE` and
    `COMPUTE` (or `run`, where whole training runs come out as well).
    """

    __slots__ = ()

    KIND: ClassVar[str]
    """What tells its keys from those of other studies. It never changes: what is cached is found by it, so it
    is where the class first stood, wherever it stands now."""
    ROW: ClassVar[type]
    """A frozen dataclass of plain values, as `dashlab.training.records` takes them."""
    TITLE: ClassVar[str]
    """What it is called on a page."""
    COMPUTE: ClassVar[str]
    """What computes the rows, as "module:function": called with the checked settings, it gives what `rows`
    does. It is named and not imported, so that settings need no torch and no import runs in a circle."""
    IS_CACHED: ClassVar[bool] = True
    """Whether its rows are cached; not where they are those of the runs that come out, which are."""

    @property
    def seconds(self) -> float:
        """About how long it takes on one core; to be said beforehand."""
        raise NotImplementedError

    def rows(self) -> Iterator[Any]:
        """The computation: each `ROW` as soon as it is known, and a `Tick` at least every 0.3 s between.

        Raises:
            ConfigError: the settings are not sound.
        """
        rows: Iterator[Any] = load_named(self.COMPUTE)(self.check())
        return rows

    def run(self, report: Callable[[Any], None], should_stop: Callable[[], bool]) -> "tuple[Result, ...]":
        """Report all rows and ticks until it is told to stop.

        Returns:
            Training runs that came out on the way; they are cached like any others.
        """
        for row in self.rows():
            report(row)
            if should_stop():
                break
        return ()

    def key(self) -> str:
        """See `FlatConfig.key`; studies of different kinds never share one."""
        return hash_of([self.KIND, FlatConfig.key(self)])


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyOutcome:
    """What a study leaves behind."""

    state: Literal["finished", "stopped"]
    rows: tuple[Any, ...]
    seconds: float
    environment: dict[str, str]
    results: "tuple[Result, ...]" = ()


def perform(
    study: Study,
    *,
    on_row: Callable[[Any], None],
    should_stop: Callable[[], bool],
    start_weights: None = None,
) -> StudyOutcome:
    """Run a study in this thread.

    Args:
        study: what to compute.
        on_row: called with each row, and with ticks, some of which are left out.
        should_stop: read after each row and tick; once it says True the study ends with what it has.
        start_weights: none; there so that a study is called as a training is.
    """
    from dashlab.training.device import environment, pick_device

    assert start_weights is None
    begun, ticked = time.perf_counter(), float("-inf")
    rows: list[Any] = []
    stopped = False

    def report(row: Any) -> None:
        nonlocal ticked
        if isinstance(row, Tick):
            if time.perf_counter() - ticked < TICK_EVERY_S:
                return
            ticked = time.perf_counter()
        else:
            rows.append(row)
        on_row(row)

    def asked_to_stop() -> bool:
        nonlocal stopped
        stopped = stopped or should_stop()
        return stopped

    results = study.check().run(report, asked_to_stop)
    return StudyOutcome(
        state="stopped" if stopped else "finished",
        rows=tuple(rows),
        seconds=time.perf_counter() - begun,
        environment=environment(pick_device()),
        results=results,
    )


def load_named(name: str) -> Callable[..., Any]:
    """The function or class that "module:name" names."""
    module, _, function = name.partition(":")
    loaded: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return loaded


def name_of(study: Study) -> str:
    """The "module:class" by which another process finds the study's class."""
    return f"{type(study).__module__}:{type(study).__qualname__}"


def plain_study_row(row: Any) -> dict[str, Any]:
    """A row or tick as plain values, with its kind."""
    return {"kind": "tick" if isinstance(row, Tick) else "row", **plain(row)}


def study_row_from_plain(kind: type, value: dict[str, Any]) -> Any:
    """What `plain_study_row` wrote; raises `RecordError` on anything else."""
    fields = {name: item for name, item in value.items() if name != "kind"}
    return from_plain(Tick if value.get("kind") == "tick" else kind, fields)
