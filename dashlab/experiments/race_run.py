"""Racers of `torch.optim` on a surface: their tracks, with what each optimizer had in its memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

from dashlab.device import stream
from dashlab.experiments.race import Course
from dashlab.experiments.surfaces import Surface
from dashlab.optim import make_optimizer
from dashlab.optim_settings import SurfaceOptimConfig

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Track:
    """What one racer did.

    Attributes:
        racer: its settings.
        points: where it was, shape (steps + 1, 2); the first is the start.
        losses: there, shape (steps + 1,).
        gradients: what the optimizer was given in each step, noise included, shape (steps, 2).
        state: the optimizer's own memory after each step, by torch's names, shape (steps, 2).
        evaluations: how many gradients it asked for.
    """

    racer: SurfaceOptimConfig
    points: Array
    losses: Array
    gradients: Array
    state: dict[str, Array]
    evaluations: int


def losses_and_gradients(surface: Surface, points: Tensor) -> tuple[Tensor, Tensor]:
    """Losses of points of shape (..., 2), and their gradients by autograd."""
    at = points.detach().requires_grad_()
    losses = surface.loss(at)
    (gradients,) = torch.autograd.grad(losses, at, torch.ones_like(losses))
    return losses.detach(), gradients


def race(course: Course, racers: Sequence[SurfaceOptimConfig]) -> tuple[Track, ...]:
    """Every racer's track.

    The racers' points are rows of one tensor, so that one pass of autograd serves them all; each racer is an
    optimizer of its own on its own row, and gets the bits it would get alone. In double precision.
    """
    runner = _Runner(course, racers)
    for step in range(course.steps):
        runner.step(step)
    return runner.tracks()


def noise_of(course: Course) -> Tensor:
    """What is added to the gradient in each step, shape (steps, 2)."""
    if course.noise == 0:
        return torch.zeros(course.steps, 2, dtype=torch.float64)
    generator = stream(course.seed, "noise of a race")
    return course.noise * torch.randn(course.steps, 2, dtype=torch.float64, generator=generator)


class _Runner:
    """Racers on the way."""

    def __init__(self, course: Course, racers: Sequence[SurfaceOptimConfig]) -> None:
        count, steps = len(racers), course.steps
        self._racers, self._surface = racers, course.on
        self._noise = noise_of(course) if course.noise else None
        self._now = torch.tensor(course.start, dtype=torch.float64).repeat(count, 1)
        self._gradients = torch.zeros(count, 2, dtype=torch.float64)
        self._parameters = [Parameter(row) for row in self._now]
        for parameter, gradient in zip(self._parameters, self._gradients, strict=True):
            parameter.grad = gradient
        self._optimizers = [
            make_optimizer(racer, [parameter], fused=False)
            for racer, parameter in zip(racers, self._parameters, strict=True)
        ]
        self._calls = [self._call(index) for index in range(count)]
        self._evaluations = [0] * count
        self._points_log = torch.empty(steps + 1, count, 2, dtype=torch.float64)
        self._losses_log = torch.empty(steps + 1, count, dtype=torch.float64)
        self._gradients_log = torch.empty(steps, count, 2, dtype=torch.float64)
        self._memory = Memory(self._optimizers)

    def step(self, step: int) -> None:
        losses, gradients = losses_and_gradients(self._surface, self._now)
        if self._noise is not None:
            gradients += self._noise[step]
        self._gradients.copy_(gradients)
        self._points_log[step].copy_(self._now)
        self._losses_log[step].copy_(losses)
        self._gradients_log[step].copy_(gradients)
        for call in self._calls:
            call(step)
        self._memory.note()

    def tracks(self) -> tuple[Track, ...]:
        self._points_log[-1] = self._now
        self._losses_log[-1] = self._surface.loss(self._now)
        points, losses = self._points_log.numpy(), self._losses_log.numpy()
        gradients, states = self._gradients_log.numpy(), self._memory.of_each()
        return tuple(
            Track(
                racer=racer,
                points=points[:, index],
                losses=losses[:, index],
                gradients=gradients[:, index],
                state=state,
                evaluations=self._evaluations[index] or len(gradients),
            )
            for index, (racer, state) in enumerate(zip(self._racers, states, strict=True))
        )

    def _call(self, index: int) -> Callable[[int], object]:
        """What lets one optimizer take its step, given the gradient at its point."""
        optimizer = self._optimizers[index]
        if self._racers[index].optimizer != "lbfgs":
            plain: Callable[[], object] = optimizer.step
            return lambda _step: plain()
        return lambda step: optimizer.step(lambda: self._evaluate(index, step))

    def _evaluate(self, index: int, step: int) -> float:
        """The closure of L-BFGS, which asks for gradients elsewhere too; noise tilts the surface."""
        parameter = self._parameters[index]
        loss, gradient = losses_and_gradients(self._surface, parameter)
        if self._noise is not None:
            loss = loss + (self._noise[step] * parameter.detach()).sum()
            gradient = gradient + self._noise[step]
        parameter.grad = gradient
        self._evaluations[index] += 1
        return float(loss)


class Memory:
    """What optimizers of one parameter each have in `optimizer.state`, noted after each step."""

    def __init__(self, optimizers: Sequence[Optimizer]) -> None:
        self._states = [_state_of(optimizer) for optimizer in optimizers]
        self._names: list[tuple[int, str]] = []
        self._log: list[Tensor] = []

    def note(self) -> None:
        """Copy everything that has the parameter's shape, or is one number, into the log."""
        if not self._log:
            self._names = [(i, name) for i, state in enumerate(self._states) for name in _numbers(state())]
            self._nothing = torch.zeros(2, dtype=torch.float64)
        values = [self._states[i]().get(name, self._nothing) for i, name in self._names]
        self._log.append(
            torch.stack([v if v.ndim else v.double().expand(2) for v in values]) if values else self._nothing
        )

    def of_each(self) -> list[dict[str, Array]]:
        """For each optimizer its memory by name, shape (steps, 2)."""
        found: list[dict[str, Array]] = [{} for _ in self._states]
        log = torch.stack(self._log).numpy() if self._names else np.empty(0)
        for column, (index, name) in enumerate(self._names):
            found[index][name] = log[:, column]
        return found


def _state_of(optimizer: Optimizer) -> Callable[[], dict[str, Any]]:
    parameter = optimizer.param_groups[0]["params"][0]
    return lambda: optimizer.state[parameter]


def _numbers(state: dict[str, Any]) -> Iterator[str]:
    for name, value in state.items():
        if isinstance(value, Tensor) and value.shape in ((), (2,)) and name != "step":
            yield name
