"""What is measured in a stack, layer by layer; nothing here needs torch."""

from collections.abc import Iterable
from dataclasses import dataclass

from dashlab.experiments.initialization.settings import StackConfig
from dashlab.training.histograms import Histogram


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerStat:
    """One layer; a number is None where a value that it is made of is infinite or NaN."""

    index: int  # from 0
    std: float | None  # of all outputs [batch, width]
    between: float | None  # std of a unit's outputs over the inputs: root mean square over the units
    mean: float | None
    largest: float | None  # absolute value
    zeros: float  # share of the outputs that are exactly 0
    alike: bool  # for each input, all units give the same output
    gradient_std: float | None  # of the gradient with respect to the outputs
    weight_gradient: float | None  # Euclidean norm of the gradient with respect to the weights
    outputs: Histogram
    gradients: Histogram


@dataclass(frozen=True, slots=True, kw_only=True)
class StackStats:
    """What was measured in one stack, layer by layer."""

    config: StackConfig
    layers: tuple[LayerStat, ...]

    @property
    def first_not_finite(self) -> int | None:
        """Index of the first layer with an output that is infinite or NaN."""
        return next((layer.index for layer in self.layers if layer.std is None), None)

    @property
    def first_zero(self) -> int | None:
        """Index of the layer from which on all outputs are exactly 0."""
        zeros = _leading(layer.zeros == 1 for layer in reversed(self.layers))
        return len(self.layers) - zeros if zeros else None

    @property
    def gradient_not_finite(self) -> int | None:
        """Index of the layer at and below which the gradient of the outputs is infinite or NaN."""
        return _last(layer.gradient_std is None for layer in self.layers)

    @property
    def gradient_zero(self) -> int | None:
        """Index of the layer at and below which no gradient arrives: it is exactly 0."""
        return _last(layer.gradient_std == 0 for layer in self.layers)


def _leading(flags: Iterable[bool]) -> int:
    """How many of the first flags are set, before one is not."""
    count = 0
    for flag in flags:
        if not flag:
            break
        count += 1
    return count


def _last(flags: Iterable[bool]) -> int | None:
    """Position of the last of the leading flags that are set."""
    return _leading(flags) - 1 if (flags := tuple(flags)) and flags[0] else None
