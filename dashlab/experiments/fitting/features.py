"""Fits of random ReLU features, from fewer than there are points to many more: the error falls, peaks, falls.

With p features and n points, and p > n, infinitely many fits pass through all points; the one with the
smallest weights is taken. Nothing is trained: the features are drawn, and only the weights above are fitted.

Source:
    Belkin et al. 2019, "Reconciling modern machine-learning practice and the classical bias–variance
    trade-off", for the curve; Hastie et al. 2022, "Surprises in high-dimensional ridgeless least squares
    interpolation", for its peak at p = n and for what ridge does to it.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from dashlab.experiments.fitting.settings import FeaturesConfig
from dashlab.training.device import stream

Array = NDArray[np.float64]

RATIOS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.35, 1.5, 2, 3, 4, 6, 8, 10, 12, 15)
"""Features for each point, along the curve."""
FRESH = 500
"""New points without noise, on which a fit is measured."""
ALONG = 121
"""Places along the direction u at which the fit looked at is drawn, from −3 to 3."""
REACH = 3.0


@dataclass(frozen=True, slots=True)
class Interpolation:
    """Errors over the number of features; all are mean squared distances from the true function."""

    counts: tuple[int, ...]  # [P], features, ascending
    points: int
    every: Array  # [P, seeds]: with the smallest weights
    every_ridge: Array  # [P, seeds]
    training: Array  # [P]: mean squared error on the points themselves, median over the seeds
    norms: Array  # [P]: Euclidean norm of the weights, median over the seeds
    norms_ridge: Array  # [P]
    along: Array  # [ALONG]: u·x
    truth: Array  # [ALONG]
    fits: Array  # [P, ALONG]: of the first seed
    fits_ridge: Array  # [P, ALONG]
    dots: Array  # [2, points]: u·x and y of the first seed

    @property
    def errors(self) -> Array:
        """[P]: median over the seeds."""
        median: Array = np.median(self.every, axis=1)
        return median

    @property
    def errors_ridge(self) -> Array:
        """[P]: median over the seeds."""
        median: Array = np.median(self.every_ridge, axis=1)
        return median

    @property
    def threshold(self) -> int:
        """Position of the count that is the number of points."""
        return self.counts.index(self.points)

    @property
    def peak(self) -> int:
        """Position of the count with the highest error."""
        return int(self.errors.argmax())

    @property
    def lowest_at(self) -> int:
        """Position of the lowest error to the right of the threshold."""
        after = self.threshold + 1
        return after + int(self.errors[after:].argmin())

    @property
    def lowest_after(self) -> float:
        """The lowest error to the right of the threshold."""
        return float(self.errors[self.lowest_at])

    @property
    def height(self) -> float:
        """The error with as many features as points, in multiples of the lowest to its right."""
        return float(self.errors[self.threshold]) / self.lowest_after

    @property
    def ridge_height(self) -> float:
        """The same with ridge."""
        errors = self.errors_ridge
        return float(errors[self.threshold] / errors[self.threshold + 1 :].min())

    def nearest(self, features: int) -> int:
        """Position of the count nearest to this one."""
        return min(range(len(self.counts)), key=lambda place: abs(self.counts[place] - features))


@dataclass(frozen=True, slots=True)
class _Draws:
    """What one or several seeds draw; the features of a smaller count are the first of a larger one."""

    x: Tensor  # [S, n, inputs]
    y: Tensor  # [S, n]
    new_x: Tensor  # [S, FRESH, inputs]
    new_y: Tensor  # [S, FRESH], without noise
    direction: Tensor  # [S, inputs], of length 1
    weight: Tensor  # [S, most, inputs]
    bias: Tensor  # [S, most]

    def features(self, x: Tensor, count: int) -> Tensor:
        """[S, m, inputs] -> [S, m, count], scaled so that Σ φ² does not grow with the count."""
        inner = x @ self.weight[:, :count].mT + self.bias[:, None, :count]
        return torch.relu(inner) / math.sqrt(count)


def counts_of(config: FeaturesConfig) -> tuple[int, ...]:
    """How many features each fit has, ascending; as many as points is one of them."""
    upto = [ratio for ratio in RATIOS if ratio <= config.most]
    return tuple(sorted({max(1, round(config.points * ratio)) for ratio in upto}))


def interpolate(config: FeaturesConfig) -> Interpolation:
    """All fits of all seeds.

    Raises:
        ConfigError: a setting is unsound.
    """
    config.check()
    draws = _draw(config)
    along = torch.linspace(-REACH, REACH, ALONG, dtype=torch.float64)
    line = (along[:, None] * draws.direction[:1])[None]  # [1, ALONG, inputs]
    first = _Draws(*(getattr(draws, name)[:1] for name in _Draws.__slots__))
    columns = [_fit(draws, first, line, count, config) for count in counts_of(config)]
    stacked = [np.stack(column) for column in zip(*columns, strict=True)]
    return Interpolation(
        counts=counts_of(config),
        points=config.points,
        every=stacked[0],
        every_ridge=stacked[1],
        training=np.median(stacked[2], axis=1),
        norms=np.median(stacked[3], axis=1),
        norms_ridge=np.median(stacked[4], axis=1),
        along=along.numpy(),
        truth=_teacher(along, config).numpy(),
        fits=stacked[5],
        fits_ridge=stacked[6],
        dots=torch.stack(((first.x @ first.direction[0])[0], first.y[0])).numpy(),
    )


def _fit(draws: _Draws, first: _Draws, line: Tensor, count: int, config: FeaturesConfig) -> list[Array]:
    """With one number of features: errors, with ridge; training errors, norms, with ridge; two drawn fits."""
    design = draws.features(draws.x, count)
    u, s, vh = torch.linalg.svd(design, full_matrices=False)
    towards = (u.mT @ draws.y[:, :, None])[:, :, 0]  # [S, min(n, count)]
    smallest = s[:, :1] * max(design.shape[1:]) * torch.finfo(s.dtype).eps
    shortest = torch.where(s > smallest, 1 / s, 0.0)  # as torch.linalg.pinv does
    ridge = s / (s**2 + config.points * config.ridge)
    weights, weights_ridge = ((vh.mT @ (each * towards)[:, :, None]) for each in (shortest, ridge))
    new = draws.features(draws.new_x, count)
    drawn = first.features(line, count)

    def errors(design: Tensor, c: Tensor, y: Tensor) -> Array:
        found: Array = ((design @ c)[:, :, 0] - y).square().mean(1).numpy()
        return found

    return [
        errors(new, weights, draws.new_y),
        errors(new, weights_ridge, draws.new_y),
        errors(design, weights, draws.y),
        weights.norm(dim=(1, 2)).numpy(),
        weights_ridge.norm(dim=(1, 2)).numpy(),
        (drawn @ weights[:1])[0, :, 0].numpy(),
        (drawn @ weights_ridge[:1])[0, :, 0].numpy(),
    ]


def _teacher(along: Tensor, config: FeaturesConfig) -> Tensor:
    return along if config.teacher == "linear" else torch.sin(1.5 * along)


def _draw(config: FeaturesConfig) -> _Draws:
    seeds = range(config.seed, config.seed + config.seeds)
    drawn = [_one(config, stream(seed, "random features")) for seed in seeds]
    return _Draws(*(torch.stack(tensors) for tensors in zip(*drawn, strict=True)))


def _one(config: FeaturesConfig, generator: Generator) -> tuple[Tensor, ...]:
    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    direction = normal(config.inputs)
    direction = direction / direction.norm()
    x, new_x = normal(config.points, config.inputs), normal(FRESH, config.inputs)
    y = _teacher(x @ direction, config) + config.noise * normal(config.points)
    most = counts_of(config)[-1]
    # N(0, 1) weights and biases evenly from −1 to 1: the kinks of the features lie among the points.
    weight = normal(most, config.inputs)
    bias = 2 * torch.rand(most, generator=generator, dtype=torch.float64) - 1
    return x, y, new_x, _teacher(new_x @ direction, config), direction, weight, bias
