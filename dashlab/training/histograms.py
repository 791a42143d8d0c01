"""Histograms of many rows of values at once; what one is needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

BINS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Counts in equal bins from `low` to `high`; no bins where no value is finite."""

    low: float
    high: float
    counts: tuple[int, ...]


def histograms(values: Tensor, bins: int = BINS) -> list[Histogram]:
    """Of each row of `values` [N, M]: counts of the finite ones, from the smallest to the largest of them."""
    import torch

    low, high = values.amin(dim=1, keepdim=True), values.amax(dim=1, keepdim=True)
    finite: Any = slice(None)
    if not torch.isfinite(torch.cat((low, high))).all():
        finite = torch.isfinite(values)
        low = values.where(finite, torch.inf).amin(dim=1, keepdim=True)
        high = values.where(finite, -torch.inf).amax(dim=1, keepdim=True)
    # Halves, because the whole range may be more than float32 has.
    share = (values * 0.5).sub_(low * 0.5).div_((high * 0.5).sub_(low * 0.5))
    place = share.mul_(bins).nan_to_num_(0, 0, 0).clamp_(0, bins - 1).int()
    place += torch.arange(len(values), device=values.device, dtype=torch.int32)[:, None] * bins
    counts = torch.bincount(place[finite].flatten(), minlength=len(values) * bins).view(-1, bins)
    ends = zip(low.flatten().tolist(), high.flatten().tolist(), counts.tolist(), strict=True)
    return [_histogram(*end) for end in ends]


def _histogram(low: float, high: float, counts: list[int]) -> Histogram:
    if low > high:
        return Histogram(low=0.0, high=0.0, counts=())
    return Histogram(low=low, high=high, counts=(sum(counts),) if low == high else tuple(counts))
