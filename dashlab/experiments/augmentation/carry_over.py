"""What of a pipeline the trainer's own augmentation can do.

The trainer changes a whole batch at once on the device, each picture with draws of its own, in a fixed order:
mirror, crop, then turn, zoom, slant and move at once, then erase. What comes in from outside is black.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from dashlab.data.imageset import IMAGE_SETS, ImageSetInfo
from dashlab.experiments.augmentation.pipeline import Step
from dashlab.experiments.augmentation.transforms import argument
from dashlab.settings.fields import Value
from dashlab.settings.run_parts import AugmentConfig, DataConfig

Fate = Literal["carried", "nearly", "needless", "left out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What becomes of one step in the trainer."""

    number: int  # place in the pipeline, from 1
    transform: str
    fate: Fate
    why: str  # a sentence; empty for a step that is carried over as it is
    settings: dict[str, Value]


def carry_over(steps: Sequence[Step], dataset: str) -> tuple[Carried, ...]:
    """What becomes of each step that is switched on, when a network is trained on `dataset`.

    Carried is what the trainer does alike: by itself, and at its place among the others.
    """
    used = [(number, step) for number, step in enumerate(steps, 1) if step.use]
    alone = [_carried(number, step, IMAGE_SETS[dataset]) for number, step in used]
    return tuple(_in_place(alone, place) for place in range(len(alone)))


def trainer_settings(carried: Sequence[Carried], dataset: str) -> dict[str, Value]:
    """The trainer's settings that follow: all of its augmentation, and what of its data was said."""
    settings: dict[str, Value] = {"dataset": dataset, **AugmentConfig().flat()}
    for step in carried:
        settings |= step.settings
    return settings


def _in_place(carried: Sequence[Carried], place: int) -> Carried:
    """The fate of a step beside the others: the trainer does each change once, in an order of its own."""
    step, whys = carried[place], []
    if not step.settings:
        return step
    if any(step.settings.keys() & later.settings.keys() for later in carried[place + 1 :]):
        whys.append("The trainer does it once, as the later step of its kind has it.")
    earlier = {before.transform for before in carried[:place] if before.settings}
    if step.transform == "RandomCrop" and earlier & {"RandomRotation", "RandomAffine"}:
        whys.append("The trainer crops before it turns.")
    if "Normalize" in earlier and step.transform in _FROM_OUTSIDE:
        whys.append("The trainer normalises last: here 0 is no longer black.")
    if not whys:
        return step
    return replace(step, fate="nearly", why=" ".join(filter(None, (step.why, *whys))))


def _carried(number: int, step: Step, info: ImageSetInfo) -> Carried:
    fate, why, settings = _RULES.get(step.transform, _unknown)(step, info)
    if step.chance == 0:
        fate, why, settings = "needless", "It is applied to none of the pictures.", {}
    elif step.chance < 1 and settings and step.transform != "RandomHorizontalFlip":
        fate, why = "nearly", f"{why} The trainer does it to every picture.".strip()
    specs = {**AugmentConfig.specs(), **DataConfig.specs()}
    limited = {name: specs[name].clamp(value, value) for name, value in settings.items()}
    if limited != settings:
        fate, why = "nearly", f"{why} Brought into the trainer's range.".strip()
    return Carried(number=number, transform=step.transform, fate=fate, why=why, settings=limited)


Fit = tuple[Fate, str, dict[str, Value]]


def _unknown(_step: Step, _info: ImageSetInfo) -> Fit:
    return "left out", "The trainer has nothing like it.", {}


def _needless(why: str) -> Callable[[Step, ImageSetInfo], Fit]:
    return lambda _step, _info: ("needless", why, {})


def _flip(step: Step, _info: ImageSetInfo) -> Fit:
    share = _number(step, "p") * step.chance
    if share == 0:
        return "needless", "With p = 0 it does nothing.", {}
    if share == 0.5:
        return "carried", "", {"flip": True}
    return "nearly", f"The trainer mirrors half of the pictures, not {share:g} of them.", {"flip": True}


def _crop(step: Step, info: ImageSetInfo) -> Fit:
    size, padding = _given(step, "size"), _given(step, "padding")
    side = info.side
    if size not in (side, (side, side)):
        return "left out", f"{info.title} is trained at its own size of {side} × {side} pixels.", {}
    if not padding:
        return "needless", "A window of the picture's own size leaves no choice.", {}
    if not isinstance(padding, int):
        return "nearly", "The trainer pads all sides alike.", {"crop_padding": max(padding)}
    is_black = step.values["padding_mode"] == "constant" and _fills_black(step)
    why = "" if is_black else "The trainer pads with black."
    return ("carried" if is_black else "nearly"), why, {"crop_padding": padding}


def _rotation(step: Step, _info: ImageSetInfo) -> Fit:
    low, high = _given(step, "degrees")
    if step.values["expand"]:
        return "left out", "The trainer keeps the pictures' size, so that it cannot expand.", {}
    degrees = float(max(-low, high, 0))
    whys = list(_otherwise(step))
    if -low != high:
        whys.append(f"The trainer turns either way alike: up to {degrees:g}°.")
    return ("nearly" if whys else "carried"), " ".join(whys), {"rotate": degrees}


def _otherwise(step: Step) -> Iterator[str]:
    """What of a turn is done otherwise: about which point, what comes in, how values are found."""
    if _given(step, "center") is not None:
        yield "The trainer turns about the middle."
    if not _fills_black(step):
        yield "The trainer fills with black."
    if step.values["interpolation"] != "bilinear":
        yield "The trainer blends the values between pixels (bilinear)."


def _affine(step: Step, info: ImageSetInfo) -> Fit:
    _, why, settings = _rotation(
        Step(transform="RandomRotation", values={**step.values, "expand": False}), info
    )
    whys = [why] if why else []
    shift = _given(step, "translate") or (0, 0)
    settings["shift"] = float(max(shift) * info.side)
    if shift[0] != shift[1]:
        whys.append("The trainer moves as far along both axes.")
    low, high = _given(step, "scale")
    settings["zoom"] = round(float(max(1 - low, high - 1, 0)), 6)
    if abs((1 - low) - (high - 1)) > 1e-9:
        whys.append("The trainer enlarges as much as it shrinks.")
    slant = _given(step, "shear")
    if slant:
        settings["shear"] = float(max(-slant[0], slant[1], 0))
        if settings["rotate"]:
            whys.append("The trainer turns before it slants.")
        if -slant[0] != slant[1] or len(slant) == 4:
            whys.append("The trainer slants along x alone, either way alike.")
    return ("nearly" if whys else "carried"), " ".join(whys), settings


def _erasing(step: Step, info: ImageSetInfo) -> Fit:
    low, high = _given(step, "scale")
    side = max(1, round(info.side * ((low + high) / 2) ** 0.5))
    why = f"The trainer blanks a square of {side} × {side} pixels, of about the same area, in every picture."
    return "nearly", why, {"erase": side}


def _normalize(step: Step, info: ImageSetInfo) -> Fit:
    mean, std = _given(step, "mean"), _given(step, "std")
    if set(mean) == {0.5} and set(std) == {0.5}:
        return "carried", "", {"normalize": "half"}
    same = all(_close(given, own) for given, own in ((mean, info.mean), (std, info.std)))
    settings: dict[str, Value] = {"normalize": "dataset"}
    if same:
        return "carried", "", settings
    return "nearly", f"The trainer takes mean and std of {info.title} itself.", settings


def _resize(step: Step, info: ImageSetInfo) -> Fit:
    if _given(step, "size") in (info.side, (info.side, info.side)):
        return "needless", "The pictures have this size.", {}
    return "left out", f"{info.title} is trained at its own size of {info.side} × {info.side} pixels.", {}


def _given(step: Step, name: str) -> Any:
    return argument(step.transform, name, step.values[name])


def _number(step: Step, name: str) -> float:
    return float(_given(step, name))


def _fills_black(step: Step) -> bool:
    fill = _given(step, "fill")
    return not any(fill) if isinstance(fill, tuple) else not fill


def _close(given: Sequence[float], own: Sequence[float]) -> bool:
    return len(given) == len(own) and all(abs(a - b) < 2e-3 for a, b in zip(given, own, strict=True))


_FROM_OUTSIDE = frozenset({"RandomCrop", "RandomRotation", "RandomAffine", "RandomErasing"})
"""Steps that bring in a value of their own: black in the trainer."""
_BY_ITSELF = _needless("The trainer does this by itself.")
_RULES: dict[str, Callable[[Step, ImageSetInfo], Fit]] = {
    "RandomHorizontalFlip": _flip,
    "RandomCrop": _crop,
    "RandomRotation": _rotation,
    "RandomAffine": _affine,
    "RandomErasing": _erasing,
    "Normalize": _normalize,
    "Resize": _resize,
    "CenterCrop": _resize,
    "Identity": _needless("It does nothing."),
    **dict.fromkeys(("ToImage", "ToDtype", "ToPureTensor", "PILToTensor", "ToPILImage"), _BY_ITSELF),
}
