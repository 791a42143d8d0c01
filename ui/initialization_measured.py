"""Stacks that have been measured before are kept; a slow one is measured behind a bar."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import streamlit as st
import torch
from torch import Tensor

from dashlab.experiments.stack import StackStats, draw_weight, layer_stats
from dashlab.experiments.stack_settings import StackConfig

KEPT = 64
KEPT_WEIGHTS, MOST_WIDTH = 600, 256
"""Layers whose weights are kept, and up to which width: 150 MB at the most."""
BIG = 30_000_000
"""Weights in the stacks still to be measured from which on people see a bar: about half a second here."""
TELL_EVERY_S = 0.2


class _Kept:
    """The stacks measured last, and some weights, for all sessions.

    Large stacks are measured one at a time, for one of 200 × 1024 fills 1.7 GB.
    """

    def __init__(self) -> None:
        self._stats: OrderedDict[str, StackStats] = OrderedDict()
        self._weights: OrderedDict[tuple[StackConfig, int], Tensor] = OrderedDict()
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

    def drawing(self, config: StackConfig) -> Callable[[StackConfig, int], Tensor]:
        """`draw_weight`, which takes a third of the time, unless the weights are there from before.

        They are the same for another depth, batch or cure.
        """
        if config.width > MOST_WIDTH:
            return draw_weight
        same = config.change(depth=1, batch=StackConfig().batch, cure="none")
        return lambda stack, index: self._draw(same, stack, index)

    def _draw(self, same: StackConfig, stack: StackConfig, index: int) -> Tensor:
        with self._lock:
            weight = self._weights.pop((same, index), None)
        if weight is None:
            weight = draw_weight(stack, index)
        with self._lock:
            self._weights[same, index] = weight
            while len(self._weights) > KEPT_WEIGHTS:
                self._weights.popitem(last=False)
        return weight


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()


def measured(configs: Sequence[StackConfig]) -> list[StackStats]:
    """What `layer_stats` says of each; those that were asked for before are there at once."""
    kept = _kept()
    missing = [config for config in configs if kept.get(config.key()) is None]
    if sum(config.depth * config.width**2 for config in missing) > BIG:
        _one_by_one(kept, missing)
    elif missing:
        _side_by_side(kept, missing)
    return [kept.get(config.key()) or layer_stats(config) for config in configs]


def _side_by_side(kept: _Kept, configs: Sequence[StackConfig]) -> None:
    """Each in one thread: layers this small gain nothing from two, and lose where others use the cores."""
    threads = _threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for stats in pool.map(lambda config: layer_stats(config, draw=kept.drawing(config)), configs):
                kept.put(stats.config.key(), stats)
    finally:
        torch.set_num_threads(threads)  # what later threads of this server start with


@cache
def _threads() -> int:
    """Torch's threads; asked for once, because while stacks are measured new threads have one."""
    return torch.get_num_threads()


def _one_by_one(kept: _Kept, configs: Sequence[StackConfig]) -> None:
    place = st.empty()
    for at, config in enumerate(configs, 1):
        bar = _Bar(place, f"Setting {at} of {len(configs)}: {config.title}")
        bar(0, 1)
        with kept.one_at_a_time:
            kept.put(config.key(), layer_stats(config, on_layer=bar))
    place.empty()


class _Bar:
    """How far a measurement is. Drawing it is also the moment at which a newer setting ends an older one."""

    def __init__(self, place: "st.delta_generator.DeltaGenerator", words: str) -> None:
        self._draw = partial(place.progress, text=words)
        self._told = float("-inf")

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._told > TELL_EVERY_S:
            self._told = time.monotonic()
            self._draw(done / total)
