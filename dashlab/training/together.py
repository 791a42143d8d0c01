"""Runs that are trained as one, as a study: what comes out are the runs themselves."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from dashlab.errors import ConfigError
from dashlab.settings.fields import Value, text
from dashlab.settings.lists import entries_of, items, text_of
from dashlab.settings.optim import OptimConfig
from dashlab.settings.run import LEAVES, RunConfig
from dashlab.training.results import EpochRow, Row, Started, StepRow
from dashlab.training.study import Study, Tick

if TYPE_CHECKING:
    from dashlab.training.results import Result

MOST_TOGETHER = 8
"""So many runs are trained as one: more would hold up the first results."""
APART = ("l1", "l2", "patience")
"""Settings besides the optimizer's in which such runs may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RacerRow:
    """A row of one of the runs that are trained stacked; one of the last three is there."""

    racer: int  # its place among the runs
    started: Started | None = None
    step: StepRow | None = None
    epoch: EpochRow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedRuns(Study):
    """Runs that differ in their optimizer, penalties and early stopping alone, trained as one."""

    KIND: ClassVar[str] = "dashlab.experiments.network_race:StackedRuns"
    ROW: ClassVar[type] = RacerRow
    TITLE: ClassVar[str] = "Runs trained as one"
    IS_CACHED: ClassVar[bool] = False
    ADDED: ClassVar[frozenset[str]] = frozenset({"own"})

    base: str = text("{}", "In common", "What the runs have in common, where it is not the default, as JSON.")
    racers: str = items((OptimConfig(),), "Racers", "Their optimizers.", longest=MOST_TOGETHER)
    own: str = text("[]", "Apart", "L1, L2 and patience of each, where they are not the default, as JSON.")

    @staticmethod
    def of(configs: Sequence[RunConfig]) -> "StackedRuns":
        """The study that trains these."""
        plain = RunConfig().flat()
        shared = configs[0].change(**{name: plain[name] for name in APART})
        common = replace(shared, optim=OptimConfig()).differences(RunConfig())
        base = json.dumps({name: ours for name, (ours, _) in common.items()}, sort_keys=True)
        flats = [config.flat() for config in configs]
        own = [{name: flat[name] for name in APART if flat[name] != plain[name]} for flat in flats]
        return StackedRuns(
            base=base,
            racers=text_of(config.optim for config in configs),
            own=json.dumps(own) if any(own) else "[]",
        )

    def configs(self) -> tuple[RunConfig, ...]:
        """The runs.

        Raises:
            ConfigError: what they have in common, or for themselves, cannot be read.
        """
        base = RunConfig().change(**_known(self.base, LEAVES))
        racers = entries_of(self.racers, OptimConfig)
        try:
            own = json.loads(self.own) or [{}] * len(racers)
            each = [_known(json.dumps(values), APART) for values in own]
        except (ValueError, TypeError) as error:
            raise ConfigError("What the runs have for themselves is not valid JSON.") from error
        if len(each) != len(racers):
            raise ConfigError(f"There are {len(racers)} runs, and {len(each)} lists of what they have apart.")
        return tuple(
            replace(base, optim=optim).change(**values) for optim, values in zip(racers, each, strict=True)
        )

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


def _known(text: str, names: Iterable[str]) -> dict[str, Value]:
    """The settings among `names` in a JSON object; raises `ConfigError` where it is none."""
    known = set(names)
    try:
        values = json.loads(text)
        return {n: tuple(v) if isinstance(v, list) else v for n, v in values.items() if n in known}
    except (ValueError, AttributeError) as error:
        raise ConfigError("What the runs have in common is not valid JSON.") from error


def _doing(count: int, done: int, total: int) -> str:
    runs = f"{count} runs" if count > 1 else "1 run"
    return f"{runs}: {done / total:.0%} of their steps" if done < total else "Evaluating the test pictures"


def _racer_row(index: int, row: Row) -> RacerRow:
    if isinstance(row, Started):
        return RacerRow(racer=index, started=row)
    return RacerRow(racer=index, step=row) if isinstance(row, StepRow) else RacerRow(racer=index, epoch=row)
