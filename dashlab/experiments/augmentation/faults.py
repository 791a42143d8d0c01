"""Why a step of a pipeline cannot be done, in a sentence that names the step and says what to do."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image
from torch import Tensor

from dashlab.experiments.augmentation.kinds import Do, misfit, passes_by
from dashlab.experiments.augmentation.pipeline import Step
from dashlab.experiments.augmentation.seen import leaves
from dashlab.experiments.augmentation.transforms import argument

_TURNING = frozenset({"RandomRotation", "RandomAffine", "RandomPerspective"})
_SHRINKING = frozenset({"Resize", "RandomShortestSize", "ScaleJitter"})
"""Transforms that take every kind of picture, and fail only where a side would be rounded to 0 pixels."""
_SEVERAL = frozenset({"FiveCrop", "TenCrop"})
"""Transforms that make several pictures of one; of several they would make too many to be seen."""


def obstacle(place: int, step: Step, value: Any) -> str:
    """What stands against doing the step, as a sentence; empty if nothing is known to.

    Args:
        place: of the step, from 0.
        step: the step.
        value: the picture, a tuple of pictures, or a batch [B, C, H, W].
    """
    first = next(leaves(value))
    for stands_against in (_too_many, _wrong_channels, _wrong_size, _wrong_settings):
        if reason := stands_against(step, value, first):
            return f"Step {place + 1} ({step.transform}) {reason}"
    return ""


def fault_of(place: int, step: Step, error: BaseException, do: Do | None = None, value: Any = None) -> str:
    """The sentence for what was raised while building the step, or while doing it: `do` with `value`."""
    reason = _unsound(step) if do is None else _meant(step, value) or misfit(do, value)
    if reason:
        return f"Step {place + 1} ({step.transform}) {reason}"
    said = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
    return f"Step {place + 1} ({step.transform}) cannot be done; torchvision says: {said[:200]}."


def left_alone(step: Step, given: Any, made: Any) -> str:
    """Why the step has left this picture as it was, as a sentence; empty if it has not."""
    is_same = made is given or (
        isinstance(made, tuple) and all(map(operator.is_, leaves(made), leaves(given)))
    )
    if is_same and isinstance(next(leaves(given)), Image.Image) and passes_by(step.transform):
        return f"{step.transform} leaves a PIL image as it is: put ToImage before it."
    return ""


def _too_many(step: Step, value: Any, _first: Any) -> str:
    if step.transform in _SEVERAL and isinstance(value, tuple):
        return "takes one picture, and there are several by now: put it before FiveCrop or TenCrop."
    return ""


def _unsound(step: Step) -> str:
    """What of its settings no picture would go with."""
    if step.transform == "GaussianBlur" and not all(n % 2 for n in _pair(_given(step, "kernel_size"))):
        return "needs a window with a middle: make each side of the kernel odd, such as 9."
    return ""


def _wrong_channels(step: Step, _value: Any, first: Any) -> str:
    channels = len(first.getbands()) if isinstance(first, Image.Image) else first.shape[-3]
    for name in ("mean", "std", "fill", "value"):
        given = argument(step.transform, name, step.values[name]) if name in step.values else None
        if isinstance(given, tuple) and len(given) not in (1, channels):
            return (
                f"has {len(given)} numbers for {name}, and the picture has "
                f"{channels} channel{'s' if channels > 1 else ''}: give one number, or one for each channel."
            )
    return ""


def _wrong_size(step: Step, _value: Any, first: Any) -> str:
    width, height = first.size if isinstance(first, Image.Image) else (first.shape[-1], first.shape[-2])
    need_h, need_w = _NEEDED[step.transform](step) if step.transform in _NEEDED else (0, 0)
    if need_h <= height and need_w <= width:
        return ""
    if step.transform in ("RandomCrop", "FiveCrop", "TenCrop"):
        return (
            f"cannot cut {need_w} × {need_h} pixels out of a picture of {width} × {height}: make its size "
            f"smaller or enlarge the picture before{', or pad' if step.transform == 'RandomCrop' else ''}."
        )
    return (
        f"needs a picture of at least {need_w} × {need_h} pixels for so wide a blur, and this one has "
        f"{width} × {height}: make the blur narrower."
    )


def _wrong_settings(step: Step, _value: Any, first: Any) -> str:
    name, values = step.transform, step.values
    if name == "RandomResize" and int(str(values["min_size"])) >= int(str(values["max_size"])):
        return "draws a length from the smallest to below the largest: make the largest greater."
    if name == "RandAugment" and int(str(values["magnitude"])) >= int(str(values["num_magnitude_bins"])):
        return "has a magnitude that is not among its bins: make it smaller, or the bins more."
    if name == "Resize" and (longest := _given(step, "max_size")) is not None:
        size = _given(step, "size")
        if not isinstance(size, int):
            return "limits the longer side where Size is one number, the shorter side: give one, or no limit."
        if longest <= size:
            return (
                f"has a longest side of {longest}, and the shorter is to be {size}: make the longest greater."
            )
    return _wrong_for_tensors(step, first) if isinstance(first, Tensor) else ""


def _wrong_for_tensors(step: Step, first: Tensor) -> str:
    name, values = step.transform, step.values
    channels = first.shape[-3]
    if name == "ToPILImage" and values["mode"] not in ("auto", "RGB" if channels == 3 else "L"):
        return f"cannot make {values['mode']} of {channels} channel{'s' if channels > 1 else ''}: take auto."
    if name == "RandomSolarize" and first.is_floating_point() and float(str(values["threshold"])) > 1:
        return "has a threshold above 1, and the values are fractions from 0 to 1: take one such as 0.5."
    return ""


def _meant(step: Step, value: Any) -> str:
    """What it means that a transform has failed, where it fails for one reason alone."""
    is_tensor = isinstance(next(leaves(value)), Tensor)
    if is_tensor and step.values.get("interpolation") == "bicubic" and step.transform in _TURNING:
        return "knows bicubic for PIL images only: put it before ToImage, or take bilinear."
    if step.transform in _SHRINKING:
        return "would leave no pixel of a picture that is so narrow: make its size larger."
    if step.transform == "RandomPerspective":
        return (
            "has drawn corners of which three lie on one line, as in no perspective: make the distortion "
            "smaller, or take another seed."
        )
    return ""


def _crop(step: Step) -> tuple[int, int]:
    if step.values.get("pad_if_needed"):
        return 0, 0
    height, width = _pair(_given(step, "size"))
    padding = (
        argument(step.transform, "padding", step.values["padding"]) if "padding" in step.values else None
    )
    left, top, right, bottom = _sides(padding)
    return height - top - bottom, width - left - right


def _blur(step: Step) -> tuple[int, int]:
    # Reflected at the border, a window may reach no further than the opposite side.
    width, height = _pair(_given(step, "kernel_size"))
    return height // 2 + 1, width // 2 + 1


def _elastic(step: Step) -> tuple[int, int]:
    side = (int(8 * float(str(step.values["sigma"])) + 1) | 1) // 2 + 1
    return side, side


_NEEDED: dict[str, Callable[[Step], tuple[int, int]]] = {
    "RandomCrop": _crop,
    "FiveCrop": _crop,
    "TenCrop": _crop,
    "GaussianBlur": _blur,
    "ElasticTransform": _elastic,
}
"""The least height and width that a step can work on."""


def _given(step: Step, name: str) -> Any:
    return argument(step.transform, name, step.values[name])


def _pair(size: int | Sequence[int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def _sides(padding: int | Sequence[int] | None) -> tuple[int, int, int, int]:
    """Left, top, right, bottom, as torchvision reads one, two or four numbers."""
    if padding is None or isinstance(padding, int):
        return (padding or 0,) * 4
    if len(padding) == 2:
        return padding[0], padding[1], padding[0], padding[1]
    return padding[0], padding[1], padding[2], padding[3]
