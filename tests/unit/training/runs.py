"""Small runs for tests of the training loop, and what to compare them by."""

import hashlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from dashlab.settings.run import RunConfig
from dashlab.training.engine import train
from dashlab.training.results import Result
from tests.unit.pictures import made_up

MLP = RunConfig().change(hidden=(12,), lr=0.05, batch_size=16, epochs=3)
NOISY = MLP.change(
    hidden=(12, 8), batchnorm=True, dropout=0.3, rotate=20.0, crop_padding=1, val_fraction=0.25
)
"""A run that draws from every stream."""

DIVERGING = MLP.change(lr=100.0, loss="mse", hidden=(8, 8), init="normal", init_std=10.0)
"""The first loss is large, and the first step ruins the weights."""


def run(config: RunConfig, **more: Any) -> Result:
    return train(config, device="cpu", images=more.pop("images", made_up()), **more)


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def close(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Equal but for the rounding of sums in another order."""
    return one.keys() == other.keys() and all(
        torch.allclose(one[name].float(), other[name].float(), rtol=1e-4, atol=1e-6) for name in one
    )


def mark(weights: dict[str, Tensor]) -> str:
    """A hash of every bit of the weights."""
    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()


def stop_after(steps: int) -> Callable[[], bool]:
    asked = iter(range(10**6))
    return lambda: next(asked) >= steps
