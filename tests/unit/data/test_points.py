"""Circles, moons and spirals: their geometry, their noise, their seeds."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from dashlab.data.points import Points, circles, moons, spirals
from dashlab.training.device import stream


def draw(seed: int = 0) -> torch.Generator:
    return stream(seed, "a test")


MAKERS: dict[str, Callable[..., Points]] = {
    "circles": lambda count, noise, seed=0: circles(count, factor=0.4, noise=noise, generator=draw(seed)),
    "moons": lambda count, noise, seed=0: moons(count, noise=noise, generator=draw(seed)),
    "spirals": lambda count, noise, seed=0: spirals(count, turns=1.5, noise=noise, generator=draw(seed)),
}


def by_angle(x: torch.Tensor) -> torch.Tensor:
    """Angles in [0, 2π), ascending."""
    return (torch.atan2(x[:, 1], x[:, 0]) % (2 * math.pi)).sort().values


def test_the_circles_have_radius_one_and_the_factor() -> None:
    points = circles(100, factor=0.4, noise=0.0, generator=draw())
    radius = points.x.norm(dim=1)
    assert torch.allclose(radius[points.y == 0], torch.ones(50))
    assert torch.allclose(radius[points.y == 1], torch.full((50,), 0.4))


def test_points_stand_evenly_on_each_circle() -> None:
    points = circles(101, factor=0.4, noise=0.0, generator=draw())
    for label, count in ((0, 50), (1, 51)):
        gaps = by_angle(points.x[points.y == label]).diff()
        assert torch.allclose(gaps, torch.full((count - 1,), 2 * math.pi / count), atol=1e-4)


def test_the_moons_are_half_circles_that_reach_into_each_other() -> None:
    points = moons(200, noise=0.0, generator=draw())
    upper, lower = points.x[points.y == 0], points.x[points.y == 1]
    assert torch.allclose(upper.norm(dim=1), torch.ones(100), atol=1e-6)
    assert torch.allclose((lower - torch.tensor([1.0, 0.5])).norm(dim=1), torch.ones(100), atol=1e-6)
    assert upper[:, 1].min() > -1e-6
    assert lower[:, 1].max() < 0.5 + 1e-6
    assert lower[:, 0].min() < upper[:, 0].max()


def test_each_arm_of_the_spirals_winds_as_often_as_was_asked() -> None:
    points = spirals(400, turns=1.5, noise=0.0, generator=draw())
    arm = points.x[points.y == 0]
    radius = arm.norm(dim=1)
    expected = 2 * math.pi * 1.5 * radius
    assert torch.allclose(arm, radius[:, None] * torch.stack([expected.cos(), expected.sin()], 1), atol=1e-5)
    assert math.isclose(radius.max().item(), 1.0, rel_tol=1e-6)


def test_the_second_arm_is_the_first_turned_by_half_a_circle() -> None:
    points = spirals(400, turns=2.0, noise=0.0, generator=draw())
    one, other = (points.x[points.y == label] for label in (0, 1))
    order, turned = one.norm(dim=1).argsort(), other.norm(dim=1).argsort()
    assert torch.allclose(one[order], -other[turned])


@pytest.mark.parametrize("name", MAKERS)
def test_half_of_the_points_are_of_each_class(name: str) -> None:
    assert MAKERS[name](301, 0.1).y.bincount().tolist() == [150, 151]


@pytest.mark.parametrize("name", MAKERS)
def test_the_noise_has_the_standard_deviation_that_was_asked_for(name: str) -> None:
    clean, noisy = MAKERS[name](4000, 0.0), MAKERS[name](4000, 0.2)
    # The order is drawn after the noise, from as many draws: the same points stand at the same places.
    assert torch.equal(clean.y, noisy.y)
    assert math.isclose((noisy.x - clean.x).std().item(), 0.2, rel_tol=0.03)


@pytest.mark.parametrize("name", MAKERS)
def test_equal_seeds_give_equal_points_and_others_do_not(name: str) -> None:
    one, same, other = MAKERS[name](50, 0.1, 1), MAKERS[name](50, 0.1, 1), MAKERS[name](50, 0.1, 2)
    assert torch.equal(one.x, same.x)
    assert torch.equal(one.y, same.y)
    assert not torch.equal(one.x, other.x)


@pytest.mark.parametrize("name", MAKERS)
def test_points_are_mixed(name: str) -> None:
    assert 30 < MAKERS[name](200, 0.1).y[:100].sum() < 70


def test_every_point_is_either_for_training_or_for_testing() -> None:
    points = MAKERS["circles"](200, 0.1)
    train, test = points.split(0.3)
    assert (len(train), len(test)) == (140, 60)
    assert torch.equal(torch.cat([test.x, train.x]), points.x)
    assert torch.equal(torch.cat([test.y, train.y]), points.y)
