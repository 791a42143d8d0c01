"""Value and slope of an activation by autograd, where it saturates, and where it has a kink."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from dashlab.experiments.activations.catalogue import applied, function_of, title_of
from dashlab.experiments.activations.entries import Chosen
from dashlab.experiments.activations.rows import FLAT, Kink, Shape, Zone
from dashlab.experiments.activations.settings import CurvesConfig

POINTS = 801
"""Of a drawn curve, x = 0 among them."""
FINE = 4001
"""Places at which zones and kinks are looked for."""
SHORTEST = 0.25
"""A saturated zone is at least so long: where a slope only passes through 0, nothing is saturated."""
STEEP = 1e-3
"""Value or slope may jump where between neighbouring places they differ by more than this."""
HALVINGS = 44
BESIDE = 1e-6
"""So far from a kink the slopes to both sides of it are taken."""

Function = Callable[[Tensor], Tensor]


def shapes(config: CurvesConfig) -> tuple[Shape, ...]:
    """All activations of a config; raises `ConfigError` where a setting is unsound."""
    config.check()
    return tuple(shape_of(curve, config) for curve in config.entries())


def shape_of(curve: Chosen, config: CurvesConfig) -> Shape:
    """One of them; zones and kinks are those of eval mode, where nothing is drawn."""
    x = torch.linspace(-config.reach, config.reach, POINTS, dtype=torch.float64)
    x[POINTS // 2] = 0.0
    train = config.mode == "train"
    y, slope = value_and_slope(lambda x: applied(curve, x, train=train, seed=config.seed), x)
    function = function_of(curve)
    return Shape(
        title=title_of(curve),
        x=tuple(x.tolist()),
        y=tuple(y.tolist()),
        slope=tuple(slope.tolist()),
        zones=zones(function, config.reach),
        kinks=kinks(function, config.reach),
    )


def at_point(config: CurvesConfig) -> tuple[tuple[str, float, float], ...]:
    """Title, value and slope of each activation at `config.point`, in eval mode."""
    x = torch.tensor([config.point], dtype=torch.float64)
    pairs = ((curve, value_and_slope(function_of(curve), x)) for curve in config.entries())
    return tuple((title_of(curve), float(y), float(slope)) for curve, (y, slope) in pairs)


def value_and_slope(function: Function, x: Tensor) -> tuple[Tensor, Tensor]:
    """f(x) and f'(x) of an elementwise function, by autograd; x and both answers [...], any shape."""
    x = x.detach().requires_grad_()
    y = function(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    return y.detach(), slope


def zones(function: Function, reach: float) -> tuple[Zone, ...]:
    """Where the slope is within `FLAT` of 0, in pieces at least `SHORTEST` long; dead ones by themselves.

    `function` maps [N] to [N] elementwise; it is looked at from −`reach` to `reach`.
    """

    def kind(x: Tensor) -> Tensor:
        slope = value_and_slope(function, x)[1].abs()
        return (slope < FLAT).long() + (slope == 0).long()  # 0: steep, 1: saturated, 2: dead

    x = _places(reach)
    kinds = kind(x)
    changes = (kinds.diff() != 0).nonzero().flatten()
    low, high = x[changes], x[changes + 1]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        same = kind(middle) == kinds[changes]
        low, high = torch.where(same, middle, low), torch.where(same, high, middle)
    ends = [-reach, *(round(place, 6) + 0.0 for place in low.tolist()), reach]
    pieces = zip(kinds[torch.cat((changes, torch.tensor([-1])))].tolist(), pairwise(ends), strict=True)
    return tuple(
        Zone(low=low, high=high, dead=bool(found == 2))
        for found, (low, high) in pieces
        if found and high - low >= SHORTEST
    )


def kinks(function: Function, reach: float) -> tuple[Kink, ...]:
    """Where value or slope jumps: found between neighbouring places that differ, by halving.

    `function` maps [N] to [N] elementwise; it is looked at from −`reach` to `reach`.
    """
    x = _places(reach)
    found = [*_jumps(lambda x: value_and_slope(function, x)[1], x), *_jumps(function, x)]
    places = sorted({round(place, 6) + 0.0 for place in found})
    return tuple(_kink(function, place) for place in places)


def _places(reach: float) -> Tensor:
    """Evenly spread, with none of them at a round number, where the kinks are."""
    return torch.linspace(-reach, reach, FINE, dtype=torch.float64) + reach * 1e-5 / 7


def _jumps(measured: Function, x: Tensor) -> list[float]:
    low, high = x[:-1], x[1:]
    before, after = measured(low), measured(high)
    for _ in range(HALVINGS):
        apart = (after - before).abs() > STEEP
        low, high, before, after = low[apart], high[apart], before[apart], after[apart]
        if not len(low):
            return []
        middle = (low + high) / 2
        here = measured(middle)
        to_left = (here - before).abs() >= (after - here).abs()
        low, before = torch.where(to_left, low, middle), torch.where(to_left, before, here)
        high, after = torch.where(to_left, middle, high), torch.where(to_left, here, after)
    return low.tolist()


def _kink(function: Function, place: float) -> Kink:
    x = torch.tensor([place - BESIDE, place, place + BESIDE], dtype=torch.float64)
    y, slope = value_and_slope(function, x)
    before, at, after = slope.tolist()
    jump = float(y[2] - y[0]) - BESIDE * (before + after)
    return Kink(
        x=place,
        slope_before=round(before, 4) + 0.0,
        slope_after=round(after, 4) + 0.0,
        slope_at=at,
        jump=round(jump, 4) + 0.0 if abs(jump) > STEEP else 0.0,
    )
