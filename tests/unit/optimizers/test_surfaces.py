"""Surfaces: their minima are minima, and each says where it comes from."""

from __future__ import annotations

import pytest
import torch

from dashlab.experiments.optimizers.outcome import distances
from dashlab.experiments.optimizers.surfaces import SURFACES
from tests.typed import there


@pytest.mark.parametrize("name", SURFACES)
def test_a_minimum_is_where_the_gradient_vanishes_and_the_loss_is_lowest(name: str) -> None:
    surface = SURFACES[name]
    grid = torch.cartesian_prod(
        torch.linspace(*surface.x_range, 201, dtype=torch.float64),
        torch.linspace(*surface.y_range, 201, dtype=torch.float64),
    )
    assert surface.loss(grid).min() >= surface.lowest - 1e-9
    for minimum in surface.minima:
        point = torch.tensor(minimum, dtype=torch.float64, requires_grad=True)
        loss = surface.loss(point)
        loss.backward()  # type: ignore[no-untyped-call]
        assert loss.item() == pytest.approx(surface.lowest, abs=1e-12)
        assert there(point.grad).abs().max() < 1e-6


@pytest.mark.parametrize("name", SURFACES)
def test_every_low_place_of_the_picture_is_near_a_known_minimum(name: str) -> None:
    surface = SURFACES[name]
    grid = torch.cartesian_prod(
        torch.linspace(*surface.x_range, 401, dtype=torch.float64),
        torch.linspace(*surface.y_range, 401, dtype=torch.float64),
    )
    losses = surface.loss(grid)
    deep = grid[losses < surface.lowest + 1e-4 * (losses.median() - surface.lowest)]
    assert len(deep) > 0
    assert distances(surface, deep.numpy()).max() < 0.12 * (surface.x_range[1] - surface.x_range[0])


@pytest.mark.parametrize("name", SURFACES)
def test_a_surface_says_where_it_comes_from_and_starts_inside_its_picture(name: str) -> None:
    surface = SURFACES[name]
    assert surface.source
    assert "f(x,y)=" in surface.formula
    assert surface.nearest_inside(*surface.start) == surface.start
    for minimum in surface.minima:
        assert surface.nearest_inside(*minimum) == minimum


def test_there_are_at_least_ten_surfaces() -> None:
    assert len(SURFACES) >= 10
