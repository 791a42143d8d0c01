"""The race on a surface: seconds for eight racers and 500 steps, and from a slider to the picture."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dashlab.experiments.optimizers.basins import basins
from dashlab.experiments.optimizers.race import Course
from dashlab.experiments.optimizers.run import race
from dashlab.experiments.optimizers.surfaces import SURFACES
from dashlab.settings.lists import text_of
from dashlab.settings.optim import SurfaceOptimConfig as Racer
from tests.bench.browser import moved, opened
from tests.bench.settings import Settings
from tests.bench.timing import Bench, Clock, Limit, Side

if TYPE_CHECKING:
    from playwright.sync_api import Page

STEPS = 500
WANTED_S = 1.0
FIELD = (
    Racer(),
    Racer(momentum=0.9),
    Racer(momentum=0.9, nesterov=True),
    *(Racer(optimizer=name) for name in ("adagrad", "rmsprop", "adam", "adamw", "nadam")),
)
BASINS = "basins of Adam on Himmelblau: 2,401 starts, 500 steps"
TRACKS = ".st-key-optim_map .scatterlayer"
NEW, BACK = "common rate to a new picture", "back to a rate that was shown before"


def races(settings: Settings) -> Bench:
    """Seconds in this process, with nothing kept from before."""

    def on(surface: str) -> Side:
        def seconds(_pair: int) -> float:
            begun = time.perf_counter()
            race(Course(surface=surface, start=SURFACES[surface].start, steps=STEPS), FIELD)
            return time.perf_counter() - begun

        return seconds

    def of_basins(_pair: int) -> float:
        begun = time.perf_counter()
        basins(Course(surface="himmelblau", start=(0.0, 0.0), steps=STEPS), FIELD[5].change(lr=0.1))
        return time.perf_counter() - begun

    sides = {SURFACES[name].title: on(name) for name in ("ravine", "rosenbrock", "ackley")}
    for side in sides.values():
        side(0)
    clock = Clock(settings.threads)
    return Bench(
        name="race",
        title=f"Eight racers, {STEPS} steps on a surface",
        seconds=clock.alternate(sides | {BASINS: of_basins}, settings.pairs),
        own_share=clock.own_share,
    )


def race_sliders(settings: Settings) -> Bench:
    """Seconds from a key on the slider of the common rate to the new picture, in a real browser."""
    clock = Clock(1)
    chosen = {"rates": "equal", "lr": "1e-5", "steps": str(STEPS), "racers": text_of(FIELD)}
    query = urlencode({f"optim_surface_{name}": text for name, text in chosen.items()})
    with opened(f"/optimizers?{query}", TRACKS) as page:
        sides: dict[str, Side] = {
            NEW: lambda _pair: _moved(page, "ArrowRight"),
            BACK: lambda _pair: _back(page),
        }
        sides[NEW](0)
        seconds = clock.alternate(sides, settings.pairs)
    return Bench(
        name="race-sliders",
        title=f"The race on a surface, eight racers, {STEPS} steps: from the slider to the picture",
        seconds=seconds,
        limits=(Limit(side=NEW, seconds=WANTED_S),),
        notes=("Server and browser on the same machine.",),
    )


def _moved(page: Page, key: str) -> float:
    """Seconds from the key to the new tracks."""
    return moved(page, "optim_surface_lr", TRACKS, key)


def _back(page: Page) -> float:
    """To the rate before, and forth again."""
    taken = _moved(page, "ArrowLeft")
    _moved(page, "ArrowRight")
    return taken
