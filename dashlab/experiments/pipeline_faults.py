"""Why a step of a pipeline cannot be done, in a sentence that names the step and says what to do."""

from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image
from torch import Tensor

from dashlab.experiments.pipeline import Step
from dashlab.experiments.pipeline_seen import leaves
from dashlab.experiments.transforms import argument

FAULTS = (
    TypeError,
    ValueError,
    RuntimeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    OSError,
    MemoryError,
)
"""What torchvision, torch and Pillow raise where a picture and a transform do not fit."""

_OF_TENSORS = frozenset({"Normalize", "GaussianNoise", "MixUp", "CutMix"})
_OF_FRACTIONS = frozenset({"Normalize", "GaussianNoise", "MixUp", "CutMix"})
_PASSES_PIL = frozenset({"ToDtype", "RandomErasing", "ToPureTensor"})
_OF_ONE = frozenset({"AutoAugment", "RandAugment", "TrivialAugmentWide", "AugMix", "FiveCrop", "TenCrop"})


def obstacle(place: int, step: Step, value: Any) -> str:
    """What stands against doing the step, as a sentence; empty if nothing is known to.

    Args:
        place: of the step, from 0.
        step: the step.
        value: the picture, a tuple of pictures, or a batch [B, C, H, W].
    """
    first = next(leaves(value))
    for stands_against in (_wrong_kind, _wrong_channels, _wrong_size, _wrong_settings):
        if reason := stands_against(step, value, first):
            return f"Step {place + 1} ({step.transform}) {reason}"
    return ""


def fault_of(place: int, step: Step, error: BaseException) -> str:
    """The sentence for what was raised while building or doing the step."""
    said = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
    return f"Step {place + 1} ({step.transform}) cannot be done; torchvision says: {said[:200]}."


def left_alone(step: Step, value: Any) -> str:
    """Why the step leaves this picture as it is, as a sentence; empty if it does not."""
    first = next(leaves(value))
    if step.transform in _PASSES_PIL and isinstance(first, Image.Image):
        return f"{step.transform} leaves a PIL image as it is: put ToImage before it."
    return ""


def _wrong_kind(step: Step, value: Any, first: Any) -> str:
    name = step.transform
    if name in _OF_TENSORS and isinstance(first, Image.Image):
        return "works on tensors, and the picture is still a PIL image: put ToImage and ToDtype before it."
    if name in _OF_FRACTIONS and isinstance(first, Tensor) and not first.is_floating_point():
        return f"needs fractions, and the values are {_dtype(first)}: put ToDtype (float32, scale) before it."
    if name == "JPEG" and isinstance(first, Tensor) and _dtype(first) != "uint8":
        return f"works on whole values from 0 to 255, and these are {_dtype(first)}: put it before ToDtype."
    if (name in _OF_ONE or step.offer.of_batch) and isinstance(value, tuple):
        return "takes one picture, and there are several by now: put it before FiveCrop or TenCrop."
    if name == "ToPILImage" and isinstance(first, Tensor) and first.ndim == 4:
        return "makes one PIL image, and here is a batch: put it before MixUp or CutMix, or leave it out."
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
    if not isinstance(first, Tensor):
        return ""
    if (
        name in ("RandomRotation", "RandomAffine", "RandomPerspective")
        and values["interpolation"] == "bicubic"
    ):
        return "knows bicubic for PIL images only: put it before ToImage, or take bilinear."
    if name == "RandomSolarize" and first.is_floating_point() and float(str(values["threshold"])) > 1:
        return "has a threshold above 1, and the values are fractions from 0 to 1: take one such as 0.5."
    return ""


def _crop(step: Step) -> tuple[int, int]:
    if step.values.get("pad_if_needed"):
        return 0, 0
    height, width = _pair(argument(step.transform, "size", step.values["size"]))
    padding = (
        argument(step.transform, "padding", step.values["padding"]) if "padding" in step.values else None
    )
    left, top, right, bottom = _sides(padding)
    return height - top - bottom, width - left - right


def _blur(step: Step) -> tuple[int, int]:
    # Reflected at the border, a window may reach no further than the opposite side.
    width, height = _pair(argument(step.transform, "kernel_size", step.values["kernel_size"]))
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


def _pair(size: int | Sequence[int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def _sides(padding: int | Sequence[int] | None) -> tuple[int, int, int, int]:
    """Left, top, right, bottom, as torchvision reads one, two or four numbers."""
    if padding is None or isinstance(padding, int):
        return (padding or 0,) * 4
    if len(padding) == 2:
        return padding[0], padding[1], padding[0], padding[1]
    return padding[0], padding[1], padding[2], padding[3]


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
