"""Logistic regression on two classes in the plane, with torch's own gradients."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dashlab.data.points import circles, moons
from dashlab.experiments.descent.classes_rows import ClassesRun, best_line
from dashlab.experiments.descent.classes_settings import ClassesConfig

Array = NDArray[np.float64]

RADIUS = 0.4
"""Of the inner circle; the outer one has radius 1."""


def fit(config: ClassesConfig) -> ClassesRun:
    """The descent: `nn.Linear(2, 1)`, a sigmoid, `nn.BCELoss`, and `torch.optim.SGD` on all points at once.

    Points and first weights are drawn from one seed in the order of recipe S13, whose numbers therefore come
    out: class 0, class 1, then the weights as `nn.Linear` draws them.

    Raises:
        ConfigError: a setting is unsound, or two do not fit.
    """
    config.check()
    generator = torch.Generator().manual_seed(config.seed)
    x, y = _points(config, generator)
    model = _model(generator)
    way, gradients, losses, ended = _walk(config, model, x, y)
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


def _model(generator: torch.Generator) -> nn.Linear:
    """As `nn.Linear(2, 1)` draws it, from a generator of its own."""
    model = nn.Linear(2, 1, device="meta").to_empty(device="cpu")  # else it draws from torch's own generator
    bound = 1 / math.sqrt(2)
    with torch.no_grad():
        for parameter in (model.weight, model.bias):
            parameter.uniform_(-bound, bound, generator=generator)
    return model.double()


def _walk(
    config: ClassesConfig, model: nn.Linear, x: Tensor, y: Tensor
) -> tuple[Tensor, Tensor, Tensor, str]:
    """Weights [steps + 1, 3], gradients [steps + 1, 3] and losses [steps + 1], and why it ended."""
    optimizer = torch.optim.SGD(model.parameters(), lr=config.lr, momentum=config.momentum)
    measure = nn.BCEWithLogitsLoss()
    way, gradients, losses, ended = [], [], [], "steps"
    for step in range(config.steps + 1):
        logits = model(x)[:, 0]
        loss = measure(logits, y)
        optimizer.zero_grad()
        loss.backward()
        way.append(_three(model.weight, model.bias))
        gradients.append(_three(model.weight.grad, model.bias.grad))
        losses.append(loss.detach())
        right = int(((logits >= 0) == (y == 1)).sum())
        if config.stops and step % config.every == 0 and right / len(y) > config.stop_accuracy:
            ended = "accuracy"
            break
        if step < config.steps:
            optimizer.step()
    return torch.stack(way), torch.stack(gradients), torch.stack(losses), ended


def _three(weight: Tensor | None, bias: Tensor | None) -> Tensor:
    assert weight is not None
    assert bias is not None
    return torch.cat([weight.detach()[0], bias.detach()]).clone()


def _optimum(x: Tensor, y: Tensor) -> tuple[Tensor, float]:
    """The weights [3] of the least loss, and that loss, by Newton's method; there is a least one."""
    features = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], 1)
    weights = torch.zeros(3, dtype=x.dtype)
    for _ in range(100):
        p = torch.sigmoid(features @ weights)
        gradient = features.T @ (p - y) / len(y)
        hessian = (features * (p * (1 - p))[:, None]).T @ features / len(y)
        step = torch.linalg.solve(hessian, gradient)
        weights = weights - step
        if step.abs().max() < 1e-12 * (1 + weights.abs().max()):
            break
    return weights, nn.functional.binary_cross_entropy_with_logits(features @ weights, y).item()
