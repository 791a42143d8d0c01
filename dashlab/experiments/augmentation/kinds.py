"""Which kinds of picture a transform takes: asked of the installed torchvision, by trying.

A picture comes as a PIL image, as a tensor of whole numbers or of fractions, as several pictures, or in a
batch. What a transform takes of these differs between versions of torchvision: none of it is listed here.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dashlab.experiments.augmentation.seen import leaves
from dashlab.experiments.augmentation.transforms import build, offered

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

Do = Callable[[Any], Any]


def misfit(do: Do, value: Any) -> str:
    """Why `do` cannot be done with `value`, as the end of a sentence, where it can with another kind of it.

    Args:
        do: what the step does with a picture, or with a batch.
        value: the picture, a tuple of pictures, or a batch [B, C, H, W]; `do` has failed with it.

    Returns:
        Empty where no other kind helps.
    """
    first = next(leaves(value))
    if isinstance(value, tuple | list):
        several = "takes one picture, and there are several by now: put it before FiveCrop or TenCrop."
        return several if _works(do, first) else misfit(do, first)
    if isinstance(first, Tensor) and first.ndim == 4 and _works(do, first[0]):
        return "takes one picture, and here is a batch: put it before MixUp or CutMix, or leave it out."
    return next((words for kind, words in _remedies(first) if _works(do, as_kind(value, kind))), "")


def as_kind(value: Any, kind: str) -> Any:
    """One picture as "PIL image", or one or a batch as a tensor of "uint8" or "float32"."""
    from torchvision.transforms import v2

    if kind == "PIL image":
        return value if isinstance(value, Image.Image) else v2.functional.to_pil_image(value)
    tensor = v2.functional.to_image(value) if isinstance(value, Image.Image) else value
    return v2.functional.to_dtype(tensor, getattr(torch, kind), scale=True)


@functools.cache
def passes_by(transform: str) -> bool:
    """Whether a transform leaves every PIL image as it is, and changes a tensor."""
    offer = offered(transform)
    always = {"p": 1.0} if "p" in offer.defaults else {}
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    try:
        do = build(transform, {**offer.defaults, **always})
        if not all(do(picture) is picture for _ in range(3)):
            return False
        return _is_changed(as_kind(picture, "uint8"), do)
    except FAULTS:
        return False


def _remedies(first: Any) -> list[tuple[str, str]]:
    """Kinds that a picture could be, and what to do about it."""
    if isinstance(first, Image.Image):
        still = "works on tensors, and the picture is still a PIL image: put"
        return [
            ("uint8", f"{still} ToImage before it."),
            ("float32", f"{still} ToImage and ToDtype before it."),
        ]
    dtype = str(first.dtype).removeprefix("torch.")
    fractions = f"needs fractions, and the values are {dtype}: put ToDtype (float32, scale) before it."
    whole = f"works on whole values from 0 to 255, and these are {dtype}: put it before ToDtype."
    single = f"works on float32, and the values are {dtype}: have ToDtype make float32 of them."
    remedies = (
        [("float32", single), ("uint8", whole)] if first.is_floating_point() else [("float32", fractions)]
    )
    if first.ndim == 3:
        remedies.append(
            ("PIL image", "works on PIL images, and the picture is a tensor: put it before ToImage.")
        )
    return [(kind, words) for kind, words in remedies if kind != dtype]


def _works(do: Do, value: Any) -> bool:
    try:
        do(value)
    except FAULTS:
        return False
    return True


def _is_changed(tensor: Tensor, do: Do) -> bool:
    made = do(tensor)
    if not isinstance(made, Tensor):
        return False
    return type(made) is not type(tensor) or made.dtype != tensor.dtype or not torch.equal(made, tensor)
