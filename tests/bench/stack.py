"""The page on initialization: seconds for a stack, and from a slider to the picture in a browser."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dashlab.experiments.initialization.settings import Setting, StackConfig, StackView
from dashlab.experiments.initialization.signals import layer_stats
from dashlab.experiments.initialization.theory import theory
from dashlab.settings.lists import entries_of
from tests.bench.settings import Settings
from tests.bench.timing import Bench, Clock, Limit, Side

if TYPE_CHECKING:
    from playwright.sync_api import Page

WANTED_S = 0.5
DEFAULT, LARGEST = "three stacks of 100 × 256, with theory", "one stack of 200 × 1024"
DEPTH, LAYER = "depth slider to both curves", "layer slider to the histogram"
WATCH = """
([from, to]) => {
  const shown = () => [...document.querySelectorAll(to)].map(place => place.innerHTML);
  const handle = document.querySelector(from);
  const before = shown();
  window.taken = null;
  handle.addEventListener('keydown', () => {
    const begun = performance.now();
    const look = () => {
      const now = shown();
      const all = now.length === before.length && now.every((html, at) => html && html !== before[at]);
      if (all) window.taken = performance.now() - begun; else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, {once: true});
  handle.focus();
}
"""
"""Notes when a key is pressed on a slider, and when all the drawings have become other ones."""

CURVES = ".st-key-init_chart_outputs .scatterlayer, .st-key-init_chart_gradients .scatterlayer"
HISTOGRAM = ".st-key-init_chart_layer_1 .barlayer"


def stacks(settings: Settings) -> Bench:
    """Seconds in this process, with nothing kept from before."""
    view = StackView()
    configs = [view.stack(setting) for setting in entries_of(view.settings, Setting)]
    largest = StackConfig(initializer="normal_fan", depth=200, width=1024)

    def measure(stacks: list[StackConfig]) -> Side:
        def seconds(pair: int) -> float:
            begun = time.perf_counter()
            for config in stacks:
                layer_stats(config.change(seed=pair))
                theory(config)
            return time.perf_counter() - begun

        return seconds

    clock = Clock(settings.threads)
    return Bench(
        name="stack",
        title="Signals through a stack",
        seconds=clock.alternate({DEFAULT: measure(configs), LARGEST: measure([largest])}, settings.pairs),
        limits=(Limit(side=DEFAULT, seconds=WANTED_S),),
        own_share=clock.own_share,
    )


def sliders(settings: Settings) -> Bench:
    """Seconds from a key on a slider of the default page to the new picture, in a real browser."""
    clock = Clock(1)
    with _page() as page:
        sides: dict[str, Side] = {
            DEPTH: lambda _pair: _moved(page, "init_stack_depth", CURVES),
            LAYER: lambda _pair: _moved(page, "init_stack_layer", HISTOGRAM),
        }
        for side in sides.values():
            side(0)
            side(1)
        seconds = clock.alternate(sides, settings.pairs)
    return Bench(
        name="sliders",
        title="The page on initialization: from a slider to the picture",
        seconds=seconds,
        limits=tuple(Limit(side=side, seconds=WANTED_S) for side in sides),
        notes=("Server and browser on the same machine; three stacks of 100 × 256 side by side.",),
    )


@contextmanager
def _page() -> Iterator[Page]:
    """The page on initialization in a browser, once it stands."""
    from playwright.sync_api import sync_playwright

    from scripts.find_browser import find_browser
    from tests.browser.servers import Server

    with tempfile.TemporaryDirectory(prefix="dashlab-bench-") as folder, sync_playwright() as playwright:
        server = Server(Path(folder)).wait()
        try:
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=find_browser(), args=arguments)
            page = browser.new_page(viewport={"width": 1280, "height": 1400})
            page.goto(f"{server.url}/initialization")
            page.locator(".st-key-init_chart_layer_2 .barlayer").wait_for(state="attached", timeout=60_000)
            page.wait_for_timeout(3000)
            yield page
            browser.close()
        finally:
            server.stop()


def _moved(page: Page, slider: str, drawings: str) -> float:
    """Seconds from the key to the last of `drawings`; the slider goes on, to what was not measured before."""
    handle = f".st-key-{slider} input[type=range]"
    page.evaluate(WATCH, [handle, drawings])
    page.keyboard.press("ArrowLeft" if slider.endswith("depth") else "ArrowRight")
    page.wait_for_function("window.taken !== null", timeout=120_000)
    page.wait_for_timeout(1000)
    return float(page.evaluate("window.taken")) / 1000
