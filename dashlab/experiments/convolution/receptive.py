"""The receptive field of a pixel through a stack: by its formula, and by the gradient of real layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dashlab.errors import ConfigError
from dashlab.experiments.convolution.stack_settings import StackedLayer


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """How a layer of a stack sees the picture, along one side."""

    title: str
    size: int  # of its output
    reach: int  # r: pixels of the picture that one output can see
    jump: int  # j: pixels of the picture between two outputs beside each other
    start: float  # the middle of the field of output 0, in pixels of the picture; below 0 where it is padded


def rows_of(layers: Sequence[StackedLayer], side: int) -> list[FieldRow]:
    """One row for the picture and one for each layer.

    r ← r + d(k − 1)j, start ← start + (d(k − 1)/2 − p)j, j ← js.

    Raises:
        ConfigError: a layer's window is larger than what reaches it.

    Source:
        Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning".
    """
    rows = [FieldRow(title="Picture", size=side, reach=1, jump=1, start=0.0)]
    for number, layer in enumerate(layers, 1):
        before, over = rows[-1], layer.dilation * (layer.kernel - 1)
        size = (before.size + 2 * layer.padding - over - 1) // layer.stride + 1
        if size < 1:
            raise ConfigError(
                f"Layer {number} ({layer.title}) has a window of {over + 1} pixels, and what reaches it has "
                f"{before.size} with padding {layer.padding}: choose a smaller kernel, or less "
                "stride before it."
            )
        rows.append(
            FieldRow(
                title=layer.title,
                size=size,
                reach=before.reach + over * before.jump,
                jump=before.jump * layer.stride,
                start=before.start + (over / 2 - layer.padding) * before.jump,
            )
        )
    return rows


def field_of(row: FieldRow, output: int, side: int) -> tuple[int, int]:
    """First and last pixel of a picture of this side that an output sees; cut off at the picture's edges."""
    middle, half = row.start + output * row.jump, (row.reach - 1) / 2
    return max(0, round(middle - half)), min(side - 1, round(middle + half))


def build(layers: Sequence[StackedLayer]) -> nn.Sequential:
    """The stack as torch has it, with one channel; every weight is positive, so that nothing cancels."""
    stack = nn.Sequential(*map(_module, layers))
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.fill_(1 / parameter.numel())
    return stack


def seen_by(layers: Sequence[StackedLayer], side: int, at: tuple[int, int]) -> Tensor:
    """How much each pixel of the picture counts for the output at `at` (row, column), [side, side].

    It is the gradient of that output, in float64, and sums to 1 away from the edges: the field by the formula
    is where it is not 0, and most of it stands in the middle.

    Source:
        Luo et al. 2016, "Understanding the effective receptive field".
    """
    picture = torch.zeros(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    output = build(layers).double()(picture)
    (counts,) = torch.autograd.grad(output[0, 0, at[0], at[1]], picture)
    return counts[0, 0]


def _module(layer: StackedLayer) -> nn.Module:
    """A pooling is the mean, whose gradient reaches its whole window."""
    if layer.kind == "pool":
        return nn.AvgPool2d(layer.kernel, layer.stride, layer.padding)
    return nn.Conv2d(1, 1, layer.kernel, layer.stride, layer.padding, layer.dilation, bias=False)
