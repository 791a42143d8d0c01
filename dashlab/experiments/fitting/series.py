"""A noisy sine, predicted from its last τ values by a linear model or a small MLP.

Source:
    Zhang et al. 2023, "Dive into Deep Learning", section 9.1.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from dashlab.experiments.fitting.settings import SeriesConfig
from dashlab.training.device import stream

Array = NDArray[np.float64]

Model = Callable[[Tensor], Tensor]
"""[N, τ] -> [N]."""

AHEAD = (1, 2, 4, 8, 16, 32, 64, 128)
"""Errors are measured so many steps ahead."""
TAUS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


@dataclass(frozen=True, slots=True)
class Forecast:
    """The series and what is predicted of it; position t of a list stands for the value at time t, from 0.

    Where there is no prediction, it is NaN.
    """

    values: Array  # [T]
    clean: Array  # [T]: without noise
    one_step: Array  # [T]: from the τ values before
    k_step: Array  # [T]: k steps ahead, from values no newer than t − k
    free: Array  # [T]: after the training values from predictions alone
    train_count: int
    tau: int
    ahead: int
    training: float  # mean squared error of one step, on the values trained on
    validation: float  # on the values after them
    by_ahead: tuple[tuple[int, float], ...]  # steps ahead, mean squared error after the training values
    free_error: float  # mean squared error of `free`


@dataclass(frozen=True, slots=True)
class TauRow:
    """A linear model that sees `tau` values; all are mean squared errors."""

    tau: int
    training: float  # one step, on the values trained on
    one_step: float  # on the values after them
    k_step: float


def series(config: SeriesConfig) -> tuple[Tensor, Tensor]:
    """The values and what lies under their noise, float64 [T] each."""
    time = torch.arange(1, config.length + 1, dtype=torch.float64)
    clean = torch.sin(2 * math.pi / config.period * time)
    noise = torch.randn(config.length, generator=stream(config.seed, "series: noise"), dtype=torch.float64)
    return clean + config.noise * noise, clean


def forecast(config: SeriesConfig) -> Forecast:
    """Learn from the first values, predict the rest: one step, k steps, and all on its own.

    Raises:
        ConfigError: a setting is unsound.
    """
    config.check()
    values, clean = series(config)
    model, tau, train_count = _learned(values, config), config.tau, config.train_count
    steps = sorted({*(k for k in AHEAD if train_count + k < len(values)), config.ahead})
    predicted = multi_step(model, values, tau, max(steps))
    by_ahead = tuple((k, _error(predicted[k - 1], values, train_count)) for k in steps)
    free = _free_running(model, values, config)
    return Forecast(
        values=values.numpy(),
        clean=clean.numpy(),
        one_step=predicted[0].numpy(),
        k_step=predicted[config.ahead - 1].numpy(),
        free=free.numpy(),
        train_count=train_count,
        tau=tau,
        ahead=config.ahead,
        training=_error(predicted[0][:train_count], values, tau),
        validation=_error(predicted[0], values, train_count),
        by_ahead=by_ahead,
        free_error=_error(free, values, train_count),
    )


def over_tau(config: SeriesConfig) -> tuple[TauRow, ...]:
    """Linear models that see fewer and more values, on the same series.

    All are measured on the same values after the training values; what is learned from is all that has τ
    values before it. A τ that leaves fewer training values than weights is left out.
    """
    config.check()
    values, _ = series(config)
    fewest = [tau for tau in (*TAUS, config.tau) if config.train_count - tau > tau + 1]
    return tuple(_tau_row(values, config, tau) for tau in sorted(set(fewest)))


def _tau_row(values: Tensor, config: SeriesConfig, tau: int) -> TauRow:
    train_count = config.train_count
    predicted = multi_step(fit_linear(*windows(values[:train_count], tau)), values, tau, config.ahead)
    return TauRow(
        tau=tau,
        training=_error(predicted[0][:train_count], values, tau),
        one_step=_error(predicted[0], values, train_count),
        k_step=_error(predicted[-1], values, train_count),
    )


def windows(values: Tensor, tau: int) -> tuple[Tensor, Tensor]:
    """The τ values before each value, oldest first, and that value: [T] -> [T − τ, τ], [T − τ]."""
    return values.unfold(0, tau, 1)[:-1], values[tau:]


def fit_linear(x: Tensor, y: Tensor) -> Model:
    """One weight for each value and a bias, by least squares: x [N, τ], y [N]."""
    ones = torch.ones(len(x), 1, dtype=x.dtype)
    weights = torch.linalg.lstsq(torch.cat((x, ones), 1), y[:, None], driver="gelsd").solution[:, 0]
    return lambda x: x @ weights[:-1] + weights[-1]


def fit_mlp(x: Tensor, y: Tensor, config: SeriesConfig) -> Model:
    """Hidden layers of ReLUs, trained by Adam on all of x [N, τ], y [N] at each step.

    Weights start as Xavier uniform, biases at 0, as in the source.
    """
    generator = stream(config.seed, "series: weights")
    network = nn.Sequential()
    for fan_in, fan_out in pairwise((config.tau, *config.hidden, 1)):
        layer = nn.Linear(fan_in, fan_out, device="meta").to_empty(device="cpu").double()
        nn.init.xavier_uniform_(layer.weight, generator=generator)
        nn.init.zeros_(layer.bias)
        network.extend([layer, nn.ReLU()])
    network = network[:-1]
    optimizer = torch.optim.Adam(network.parameters(), lr=config.lr)
    for _ in range(config.steps):
        optimizer.zero_grad()
        loss = functional.mse_loss(network(x)[:, 0], y)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    network.requires_grad_(False)

    def predict(x: Tensor) -> Tensor:
        found: Tensor = network(x)[:, 0]
        return found

    return predict


def multi_step(model: Model, values: Tensor, tau: int, most: int) -> list[Tensor]:
    """Predictions 1, 2, … `most` steps ahead, each [T] with NaN where there is none.

    The prediction of t that is k steps ahead sees no value after t − k: what lies between is predicted too.
    """
    count = len(values)
    window = values.unfold(0, tau, 1)  # row i ends with the value at i + τ − 1
    found = []
    for ahead in range(1, most + 1):
        next_one = model(window)
        reached = torch.full((count,), torch.nan, dtype=values.dtype)
        first = tau + ahead - 1
        reached[first:] = next_one[: max(count - first, 0)]
        found.append(reached)
        window = torch.cat((window[:, 1:], next_one[:, None]), 1)
    return found


def _learned(values: Tensor, config: SeriesConfig) -> Model:
    x, y = windows(values[: config.train_count], config.tau)
    return fit_linear(x, y) if config.model == "linear" else fit_mlp(x, y, config)


def _free_running(model: Model, values: Tensor, config: SeriesConfig) -> Tensor:
    """After the training values every prediction is made from predictions, as soon as there are enough."""
    known = values[: config.train_count]
    found = torch.full_like(values, torch.nan)
    window = known[-config.tau :]
    for at in range(config.train_count, len(values)):
        found[at] = model(window[None])[0]
        window = torch.cat((window[1:], found[at : at + 1]))
    return found


def _error(predicted: Tensor, values: Tensor, first: int) -> float:
    """Mean squared error from position `first` on, over what is predicted there."""
    apart = predicted[first:] - values[first : len(predicted)]
    return float(apart[~apart.isnan()].square().mean())
