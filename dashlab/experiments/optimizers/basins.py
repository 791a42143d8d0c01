"""Which minimum is reached from where: many starts of one optimizer, stepped together as one tensor."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import Parameter

from dashlab.experiments.optimizers.outcome import distances
from dashlab.experiments.optimizers.race import Course
from dashlab.experiments.optimizers.run import losses_and_gradients, noise_of
from dashlab.experiments.optimizers.surfaces import Surface
from dashlab.settings.optim import SurfaceOptimConfig
from dashlab.training.optim import make_optimizer

NOT_APART = ("lbfgs",)
"""Optimizers in which one number decides about another's step, so that starts cannot share a tensor."""
SIDE = 49
"""Starts along each side of the picture."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Basins:
    """Where starts end.

    Attributes:
        x, y: coordinates of the starts, ascending, [SIDE] each.
        reached: index of the minimum that each start ends at, -1 for none, [SIDE, SIDE], a row for each y.
        reach: how near a minimum counts as there.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    reached: npt.NDArray[np.int64]
    reach: float

    def share(self, minimum: int) -> float:
        """The share of the starts that end at this minimum."""
        return float((self.reached == minimum).mean())


def ends(course: Course, racer: SurfaceOptimConfig, starts: Tensor) -> Tensor:
    """Where starts [N, 2] end, [N, 2]: bit for bit where each would end by itself.

    Each of torch's optimizers but L-BFGS treats every number of a tensor by itself. All get the same noise.
    """
    assert racer.optimizer not in NOT_APART
    parameter = Parameter(starts.clone())
    optimizer = make_optimizer(racer, [parameter], fused=False)
    noise = noise_of(course)
    for step in range(course.steps):
        parameter.grad = losses_and_gradients(course.on, parameter)[1] + noise[step]
        optimizer.step()
    return parameter.detach()


def basins(course: Course, racer: SurfaceOptimConfig, *, side: int = SIDE) -> Basins:
    """The basins of one racer over the whole picture; the start of the course plays no part."""
    surface = course.on
    x, y = np.linspace(*surface.x_range, side), np.linspace(*surface.y_range, side)
    starts = torch.from_numpy(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
    last = ends(course, racer, starts).numpy()
    reach = 0.05 * (surface.x_range[1] - surface.x_range[0])
    reached = np.where(distances(surface, last) < reach, _nearest(surface, last), -1)
    return Basins(x=x, y=y, reached=reached.reshape(side, side), reach=reach)


def _nearest(surface: Surface, points: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    with np.errstate(invalid="ignore", over="ignore"):
        away = ((points[:, None] - np.array(surface.minima)) ** 2).sum(axis=-1)
    return np.asarray(np.nan_to_num(away, nan=np.inf).argmin(axis=1))
