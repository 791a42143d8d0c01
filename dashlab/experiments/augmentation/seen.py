"""What a picture inside a pipeline is: its facts as numbers, and its pixels as a screen can show them.

A picture is a PIL image, a tensor [C, H, W], or a tuple of these where a transform made several from one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
GAP = 2
"""Pixels between pictures that were made from one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a picture is as data; all numbers are in its own units."""

    kind: str  # "PIL image", "Image" or "Tensor"
    shape: str
    dtype: str
    low: float
    high: float
    mean: float
    std: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A picture as it is shown.

    Attributes:
        pixels: uint8 [C, H, W], C = 1 or 3.
        mapped: the least and greatest value, where these were made black and white because they lie outside
            of what a screen can show; else None.
    """

    pixels: Pixels
    mapped: tuple[float, float] | None = None


def leaves(value: Any) -> Iterator[Any]:
    """The pictures in `value`."""
    if isinstance(value, tuple | list):
        for entry in value:
            yield from leaves(entry)
    else:
        yield value


def size_of(value: Any) -> tuple[int, int]:
    """Height and width of the first picture."""
    first = next(leaves(value))
    if isinstance(first, Image.Image):
        return first.height, first.width
    return first.shape[-2], first.shape[-1]


def facts(value: Any) -> Facts:
    """The facts of a picture, over all pictures of a tuple."""
    parts = list(leaves(value))
    first, many = parts[0], f"{len(parts)} × " if len(parts) > 1 else ""
    numbers = torch.cat([_numbers(part).reshape(-1) for part in parts])
    if isinstance(first, Image.Image):
        kind, shape, dtype = "PIL image", f"{first.mode}, {first.width} × {first.height}", "uint8"
    else:
        kind = "Tensor" if type(first) is Tensor else type(first).__name__
        shape, dtype = str(list(first.shape)), str(first.dtype).removeprefix("torch.")
    low, high, mean, std = _moments(numbers)
    return Facts(kind=kind, shape=many + shape, dtype=dtype, low=low, high=high, mean=mean, std=std)


def seen(value: Any) -> Seen:
    """The pixels of a picture; several made from one stand side by side.

    Whole numbers fill the range of their dtype and fractions lie in [0, 1], by torchvision's convention;
    fractions outside of it are mapped from their least and greatest value to black and white.
    """
    shown = [_seen_one(part) for part in leaves(value)]
    if len(shown) == 1:
        return shown[0]
    return Seen(pixels=_side_by_side([part.pixels for part in shown]), mapped=shown[0].mapped)


def undone(value: Any, norms: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Any:
    """`value` with every Normalize taken back, the last one first: x·std + mean, channel by channel.

    Args:
        value: float tensor [C, H, W], or a tuple of such.
        norms: mean and std of each, in the order in which they were applied.
    """
    if isinstance(value, tuple | list):
        return tuple(undone(part, norms) for part in value)
    for mean, std in reversed(norms):
        shape = (-1, 1, 1)
        value = value * torch.tensor(std).reshape(shape) + torch.tensor(mean).reshape(shape)
    return value


def _moments(numbers: Tensor) -> tuple[float, float, float, float]:
    """Least, greatest, mean and standard deviation."""
    if numbers.dtype == torch.uint8:  # counted: exact, and several times as fast
        counts = torch.bincount(numbers, minlength=256).to(torch.float64)
        values = torch.arange(256, dtype=torch.float64)
        present = values[counts > 0]
        mean = (counts @ values) / len(numbers)
        variance = (counts @ (values - mean) ** 2) / len(numbers)
        return float(present[0]), float(present[-1]), float(mean), float(variance.sqrt())
    if numbers.dtype != torch.float64:
        numbers = numbers.to(torch.float32)
    low, high = torch.aminmax(numbers)
    std, average = torch.std_mean(numbers, correction=0)
    return float(low), float(high), float(average), float(std)


def _numbers(part: Any) -> Tensor:
    return torch.from_numpy(np.array(part)) if isinstance(part, Image.Image) else part.as_subclass(Tensor)


def _seen_one(part: Any) -> Seen:
    if isinstance(part, Image.Image):
        plain = np.array(part.convert("L" if part.mode in ("L", "1") else "RGB"))
        return Seen(pixels=plain[None] if plain.ndim == 2 else np.moveaxis(plain, 2, 0))
    x = part.as_subclass(Tensor)
    if not x.is_floating_point():
        return Seen(pixels=x.to(torch.uint8).numpy())
    x = x.to(torch.float32).nan_to_num()
    low, high = float(x.min()), float(x.max())
    # Rounding in a resize or a colour change may miss 0 and 1 by a hair.
    mapped = None if low >= -1e-3 and high <= 1 + 1e-3 else (low, high)
    if mapped is not None:
        x = (x - low) / max(high - low, 1e-12)
    return Seen(pixels=x.clamp(0, 1).mul(255).round().to(torch.uint8).numpy(), mapped=mapped)


def _side_by_side(pictures: Sequence[Pixels]) -> Pixels:
    """In one row, or in two rows where there are ten."""
    columns = min(len(pictures), 5)
    rows = [
        np.concatenate([_edged(picture) for picture in pictures[start : start + columns]], axis=2)
        for start in range(0, len(pictures), columns)
    ]
    return np.concatenate(rows, axis=1)[:, GAP:, GAP:]


def _edged(picture: Pixels) -> Pixels:
    return np.pad(picture, ((0, 0), (GAP, 0), (GAP, 0)), constant_values=127)
