"""Optimizers on the smallest network there is: one linear layer, random samples, three sizes of batch.

S14 of the course: Linear(10, 5), mean squared error; batch gradient descent (BGD) uses all samples for each
update, stochastic gradient descent (SGD) one, mini-batch gradient descent 64. Its targets are pure noise,
which no layer can predict; here they can also be a linear function under a little of it.
"""

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import Parameter

from dashlab.settings.optim import OptimConfig
from dashlab.training.device import stream
from dashlab.training.optim import make_optimizer

INPUTS, OUTPUTS = 10, 5
NOISE = 0.1
"""Standard deviation of what the targets have besides a linear function."""
REGIMES: dict[str, int] = {"BGD": 0, "Mini-batch 64": 64, "SGD": 1}
"""Samples for each update; 0 means all."""
MOST_UPDATES = 1000
"""SGD stops here: one pass over a thousand samples; what follows looks the same, and costs seconds."""
MARKS = 60
"""The loss over all samples is measured about so often in a run."""
_SMALL = 30_000
"""So many multiplications torch does in one thread."""
FAR = 1e6
"""A racer has diverged when its loss is this many times that of the start, or is not a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearTrack:
    """One racer under one size of batch."""

    regime: str
    racer: int  # its place among the racers
    updates: tuple[int, ...]  # at which the loss was measured
    passes: tuple[float, ...]  # over the samples, at the same moments
    losses: tuple[float, ...]  # mean squared error over all samples
    diverged_at: int | None = None  # the update after which the loss was first seen out of bounds


def samples(count: int, *, seed: int, targets: str = "linear") -> tuple[Tensor, Tensor]:
    """Inputs N(0, 1) [count, 10] and targets [count, 5]: of a random linear layer under noise, or N(0, 1)."""
    generator = stream(seed, "linear samples")
    x = torch.randn(count, INPUTS, generator=generator)
    if targets == "noise":
        return x, torch.randn(count, OUTPUTS, generator=generator)
    weight = torch.randn(OUTPUTS, INPUTS, generator=generator)
    bias = torch.randn(OUTPUTS, generator=generator)
    return x, x @ weight.T + bias + NOISE * torch.randn(count, OUTPUTS, generator=generator)


def floor(count: int, *, seed: int, targets: str = "linear") -> float:
    """The lowest loss that a linear layer can have over these samples: that of the least-squares fit."""
    x, y = samples(count, seed=seed, targets=targets)
    wide = torch.cat((x, torch.ones(count, 1)), 1).double()
    fit = torch.linalg.lstsq(wide, y.double()).solution
    return float((wide @ fit - y).square().mean())


def race(
    racers: Sequence[OptimConfig],
    *,
    count: int = 1000,
    passes: int = 10,
    full_passes: int = 0,
    seed: int = 0,
    targets: str = "linear",
) -> tuple[LinearTrack, ...]:
    """All racers under each of `REGIMES`, from the same weights, over the same batches.

    Args:
        racers: at least one.
        count: samples.
        passes: over the samples; SGD ends after `MOST_UPDATES` if those come first.
        full_passes: the same for all samples at once; 0 for `passes`.
        seed: of samples, first weights and the order of the samples.
        targets: "linear" or "noise", as for `samples`.
    """
    x, y = samples(count, seed=seed, targets=targets)
    tracks: list[LinearTrack] = []
    for regime, size in REGIMES.items():
        some = passes if size else full_passes or passes
        tracks += _Layers(racers, x, y, seed=seed).run(regime, size or count, some)
    return tuple(tracks)


class _Layers:
    """The racers' layers [R, 5, 10] with biases [R, 5], moved together, each by an optimizer of its own.

    The gradient of the mean squared error is written out: calling autograd for so small a layer takes longer
    than all else.
    """

    def __init__(self, racers: Sequence[OptimConfig], x: Tensor, y: Tensor, *, seed: int) -> None:
        self.x, self.y = torch.cat((x, torch.ones(len(x), 1)), 1), y  # the bias is the weight of a constant
        wide_x, wide_y = self.x.double(), y.double()
        self.xx, self.yx, self.yy = wide_x.T @ wide_x, wide_y.T @ wide_x, wide_y.square().sum()
        first = torch.empty(OUTPUTS, INPUTS + 1)
        bound = 1 / math.sqrt(INPUTS)  # as torch.nn.Linear draws both
        first.uniform_(-bound, bound, generator=stream(seed, "linear weights"))
        self.weights = first.repeat(len(racers), 1, 1)  # [R, 5, 11]
        self.flat = self.weights.view(-1, INPUTS + 1)
        self.gradients = torch.zeros_like(self.weights)
        parameters = [Parameter(part) for part in self.weights.unbind(0)]
        for parameter, gradient in zip(parameters, self.gradients.unbind(0), strict=True):
            parameter.grad = gradient
        made = [
            make_optimizer(config, [parameter], fused=False)
            for config, parameter in zip(racers, parameters, strict=True)
        ]
        # The step itself, without what torch puts around it for profilers and hooks, which takes as long.
        self.steps: list[Callable[[], object] | None] = [
            partial(inspect.unwrap(type(optimizer).step), optimizer) for optimizer in made
        ]
        self.order = stream(seed, "linear order")

    @torch.no_grad()
    def run(self, regime: str, size: int, passes: int) -> list[LinearTrack]:
        per_pass = math.ceil(len(self.x) / size)
        total = min(per_pass * passes, MOST_UPDATES) if size == 1 else per_pass * passes
        every = max(1, total // MARKS)
        marks, losses = [0], [self.losses()]
        diverged: list[int | None] = [None] * len(self.steps)
        for update, (x, y) in enumerate(self._batches(size, total), start=1):
            self._step(x, y)
            if update % every == 0 or update == total:
                marks.append(update)
                losses.append(self.losses())
                self._end_diverged(losses[0], losses[-1], update, diverged)
        shares = [mark / per_pass for mark in marks]
        return [
            _track(regime, k, marks, shares, [row[k] for row in losses], diverged[k])
            for k in range(len(self.steps))
        ]

    def losses(self) -> list[float]:
        """Mean squared error of each racer over all samples, from their moments: however many there are."""
        weights = self.weights.double()
        through = _product(weights.flatten(0, 1), self.xx).view(weights.shape)
        squares = (through * weights - 2 * weights * self.yx).sum((1, 2)) + self.yy
        values: list[float] = (squares / self.y.numel()).tolist()
        return values

    def _batches(self, size: int, total: int) -> Iterator[tuple[Tensor, Tensor]]:
        dealt = 0
        while dealt < total:
            order = torch.randperm(len(self.x), generator=self.order)
            pairs = zip(torch.split(self.x[order], size), torch.split(self.y[order], size), strict=True)
            for pair, _ in zip(pairs, range(total - dealt), strict=False):
                yield pair
                dealt += 1

    def _step(self, x: Tensor, y: Tensor) -> None:
        error = (_product(x, self.flat).view(len(x), -1, OUTPUTS) - y[:, None]).flatten(1)  # [B, R·5]
        self.gradients.copy_(_product(error.T, x.T).view(self.gradients.shape)).mul_(2 / y.numel())
        for step in self.steps:
            if step is not None:
                step()

    def _end_diverged(
        self, first: Sequence[float], now: Sequence[float], update: int, diverged: list[int | None]
    ) -> None:
        """Let go of the racers that are out of bounds; their weights stay what they are."""
        for k, loss in enumerate(now):
            if self.steps[k] is not None and not loss < FAR * first[k]:
                self.steps[k], diverged[k] = None, update


def _product(a: Tensor, b: Tensor) -> Tensor:
    """[M, K] times the transpose of [N, K].

    Small ones by single multiplications: for a product of matrices MKL wakes its threads, and waits for them
    on a busy machine.
    """
    small = len(a) * b.numel() <= _SMALL
    return (a[:, None] * b).sum(2) if small else a @ b.T


def _track(
    regime: str,
    racer: int,
    marks: Sequence[int],
    passes: Sequence[float],
    losses: Sequence[float],
    diverged_at: int | None,
) -> LinearTrack:
    """Up to the last mark at which the racer was within bounds."""
    within = sum(1 for mark in marks if diverged_at is None or mark < diverged_at)
    return LinearTrack(
        regime=regime,
        racer=racer,
        updates=tuple(marks[:within]),
        passes=tuple(passes[:within]),
        losses=tuple(losses[:within]),
        diverged_at=diverged_at,
    )
