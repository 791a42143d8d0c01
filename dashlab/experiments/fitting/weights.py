"""The weights of a trained network: their histogram, and how many of them are next to nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dashlab.training.histograms import Histogram

NEAR = 1e-3
"""A weight is near 0 where it is closer than this."""
BINS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightRow:
    """The weights of one layer, biases left out."""

    name: str  # dotted path inside the network
    count: int
    near: float  # share closer to 0 than `NEAR`
    std: float
    largest: float  # absolute value
    absolute: float  # Σ |w|, which L1 makes small
    squares: float  # Σ w², which L2 makes small
    histogram: Histogram


def weight_rows(weights: Mapping[str, Tensor], *, reach: float | None = None) -> tuple[WeightRow, ...]:
    """One row for each layer with weights, in their order.

    Args:
        weights: of a run, by their dotted names; matrices [out, in] and kernels [out, in, h, w] count,
            biases [out] do not.
        reach: the histograms go from minus to plus this, what lies beyond is counted in the outermost bin;
            else to the largest weight of all layers.
    """
    matrices = {name: value.double() for name, value in weights.items() if value.dim() > 1}
    most = reach or max((float(value.abs().max()) for value in matrices.values()), default=1.0) or 1.0
    return tuple(_row(name, value.flatten(), most) for name, value in matrices.items())


def near_zero(weights: Mapping[str, Tensor]) -> float:
    """The share of all weights, [out, in, ...] and biases left out, that are closer to 0 than `NEAR`."""
    rows = weight_rows(weights)
    total = sum(row.count for row in rows)
    return sum(row.near * row.count for row in rows) / total if total else 0.0


def _row(name: str, values: Tensor, reach: float) -> WeightRow:
    place = ((values / reach + 1) / 2 * BINS).long().clamp(0, BINS - 1)
    return WeightRow(
        name=name,
        count=len(values),
        near=float((values.abs() < NEAR).double().mean()),
        std=float(values.std(correction=0)),
        largest=float(values.abs().max()),
        absolute=float(values.abs().sum()),
        squares=float(values.square().sum()),
        histogram=Histogram(
            low=-reach, high=reach, counts=tuple(torch.bincount(place, minlength=BINS).tolist())
        ),
    )
