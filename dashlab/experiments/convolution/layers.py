"""The layers of torch.nn that slide over a picture, as they are set, and the sizes that come out of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dashlab.errors import ConfigError
from dashlab.experiments.convolution.kernels import kernel_of
from dashlab.experiments.convolution.settings import ADAPTIVE, FRAMES, LAYERS, MOST_OUTPUT, POOLS, LayerConfig


def build(config: LayerConfig) -> nn.Module:
    """The real layer, its weights set to the kernel; `MaxUnpool2d` comes with the pooling before it.

    Raises:
        ConfigError: torch has no such layer, or the kernel cannot be read.
    """
    with torch.no_grad():
        return _MAKERS[config.check().layer](config)


def convolution(config: LayerConfig) -> nn.Module:
    """`Conv2d`, `ConvTranspose2d` or `Conv3d`: without groups one output channel that sums over all."""
    channels = config.channels
    groups = channels if config.groups == "depthwise" else 1
    own = "output_padding" if config.layer == "transposed" else "padding_mode"
    made: nn.Module = getattr(nn, LAYERS[config.layer])(
        channels, groups, config.kernel, stride=config.stride, padding=config.padding,
        dilation=config.dilation, groups=groups, **{own: getattr(config, own)},
    )  # fmt: skip
    table = kernel_of(config)
    if config.layer == "conv3d":
        table = (table / config.kernel).expand(config.kernel, *table.shape)  # the mean over the pictures
    share = 1 if groups > 1 else channels  # grey stays grey: one output channel is the mean over the colours
    weight, bias = made.parameters()
    weight.copy_((table / share).expand_as(weight))
    bias.fill_(config.bias)
    return made


def pooling(config: LayerConfig) -> nn.Module:
    """`MaxPool2d` with its indices, or `AvgPool2d`."""
    if config.layer == "maxpool":
        return nn.MaxPool2d(
            config.kernel, config.stride, config.padding, config.dilation,
            ceil_mode=config.ceil_mode, return_indices=True,
        )  # fmt: skip
    return nn.AvgPool2d(
        config.kernel, config.stride, config.padding, ceil_mode=config.ceil_mode,
        count_include_pad=config.count_include_pad, divisor_override=config.divisor_override or None,
    )  # fmt: skip


def adaptive(config: LayerConfig) -> nn.Module:
    """`AdaptiveMaxPool2d` with its indices, or `AdaptiveAvgPool2d`."""
    if config.layer == "adaptivemax":
        return nn.AdaptiveMaxPool2d(config.output_size, return_indices=True)
    return nn.AdaptiveAvgPool2d(config.output_size)


class Unpooling(nn.Module):
    """`MaxPool2d`, and `MaxUnpool2d` that puts the largest back to where they came from."""

    def __init__(self, config: LayerConfig) -> None:
        """Both with the same window."""
        super().__init__()
        sizes = config.kernel, config.stride, config.padding
        self.pool = nn.MaxPool2d(*sizes, return_indices=True)
        self.unpool = nn.MaxUnpool2d(*sizes)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] to the same, all but the largest of each window 0."""
        pooled, indices = self.pool(x)
        unpooled: Tensor = self.unpool(pooled, indices, output_size=x.shape[-2:])
        return unpooled


_MAKERS: dict[str, Callable[[LayerConfig], nn.Module]] = {
    "conv": convolution,
    "transposed": convolution,
    "conv3d": convolution,
    "maxpool": pooling,
    "avgpool": pooling,
    "unpool": Unpooling,
    "adaptivemax": adaptive,
    "adaptiveavg": adaptive,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What a layer made of a picture."""

    layer: nn.Module
    picture: Tensor  # [C, H, W], or for Conv3d [C, D, H, W]
    output: Tensor  # [C', H', W'], or [C', D', H', W']
    indices: Tensor | None = None  # [C, H, W] as the output: where each largest came from


def passed(config: LayerConfig, picture: Tensor) -> Passed:
    """Send a picture [C, H, W], or a clip [C, D, H, W] for Conv3d, through the layer.

    Raises:
        ConfigError: the window is larger than the padded picture, or the output would be too large.
    """
    layer = build(config)
    sides = [written_size(config, side).size for side in picture.shape[1:]]
    pooled = config.change(layer="maxpool").without_unused() if config.layer == "unpool" else config
    if min(written_size(pooled, side).size for side in picture.shape[1:]) < 1:
        raise ConfigError(
            f"Nothing comes out: the window reaches {reach(config)} pixels, and the picture has "
            f"{min(picture.shape[1:])} with padding {config.padding}. Choose a smaller kernel or dilation, "
            "or more padding."
        )
    if max(sides) > MOST_OUTPUT:
        raise ConfigError(
            f"The output would have {max(sides):,} pixels a side; {MOST_OUTPUT:,} is the most. Choose a "
            "smaller stride or a smaller picture."
        )
    with torch.no_grad():
        output = layer(picture[None])
    indices = output[1][0] if isinstance(output, tuple) else None
    return Passed(
        layer=layer,
        picture=picture,
        output=(output[0] if indices is not None else output)[0],
        indices=indices,
    )


def reach(config: LayerConfig) -> int:
    """From the first to the last pixel of a window: d(k − 1) + 1."""
    dilation = config.dilation if config.is_used("dilation") else 1
    return dilation * (config.kernel - 1) + 1


@dataclass(frozen=True, slots=True)
class Size:
    """The size of an output by its formula."""

    size: int
    formula: str  # in TeX, with letters
    numbers: str  # the same with the numbers put in


def written_size(config: LayerConfig, side: int) -> Size:
    """The output's side for a picture of this side, as the documentation of torch has it."""
    k, s, p, d = config.kernel, config.stride, config.padding, reach(config) - 1
    if config.layer in ADAPTIVE:
        size = config.output_size
        return Size(size, r"n' = \text{output size}", f"n' = {size}")
    if config.layer == "unpool":
        return Size(side, r"n' = \text{size before the pooling}", f"n' = {side}")
    if config.layer == "transposed":
        o = config.output_padding
        size = (side - 1) * s - 2 * p + d + o + 1
        return Size(
            size,
            r"n' = (n-1)\,s - 2p + d\,(k-1) + o + 1",
            rf"\begin{{gathered}}({side}-1)\cdot {s} - 2\cdot {p} + {config.dilation}\cdot({k}-1) + {o} + 1"
            rf"\\ = {size}\end{{gathered}}",  # in two lines, for a phone
        )
    up = config.layer in POOLS and config.ceil_mode
    over = side + 2 * p - d - 1
    size = (-(-over // s) if up else over // s) + 1
    if up and (size - 1) * s >= side + p:  # no window may begin in the padding at the right
        size -= 1
    left, right = (r"\lceil", r"\rceil") if up else (r"\lfloor", r"\rfloor")
    dilation = config.dilation if config.is_used("dilation") else 1
    return Size(
        size,
        rf"n' = \left{left} \frac{{n + 2p - d\,(k-1) - 1}}{{s}} \right{right} + 1",
        rf"\left{left} \frac{{{side} + 2\cdot {p} - {dilation}\cdot({k}-1) - 1}}{{{s}}} \right{right} + 1 "
        f"= {size}",
    )


def clip(picture: Tensor) -> Tensor:
    """A short clip [C, FRAMES, H, W] of a picture [C, H, W] that moves to the right, 2 pixels a time."""
    return torch.stack([picture.roll(2 * number, dims=-1) for number in range(FRAMES)], dim=1)
