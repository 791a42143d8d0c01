"""Surfaces on a grid, for contours, heights and the markers that catch clicks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from dashlab.experiments.optimizers.surfaces import SURFACES, Surface

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Grid:
    """A surface over an even grid.

    Attributes:
        x, y: the coordinates, ascending, [X] and [Y].
        losses: at them, [Y, X].
        heights: the losses as contours are drawn, [Y, X]: their logarithm, shifted, where the surface asks
            for it.
    """

    x: Array
    y: Array
    losses: Array
    heights: Array


def grid(name: str, count: int) -> Grid:
    """`count` × `count` points over the drawn range of the surface called `name`."""
    surface = SURFACES[name]
    x, y = np.linspace(*surface.x_range, count), np.linspace(*surface.y_range, count)
    return grid_over(surface, x, y)


def grid_over(surface: Surface, x: Array, y: Array) -> Grid:
    """The surface at all pairs of `x` [X] and `y` [Y]."""
    points = np.stack(np.meshgrid(x, y), axis=-1)
    losses = surface.loss(torch.from_numpy(points)).numpy()
    return Grid(x=x, y=y, losses=losses, heights=heights(surface, losses))


def heights(surface: Surface, losses: Array) -> Array:
    """What is drawn for `losses`, both [Y, X]; even steps of it are told apart everywhere on the surface."""
    if not surface.log_levels:
        return losses
    # Near a minimum the logarithm would dive: what is below a small share of the usual loss is all one.
    return np.asarray(np.log10(np.maximum(losses - surface.lowest, 0) + 0.002 * _usual(surface)))


def _usual(surface: Surface) -> float:
    x, y = np.linspace(*surface.x_range, 21), np.linspace(*surface.y_range, 21)
    points = torch.from_numpy(np.stack(np.meshgrid(x, y), axis=-1))
    return float(surface.loss(points).median()) - surface.lowest
