"""Momentum on a quadratic bowl: how fast every learning rate and momentum converges, measured and in theory.

The bowl is f(w) = ½ (w₁² + w₂² / κ), with κ the condition number. Along each axis the update of
`torch.optim.SGD` is linear in (w, velocity), so one 2 × 2 matrix decides its fate; its spectral radius is the
factor by which the error shrinks at each step.

Source:
    Goh 2017, "Why Momentum Really Works", distill.pub/2017/momentum; for Nesterov's form Lessard, Recht and
    Packard 2016, "Analysis and Design of Optimization Algorithms via Integral Quadratic
    Constraints", table 1.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dashlab.experiments.optimizers.settings import PlaneConfig

Array = NDArray[np.float64]

START = 1.0
"""Both coordinates of the place where every descent starts; the minimum is at 0."""
LRS: Array = np.arange(1, 41) / 10
MOMENTA: Array = np.arange(0, 50) / 50
"""The cells of the plane: learning rates 0.1 to 4.0 and momenta 0 to 0.98."""
SMALLEST, LARGEST = 1e-290, 1e290
"""Errors outside are no longer exact to all digits in float64, or soon no numbers at all."""
FAR = 1e6
"""A descent that is drawn ends where it is this many times as far from the minimum as at its start."""
NEAR_CRITICAL = 0.01
"""A momentum this close to critical damping counts as critical."""
FEWEST = 10
"""A descent that is done (or gone) in fewer steps than this leaves nothing through which to lay a line."""

REGIMES = {
    "at once": "is at the minimum within two steps",
    "over-damped": "creeps straight in: more momentum would be faster",
    "critical": "is critically damped: as fast as this direction can be at this learning rate",
    "ripples": "swings back and forth around the minimum: less momentum would be faster",
    "flips": "jumps across the minimum at every step: the learning rate is large for it",
    "diverges": "runs away: every step makes the error larger",
}
"""What a direction does, in words."""


@dataclass(frozen=True, slots=True)
class RatePlane:
    """The rate of every cell: `lrs` [lrs], `momenta` [momenta], `measured` and `theory` [momenta, lrs]."""

    lrs: Array
    momenta: Array
    measured: Array
    theory: Array


@dataclass(frozen=True, slots=True)
class TheoryLine:
    """A line of theory over the plane, point by point: `lrs` and `momenta` are [points] each."""

    name: str
    lrs: Array
    momenta: Array


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well measured and theoretical rates agree over a plane."""

    cells: int
    median: float  # of the absolute difference of the rates
    largest: float
    same_side: int  # cells that converge in both or diverge in both


@dataclass(frozen=True, slots=True)
class Direction:
    """One axis of the bowl under a learning rate and a momentum."""

    curvature: float
    step: float  # learning rate times curvature
    rate: float  # theoretical factor of the error per step
    regime: str  # one of `REGIMES`
    critical_momentum: float
    period: float  # of the ripples in steps; nan without ripples


@dataclass(frozen=True, slots=True)
class Descent:
    """A descent of `torch.optim.SGD`, step 0 being the start.

    `left_at` is the step at which it had left everything behind, None if it never did; rows end there.
    """

    points: Array  # [steps + 1, 2]
    losses: Array  # [steps + 1]
    left_at: int | None


def curvatures(condition: float) -> tuple[float, float]:
    """Second derivatives of the bowl across and along: 1 and 1 / condition."""
    return 1.0, 1.0 / condition


def theoretical_rate(step: Any, momentum: Any, *, nesterov: bool = False) -> Array:
    """Spectral radius of the update along one axis: the factor of the error per step; 1 and more diverges.

    Args:
        step: learning rate times curvature, above 0: a number, or [...], broadcast against `momentum`.
        momentum: β, in [0, 1): likewise.
        nesterov: whether the gradient is taken ahead.

    Returns:
        [...], of the shape that both have together; scalar for two numbers.
    """
    trace, det = _trace_and_det(np.asarray(step, float), np.asarray(momentum, float), nesterov)
    inside = trace**2 - 4 * det
    real = (np.abs(trace) + np.sqrt(np.maximum(inside, 0))) / 2
    rate: Array = np.where(inside < 0, np.sqrt(np.maximum(det, 0)), real)
    return rate


def border(momentum: Any, *, nesterov: bool = False) -> Array:
    """The largest αλ that still converges, for each momentum: [...] as these are."""
    beta = np.asarray(momentum, float)
    edge: Array = (2 + 2 * beta) / (1 + 2 * beta) if nesterov else 2 + 2 * beta
    return edge


def critical_momentum(step: Any, *, nesterov: bool = False) -> Array:
    """The momentum of critical damping for each αλ, [...] as these are; nan where there is none in [0, 1)."""
    root = np.sqrt(np.asarray(step, float))
    with np.errstate(invalid="ignore"):
        critical = (1 - root) / (1 + root) if nesterov else (1 - root) ** 2
    allowed: Array = np.where((critical >= 0) & (critical < 1), critical, np.nan)
    return allowed


def best_setting(condition: float, *, nesterov: bool = False) -> tuple[float, float, float]:
    """Learning rate and momentum that converge fastest, and the rate there; see Source above."""
    if nesterov:
        root = math.sqrt(3 * condition + 1)
        return 4 / (3 + 1 / condition), (root - 2) / (root + 2), 1 - 2 / root
    root = math.sqrt(condition)
    return (2 / (1 + 1 / root)) ** 2, ((root - 1) / (root + 1)) ** 2, (root - 1) / (root + 1)


def plain_best(condition: float) -> tuple[float, float]:
    """Learning rate that is fastest without momentum, and the rate there."""
    return 2 / (1 + 1 / condition), (condition - 1) / (condition + 1)


def fastest(config: PlaneConfig) -> tuple[float, float]:
    """The best setting in steps of the sliders.

    The momentum is rounded up: just below critical damping the rate gets worse much faster than just above.
    """
    lr, momentum, _rate = best_setting(config.condition, nesterov=config.nesterov)
    lr = round(lr, 2)
    steps = np.array(curvatures(config.condition)) * lr
    wanted = np.nanmax([momentum, *critical_momentum(steps, nesterov=config.nesterov)])
    return lr, min(0.99, math.ceil(100 * wanted - 1e-9) / 100)


def lines(condition: float, *, nesterov: bool) -> tuple[TheoryLine, ...]:
    """The border of convergence, then critical damping of the steep direction and of the flat one."""
    momenta, lrs = np.linspace(0, 1, 101), np.linspace(LRS[0] / 2, LRS[-1], 400)
    edge = "αλ = (2 + 2β) / (1 + 2β)" if nesterov else "αλ = 2 + 2β"
    found = [TheoryLine(f"border: {edge}", border(momenta, nesterov=nesterov), momenta)]
    for name, curvature in zip(("steep", "flat"), curvatures(condition), strict=True):
        critical = critical_momentum(lrs * curvature, nesterov=nesterov)
        found.append(TheoryLine(f"critical, {name} direction", lrs, critical))
    return tuple(found if condition > 1 else found[:2])


def plane(condition: float, *, nesterov: bool, steps: int) -> RatePlane:
    """Run every cell of the plane, all at once, and put theory beside."""
    theory = np.maximum.reduce(
        [
            theoretical_rate(LRS[None] * curvature, MOMENTA[:, None], nesterov=nesterov)
            for curvature in curvatures(condition)
        ]
    )
    measured = measured_rates(LRS, MOMENTA, condition, nesterov=nesterov, steps=steps)
    return RatePlane(LRS, MOMENTA, measured, theory)


def measured_rates(lrs: Array, momenta: Array, condition: float, *, nesterov: bool, steps: int) -> Array:
    """The factor by which the error shrinks at each step, [momenta, lrs].

    It is the slope of a straight line through the logarithm of the error over the second half of the steps;
    as error counts the larger one of the last two positions, since ripples pass through 0. Steps at which the
    error has left the numbers that float64 holds exactly do not count; a cell that is at 0 within
    `FEWEST` steps has rate 0.
    """
    logs = np.log(np.maximum(errors(lrs, momenta, condition, nesterov=nesterov, steps=steps), 1e-300))
    usable = np.logical_and.accumulate((logs > math.log(SMALLEST)) & (logs < math.log(LARGEST)), axis=0)
    count = usable.sum(axis=0)
    at = np.arange(len(logs))[:, None, None]
    weight = usable & (at >= count // 2)
    total = np.maximum(weight.sum(axis=0), 1)
    centred = np.where(weight, at - (weight * at).sum(axis=0) / total, 0)
    slope = (centred * np.where(weight, logs, 0)).sum(axis=0) / np.maximum((centred**2).sum(axis=0), 1e-300)
    rate: Array = np.where(count < FEWEST, 0, np.exp(slope))
    return rate


def errors(lrs: Array, momenta: Array, condition: float, *, nesterov: bool, steps: int) -> Array:
    """The error after each step of every cell, [steps, momenta, lrs] of `lrs` [lrs] and `momenta` [momenta].

    All cells are stepped as one tensor, by the formulas of `torch.optim.SGD`.
    """
    curvature = torch.tensor(curvatures(condition), dtype=torch.float64)
    lr = torch.from_numpy(lrs)[None, :, None]
    momentum = torch.from_numpy(momenta)[:, None, None]
    weights = torch.full((len(momenta), len(lrs), 2), START, dtype=torch.float64)
    velocity = torch.zeros_like(weights)
    out = torch.empty(steps, len(momenta), len(lrs), dtype=torch.float64)
    last = weights.abs()
    for step in range(steps):
        gradient = weights * curvature
        velocity = velocity.mul_(momentum).add_(gradient)
        moved = gradient.addcmul_(velocity, momentum) if nesterov else velocity
        weights = weights.addcmul_(moved, lr, value=-1)
        now = weights.abs()
        torch.amax(torch.maximum(now, last), dim=-1, out=out[step])
        last = now
    numbers: Array = np.nan_to_num(out.numpy(), nan=np.inf)
    return numbers


def agreement(plane: RatePlane) -> Agreement:
    """Compare what was measured with theory, over all cells."""
    apart = np.abs(plane.measured - plane.theory)
    edge = 1 + 1e-9  # cells that lie on the border neither shrink nor grow, up to rounding
    same = (plane.measured < edge) == (plane.theory < edge)
    return Agreement(apart.size, float(np.median(apart)), float(apart.max()), int(same.sum()))


def directions(config: PlaneConfig) -> tuple[Direction, ...]:
    """What theory says of each axis of the bowl: the steep one first."""
    return tuple(_direction(curvature, config) for curvature in curvatures(config.condition))


def cell_rates(config: PlaneConfig) -> tuple[float, float]:
    """Measured and theoretical rate of the chosen cell."""
    measured = measured_rates(
        np.array([config.lr]),
        np.array([config.momentum]),
        config.condition,
        nesterov=config.nesterov,
        steps=config.steps,
    )
    return float(measured[0, 0]), max(direction.rate for direction in directions(config))


def descend(config: PlaneConfig) -> Descent:
    """The chosen cell by a real `torch.optim.SGD` with gradients by autograd, for `config.shown` steps."""
    curvature = torch.tensor(curvatures(config.condition), dtype=torch.float64)
    weights = torch.nn.Parameter(torch.full((2,), START, dtype=torch.float64))
    optimizer = torch.optim.SGD(
        [weights], config.lr, momentum=config.momentum, nesterov=config.nesterov and config.momentum > 0
    )
    points, losses, left_at = [], [], None
    for step in range(config.shown + 1):
        loss = (curvature * weights**2).sum() / 2
        points.append(weights.tolist())
        losses.append(loss.item())
        if weights.abs().max() > FAR * START:
            left_at = step
            break
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return Descent(np.array(points), np.array(losses), left_at)


def regime(step: float, momentum: float, *, nesterov: bool = False) -> str:
    """Which of `REGIMES` a direction with this αλ is in."""
    if theoretical_rate(step, momentum, nesterov=nesterov) >= 1:
        return "diverges"
    if theoretical_rate(step, momentum, nesterov=nesterov) < 1e-6:
        return "at once"
    if abs(momentum - critical_momentum(step, nesterov=nesterov)) <= NEAR_CRITICAL:
        return "critical"
    trace, det = _trace_and_det(np.asarray(step), np.asarray(momentum), nesterov)
    if trace**2 < 4 * det:
        return "ripples"
    return "over-damped" if trace > 0 else "flips"


def _direction(curvature: float, config: PlaneConfig) -> Direction:
    step, momentum, nesterov = config.lr * curvature, config.momentum, config.nesterov
    trace, det = _trace_and_det(np.asarray(step), np.asarray(momentum), nesterov)
    swings = trace**2 < 4 * det
    angle = math.acos(max(-1.0, min(1.0, float(trace) / (2 * math.sqrt(det))))) if swings else 0.0
    return Direction(
        curvature=curvature,
        step=step,
        rate=float(theoretical_rate(step, momentum, nesterov=nesterov)),
        regime=regime(step, momentum, nesterov=nesterov),
        critical_momentum=float(critical_momentum(step, nesterov=nesterov)),
        period=2 * math.pi / angle if angle else math.nan,
    )


def _trace_and_det(step: Array, momentum: Array, nesterov: bool) -> tuple[Array, Array]:
    """Of the matrix that takes (w, velocity) one step further."""
    if nesterov:
        return (1 + momentum) * (1 - step), momentum * (1 - step)
    return 1 + momentum - step, momentum + 0 * step
