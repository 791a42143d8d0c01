"""What one layer made of a picture, as the page shows it; needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerOutcome:
    """A picture, what came out, and what that cost."""

    picture: Plane  # [C, H, W]; of a clip, the picture that is looked at
    output: Plane  # [C', H', W']
    shapes: tuple[tuple[int, ...], tuple[int, ...]]  # of what went in and came out, without the batch
    depth: int  # which picture of a clip these are; 0 where there is but one
    depth_out: int
    formula: str  # of the output's side, in TeX
    numbers: str  # the same with the numbers put in
    parameters: int
    multiply_adds: int  # of all outputs; for poolings the numbers that are compared or added


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A pixel, and the pixels at the other side of the layer to which it is linked."""

    at: tuple[int, int, int]  # channel, row, column
    value: float
    looks: str  # "output": at an output pixel, else at one of the input
    channels: NDArray[np.int64]  # [N] of the pixels at the other side
    rows: NDArray[np.int64]  # [N]
    columns: NDArray[np.int64]  # [N]
    weights: NDArray[np.float64]  # [N], with which they are linked
    values: NDArray[np.float64]  # [N], their own
    depths: NDArray[np.int64]  # [N]: picture of a clip
    rest: float  # of an output: the bias; else 0
