"""What the arithmetic alone costs: the matrix products and convolutions of a network, and nothing else."""

from __future__ import annotations

import time
from itertools import pairwise

import torch
from torch import Tensor

UNITS = (784, 512, 512, 10)
CHANNELS = (1, 32, 64, 128)
SIDES = (28, 14, 7)
HEAD = (1152, 512, 512, 10)


class Products:
    """Fully connected layers: forward, gradients of the weights, gradients of all inputs but the first."""

    def __init__(self, units: tuple[int, ...], batch: int, *, first_needs_gradient: bool = False) -> None:
        self.weights = [torch.randn(fan_out, fan_in) * 0.01 for fan_in, fan_out in pairwise(units)]
        self.gradients = [torch.empty_like(weight) for weight in self.weights]
        self.values = [torch.randn(batch, count) for count in units]
        self.errors = [torch.randn(batch, count) for count in units]
        self.results = [torch.empty(batch, count) for count in units]
        self.first_needs_gradient = first_needs_gradient

    def step(self, batch: int) -> None:
        """The products of one training step."""
        values, errors, results = ([t[:batch] for t in ts] for ts in (self.values, self.errors, self.results))
        for k, weight in enumerate(self.weights):
            torch.mm(values[k], weight.t(), out=results[k + 1])
        for k in reversed(range(len(self.weights))):
            torch.mm(errors[k + 1].t(), values[k], out=self.gradients[k])
            if k > 0 or self.first_needs_gradient:
                torch.mm(errors[k + 1], self.weights[k], out=results[k])


class Convolutions:
    """The 3×3 convolutions of S4, with the channels last: forward and the same gradients."""

    def __init__(self, batch: int) -> None:
        self.layers = [
            (
                _last(batch, fan_in, side, side),
                _last(fan_out, fan_in, 3, 3),
                _last(batch, fan_out, side, side),
            )
            for (fan_in, fan_out), side in zip(pairwise(CHANNELS), SIDES, strict=True)
        ]

    def step(self) -> None:
        """The convolutions of one training step."""
        shape = (
            [1, 1],
            [1, 1],
            [1, 1],
            False,
            [0, 0],
            1,
        )  # stride, padding, dilation; not transposed; 1 group
        for x, weight, _ in self.layers:
            torch.nn.functional.conv2d(x, weight, padding=1)
        for k in reversed(range(len(self.layers))):
            x, weight, error = self.layers[k]
            torch.ops.aten.convolution_backward(error, x, weight, None, *shape, [k > 0, True, False])


def _last(*shape: int) -> Tensor:
    return torch.randn(*shape).to(memory_format=torch.channels_last)


def s1_seconds(pictures: int, batch: int) -> float:
    """Seconds of the bare products of one epoch of S1."""
    products = Products(UNITS, batch)
    begun = time.perf_counter()
    for start in range(0, pictures, batch):
        products.step(min(batch, pictures - start))
    return time.perf_counter() - begun


def s4_seconds(steps: int, batch: int) -> float:
    """Seconds of the bare convolutions and products of `steps` steps of S4."""
    convolutions, products = Convolutions(batch), Products(HEAD, batch, first_needs_gradient=True)
    begun = time.perf_counter()
    for _ in range(steps):
        convolutions.step()
        products.step(batch)
    return time.perf_counter() - begun
