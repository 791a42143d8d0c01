"""What one layer that slides over a picture is set to; needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from dashlab.errors import ConfigError
from dashlab.settings.fields import choice, flag, integer, number, text
from dashlab.settings.flat import FlatConfig

LAYERS = {
    "conv": "Conv2d",
    "transposed": "ConvTranspose2d",
    "conv3d": "Conv3d",
    "maxpool": "MaxPool2d",
    "avgpool": "AvgPool2d",
    "unpool": "MaxUnpool2d",
    "adaptivemax": "AdaptiveMaxPool2d",
    "adaptiveavg": "AdaptiveAvgPool2d",
}
"""The layers, by the name that a link has, and as torch calls them."""
WEIGHTED = ("conv", "transposed", "conv3d")
POOLS = ("maxpool", "avgpool")
ADAPTIVE = ("adaptivemax", "adaptiveavg")
SLIDING = (*WEIGHTED, *POOLS, "unpool")
"""Layers with a window of a size that is set."""
MOST_KERNEL, MOST_SIDE, MOST_OUTPUT = 11, 256, 1024
FRAMES = 6
"""Pictures of the clip through which Conv3d slides."""

KERNELS = {
    "edges": "Edges (Laplace)",
    "sobelx": "Upright edges (Sobel)",
    "sobely": "Level edges (Sobel)",
    "blur": "Blur",
    "gauss": "Gaussian blur",
    "sharpen": "Sharpen",
    "emboss": "Emboss",
    "identity": "Identity",
    "random": "Random (Xavier)",
    "own": "Your own numbers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerConfig(FlatConfig):
    """One layer, and the picture that it is given."""

    source: str = choice(
        "photo",
        "Picture",
        "What the layer is given.",
        {
            "photo": "A photograph",
            "mnist": "A digit",
            "fashion": "A piece of clothing",
            "cifar10": "CIFAR-10",
            "ramp": "The numbers 0, 1, 2 …",
            "point": "One bright pixel",
        },
    )
    item: int = integer(
        0, "Which one", "Counted from 0; which photograph, or which test picture.", low=0, high=1_999,
        used_when=(("source", ("photo", "mnist", "fashion", "cifar10")),),
    )  # fmt: skip
    side: int = integer(
        64,
        "Side of the picture",
        "It is shrunk to so many pixels in height and in width.",
        low=2, high=MOST_SIDE,
    )  # fmt: skip
    colour: bool = flag(
        False,
        "Three channels",
        "Red, green and blue enter as three channels; otherwise one grey channel does.",
    )
    layer: str = choice("conv", "Layer", "The layer of torch.nn that slides over the picture.", LAYERS)
    kernel: int = integer(
        3, "Kernel size k", "The window is k × k pixels large; for Conv3d k × k × "
        "k.", low=1, high=MOST_KERNEL,
        used_when=(("layer", SLIDING),),
    )  # fmt: skip
    stride: int = integer(
        1, "Stride s", "The window moves on by so many "
        "pixels.", low=1, high=8, used_when=(("layer", SLIDING),)
    )  # fmt: skip
    padding: int = integer(
        1,
        "Padding p",
        "So many pixels are put round the picture; a transposed convolution takes k − 1 − p instead.",
        low=0, high=12, used_when=(("layer", SLIDING),),
    )  # fmt: skip
    padding_mode: str = choice(
        "zeros",
        "Padded with",
        "Zeros; the picture mirrored; its last pixels; or the opposite side.",
        {"zeros": "zeros", "reflect": "reflect", "replicate": "replicate", "circular": "circular"},
        used_when=(("layer", ("conv", "conv3d")),),
    )
    dilation: int = integer(
        1, "Dilation d", "The taps of the kernel stand d pixels apart.", low=1, high=6,
        used_when=(("layer", (*WEIGHTED, "maxpool")),),
    )  # fmt: skip
    output_padding: int = integer(
        0,
        "Output padding",
        "Rows and columns that are added to the size of the output at one side. No zeros are put there: it "
        "settles which of several sizes is meant.",
        low=0, high=7, used_when=(("layer", ("transposed",)),),
    )  # fmt: skip
    groups: str = choice(
        "one",
        "Groups",
        "One: each output channel sees all input channels. Depthwise: groups = 3, each output channel sees "
        "its own alone.",
        {"one": "1", "depthwise": "3 (depthwise)"},
        used_when=(("colour", (True,)), ("layer", WEIGHTED)),
    )
    ceil_mode: bool = flag(
        False,
        "ceil_mode",
        "Round the size of the output up: windows may reach over the edge.",
        used_when=(("layer", POOLS),),
    )
    count_include_pad: bool = flag(
        True,
        "count_include_pad",
        "Padded zeros count in the mean, which darkens the rim.",
        used_when=(("layer", ("avgpool",)),),
    )
    divisor_override: int = integer(
        0, "divisor_override", "Divide the sum by this instead of by the size of the window; 0 for that "
        "size.",
        low=0, high=200, used_when=(("layer", ("avgpool",)),),
    )  # fmt: skip
    output_size: int = integer(
        7, "Output size", "Whatever the picture's size, so many rows and columns come out.", low=1, high=64,
        used_when=(("layer", ADAPTIVE),),
    )  # fmt: skip
    weights: str = choice(
        "edges", "Kernel", "The weights of the window.", KERNELS, used_when=(("layer", WEIGHTED),)
    )
    own: str = text(
        "0 1 0; 1 -4 1; 0 1 0",
        "Numbers of the kernel",
        "Rows are parted by semicolons, numbers by spaces; k × k of them.",
        longest=2000,
        used_when=(("layer", WEIGHTED), ("weights", ("own",))),
    )
    bias: float = number(
        0.0, "Bias", "Added to every output.", low=-2.0, high=2.0, step=0.1, used_when=(("layer", WEIGHTED),)
    )
    seed: int = integer(
        0, "Seed", "Of a random kernel.", low=0, high=99_999,
        used_when=(("layer", WEIGHTED), ("weights", ("random",))),
    )  # fmt: skip
    row: int = integer(
        20, "Row", "The pixel that is looked at, counted from 0.", low=0, high=MOST_OUTPUT, shown_only=True
    )
    column: int = integer(
        20, "Column", "The pixel that is looked at, counted from 0.", low=0, high=MOST_OUTPUT,
        shown_only=True,
    )  # fmt: skip
    looks: str = choice(
        "output",
        "Looking at",
        "A pixel of the output and the window that it comes from; or a pixel of the picture and the outputs "
        "that it feeds.",
        {"output": "an output pixel", "input": "an input pixel"},
        shown_only=True,
    )

    @property
    def channels(self) -> int:
        """Channels of the picture."""
        return 3 if self.colour else 1

    def check(self) -> LayerConfig:
        """The config itself, if torch takes it; raises `ConfigError` with what to change."""
        FlatConfig.check(self)
        for problem, sentence in _PROBLEMS.items():
            if problem(self):
                raise ConfigError(sentence.format(**self.flat()))
        return self


def _pool_pads_too_much(config: LayerConfig) -> bool:
    return config.layer in (*POOLS, "unpool") and 2 * config.padding > config.kernel


def _mirrors_too_much(config: LayerConfig) -> bool:
    most = {"reflect": config.side - 1, "circular": config.side}.get(config.padding_mode)
    return config.layer in ("conv", "conv3d") and most is not None and config.padding > most


def _clip_is_too_short(config: LayerConfig) -> bool:
    most = {"reflect": FRAMES - 1, "circular": FRAMES}.get(config.padding_mode, 12)
    return config.layer == "conv3d" and config.padding > most


def _output_padding_is_too_large(config: LayerConfig) -> bool:
    return config.layer == "transposed" and config.output_padding >= max(config.stride, config.dilation)


_PROBLEMS = {
    _pool_pads_too_much: "A pooling layer pads by at most half of its kernel: with k = {kernel} choose a "
    "padding of at most k/2, or a larger kernel.",
    _mirrors_too_much: "Padding by {padding} with {padding_mode} needs a larger picture than {side} pixels: "
    "choose less padding, a larger side, or zeros.",
    _clip_is_too_short: f"The clip has {FRAMES} pictures, too few to be padded by {{padding}} with "
    "{padding_mode}: choose less padding, or zeros.",
    _output_padding_is_too_large: "Output padding must be smaller than the stride or the dilation: it "
    "settles a size that a stride of {stride} leaves open. Choose a larger stride or less output padding.",
}
