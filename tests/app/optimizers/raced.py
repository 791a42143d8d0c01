"""Races on a network as tests keep and open them."""

from __future__ import annotations

from dashlab.data.images import available_source
from dashlab.experiments.optimizers.network import NetworkRace, RaceRun, entries
from dashlab.settings.lists import text_of
from dashlab.settings.optim import OptimConfig
from dashlab.store.runs import Store
from tests.app.fakes import result

RACERS = (OptimConfig(lr=0.1), OptimConfig(optimizer="adam", lr=0.01))
TWO = text_of(RACERS)
RACE = NetworkRace(racers=TWO)
LINK = {"optim_view": "net", "optim_net_racers": TWO}
GRID = {**LINK, "optim_net_task": "grid", "optim_net_lr_count": "2"}
GRID_RACE = RACE.change(task="grid", lr_count=2)


def runs(race: NetworkRace) -> tuple[RaceRun, ...]:
    return entries(race, available_source(race.dataset))


def store_all(race: NetworkRace, state: str = "finished") -> None:
    for run in runs(race):
        Store().save(result(run.config, state))  # type: ignore[arg-type]
