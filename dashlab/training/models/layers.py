"""Layers that `torch.nn` lacks, and the block that every network here is made of."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

ACTIVATION_LAYERS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}
"""The modules behind `settings.ACTIVATIONS`; "none" has none."""

_NOT_MONOTONE = ("gelu", "silu")


class Dropout(nn.Module):
    """Inverted dropout that draws from a generator of its own; `nn.Dropout` only knows the global one.

    In train mode each value is set to 0 with probability `p` and divided by 1 - p otherwise; in eval mode
    nothing changes (Srivastava et al. 2014).
    """

    def __init__(self, p: float, *, generator: torch.Generator) -> None:
        super().__init__()
        self.p = p
        self.generator = generator

    def forward(self, x: Tensor) -> Tensor:
        """[...] to the same shape."""
        if not self.training:
            return x
        return x * torch.empty_like(x).bernoulli_(1 - self.p, generator=self.generator).div_(1 - self.p)

    def extra_repr(self) -> str:
        """What stands in brackets where the layer is printed."""
        return f"p={self.p}"


class Residual(nn.Module):
    """Adds its input to what `body` makes of it, then applies `activation` (He et al. 2016)."""

    def __init__(self, body: nn.Module, activation: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] to what the body makes of it, which must be of the same shape."""
        return self.activation(x + self.body(x))  # type: ignore[no-any-return]


class GlobalMaxPool(nn.Module):
    """[B, C, H, W] -> [B, C]; unlike `nn.AdaptiveMaxPool2d` its gradient is deterministic on a GPU."""

    def forward(self, x: Tensor) -> Tensor:
        """The largest value of each channel: [B, C, H, W] to [B, C]."""
        return x.amax(dim=(2, 3))


class Scale(nn.Module):
    """Multiplies its input by a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """[...] to the same shape."""
        return x * self.factor

    def extra_repr(self) -> str:
        """What stands in brackets where the layer is printed."""
        return f"{self.factor:g}"


def activation_layer(name: str) -> nn.Module:
    """A fresh activation module; the identity for "none"."""
    return ACTIVATION_LAYERS[name]() if name != "none" else nn.Identity()


def dense(fan_in: int, fan_out: int, *, activation: str, batchnorm: bool) -> Iterator[nn.Module]:
    """Linear, BatchNorm, activation. The linear layer has no bias where BatchNorm would subtract it again."""
    yield nn.Linear(fan_in, fan_out, bias=not batchnorm)
    if batchnorm:
        yield nn.BatchNorm1d(fan_out)
    yield from _unless_identity(activation)


def conv(
    channels_in: int,
    channels_out: int,
    *,
    activation: str,
    batchnorm: bool,
    pool: bool,
    kernel: int = 3,
    padding: int = 1,
) -> Iterator[nn.Module]:
    """Convolution, BatchNorm, activation and 2×2 max-pooling.

    The pooling comes before an activation that never falls: the result is the same, and three in four values
    of the activation are saved.
    """
    yield nn.Conv2d(channels_in, channels_out, kernel, padding=padding, bias=not batchnorm)
    if batchnorm:
        yield nn.BatchNorm2d(channels_out)
    pool_first = pool and activation not in _NOT_MONOTONE
    if pool_first:
        yield nn.MaxPool2d(2)
    yield from _unless_identity(activation)
    if pool and not pool_first:
        yield nn.MaxPool2d(2)


def _unless_identity(activation: str) -> Iterator[nn.Module]:
    if activation != "none":
        yield activation_layer(activation)
