"""The page on initialization: seconds for a stack, and from a slider to the picture in a browser."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dashlab.experiments.initialization.settings import Setting, StackConfig, StackView
from dashlab.experiments.initialization.signals import layer_stats
from dashlab.experiments.initialization.theory import theory
from dashlab.settings.lists import entries_of
from tests.bench.browser import moved, opened
from tests.bench.settings import Settings
from tests.bench.timing import Bench, Clock, Limit, Side

if TYPE_CHECKING:
    pass

WANTED_S = 0.5
DEFAULT, LARGEST = "three stacks of 100 × 256, with theory", "one stack of 200 × 1024"
DEPTH, LAYER = "depth slider to both curves", "layer slider to the histogram"
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
    with opened("/initialization", ".st-key-init_chart_layer_2 .barlayer") as page:
        sides: dict[str, Side] = {
            # The sliders go on, to what was not measured before.
            DEPTH: lambda _pair: moved(page, "init_stack_depth", CURVES, "ArrowLeft"),
            LAYER: lambda _pair: moved(page, "init_stack_layer", HISTOGRAM, "ArrowRight"),
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
