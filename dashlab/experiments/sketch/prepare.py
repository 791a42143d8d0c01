"""From a drawing or a picture of a digit to the 28×28 pixels that a network reads, as MNIST was made.

Source:
    MNIST's own recipe, LeCun, Cortes and Burges (http://yann.lecun.com/exdb/mnist/): each digit "size
    normalized to fit in a 20x20 pixel box while preserving [its] aspect ratio", grey levels from
    anti-aliasing, then "centered in a 28x28 image by computing the center of mass of the pixels". Measured on
    its 60,000 training pictures: light ink on 0, the brightest pixel 254 or 255, the long side of the ink 20,
    the centre of mass within half a pixel of row and column 14.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dashlab.experiments.sketch.paper import Grey, Parted, otsu, part
from dashlab.experiments.sketch.pieces import doubt, without_specks
from dashlab.experiments.sketch.rules import without_box, without_rules
from dashlab.experiments.sketch.sheet import without_rim

Pixels = NDArray[np.uint8]  # [H, W] or [H, W, 3]

SIDE = 28
BOX = 20
CENTRE = 14.0  # row and column of the centre of mass

_WORK_SIDE = 480  # larger pictures are reduced to this first
_LEAST_CONTRAST = 24.0  # of 255, between ink and paper; less is an empty sheet
_NOISY = 0.5  # of 255: the standard deviation of the paper in a photograph or scan, not in a clean drawing
_ABOVE_NOISE = 4.0  # standard deviations of the paper under which nothing is taken for ink


_STEP_WORDS = {
    "grey": ("Grey", "Only brightness counts."),
    "sheet": ("Sheet alone", "The rim of the table around the sheet is cut away."),
    "tilted sheet": (
        "Sheet alone",
        "The sheet lies askew: it is turned by {degrees}° and the table around it cut away.",
    ),
    "light": ("Light on dark", "Dark ink on light paper is inverted: MNIST is light ink on black."),
    "rules": ("Without lines", "Lines printed across the whole sheet are taken out, strokes over them kept."),
    "paper": (
        "Paper to black",
        "The level of the paper is subtracted, and the ink stretched to full brightness.",
    ),
    "uneven paper": (
        "Paper to black",
        "The uneven light and the noise of the paper are subtracted, the ink stretched to full brightness.",
    ),
    "box": ("Without the box", "The box printed round the digit is taken out."),
    "cropped": ("Cropped", "Where on the sheet the digit stood no longer matters."),
    "boxed": ("20 × 20", "Scaled into a box of 20 × 20 pixels, its shape kept: size no longer matters."),
    "centred": ("28 × 28", "Moved so that the centre of mass of the ink is in the middle."),
}


@dataclass(frozen=True, slots=True, eq=False)
class PreparationStep:
    """One step of the preparation, and the picture after it."""

    name: str
    about: str  # a sentence
    picture: Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A digit as a network reads it, and how it came about."""

    steps: tuple[PreparationStep, ...]
    picture: Pixels  # [28, 28], light ink on 0
    doubt: str = ""  # why it cannot be one digit, as a sentence: to be said instead of reading it


def prepare(source: Image.Image | Pixels) -> Prepared | None:
    """Prepare one drawn, scanned or photographed digit the way MNIST was made.

    Args:
        source: the picture: grey, RGB or RGBA, of any size; an array has the shape [H, W], [H, W, 3] or
            [H, W, 4]. The ink may be darker or lighter than the paper, the paper unevenly lit.

    Returns:
        The 28×28 picture with the steps that led to it; None where there is no ink.
    """
    picture = _reduced(source if isinstance(source, Image.Image) else Image.fromarray(source))
    grey = _grey(picture)
    if float(np.ptp(grey)) < _LEAST_CONTRAST:
        return None
    whole = grey
    grey, degrees = without_rim(whole)
    parted = part(grey)
    inverted, uneven = parted.is_dark, parted.is_uneven or parted.noise > _NOISY
    light = 255.0 - grey if inverted else grey
    ink, ruled = without_rules(parted.ink, parted.noise)
    unruled = np.clip(light - parted.ink + ink, 0, 255)
    cleaned = _without_paper(replace(parted, ink=ink), is_cut=uneven or ruled)
    if cleaned is None:
        return None
    cleared = cleaned
    cleaned, boxed_in = without_box(cleared)
    if boxed_in:
        cleaned, _ = without_specks(cleaned, is_cut=uneven)
    if not cleaned.any():
        return None
    cropped = _cropped(cleaned)
    boxed = _into_box(cropped)
    centred = _centred(boxed)
    taken: list[tuple[str, Grey | None]] = [
        ("grey", whole),
        ("sheet", grey if grey.shape != whole.shape else None),
        ("light", light if inverted else None),
        ("rules", unruled if ruled else None),
        ("uneven paper" if uneven else "paper", cleared),
        ("box", cleaned if boxed_in else None),
        ("cropped", cropped),
    ]
    steps = [_step(name, _pixels(picture), degrees) for name, picture in taken if picture is not None]
    steps += [_step("boxed", boxed), _step("centred", centred)]
    return Prepared(tuple(steps), centred, doubt(cropped))


def _step(name: str, picture: Pixels, degrees: float = 0.0) -> PreparationStep:
    if name == "sheet" and degrees:
        name = "tilted sheet"
    title, about = _STEP_WORDS[name]
    return PreparationStep(title, about.format(degrees=f"{abs(degrees):g}"), picture)


def is_dark_on_light(grey: Grey) -> bool:
    """Whether the ink is darker than the paper."""
    return part(grey).is_dark


def _reduced(picture: Image.Image) -> Image.Image:
    """The picture with its longer side at most `_WORK_SIDE`, by averaging areas."""
    shrink = _WORK_SIDE / max(picture.size)
    if picture.mode not in ("L", "RGB", "RGBA"):
        picture = picture.convert("RGBA")
    if shrink >= 1:
        return picture
    size = (max(1, round(picture.width * shrink)), max(1, round(picture.height * shrink)))
    return picture.resize(size, Image.Resampling.BOX, reducing_gap=2.0)


def _grey(picture: Image.Image) -> Grey:
    """Brightness; what is transparent becomes paper of the brightness that the ink does not have."""
    if picture.mode != "RGBA":
        return np.asarray(picture.convert("L"), dtype=np.float32)
    grey = np.asarray(picture.convert("RGB").convert("L"), dtype=np.float32)
    opacity = np.asarray(picture.getchannel("A"), dtype=np.float32) / 255
    ink = float((grey * opacity).sum() / max(float(opacity.sum()), 1.0))
    paper = 255.0 if ink < 128 else 0.0
    return np.asarray(grey * opacity + paper * (1 - opacity), dtype=np.float32)


def _without_paper(parted: Parted, *, is_cut: bool) -> Grey | None:
    """Ink from 0 (paper) to 255; None where there is none."""
    if float(np.ptp(parted.ink)) < _LEAST_CONTRAST:
        return None
    ink, floor = parted.ink, parted.level + _ABOVE_NOISE * parted.noise
    bright = ink[ink > otsu(ink)]
    ceiling = float(np.percentile(bright, 90)) if bright.size else 0.0
    if ceiling - floor < _LEAST_CONTRAST:
        return None
    cleaned = np.clip((ink - floor) * (255 / (ceiling - floor)), 0, 255).astype(np.float32)
    return without_specks(cleaned, is_cut=is_cut)[0]


def _cropped(ink: Grey) -> Grey:
    """The bounding box of the ink."""
    rows, columns = np.flatnonzero((ink > 0).any(axis=1)), np.flatnonzero((ink > 0).any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _into_box(ink: Grey) -> Pixels:
    """Scaled until the longer side is 20 pixels, the brightest pixel then 255."""
    scale = BOX / max(ink.shape)
    size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    kernel = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    boxed = np.asarray(_image(ink).resize(size, kernel), dtype=np.float32)
    return _pixels(boxed * (255 / boxed.max()))


def _centred(boxed: Pixels) -> Pixels:
    """Placed in 28×28 with the centre of mass in the middle, as near as whole pixels allow."""
    weight = boxed.astype(np.float64)
    total = weight.sum()
    row = float((weight.sum(axis=1) @ np.arange(boxed.shape[0])) / total)
    column = float((weight.sum(axis=0) @ np.arange(boxed.shape[1])) / total)
    top, left = (
        min(max(round(CENTRE - middle), 0), SIDE - length)
        for middle, length in zip((row, column), boxed.shape, strict=True)
    )
    centred = np.zeros((SIDE, SIDE), dtype=np.uint8)
    centred[top : top + boxed.shape[0], left : left + boxed.shape[1]] = boxed
    return centred


def _image(values: Grey) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))


def _pixels(values: Grey) -> Pixels:
    return np.rint(values).clip(0, 255).astype(np.uint8)
