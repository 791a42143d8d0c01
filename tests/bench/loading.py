"""Loading the bundled pictures, from files that the system has at hand."""

from __future__ import annotations

import time

from dashlab.data.images import IMAGE_SETS, load_images
from tests.bench.settings import Settings
from tests.bench.timing import Bench, Clock, Limit, Side

WANTED_S = 1.5


def loading(settings: Settings) -> Bench:
    """Seconds to read each of the three bundled sets into memory."""

    def load(name: str) -> Side:
        def seconds(_pair: int) -> float:
            begun = time.perf_counter()
            load_images(name, source="bundled")
            return time.perf_counter() - begun

        return seconds

    titles = {name: info.title for name, info in IMAGE_SETS.items()}
    clock = Clock(1)
    return Bench(
        name="loading",
        title="Loading the bundled pictures",
        seconds=clock.alternate({titles[name]: load(name) for name in titles}, settings.pairs),
        limits=tuple(Limit(side=title, seconds=WANTED_S) for title in titles.values()),
        own_share=clock.own_share,
    )
