"""The exponential moving average, as momentum and Adam keep it of gradients, of a noisy series.

Source:
    Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", section 3, for the bias correction.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dashlab.experiments.optimizers.settings import AverageConfig
from dashlab.training.device import stream

Array = NDArray[np.float64]

LEVEL = 2.0
"""Around this the series lies: away from 0, so that a start from 0 shows."""
NEIGHBOURS = (0.5, 0.9, 0.98, 0.995)
"""Memories that are drawn beside the chosen one."""


@dataclass(frozen=True, slots=True)
class Averages:
    """A series and its averages; row t is after value t + 1."""

    betas: tuple[float, ...]
    clean: Array  # [steps]
    values: Array  # [steps]: clean and noise
    from_zero: Array  # [steps, betas]
    corrected: Array  # [steps, betas]
    noise_left: Array  # [betas]: standard deviation of the corrected average's noise, over the second half


def averages(config: AverageConfig) -> Averages:
    """The series of a config and its averages, the chosen β first."""
    betas = (config.beta, *(beta for beta in NEIGHBOURS if config.neighbours and beta != config.beta))
    clean = _clean(config)
    noise = torch.randn(
        config.length, generator=stream(config.seed, "moving average: noise"), dtype=torch.float64
    )
    values = clean + config.noise * noise
    from_zero = moving_averages(values, betas)
    share = sums_of_weights(betas, config.length)
    of_noise = moving_averages(config.noise * noise, betas).numpy() / share
    return Averages(
        betas=betas,
        clean=clean.numpy(),
        values=values.numpy(),
        from_zero=from_zero.numpy(),
        corrected=from_zero.numpy() / share,
        # The average is linear, so that of the noise alone is what is left of it; its mean is 0.
        noise_left=np.sqrt(np.square(of_noise[config.length // 2 :]).mean(axis=0)),
    )


def moving_averages(values: torch.Tensor, betas: tuple[float, ...]) -> torch.Tensor:
    """Averages from 0 of `values` [steps], [steps, betas], by the update of `torch.optim.Adam`'s exp_avg."""
    weight = 1 - torch.tensor(betas, dtype=values.dtype)
    average = torch.zeros_like(weight)
    out = values.new_empty(len(values), len(betas))
    for step, value in enumerate(values.unbind()):
        average.lerp_(value, weight)
        out[step] = average
    return out


def sums_of_weights(betas: tuple[float, ...], steps: int) -> Array:
    """1 − βᵗ for t from 1, [steps, betas]: what the weights of an average from 0 add up to."""
    found: Array = 1 - np.asarray(betas)[None] ** np.arange(1, steps + 1, dtype=float)[:, None]
    return found


def weights(beta: float, step: int) -> Array:
    """The weight of each value in the average from 0 after `step` values, [step]; the newest first."""
    found: Array = (1 - beta) * beta ** np.arange(step, dtype=float)
    return found


def window(beta: float) -> float:
    """1 / (1 − β): over about so many values the average reaches; the older ones share 37 % of the weight."""
    return 1 / (1 - beta)


def window_share(beta: float, step: int) -> float:
    """The share of the weight that the values in the window have after `step` values."""
    kept = weights(beta, step)
    return float(kept[: round(window(beta))].sum() / kept.sum())


def lag(beta: float) -> float:
    """Mean age of the values in the average, in steps: by so much it trails behind a slope."""
    return beta / (1 - beta)


def half_life(beta: float) -> float:
    """After so many steps a value counts half; 0 where nothing is kept."""
    return -math.log(2) / math.log(beta) if beta > 0 else 0.0


def noise_factor(beta: float) -> float:
    """Standard deviation of the average of white noise over that of the noise, after many steps."""
    return math.sqrt((1 - beta) / (1 + beta))


def _clean(config: AverageConfig) -> torch.Tensor:
    share = torch.linspace(0, 1, config.length, dtype=torch.float64)
    return (
        LEVEL
        + {
            "wave": torch.sin(4 * math.pi * share),
            "jump": 2.0 * (share >= 0.5),
            "slope": 3 * share,
            "constant": 0 * share,
        }[config.series]
    )
