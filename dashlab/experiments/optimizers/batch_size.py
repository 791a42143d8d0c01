"""Full batch, mini-batch and one sample at a time: the same regression, fitted with batches of several sizes.

The model is ŷ = w·x + b with the mean squared error, so the loss over all samples is a bowl over (w, b) whose
lowest point is known exactly.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dashlab.experiments.optimizers.settings import BatchConfig, batch_sizes
from dashlab.training.device import stream

Array = NDArray[np.float64]

TRUTH = (2.0, -1.0)
"""Slope and intercept that the samples are made with."""
START = (-1.0, 3.0)
"""Slope and intercept from which every batch size starts."""
LOW, HIGH = -1.0, 3.0
"""Between these lie the x of the samples; not around 0, so that the bowl is stretched and turned."""
TIMINGS, TIMING_S = 3, 0.25
"""Each run is timed so often, or until this time is spent."""
FAR = 1e6
"""A run ends where its loss is this many times what it was at the start."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The samples, and the bowl that they make of the loss.

    The loss at p = (w, b) is lowest + ½ (p − best)ᵀ hessian (p − best).
    """

    x: Array  # [samples]
    y: Array  # [samples]
    best: Array  # [2]: slope and intercept of the least loss
    lowest: float
    hessian: Array  # [2, 2]
    sample_variance: float  # mean of ‖gradient of one sample‖² at `best`

    def losses(self, points: Array) -> Array:
        """Mean squared error over all samples at each of the points [..., 2]."""
        away = points - self.best
        found: Array = self.lowest + np.einsum("...i,ij,...j->...", away, self.hessian, away) / 2
        return found

    def gradients(self, points: Array) -> Array:
        """Gradient over all samples at each of the points [..., 2]."""
        found: Array = (points - self.best) @ self.hessian
        return found

    @property
    def largest_lr(self) -> float:
        """The learning rate from which on the full batch diverges."""
        return 2 / float(np.linalg.eigvalsh(self.hessian)[-1])

    @property
    def largest_lr_of_one(self) -> float:
        """The learning rate from which on one step on some single sample makes its own error larger."""
        return 1 / float((1 + self.x**2).max())


@dataclass(frozen=True, slots=True)
class BatchRun:
    """One batch size; row 0 is the start, row u is after update u.

    `left_at` is the update at which it had diverged, None if it did not; the rows end there.
    """

    batch: int
    per_epoch: int  # updates
    points: Array  # [updates + 1, 2]
    losses: Array  # [updates + 1], over all samples
    samples: Array  # [updates + 1], seen so far
    seconds: Array  # [updates + 1], measured
    noise: Array  # [updates]: ‖gradient of the batch − gradient of all samples‖² at the same point
    left_at: int | None

    @property
    def updates(self) -> int:
        """How many were made."""
        return len(self.noise)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did, counted from its rows."""

    batch: int
    per_epoch: int
    updates: int
    samples: int
    seconds: float
    loss: float
    above: float  # of the lowest loss, on average over the last epoch
    noise: float  # root mean square over the second half of the updates
    predicted: float | None  # the same in theory, at the lowest point; None where there is no formula


@dataclass(frozen=True, slots=True)
class BatchComparison:
    """Everything about one config."""

    problem: Problem
    runs: tuple[BatchRun, ...]


def problem(config: BatchConfig) -> Problem:
    """The samples of a config."""
    generator = stream(config.seed, "batch size: samples")
    x = torch.rand(config.samples, generator=generator, dtype=torch.float64) * (HIGH - LOW) + LOW
    x = x.sort().values
    y = TRUTH[0] * x + TRUTH[1]
    y += config.noise * torch.randn(config.samples, generator=generator, dtype=torch.float64)
    rows = _rows(x)
    hessian = 2 * rows.T @ rows / config.samples
    best = torch.linalg.solve(hessian, 2 * rows.T @ y / config.samples)
    error = rows @ best - y
    single = (2 * error[:, None] * rows).square().sum(1).mean()
    return Problem(
        x.numpy(), y.numpy(), best.numpy(), float(error.square().mean()), hessian.numpy(), float(single)
    )


def compare(config: BatchConfig) -> BatchComparison:
    """Run every batch size of `config`, one after the other."""
    made = problem(config)
    train(config.change(epochs=1), made, config.samples)  # the first update of a process is slow
    return BatchComparison(made, tuple(train(config, made, size) for size in batch_sizes(config)))


def train(config: BatchConfig, made: Problem, batch: int) -> BatchRun:
    """Fit the line with batches of one size; the last batch of an epoch may be smaller.

    The update is that of `torch.optim.SGD`, with the gradient 2/B · Xᵀ(Xp − y) written out: two calls of
    torch per update. The clock runs around the updates and the mixing alone. The run is
    repeated, and of each update the fastest time counts: what is longer was spent on other programs.
    """
    path, clock = _walk(config, made, batch)
    took, spent = np.diff(clock), clock[-1]
    for _ in range(TIMINGS - 1):
        if spent < TIMING_S:
            again = _walk(config, made, batch)[1]
            took, spent = np.minimum(took, np.diff(again)), spent + again[-1]
    return _measured(config, made, batch, path, np.append(0.0, np.cumsum(took)))


def _walk(config: BatchConfig, made: Problem, batch: int) -> tuple[Array, list[float]]:
    """The points of a run, and the seconds at which each was reached."""
    inputs, targets = _rows(torch.from_numpy(made.x)), torch.from_numpy(made.y)
    per_epoch = math.ceil(config.samples / batch)
    path = torch.empty(config.epochs * per_epoch + 1, 2, dtype=torch.float64)
    path[0] = torch.tensor(START, dtype=torch.float64)
    points, clock = path.unbind(), [0.0]
    began = time.perf_counter()
    for epoch, order in enumerate(_orders(config)):
        lr = learning_rate(config, epoch)
        for rows, wanted in zip(
            torch.split(inputs[order], batch), torch.split(targets[order], batch), strict=True
        ):
            here, there = points[len(clock) - 1], points[len(clock)]
            error = torch.addmv(wanted, rows, here, beta=-1)
            torch.addmv(here, rows.T, error, alpha=-2 * lr / len(wanted), out=there)
            clock.append(time.perf_counter() - began)
    return path.numpy(), clock


def learning_rate(config: BatchConfig, epoch: int) -> float:
    """The learning rate in an epoch, the first one being 0."""
    return config.lr / (1 + config.decay * epoch)


def _measured(config: BatchConfig, made: Problem, batch: int, path: Array, clock: Array) -> BatchRun:
    """Losses and noise of a path, and where it ends."""
    per_epoch = math.ceil(config.samples / batch)
    with np.errstate(over="ignore", invalid="ignore"):
        losses = made.losses(path)
        gone = ~(losses <= FAR * losses[0])
        left_at = int(gone.argmax()) if gone.any() else None
        end = len(path) if left_at is None else left_at + 1
        rates = np.repeat([learning_rate(config, e) for e in range(config.epochs)], per_epoch)[: end - 1]
        taken = (path[: end - 1] - path[1:end]) / rates[:, None]
        noise = np.square(taken - made.gradients(path[: end - 1])).sum(axis=1)
    epochs, rest = np.divmod(np.arange(end), per_epoch)
    samples = epochs * config.samples + rest * batch
    return BatchRun(batch, per_epoch, path[:end], losses[:end], samples, clock[:end], noise, left_at)


def summary(config: BatchConfig, made: Problem, run: BatchRun) -> Summary:
    """What a run did."""
    return Summary(
        batch=run.batch,
        per_epoch=run.per_epoch,
        updates=run.updates,
        samples=int(run.samples[-1]),
        seconds=float(run.seconds[-1]),
        loss=float(run.losses[-1]),
        above=max(0.0, float(run.losses[-run.per_epoch :].mean()) - made.lowest),
        noise=float(np.sqrt(run.noise[run.updates // 2 :].mean())),
        predicted=predicted_noise(config, made, run.batch),
    )


def predicted_noise(config: BatchConfig, made: Problem, batch: int) -> float | None:
    """Root mean square of the noise of a batch's gradient at the lowest point.

    A batch of B out of n samples, drawn without replacement, has the variance of one sample times
    (n − B) / (B (n − 1)); with replacement, 1 / B. A fixed order has no such formula.
    """
    if config.shuffle == "sorted":
        return None
    n = config.samples
    share = 1 / batch if config.shuffle == "replace" else (n - batch) / (batch * (n - 1))
    return math.sqrt(made.sample_variance * share)


def _rows(x: Any) -> torch.Tensor:
    return torch.stack([x, torch.ones_like(x)], dim=1)


def _orders(config: BatchConfig) -> Iterator[torch.Tensor]:
    """The order of the samples in each epoch; the same for every batch size."""
    generator, count = stream(config.seed, "batch size: order"), config.samples
    order = torch.arange(count)
    for epoch in range(config.epochs):
        if config.shuffle == "replace":
            order = torch.randint(count, (count,), generator=generator)
        elif config.shuffle == "epoch" or (config.shuffle == "once" and epoch == 0):
            order = torch.randperm(count, generator=generator)
        yield order
