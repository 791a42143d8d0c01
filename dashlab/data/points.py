"""Labelled points in the plane: circles, moons and spirals, as many as wanted, drawn from a seed."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor


@dataclass(frozen=True, slots=True)
class Points:
    """Points in the plane and their classes, in random order."""

    x: Tensor  # float32 [N, 2]
    y: Tensor  # int64 [N], 0 or 1

    def __len__(self) -> int:
        return len(self.y)

    def split(self, test_fraction: float) -> "tuple[Points, Points]":
        """The points to train on and, from the front, the `test_fraction` of them to test on."""
        held_back = round(len(self) * test_fraction)
        return Points(self.x[held_back:], self.y[held_back:]), Points(self.x[:held_back], self.y[:held_back])


def circles(count: int, *, factor: float, noise: float, generator: Generator) -> Points:
    """A circle of radius 1 (class 0) around one of radius `factor` (class 1).

    Args:
        count: of points, half of them on each circle.
        factor: radius of the inner circle, between 0 and 1.
        noise: standard deviation of the normal noise on each coordinate.
        generator: of the noise and of the order.

    Source:
        The geometry of scikit-learn's `make_circles`.
    """
    outer, inner = (_circle(size) for size in _halves(count))
    return _noisy(outer, factor * inner, noise, generator)


def moons(count: int, *, noise: float, generator: Generator) -> Points:
    """Two half circles that reach into each other; the upper one is class 0.

    Arguments are those of `circles`; the geometry is that of scikit-learn's `make_moons`.
    """
    upper, lower = (torch.linspace(0, math.pi, size, dtype=torch.float64) for size in _halves(count))
    return _noisy(
        torch.stack([upper.cos(), upper.sin()], 1),
        torch.stack([1 - lower.cos(), 0.5 - lower.sin()], 1),
        noise,
        generator,
    )


def spirals(count: int, *, turns: float, noise: float, generator: Generator) -> Points:
    """Two arms that wind `turns` times around the middle, out to radius 1, half a turn apart.

    The points stand evenly along each arm's radius; other arguments are those of `circles`.
    """
    first, second = (_arm(size, turns) for size in _halves(count))
    return _noisy(first, -second, noise, generator)


def _halves(count: int) -> tuple[int, int]:
    return count // 2, count - count // 2


def _circle(count: int) -> Tensor:
    angle = torch.arange(count, dtype=torch.float64) * (2 * math.pi / max(count, 1))
    return torch.stack([angle.cos(), angle.sin()], 1)


def _arm(count: int, turns: float) -> Tensor:
    radius = torch.arange(1, count + 1, dtype=torch.float64) / max(count, 1)
    angle = 2 * math.pi * turns * radius
    return radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)


def _noisy(zero: Tensor, one: Tensor, noise: float, generator: Generator) -> Points:
    x = torch.cat([zero, one]).float()
    y = torch.cat([torch.zeros(len(zero)), torch.ones(len(one))]).long()
    x = x + noise * torch.randn(x.shape, generator=generator)
    order = torch.randperm(len(y), generator=generator)
    return Points(x[order], y[order])
