"""Stacks that have been measured before are kept; a slow one is measured behind a bar."""

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial

import streamlit as st

from dashlab.experiments.stack import StackStats, layer_stats
from dashlab.experiments.stack_settings import StackConfig

KEPT = 64
BIG = 30_000_000
"""Weights in the stacks still to be measured from which on people see a bar: about half a second here."""
TELL_EVERY_S = 0.2


class _Kept:
    """The stacks measured last, for all sessions; large ones one at a time, for each fills up to 1.7 GB."""

    def __init__(self) -> None:
        self._stats: OrderedDict[str, StackStats] = OrderedDict()
        self._lock = threading.Lock()
        self.one_at_a_time = threading.Lock()

    def get(self, key: str) -> StackStats | None:
        with self._lock:
            if key in self._stats:
                self._stats.move_to_end(key)
            return self._stats.get(key)

    def put(self, key: str, stats: StackStats) -> None:
        with self._lock:
            self._stats[key] = stats
            while len(self._stats) > KEPT:
                self._stats.popitem(last=False)


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()


def measured(configs: Sequence[StackConfig]) -> list[StackStats]:
    """What `layer_stats` says of each; those that were asked for before are there at once."""
    kept = _kept()
    missing = [config for config in configs if kept.get(config.key()) is None]
    place = st.empty()
    is_slow = sum(config.depth * config.width**2 for config in missing) > BIG
    for at, config in enumerate(missing):
        bar = _Bar(place, f"Setting {at + 1} of {len(missing)}: {config.title}") if is_slow else None
        if bar:
            with kept.one_at_a_time:
                kept.put(config.key(), layer_stats(config, on_layer=bar))
        else:
            kept.put(config.key(), layer_stats(config))
    place.empty()
    return [kept.get(config.key()) or layer_stats(config) for config in configs]


class _Bar:
    """How far a measurement is. Drawing it is also the moment at which a newer setting ends an older one."""

    def __init__(self, place: "st.delta_generator.DeltaGenerator", words: str) -> None:
        self._draw = partial(place.progress, text=words)
        self._told = float("-inf")

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._told > TELL_EVERY_S:
            self._told = time.monotonic()
            self._draw(done / total)
