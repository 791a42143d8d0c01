"""Listens to what a transform draws, without changing what it does."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

_OF_NO_INTEREST = frozenset(
    {"needs_crop", "needs_pad", "num_input_channels", "labels", "batch_size", "fn_idx"}
)
_FEW = 8
"""Numbers of one argument that are still written out."""


class Listener:
    """A transform, in `RandomApply` if it acts on a share of the pictures only; remembers the last call."""

    def __init__(self, transform: Any, chance: float) -> None:
        from torchvision.transforms import v2

        self._changes: list[str] = []
        self._params: Mapping[str, Any] = {}
        self._reached = self._drew = False
        self._decides = hasattr(transform, "p")  # leaves some pictures as they are, of itself
        self._listen(transform)
        self._call = transform if chance == 1 else v2.RandomApply([transform], p=chance)

    def __call__(self, *values: Any) -> Any:
        """What the transform makes of a picture, or of a batch and its labels."""
        self._changes, self._params, self._reached, self._drew = [], {}, False, False
        return self._call(*values)

    @property
    def applied(self) -> bool:
        """Whether it acted at all in the last call."""
        return self._drew if self._decides else self._reached

    @property
    def drawn(self) -> str:
        """What it drew in the last call, in words; empty where it draws nothing or does not say."""
        return ", ".join((*self._changes, *_in_words(self._params)))

    def _listen(self, transform: Any) -> None:
        """Put ears between the object and its own methods."""
        forward, make_params = transform.forward, transform.make_params
        change = getattr(transform, "_apply_image_or_video_transform", None)  # of AutoAugment and its kin

        def forwarded(*values: Any) -> Any:
            self._reached = True
            return forward(*values)

        def drew(*values: Any) -> Any:
            self._drew, self._params = True, make_params(*values)
            return self._params

        def changed(image: Any, name: str, magnitude: float, **more: Any) -> Any:
            assert change is not None
            self._changes.append(f"{name} {magnitude:.3g}" if magnitude else name)
            return change(image, name, magnitude, **more)

        transform.forward, transform.make_params = forwarded, drew
        if change is not None:
            transform._apply_image_or_video_transform = changed


def _in_words(params: Mapping[str, Any]) -> Iterator[str]:
    is_crop = "top" in params  # which pads by what was set, and that is no draw
    for name, value in params.items():
        if value is not None and name not in _OF_NO_INTEREST and not (is_crop and name == "padding"):
            yield f"{name.replace('_', ' ')} {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, Tensor):
        if value.numel() > _FEW:
            return f"field of {' × '.join(map(str, value.shape))}, up to {float(value.abs().max()):.3g}"
        value = value.reshape(-1).tolist()
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"({', '.join(map(_value, value))})"
    return str(value)
