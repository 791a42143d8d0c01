"""A line through points by gradient descent, with torch's own gradients, and its loss surface."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from dashlab.experiments.descent.line_rows import LineData, LineRun
from dashlab.experiments.descent.line_surface import LossGround, loss_ground
from dashlab.experiments.descent.points import points_of
from dashlab.experiments.descent.settings import LineConfig

Array = NDArray[np.float64]

FAR = 1e9
"""A descent ends where its loss is so many times what it was at the start."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What is fitted, and from where."""

    features: Tensor  # [N, P]
    y: Tensor  # [N]
    start: Tensor  # [P]
    generator: Generator  # of the batches


def fit_of(config: LineConfig) -> tuple[Fit, LineData]:
    """Points, start and order of the batches, all from one seed, in this order: x, noise, first weights.

    The order is that of the recipes S12, whose numbers therefore come out.
    """
    generator = torch.Generator().manual_seed(config.seed)
    x, y, truth = drawn_points(config, generator)
    mean, scale = torch.zeros(x.shape[1]).double(), torch.ones(x.shape[1]).double()
    if config.standardise:
        mean, scale = x.mean(0), x.std(0, correction=0)
    features = torch.cat([(x - mean) / scale, torch.ones(len(x), 1).double()], 1)
    best = torch.linalg.lstsq(features, y[:, None], driver="gelsd").solution[:, 0]
    drawn = config.start_std * torch.randn(x.shape[1], 1, generator=generator)[:, 0].double()
    if config.start == "chosen":
        slopes = [config.start_w, config.start_w2][: x.shape[1]]
        start = torch.tensor([*slopes, config.start_b], dtype=torch.float64)
    else:
        start = torch.cat([drawn, torch.zeros(1).double()])
    data = LineData(
        x=x.numpy(),
        y=y.numpy(),
        mean=mean.numpy(),
        scale=scale.numpy(),
        best=best.numpy(),
        truth=None if truth is None else truth.numpy(),
    )
    return Fit(features, y, start, generator), data


def drawn_points(config: LineConfig, generator: Generator) -> tuple[Tensor, Tensor, Tensor | None]:
    """x [N, P - 1], y [N] and, of a recipe, the true weights [P]."""
    if config.data == "own":
        own = torch.tensor(points_of(config.points), dtype=torch.float64)
        return own[:, :1], own[:, 1], None
    shape = (config.count, 2 if config.data == "plane" else 1)
    if config.inputs == "uniform":
        x = 10 * torch.rand(shape, generator=generator).double()
    else:
        x = torch.randn(shape, generator=generator).double()
    noise = config.noise * torch.randn(config.count, 1, generator=generator)[:, 0].double()
    slopes = [config.slope, config.slope2][: shape[1]]
    truth = torch.tensor([*slopes, config.intercept], dtype=torch.float64)
    return x, x @ truth[:-1] + truth[-1] + noise, truth


def batches(count: int, size: int, generator: Generator) -> Iterator[Tensor]:
    """Indices of batch after batch, [size], without end; each epoch shows every point once."""
    while True:
        if size >= count:
            yield torch.arange(count)
        else:
            yield from torch.split(torch.randperm(count, generator=generator), size)


def batch_size(config: LineConfig, count: int) -> int:
    """How many of so many points make one gradient."""
    return {"full": count, "mini": min(config.batch_size, count), "single": 1}[config.batch]


def mean_loss(errors: Tensor, config: LineConfig) -> Tensor:
    """The mean loss of the errors ŷ − y [..., N]: [...]."""
    if config.loss == "squared":
        return (errors**2).mean(-1) / 2
    if config.loss == "absolute":
        return errors.abs().mean(-1)
    zero = torch.zeros_like(errors)
    each = torch.nn.functional.huber_loss(errors, zero, delta=config.delta, reduction="none")
    return each.mean(-1)


def descend(config: LineConfig, *, lr: float | None = None) -> LineRun:
    """The descent: w ← w − α ∂L/∂w, every gradient by autograd.

    Args:
        config: of points, loss, batches, start and end.
        lr: a learning rate in the place of that of `config`; any positive one.

    Raises:
        ConfigError: a setting is unsound, or two do not fit.
    """
    config.check()
    fit, data = fit_of(config)
    count = len(fit.y)
    size = batch_size(config, count)
    per_epoch = -(-count // size)
    most = config.epochs * per_epoch if config.stop == "epochs" else config.steps
    weights, taken, ended = _walk(fit, config, config.lr if lr is None else lr, size, most)
    losses, gradients = _measured(fit, config, weights)
    best = torch.from_numpy(data.best)
    lowest = mean_loss(fit.features @ best - fit.y, config).item()
    return LineRun(data, weights.numpy(), losses, gradients, taken.numpy(), per_epoch, lowest, ended)


def picture(config: LineConfig) -> tuple[LineRun, LossGround]:
    """The descent and the loss around its way; raises `ConfigError` as `descend` does."""
    run = descend(config)
    return run, loss_ground(run, config.loss, config.delta)


def _walk(fit: Fit, config: LineConfig, lr: float, size: int, most: int) -> tuple[Tensor, Tensor, str]:
    """Weights [steps + 1, P] and gradients [steps, P] of the way, and why it ended."""
    weights = fit.start.clone().requires_grad_()
    way, gradients = [fit.start], list[Tensor]()
    order, count = batches(len(fit.y), size, fit.generator), len(fit.y)
    limit = FAR * max(_overall(fit, weights, config), 1e-9)
    ended = "epochs" if config.stop == "epochs" else "steps"
    for step in range(most + 1):
        looked_at = config.stop == "loss" and step % config.every == 0
        if looked_at and _overall(fit, weights, config) < config.stop_loss:
            ended = "loss"
            break
        if step == most:
            break
        chosen = next(order)
        features, y = (fit.features, fit.y) if size >= count else (fit.features[chosen], fit.y[chosen])
        loss = mean_loss(features @ weights - y, config)
        if not loss.item() <= limit:
            ended = "diverged"
            break
        (gradient,) = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            weights -= lr * gradient
        gradients.append(gradient)
        way.append(weights.detach().clone())
    taken = torch.stack(gradients) if gradients else fit.start.new_zeros(0, len(fit.start))
    return torch.stack(way), taken, ended


def _overall(fit: Fit, weights: Tensor, config: LineConfig) -> float:
    with torch.no_grad():
        return mean_loss(fit.features @ weights - fit.y, config).item()


def _measured(fit: Fit, config: LineConfig, weights: Tensor) -> tuple[Array, Array]:
    """Loss [steps + 1] and gradient [steps + 1, P] over all points, at each of the weights."""
    at = weights.clone().requires_grad_()
    losses = mean_loss(at @ fit.features.T - fit.y, config)
    (gradients,) = torch.autograd.grad(losses.sum(), at)
    return losses.detach().numpy(), gradients.numpy()


def with_rates(config: LineConfig, rates: Tensor, steps: int) -> Array:
    """The loss over all points at each of `steps` steps, for each of the learning rates [R]: [R, steps + 1].

    All go from the same start over the same batches, whatever ends the descent of `config`.
    """
    fit, _ = fit_of(config)
    size = batch_size(config, len(fit.y))
    order = batches(len(fit.y), size, fit.generator)
    weights = fit.start.repeat(len(rates), 1).requires_grad_()  # [R, P]
    losses = []
    for step in range(steps + 1):
        with torch.no_grad():
            losses.append(mean_loss(weights @ fit.features.T - fit.y, config))
        if step == steps:
            break
        chosen = next(order)
        loss = mean_loss(weights @ fit.features[chosen].T - fit.y[chosen], config).sum()
        (gradient,) = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            weights -= rates[:, None] * gradient
    return torch.stack(losses, 1).numpy()
