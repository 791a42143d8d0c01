"""Dead and saturated units, layer by layer, in a network that somebody trained.

Source:
    Glorot and Bengio 2010, section 3 (saturation); Lu et al. 2020, "Dying ReLU and initialization" (units
    that are 0 for every input).
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import activation as of_torch

from dashlab.errors import ConfigError
from dashlab.experiments.activations.rows import FLAT, OFTEN, LayerUnits, NetworkUnits
from dashlab.experiments.activations.shapes import value_and_slope
from dashlab.giving_up import look_up
from dashlab.training.batches import pictures_at_once
from dashlab.training.classifier import Classifier
from dashlab.training.engine import load
from dashlab.training.evaluate import logits_of
from dashlab.training.histograms import Histogram
from dashlab.training.results import Result

BINS = 20
PORTION = 250

Look = Callable[[int, int], None]
"""Told after each portion how many pictures are done, and of how many."""


@dataclass(slots=True)
class _UnitsSeen:
    """Counts over the values of each unit, [units]."""

    kind: str
    values: int = 0  # of one unit
    zeros: int = 0  # outputs, over all units
    flat: Tensor = field(default_factory=lambda: torch.zeros(1))
    dead: Tensor = field(default_factory=lambda: torch.zeros(1))

    def take(self, y: Tensor, slope: Tensor) -> None:
        """Outputs and slopes of one portion, [B, units] or [B, units, H, W]."""
        by_unit = slope.transpose(0, 1).flatten(1)
        self.values += by_unit.shape[1]
        self.zeros += int((y == 0).sum())
        self.flat = self.flat + (by_unit.abs() < FLAT).sum(1)
        self.dead = self.dead + (by_unit == 0).sum(1)

    def figures(self, name: str) -> LayerUnits:
        share = self.flat.double() / self.values
        units = len(self.flat)
        bins = (share * BINS).long().clamp(max=BINS - 1)
        return LayerUnits(
            name=name,
            kind=self.kind,
            units=units,
            dead=float((self.dead == self.values).double().mean()),
            saturated=float((share >= OFTEN).double().mean()),
            flat=float(share.mean()),
            zeros=self.zeros / (self.values * units),
            shares=Histogram(low=0.0, high=1.0, counts=tuple(torch.bincount(bins, minlength=BINS).tolist())),
        )


def units_of(
    classifier: Classifier, pictures: Tensor, *, look: Look = lambda _done, _total: None
) -> tuple[LayerUnits, ...]:
    """What the units of every activation layer do over some pictures, in eval mode.

    Args:
        classifier: of a run.
        pictures: uint8 [N, C, H, W], such as the test pictures.
        look: called between portions; what it raises ends the measurement.

    Returns:
        One row per activation layer in the order in which a picture passes them.

    Raises:
        ConfigError: the network has no activation, or there is no picture.
    """
    if not len(pictures):
        raise ConfigError("There is no picture to measure the units on: choose at least one.")
    seen: dict[str, _UnitsSeen] = {}
    portion = pictures_at_once(PORTION, pictures)
    with _watched(classifier.network, seen):
        done = 0
        for some in torch.split(pictures, portion):
            logits_of(classifier.network, some, classifier.normalization)
            done += len(some)
            look(done, len(pictures))
    if not seen:
        raise ConfigError("This network has no activation between its layers: choose one that has.")
    return tuple(one.figures(name) for name, one in seen.items())


def units_in(result: Result, pictures: int) -> NetworkUnits:
    """The units of the network that a run left, over the first `pictures` of its test pictures.

    Raises:
        ConfigError: the network has no activation between its layers.
        DataError: the pictures cannot be read.
        WeightsError: the run diverged and left no weights.
    """
    chosen, graded = load(result.config.data).test_x[:pictures], result.evaluation
    return NetworkUnits(
        layers=units_of(Classifier.of(result), chosen, look=lambda _done, _total: look_up()),
        pictures=len(chosen),
        accuracy=graded.accuracy if graded else None,
        guessing=graded.largest_class()[1] if graded else None,
    )


@contextlib.contextmanager
def _watched(network: nn.Module, seen: dict[str, _UnitsSeen]) -> Iterator[None]:
    """Take what goes through every activation layer of torch.nn, for the time of a block."""
    kinds = tuple(getattr(of_torch, name) for name in of_torch.__all__)

    def hook_for(name: str) -> Any:
        def record(module: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
            with torch.inference_mode(False), torch.enable_grad():
                y, slope = value_and_slope(module.forward, inputs[0].clone())
            seen.setdefault(name, _UnitsSeen(type(module).__name__)).take(y, slope)

        return record

    found = [(name, module) for name, module in network.named_modules() if isinstance(module, kinds)]
    hooks = [module.register_forward_hook(hook_for(name)) for name, module in found]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
