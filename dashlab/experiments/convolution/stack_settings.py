"""A stack of convolutions and poolings whose receptive field is drawn; needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from dashlab.errors import ConfigError
from dashlab.settings.fields import choice, integer
from dashlab.settings.flat import FlatConfig
from dashlab.settings.lists import entries_of, items

MOST_LAYERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedLayer(FlatConfig):
    """One layer of the stack."""

    kind: str = choice(
        "conv", "Layer", "A convolution, or a pooling.", {"conv": "Convolution", "pool": "Pooling"}
    )
    kernel: int = integer(3, "Kernel size k", "The window is k × k.", low=1, high=11)
    stride: int = integer(1, "Stride s", "The window moves on by so many pixels.", low=1, high=8)
    padding: int = integer(1, "Padding p", "So many zeros are put round what comes in.", low=0, high=12)
    dilation: int = integer(
        1, "Dilation d", "The taps of the kernel stand d pixels apart.", low=1, high=6,
        used_when=(("kind", ("conv",)),),
    )  # fmt: skip

    @property
    def title(self) -> str:
        """Such as "Conv 3 × 3, stride 2"."""
        more = [f"stride {self.stride}"] * (self.stride > 1) + [f"dilation {self.dilation}"] * (
            self.dilation > 1
        )
        name = "Conv" if self.kind == "conv" else "Pool"
        return ", ".join((f"{name} {self.kernel} × {self.kernel}", *more))

    def check(self) -> StackedLayer:
        """The layer itself; raises `ConfigError` where torch would refuse it."""
        FlatConfig.check(self)
        if self.kind == "pool" and 2 * self.padding > self.kernel:
            raise ConfigError(
                f"A pooling layer pads by at most half of its kernel: with k = {self.kernel} choose a "
                f"padding of at most {self.kernel // 2}."
            )
        return self


CONV, POOL = StackedLayer(), StackedLayer(kind="pool", kernel=2, stride=2, padding=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldConfig(FlatConfig):
    """A stack of up to eight layers, and the output pixel whose receptive field is shown."""

    layers: str = items(
        (CONV, CONV, POOL, CONV, CONV, POOL),
        "Layers",
        "The layers through which the picture goes, one after the other.",
        longest=MOST_LAYERS,
    )
    side: int = integer(64, "Side of the picture", "Pixels in height and in width.", low=8, high=224)
    up_to: int = integer(
        6, "Up to layer", "The output of this layer is looked at; 0 is the picture itself.", low=0,
        high=MOST_LAYERS, shown_only=True,
    )  # fmt: skip
    row: int = integer(
        8, "Row", "The output pixel that is looked at, counted from 0.", low=0, high=223, shown_only=True
    )
    column: int = integer(
        8, "Column", "The output pixel that is looked at, counted from 0.", low=0, high=223, shown_only=True
    )

    def stack(self) -> tuple[StackedLayer, ...]:
        """The layers in their order."""
        return entries_of(self.layers, StackedLayer)
