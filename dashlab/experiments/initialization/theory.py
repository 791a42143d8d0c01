"""What mean-field theory says about a stack: spread of outputs and gradients for a width without end.

Weights of mean 0 and variance v make the sums in a layer Gaussian, of variance n·v·m; m is the mean square of
what comes in. One integral over that Gaussian gives mean and variance of what goes out, and one over the
activation's slope gives how the gradient grows on its way back.

Source: Poole et al. 2016, equation 3; Schoenholz et al. 2017, equations 3 and 8; He et al. 2015, section 2.2.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate

import torch
from torch import Tensor

from dashlab.experiments.initialization.settings import Setting, StackConfig
from dashlab.experiments.initialization.signals import activate, gain_of, scale_of

EPS = 1e-5
"""What PyTorch's normalisations add to a variance."""
FAR = 1e60
"""Where theory stops: far above what float32 can hold."""
TINY = torch.finfo(torch.float32).tiny
"""Where float32 begins to round numbers to 0."""
AGREES = 10.0
"""Wherever something is predicted, a stack of this width does so within this factor."""
DRIFT = 0.05
"""Share of an activation's outputs, as root mean square, that their mean is, from which they drift."""
WOBBLE = 4.0
"""Variance of the logarithm of a mean square, over draws of the weights, up to which theory is of use."""
KICK, SPREADS = 1.5, 1.5
"""Where inputs of so many times the variance end up so many times as far apart, luck decides."""


@dataclass(frozen=True, slots=True)
class Theory:
    """Predicted standard deviations by layer; empty where there is no prediction.

    `outputs` may end early, where numbers have left float32 for good.
    """

    outputs: tuple[float, ...] = ()
    gradients: tuple[float, ...] = ()


def theory(config: StackConfig) -> Theory:
    """The prediction for a stack whose inputs, and gradients at the top, are N(0, 1).

    There is none at all for constant weights with a cure. There is none for the gradients under BatchNorm,
    whose batch ties the inputs to each other; none for those of constant weights with an activation; and none
    under residual connections whose outputs drift away from mean 0, for then all gradients lean one way.
    Outputs end early, and gradients are left out, where a stack of this width is not like one without end:
    where chance adds up over the layers, or where float32 rounds the outputs to 0.
    """
    if config.initializer == "constant":
        return _constant(config)
    layers = _mean_field(config, var=1.0)
    alike = _until_luck_decides(layers, _mean_field(config, var=KICK))
    certain = _leading(list(accumulate(layer.wobble for layer in layers)), WOBBLE)
    stds = [layer.std for layer in layers[: min(alike, certain)]]
    known = (
        len(stds) == config.depth
        and config.cure != "batchnorm"
        and not (config.cure == "residual" and any(layer.drift > DRIFT for layer in layers))
        and not (min(stds) < TINY and _has_a_kink(config))
        and sum(layer.wobble_back for layer in layers[1:]) <= WOBBLE
    )
    return Theory(tuple(stds), _down([layer.back for layer in layers]) if known else ())


def variance(setting: Setting, width: int) -> float:
    """Variance of the weights of a layer `width` × `width`; not defined for constant ones."""
    gain = gain_of(setting)
    by_name = {
        "zeros": 0.0,
        "normal": setting.std**2,
        "normal_fan": 1 / width,
        "uniform": setting.bound**2 / 3,
        "kaiming_uniform": gain**2 / width,
        "kaiming_normal": gain**2 / width,
        "pytorch": 1 / (3 * width),
    }
    return by_name.get(setting.initializer, scale_of(setting) ** 2 / width)


@dataclass(frozen=True, slots=True)
class _LayerTheory:
    """What theory says of one layer."""

    std: float  # of the outputs
    back: float  # by what the gradient's mean square grows on its way down
    drift: float  # mean of what the activation gives, as a share of its root mean square
    wobble: float  # variance of the logarithm of the outputs' mean square that the layer adds
    wobble_back: float  # and of that of the gradient


def _mean_field(config: StackConfig, *, var: float) -> list[_LayerTheory]:
    """Layer by layer, for inputs of this variance."""
    layers, growth = list[_LayerTheory](), config.width * variance(config, config.width)
    adds = config.cure in ("residual", "residual_layernorm")
    mean = 0.0  # of a layer's inputs, over units and batch
    for _ in range(config.depth):
        back, sums = growth, growth * (mean**2 + var)
        if config.cure == "residual_layernorm":
            back, sums = growth / (var + EPS), growth * var / (var + EPS)
        elif config.cure in ("batchnorm", "layernorm"):
            back, sums = growth / (sums + EPS), sums / (sums + EPS)
        out = _of(config, math.sqrt(sums))
        slope, square = back * out.slope, out.mean**2 + out.var
        if adds:
            mean, var = mean + out.mean, var + out.var
        else:
            mean, var = out.mean, out.var
        share = square / (mean**2 + var) if mean**2 + var and config.cure in _CARRIED else 0.0
        share_back = slope / (1 + slope) if adds else 1.0
        layers.append(
            _LayerTheory(
                std=math.sqrt(var),
                back=slope + adds,
                drift=abs(out.mean) / math.sqrt(square) if square else 0.0,
                wobble=(share**2 * (out.peaked - 1) + 4 * share * (1 - share)) / config.width,
                wobble_back=(share_back**2 * (3 * out.peaked_slope - 1) + 4 * share_back * (1 - share_back))
                / config.width,
            )
        )
        if mean**2 + var > FAR**2:
            break
    return layers


_CARRIED = ("none", "residual", "residual_layernorm")
"""Cures under which a layer that happens to be wide makes those above it wide."""


def _leading(values: Sequence[float], most: float) -> int:
    """How many of the first values are no larger than this."""
    return next((at for at, value in enumerate(values) if value > most), len(values))


def _until_luck_decides(layers: Sequence[_LayerTheory], kicked: Sequence[_LayerTheory]) -> int:
    """How many of the first layers answer to a wider input in proportion, or less."""
    apart = [
        max(one.std / other.std, other.std / one.std) if one.std and other.std else 1.0
        for one, other in zip(layers, kicked, strict=False)
    ]
    alike = _leading(apart, SPREADS)
    return alike if alike < len(apart) else len(layers)


def _has_a_kink(setting: Setting) -> bool:
    """Whether the slope at exactly 0 is another than that of the numbers around it."""
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(activate(x, setting).sum(), x)
    return abs(float(slope) ** 2 - moments(setting, 1e-9)[2]) > 1e-3


def _down(slopes: list[float]) -> tuple[float, ...]:
    """Std of the gradient at each layer's output, given by what each layer multiplies its mean square."""
    stds, square = [1.0], 1.0
    for slope in reversed(slopes[1:]):
        square *= slope
        stds.append(math.sqrt(square))
    return tuple(reversed(stds))


@dataclass(frozen=True, slots=True)
class _Moments:
    """Integrals over N(0, std²) of an activation and its slope."""

    mean: float
    var: float
    slope: float  # mean square
    peaked: float  # mean fourth power / (mean square)²
    peaked_slope: float


def moments(setting: Setting, std: float) -> tuple[float, float, float]:
    """Of an activation on N(0, std²): mean and variance of its output, mean square of its slope."""
    found = _of(setting, std)
    return found.mean, found.var, found.slope


def _of(setting: Setting, std: float) -> _Moments:
    return _moments(Setting(activation=setting.activation, slope=setting.slope), std)


@lru_cache(maxsize=20_000)  # a stack of another depth asks for the same ones again
def _moments(setting: Setting, std: float) -> _Moments:
    z, weight = _normal()
    x = (z * std).requires_grad_()
    y = activate(x, setting)
    (slope,) = torch.autograd.grad(y.sum(), x)
    mean, var = _mean_and_variance(y.detach(), weight)
    return _Moments(mean, var, float(weight @ slope**2), _peaked(y.detach(), weight), _peaked(slope, weight))


def _peaked(y: Tensor, weight: Tensor) -> float:
    """Of values that are all 0: 1, as of any that are all alike."""
    largest = y.abs().max()
    if not largest > 0:
        return 1.0
    square = (y / largest) ** 2
    return float(weight @ square**2 / (weight @ square) ** 2)


def _mean_and_variance(y: Tensor, weight: Tensor) -> tuple[float, float]:
    mean = float(weight @ y)
    return mean, float(weight @ (y - mean) ** 2)


@cache
def _normal() -> tuple[Tensor, Tensor]:
    """Points and weights of an integral over N(0, 1); densest about 0, where steep activations bend."""
    t = torch.linspace(-17.0, 17.0, 2001, dtype=torch.float64)
    z = 1e-6 * torch.sinh(t)
    weight = torch.exp(-(z**2) / 2) * torch.cosh(t)
    return z, weight / weight.sum()


def _constant(config: StackConfig) -> Theory:
    """All weights are c: each input becomes one number c·√n·z, which every layer maps to f(n·c·x)."""
    if config.cure != "none":
        return Theory()
    z, weight = _normal()
    first, factor = config.constant * math.sqrt(config.width), config.constant * config.width
    stds, x = list[float](), z * first
    for _ in range(config.depth):
        y = activate(x, config)
        stds.append(math.sqrt(_mean_and_variance(y, weight)[1]))
        x = y * factor
        if stds[-1] > FAR:
            break
    # The gradients at the top are drawn for each unit; below, those of all units are the same.
    gradients = [1.0, *(first * factor**below for below in range(config.depth - 1))]
    return Theory(tuple(stds), tuple(reversed(gradients)) if config.activation == "none" else ())
