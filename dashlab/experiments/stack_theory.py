"""What mean-field theory says about a stack: spread of outputs and gradients for a width without end.

Weights of mean 0 and variance v make the sums in a layer Gaussian, of variance n·v·m; m is the mean square of
what comes in. One integral over that Gaussian gives mean and variance of what goes out, and one over the
activation's slope gives how the gradient grows on its way back.

Source: Poole et al. 2016, equation 3; Schoenholz et al. 2017, equations 3 and 8; He et al. 2015, section 2.2.
"""

import math
from dataclasses import dataclass
from functools import cache, lru_cache

import torch
from torch import Tensor

from dashlab.experiments.stack import activate, gain_of, scale_of
from dashlab.experiments.stack_settings import Setting, StackConfig

EPS = 1e-5
"""What PyTorch's normalisations add to a variance."""
FAR = 1e60
"""Where theory stops: far above what float32 can hold."""
DRIFT = 0.05
"""Mean output on N(0, 1) from which an activation drifts."""


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
    """
    if config.initializer == "constant":
        return _constant(config)
    stds, slopes = _mean_field(config)
    drifts = config.cure == "residual" and abs(moments(config, 1.0)[0]) > DRIFT
    known = config.cure != "batchnorm" and not drifts and len(slopes) == config.depth
    return Theory(tuple(stds), _down(slopes) if known else ())


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


def _mean_field(config: StackConfig) -> tuple[list[float], list[float]]:
    """Layer by layer: std of the outputs, and by what the gradient's mean square grows on its way down."""
    stds, slopes, growth = list[float](), list[float](), config.width * variance(config, config.width)
    mean, var = 0.0, 1.0  # of a layer's inputs, over units and batch
    for _ in range(config.depth):
        back, sums = growth, growth * (mean**2 + var)
        if config.cure == "residual_layernorm":
            back, sums = growth / (var + EPS), growth * var / (var + EPS)
        elif config.cure in ("batchnorm", "layernorm"):
            back, sums = growth / (sums + EPS), sums / (sums + EPS)
        out_mean, out_var, slope = moments(config, math.sqrt(sums))
        if config.cure in ("residual", "residual_layernorm"):
            mean, var = mean + out_mean, var + out_var
            slopes.append(1 + back * slope)
        else:
            mean, var = out_mean, out_var
            slopes.append(back * slope)
        stds.append(math.sqrt(var))
        if mean**2 + var > FAR**2:
            break
    return stds, slopes


def _down(slopes: list[float]) -> tuple[float, ...]:
    """Std of the gradient at each layer's output, given by what each layer multiplies its mean square."""
    stds, square = [1.0], 1.0
    for slope in reversed(slopes[1:]):
        square *= slope
        stds.append(math.sqrt(square))
    return tuple(reversed(stds))


def moments(setting: Setting, std: float) -> tuple[float, float, float]:
    """Of an activation on N(0, std²): mean and variance of its output, mean square of its slope."""
    return _moments(Setting(activation=setting.activation, slope=setting.slope), std)


@lru_cache(maxsize=20_000)  # a stack of another depth asks for the same ones again
def _moments(setting: Setting, std: float) -> tuple[float, float, float]:
    z, weight = _normal()
    x = (z * std).requires_grad_()
    y = activate(x, setting)
    (slope,) = torch.autograd.grad(y.sum(), x)
    mean, var = _mean_and_variance(y.detach(), weight)
    return mean, var, float(weight @ slope**2)


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
