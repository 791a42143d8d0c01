"""Logistic regression on two classes in the plane, with torch's own gradients."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from dashlab.data.points import circles, moons
from dashlab.experiments.descent.classes_rows import ClassesRun, best_line
from dashlab.experiments.descent.classes_settings import ClassesConfig

Array = NDArray[np.float64]

RADIUS = 0.4
"""Of the inner circle; the outer one has radius 1."""


def fit(config: ClassesConfig) -> ClassesRun:
    """The descent on the mean cross-entropy of all points, with momentum, every gradient by autograd.

    Points and first weights are drawn from one seed in the order of recipe S13, whose numbers therefore come
    out: class 0, class 1, then the weights as `nn.Linear` draws them.

    Raises:
        ConfigError: a setting is unsound, or two do not fit.
    """
    config.check()
    generator = torch.Generator().manual_seed(config.seed)
    x, y = _points(config, generator)
    way, ended = _walk(config, _start(generator), x, y)
    losses, gradients = _measured(x, y, way)
    points, classes = x.numpy(), y.long().numpy()
    best = best_line(points, classes)
    optimum, lowest = (None, 0.0) if best == len(classes) else _optimum(x, y)
    return ClassesRun(
        x=points,
        y=classes,
        weights=way.numpy(),
        losses=losses.numpy(),
        gradients=gradients.numpy(),
        best_count=best,
        optimum=None if optimum is None else optimum.numpy(),
        optimum_loss=lowest,
        ended=ended,
    )


def _points(config: ClassesConfig, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """x [N, 2] and y [N], class 0 first."""
    if config.data == "clouds":
        middle = torch.full((config.count, 2), config.mean)
        zero = torch.normal(middle, 1.0, generator=generator) + config.shift
        one = torch.normal(-middle, 1.0, generator=generator) + config.shift
        x = torch.cat([zero, one])
        return x.double(), (torch.arange(len(x)) >= config.count).double()
    if config.data == "circles":
        drawn = circles(2 * config.count, factor=RADIUS, noise=config.noise, generator=generator)
    else:
        drawn = moons(2 * config.count, noise=config.noise, generator=generator)
    order = torch.argsort(drawn.y, stable=True)
    return drawn.x[order].double(), drawn.y[order].double()


def _start(generator: torch.Generator) -> Tensor:
    """w₁, w₂ and b as `nn.Linear(2, 1)` draws them: [3]."""
    bound = 1 / math.sqrt(2)
    drawn = [torch.empty(count).uniform_(-bound, bound, generator=generator) for count in (2, 1)]
    return torch.cat(drawn).double()


def _walk(config: ClassesConfig, start: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, str]:
    """Weights [steps + 1, 3] of the way, and why it ended."""
    features, weights = with_ones(x), start.clone().requires_grad_()
    velocity, way = torch.zeros_like(start), [start]
    for step in range(config.steps + 1):
        logits = features @ weights
        if config.stops and step % config.every == 0:
            right = int(((logits >= 0) == (y == 1)).sum())
            if right / len(y) > config.stop_accuracy:
                return torch.stack(way), "accuracy"
        if step == config.steps:
            break
        (gradient,) = torch.autograd.grad(cross_entropy(logits, y), weights)
        velocity = config.momentum * velocity + gradient
        with torch.no_grad():
            weights -= config.lr * velocity
        way.append(weights.detach().clone())
    return torch.stack(way), "steps"


def _measured(x: Tensor, y: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Loss [steps + 1] and gradient [steps + 1, 3] at each of the weights."""
    at = weights.clone().requires_grad_()
    logits = at @ with_ones(x).T
    losses = cross_entropy(logits, y.expand_as(logits), reduction="none").mean(1)
    (gradients,) = torch.autograd.grad(losses.sum(), at)
    return losses.detach(), gradients


def with_ones(x: Tensor) -> Tensor:
    """x [N, 2] with a column of ones for b: [N, 3]."""
    return torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], 1)


def _optimum(x: Tensor, y: Tensor) -> tuple[Tensor, float]:
    """The weights [3] of the least loss, and that loss, by Newton's method; there is a least one."""
    features = with_ones(x)
    weights = torch.zeros(3, dtype=x.dtype)
    for _ in range(100):
        p = torch.sigmoid(features @ weights)
        gradient = features.T @ (p - y) / len(y)
        hessian = (features * (p * (1 - p))[:, None]).T @ features / len(y)
        step = torch.linalg.solve(hessian, gradient)
        weights = weights - step
        if step.abs().max() < 1e-12 * (1 + weights.abs().max()):
            break
    return weights, cross_entropy(features @ weights, y).item()
