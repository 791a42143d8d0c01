"""The receptive field of one output pixel on a picture, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashlab.experiments.convolution.pictures import square
from dashlab.experiments.convolution.receptive import FieldRow, field_of, rows_of, seen_by
from dashlab.experiments.convolution.stack_settings import FieldConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What an output pixel sees of the picture."""

    picture: NDArray[np.float32]  # [side, side], from 0 to 1
    counts: NDArray[np.float64]  # [side, side]: how much each pixel counts; sums to 1 away from the edges
    rows: tuple[FieldRow, ...]  # the picture, and every layer
    at: tuple[int, int]  # row and column of the output that is looked at
    box: tuple[int, int, int, int]  # first and last row, first and last column that it can see
    middle_half: float  # share of the field's area whose pixels make up half of what counts, at the fewest


def field(config: FieldConfig) -> Field:
    """The field of the output that is looked at, of the layer that is looked at.

    Raises:
        ConfigError: a layer of the stack cannot be; it is named.
        DataError: the photograph cannot be read.
    """
    layers = config.stack()
    rows = rows_of(layers, config.side)
    chosen = min(config.up_to, len(layers))
    row = rows[chosen]
    at = min(config.row, row.size - 1), min(config.column, row.size - 1)
    counts = seen_by(layers[:chosen], config.side, at).numpy() if chosen else _only(at, config.side)
    return Field(
        picture=photo(config.side),
        counts=counts,
        rows=tuple(rows),
        at=at,
        box=(*field_of(row, at[0], config.side), *field_of(row, at[1], config.side)),
        middle_half=middle_half(counts),
    )


def photo(side: int) -> NDArray[np.float32]:
    """The cat in grey, [side, side], from 0 to 1; raises `DataError`."""
    from dashlab.data.photos import load_photo

    made: NDArray[np.float32] = square(load_photo("cat"), side).mean(0).numpy()
    return made


def middle_half(counts: NDArray[np.float64]) -> float:
    """The smallest share of the pixels that count which together make up half of all; `counts` are [H, W]."""
    seen = np.sort(counts[counts > 0])[::-1]
    if not len(seen):
        return 0.0
    needed = int(np.searchsorted(np.cumsum(seen), seen.sum() / 2)) + 1
    return needed / len(seen)


def _only(at: tuple[int, int], side: int) -> NDArray[np.float64]:
    counts = np.zeros((side, side))
    counts[at] = 1
    return counts
