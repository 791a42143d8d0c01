"""Which pixels an output comes from, and which outputs a pixel feeds, asked of the real layer by autograd.

For a layer that multiplies and adds, ∂output/∂input is the weight with which an input pixel enters; for a
pooling by the largest it is 1 at the pixel that was taken. So nothing here knows how a layer works.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dashlab.experiments.convolution.layers import Passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One output pixel, and what it is the sum of."""

    at: tuple[int, ...]  # channel, (picture of the clip,) row, column
    value: float
    places: Tensor  # int64 [N, 3 or 4]: channel, (picture,) row, column of each input pixel
    inputs: Tensor  # [N]
    weights: Tensor  # [N]: with which each enters
    rest: float  # what is left of the value: the bias

    @property
    def products(self) -> Tensor:
        """Input times weight, [N]; with `rest` they sum to the value."""
        return self.inputs * self.weights


def window_of(passed: Passed, at: tuple[int, ...]) -> Window:
    """The input pixels from which an output comes, without those that a max pooling passed over.

    Args:
        passed: a picture and what the layer made of it.
        at: channel, (picture of a clip,) row and column of the output; clamped to what there is.
    """
    at = clamped(at, passed.output.shape)
    picture = passed.picture.double().clone().requires_grad_()
    output = forward(passed.layer, picture)
    (weights,) = torch.autograd.grad(output[at], picture)
    places = weights.nonzero()
    inputs = picture.detach()[tuple(places.T)]
    entering = weights[tuple(places.T)]
    value = float(output[at].detach())
    return Window(
        at=at, value=value, places=places, inputs=inputs, weights=entering,
        rest=value - float((inputs * entering).sum()),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """One input pixel, and the outputs that it enters."""

    at: tuple[int, ...]
    value: float
    places: Tensor  # int64 [N, 3 or 4] of the outputs
    weights: Tensor  # [N]: with which it enters each


def fed_by(passed: Passed, at: tuple[int, ...]) -> Fed:
    """The outputs that the input pixel at `at` (clamped) feeds: a column of the Jacobian.

    It is the gradient of ∂(u · output)/∂input[at] with respect to u, in which that is linear.
    """
    at = clamped(at, passed.picture.shape)
    picture = passed.picture.double().clone().requires_grad_()
    output = forward(passed.layer, picture)
    u = torch.zeros_like(output, requires_grad=True)
    (back,) = torch.autograd.grad(output, picture, u, create_graph=True)
    (weights,) = torch.autograd.grad(back[at], u)
    places = weights.nonzero()
    return Fed(at=at, value=float(picture[at].detach()), places=places, weights=weights[tuple(places.T)])


def forward(layer: nn.Module, picture: Tensor) -> Tensor:
    """What the layer, in float64, makes of one picture [C, H, W], or clip [C, D, H, W], without the batch."""
    output = layer.double()(picture[None])
    made: Tensor = output[0] if isinstance(output, tuple) else output
    return made[0]


def clamped(at: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The nearest place that there is."""
    return tuple(max(0, min(place, size - 1)) for place, size in zip(at, shape, strict=True))


def matrix(layer: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """A layer that multiplies and adds, as a matrix [outputs, inputs] over pictures of this small shape.

    A transposed convolution has the transposed matrix of the convolution of the same settings.
    """
    inputs = math.prod(shape)
    with torch.no_grad():
        ones = layer.double()(torch.eye(inputs, dtype=torch.float64).reshape(inputs, *shape))
        bias = layer(torch.zeros(1, *shape, dtype=torch.float64))
    columns: Tensor = (ones - bias).reshape(inputs, -1)
    return columns.T
