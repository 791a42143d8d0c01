"""The race on a surface: seconds for eight racers and 500 steps, and from a slider to the picture."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dashlab.experiments.optimizers.basins import basins
from dashlab.experiments.optimizers.race import Course
from dashlab.experiments.optimizers.run import race
from dashlab.experiments.optimizers.surfaces import SURFACES
from dashlab.settings.lists import text_of
from dashlab.settings.optim import SurfaceOptimConfig as Racer
from tests.bench.settings import Settings
from tests.bench.stack import WATCH
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
    with _page() as page:
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


@contextmanager
def _page() -> Iterator[Page]:
    """The view in a browser, with the field at one rate, once it stands."""
    from playwright.sync_api import sync_playwright

    from scripts.find_browser import find_browser
    from tests.browser.servers import Server

    settings = {"rates": "equal", "lr": "1e-5", "steps": str(STEPS), "racers": text_of(FIELD)}
    query = urlencode({f"optim_surface_{name}": text for name, text in settings.items()})
    with tempfile.TemporaryDirectory(prefix="dashlab-bench-") as folder, sync_playwright() as playwright:
        server = Server(Path(folder)).wait()
        try:
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=find_browser(), args=arguments)
            page = browser.new_page(viewport={"width": 1280, "height": 1400})
            page.goto(f"{server.url}/optimizers?{query}")
            page.locator(".st-key-optim_map .scatterlayer").wait_for(state="attached", timeout=120_000)
            page.wait_for_timeout(3000)
            yield page
            browser.close()
        finally:
            server.stop()


def _moved(page: Page, key: str) -> float:
    """Seconds from the key to the new tracks."""
    slider = ".st-key-optim_surface_lr input[type=range], .st-key-optim_surface_lr [role=slider]"
    page.evaluate(WATCH, [slider, ".st-key-optim_map .scatterlayer"])
    page.keyboard.press(key)
    page.wait_for_function("window.taken !== null", timeout=120_000)
    page.wait_for_timeout(1500)
    return float(page.evaluate("window.taken")) / 1000


def _back(page: Page) -> float:
    """To the rate before, and forth again."""
    taken = _moved(page, "ArrowLeft")
    _moved(page, "ArrowRight")
    return taken
