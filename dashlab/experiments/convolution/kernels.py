"""Kernels by name, at any size, and those that people write."""

import math
from typing import Final

import torch
from torch import Tensor, nn

from dashlab.errors import ConfigError
from dashlab.experiments.convolution.settings import LayerConfig

BY_HAND: Final = {
    "edges": ((0, 1, 0), (1, -4, 1), (0, 1, 0)),
    "sobelx": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "sobely": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "emboss": ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)),
}
"""Those of a size of their own, which stand in the middle of a larger kernel."""
LARGEST = 1e4
"""The largest number that a kernel may have."""


def kernel_of(config: LayerConfig) -> Tensor:
    """The kernel that the settings name, as a table of numbers [k, k].

    Raises:
        ConfigError: it needs a larger window, or the numbers cannot be read.
    """
    k = config.kernel
    if config.weights == "own":
        return numbers_of(config.own, k)
    if config.weights == "random":
        generator = torch.Generator().manual_seed(config.seed)
        return nn.init.xavier_uniform_(torch.empty(1, 1, k, k), generator=generator)[0, 0]
    if config.weights == "blur":
        return torch.full((k, k), 1 / k**2)
    if config.weights == "gauss":
        line = torch.exp(-0.5 * ((torch.arange(k) - (k - 1) / 2) / (k / 4)) ** 2)
        table = line[:, None] * line
        return table / table.sum()
    if config.weights == "identity":
        return _in_the_middle(torch.ones(1, 1), k)
    if k < len(BY_HAND[config.weights]):
        raise ConfigError(f"This kernel has 3 × 3 numbers: choose a kernel size of 3 or more, not {k}.")
    return _in_the_middle(torch.tensor(BY_HAND[config.weights], dtype=torch.float32), k)


def numbers_of(written: str, k: int) -> Tensor:
    """Numbers [k, k] from rows that are parted by `;` or lines; raises `ConfigError`."""
    rows = [row.replace(",", " ").split() for row in written.replace("\n", ";").split(";") if row.strip()]
    if len(rows) != k or any(len(row) != k for row in rows):
        sizes = ", ".join(str(len(row)) for row in rows) or "none"
        raise ConfigError(
            f"The kernel size is {k}, so write {k} rows of {k} numbers, parted by semicolons: there are "
            f"{len(rows)} rows, of {sizes} numbers."
        )
    try:
        table = [[float(number.replace("−", "-")) for number in row] for row in rows]
    except ValueError as error:
        raise ConfigError(f"A kernel is made of numbers, such as 0.5 or -1: {error}.") from error
    if not all(math.isfinite(number) and abs(number) <= LARGEST for row in table for number in row):
        raise ConfigError(f"The numbers of a kernel must lie between −{LARGEST:g} and {LARGEST:g}.")
    return torch.tensor(table, dtype=torch.float32)


def written(table: Tensor) -> str:
    """A kernel [k, k] as `numbers_of` reads it."""
    return "; ".join(" ".join(f"{number:g}" for number in row) for row in table.tolist())


def _in_the_middle(table: Tensor, k: int) -> Tensor:
    """A table [m, m] within zeros [k, k], m ≤ k; where k − m is odd, nearer to the upper left."""
    larger, start = torch.zeros(k, k), (k - len(table)) // 2
    larger[start : start + len(table), start : start + len(table)] = table
    return larger
