"""By how much an activation shrinks a signal, measured on samples, beside `torch.nn.init.calculate_gain`."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dashlab.experiments.initialization.settings import ACTIVATIONS, GainConfig, Setting
from dashlab.experiments.initialization.signals import activate
from dashlab.experiments.initialization.theory import moments
from dashlab.training.device import stream
from dashlab.training.histograms import Histogram, histograms

LOWEST, HIGHEST = 0.05, 20.0
"""Ends of the spreads over which a gain is followed."""
STOPS = 41
MOST_FOLLOWED = 10_000
BINS = 80
"""Of the histograms before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What one activation makes of the samples."""

    activation: str
    std_in: float
    mean: float  # of the outputs
    std: float
    rms: float  # root mean square of the outputs
    gain: float  # std before / std after; infinite where nothing is left
    gain_rms: float  # root mean square before / after
    exact: float  # `gain` by an integral instead of samples
    calculated: float | None  # `calculate_gain`; None where that does not know the activation


@dataclass(frozen=True, slots=True)
class Followed:
    """Gain of one activation against the spread of its input."""

    activation: str
    stds: tuple[float, ...]
    gains: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """All that the view of gains draws."""

    gains: tuple[Gain, ...]
    followed: tuple[Followed, ...]
    before: Histogram  # of the samples
    after: Histogram  # of the chosen activation of them


def measure(config: GainConfig) -> Measured:
    """Measure everything at once."""
    x = samples(config)
    before, after = (histograms(values[None], BINS)[0] for values in (x, outputs(config, x)))
    return Measured(gains(config), follow(config), before, after)


def gains(config: GainConfig) -> tuple[Gain, ...]:
    """Every activation on the same samples."""
    x = samples(config)
    return tuple(_gain(setting, x, config) for setting in settings(config))


def settings(config: GainConfig) -> tuple[Setting, ...]:
    """One setting per activation."""
    return tuple(
        Setting(activation=name, slope=config.slope) if name == "leaky_relu" else Setting(activation=name)
        for name in ACTIVATIONS
    )


def samples(config: GainConfig) -> Tensor:
    """The numbers that go in, [samples], from N(0, std²)."""
    return torch.randn(config.check().samples, generator=stream(config.seed, "gain")) * config.std


def outputs(config: GainConfig, x: Tensor) -> Tensor:
    """What the chosen activation makes of `x` [...], of its shape."""
    return activate(x, next(one for one in settings(config) if one.activation == config.activation))


def calculated(setting: Setting) -> float | None:
    """`torch.nn.init.calculate_gain`, or None where it raises because it does not know the activation."""
    name = "linear" if setting.activation == "none" else setting.activation
    slope = setting.slope if name == "leaky_relu" else None
    try:
        return float(nn.init.calculate_gain(name, slope))  # type: ignore[arg-type]
    except ValueError:
        return None


def follow(config: GainConfig) -> tuple[Followed, ...]:
    """Measured gain of every activation for inputs of small to large spread, on the same samples."""
    x = samples(config)[:MOST_FOLLOWED] / config.std
    stds = torch.logspace(math.log10(LOWEST), math.log10(HIGHEST), STOPS)
    spread = x[None] * stds[:, None]  # [stops, samples]
    return tuple(
        Followed(one.activation, tuple(stds.tolist()), _ratios(spread, activate(spread, one)))
        for one in settings(config)
    )


def _ratios(before: Tensor, after: Tensor) -> tuple[float, ...]:
    return tuple((before.std(dim=1) / after.std(dim=1)).tolist())


def _gain(setting: Setting, x: Tensor, config: GainConfig) -> Gain:
    y = activate(x, setting).double()
    before = x.double()
    std_in, std, rms = float(before.std()), float(y.std()), float(y.square().mean().sqrt())
    _, var, _ = moments(setting, config.std)
    return Gain(
        activation=setting.activation,
        std_in=std_in,
        mean=float(y.mean()),
        std=std,
        rms=rms,
        gain=_ratio(std_in, std),
        gain_rms=_ratio(float(before.square().mean().sqrt()), rms),
        exact=_ratio(config.std, math.sqrt(var)),
        calculated=calculated(setting),
    )


def _ratio(before: float, after: float) -> float:
    return before / after if after else math.inf
