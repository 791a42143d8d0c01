"""Stacks as a page measures them: with weights that are kept, and given up when nobody waits any more."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor

from dashlab.experiments.initialization.rows import StackStats
from dashlab.experiments.initialization.settings import StackConfig
from dashlab.experiments.initialization.signals import draw_weight, layer_stats
from dashlab.giving_up import look_up

KEPT_WEIGHTS, MOST_WIDTH = 600, 256
"""Layers whose weights are kept, and up to which width: 150 MB at the most, in each process that measures."""


class _Weights:
    """The weights drawn last; drawing them takes a third of the time of a measurement."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[tuple[StackConfig, int], Tensor] = OrderedDict()
        self._lock = threading.Lock()

    def drawing(self, config: StackConfig) -> Callable[[StackConfig, int], Tensor]:
        """`draw_weight`, unless the weights are there from before, be it of another depth, batch or cure."""
        if config.width > MOST_WIDTH:
            return draw_weight
        same = config.change(depth=1, batch=StackConfig().batch, cure="none")
        return lambda stack, index: self._draw(same, stack, index)

    def _draw(self, same: StackConfig, stack: StackConfig, index: int) -> Tensor:
        with self._lock:
            weight = self._drawn.pop((same, index), None)
        if weight is None:
            weight = draw_weight(stack, index)
        with self._lock:
            self._drawn[same, index] = weight
            while len(self._drawn) > KEPT_WEIGHTS:
                self._drawn.popitem(last=False)
        return weight


_weights = _Weights()


def measure(config: StackConfig) -> StackStats:
    """What `layer_stats` says of a stack.

    Raises:
        GivenUp: nobody waits for it any more; see `giving_up`.
    """
    return layer_stats(config, draw=_weights.drawing(config), on_layer=lambda _done, _total: look_up())
