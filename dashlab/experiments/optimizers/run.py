"""Racers of `torch.optim` on a surface: their tracks, with what each optimizer had in its memory."""

import inspect
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import Parameter

from dashlab.experiments.optimizers.race import MOST_STEPS, Course
from dashlab.experiments.optimizers.surfaces import Surface
from dashlab.settings.optim import SurfaceOptimConfig
from dashlab.training.device import stream
from dashlab.training.optim import joined, make_optimizer

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Track:
    """What one racer did.

    Attributes:
        racer: its settings.
        points: where it was, [steps + 1, 2]; the first is the start.
        losses: there, [steps + 1].
        gradients: what the optimizer was given in each step, noise included, [steps, 2].
        state: the optimizer's own memory after each step, by torch's names, [steps, 2].
        evaluations: how many gradients it had asked for after each step, [steps].
    """

    racer: SurfaceOptimConfig
    points: Array
    losses: Array
    gradients: Array
    state: dict[str, Array]
    evaluations: npt.NDArray[np.int64]

    def until(self, steps: int) -> "Track":
        """The first steps of it: what a shorter race would have given."""
        return Track(
            racer=self.racer,
            points=self.points[: steps + 1],
            losses=self.losses[: steps + 1],
            gradients=self.gradients[:steps],
            state={name: values[:steps] for name, values in self.state.items()},
            evaluations=self.evaluations[:steps],
        )


def losses_and_gradients(surface: Surface, points: Tensor) -> tuple[Tensor, Tensor]:
    """Losses [...] of points [..., 2], and their gradients [..., 2] by autograd."""
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
    """What is added to the gradient in each step, [steps, 2]; a longer course begins with the same."""
    if course.noise == 0:
        return torch.zeros(course.steps, 2, dtype=torch.float64)
    generator = stream(course.seed, "noise of a race")
    drawn = torch.randn(MOST_STEPS, 2, dtype=torch.float64, generator=generator)
    return course.noise * drawn[: course.steps]


class _Runner:
    """Racers on the way."""

    def __init__(self, course: Course, racers: Sequence[SurfaceOptimConfig]) -> None:
        self._racers, self._surface = racers, course.on
        self._noise = noise_of(course) if course.noise else None
        self._now = torch.tensor(course.start, dtype=torch.float64).repeat(len(racers), 1)
        self._gradients = torch.zeros_like(self._now)
        self._parameters = [Parameter(row) for row in self._now]
        for parameter, gradient in zip(self._parameters, self._gradients, strict=True):
            parameter.grad = gradient
        self._evaluations = [0] * len(racers)
        pairs = list(zip(racers, self._parameters, strict=True))
        made = [make_optimizer(racer, [parameter], fused=False) for racer, parameter in pairs]
        self._searching = [i for i, racer in enumerate(racers) if racer.optimizer == "lbfgs"]
        plain = [optimizer for i, optimizer in enumerate(made) if i not in self._searching]
        few, self._all = joined(plain), made
        # The step itself, without what torch puts around it for profilers and hooks, which takes as long.
        self._optimizers = [(inspect.unwrap(type(optimizer).step), optimizer) for optimizer in few]
        self._log = _Log(course.steps, len(racers))
        owner = {type(optimizer): optimizer for optimizer in few}
        states = [owner.get(type(one), one).state for one in made]
        self._memory = Memory(list(zip(states, self._parameters, strict=True)))

    def step(self, step: int) -> None:
        losses, gradients = losses_and_gradients(self._surface, self._now)
        if self._noise is not None:
            gradients += self._noise[step]
        self._gradients.copy_(gradients)
        self._log.points[step].copy_(self._now)
        self._log.losses[step].copy_(losses)
        self._log.gradients[step].copy_(gradients)
        with torch.no_grad():
            for step_of, optimizer in self._optimizers:
                step_of(optimizer)
        for index in self._searching:
            self._all[index].step(partial(self._evaluate, index, step))
            self._log.evaluations[step, index] = self._evaluations[index]
        self._memory.note()

    def tracks(self) -> tuple[Track, ...]:
        self._log.points[-1] = self._now
        self._log.losses[-1] = self._surface.loss(self._now)
        states = self._memory.of_each()
        return tuple(
            Track(
                racer=racer,
                points=self._log.points[:, index].numpy(),
                losses=self._log.losses[:, index].numpy(),
                gradients=self._log.gradients[:, index].numpy(),
                state=states[index],
                evaluations=self._log.evaluations[:, index],
            )
            for index, racer in enumerate(self._racers)
        )

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


class _Log:
    """Where the racers were, and the losses and gradients there."""

    def __init__(self, steps: int, racers: int) -> None:
        self.points = torch.empty(steps + 1, racers, 2, dtype=torch.float64)
        self.losses = torch.empty(steps + 1, racers, dtype=torch.float64)
        self.gradients = torch.empty(steps, racers, 2, dtype=torch.float64)
        self.evaluations = np.arange(1, steps + 1)[:, None].repeat(racers, axis=1)


class Memory:
    """What optimizers have in `optimizer.state` for one parameter each, noted after each step."""

    def __init__(self, owners: Sequence[tuple[MutableMapping[Any, Any], Parameter]]) -> None:
        self._owners = owners
        self._names: list[tuple[int, str]] = []
        self._log: list[Tensor] = []

    def note(self) -> None:
        """Copy everything that has the parameter's shape, or is one number, into the log."""
        states = [state[parameter] for state, parameter in self._owners]
        if not self._log:
            self._names = [(i, name) for i, state in enumerate(states) for name in _numbers(state)]
        if self._names:
            values = [states[i].get(name, _NOTHING) for i, name in self._names]
            self._log.append(torch.stack([_as_pair(value) for value in values]))

    def of_each(self) -> list[dict[str, Array]]:
        """For each optimizer its memory by name, [steps, 2]."""
        found: list[dict[str, Array]] = [{} for _ in self._owners]
        log = torch.stack(self._log).numpy() if self._log else np.empty(0)
        for column, (index, name) in enumerate(self._names):
            found[index][name] = log[:, column]
        return found


_NOTHING = torch.zeros(2, dtype=torch.float64)


def _as_pair(value: Tensor | float) -> Tensor:
    """One number as that of both coordinates."""
    if isinstance(value, Tensor) and value.ndim:
        return value
    return torch.as_tensor(value, dtype=torch.float64).expand(2)


def _numbers(state: dict[str, Any]) -> Iterator[str]:
    for name, value in state.items():
        is_number = isinstance(value, float) or (isinstance(value, Tensor) and value.shape in ((), (2,)))
        if is_number and name != "step":
            yield name
