"""MNIST's test pictures as people would photograph, scan or draw them, to measure reading on.

A sheet is a frame (how much of it the digit fills), a stroke (how broad the pen was) and a light.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]
Grey = NDArray[np.float32]

FRAMES = ("tight", "loose", "corner")
STROKES = ("thin", "own", "thick")
NOISES = (0.5, 1.0, 2.0, 3.5, 5.0, 8.0)
LIGHTS = (
    "light on dark",
    "dark on light",
    "gradient",
    "light on dark, gradient",
    *(f"noise {sigma:g}" for sigma in NOISES),
    "thin rim",
    "wide rim",
    "rim on one side",
    "dark corners",
    "ruled",
    "dark rules",
    "tilted rules",
    "squared",
    "box",
    "tilted box",
)
PRINTED = tuple(light for light in LIGHTS if light.split()[-1] in ("ruled", "rules", "squared", "box"))
INK, PAPER, TABLE = 45.0, 235.0, 70.0
_SCALE = 8  # pixels of a sheet for one of MNIST


@dataclass(frozen=True, slots=True)
class Condition:
    """How a digit is shown."""

    frame: str = "loose"
    stroke: str = "own"
    light: str = "dark on light"

    def __str__(self) -> str:
        return f"{self.frame}, {self.stroke} stroke, {self.light}"


CONDITIONS = (
    *(Condition(light=light) for light in LIGHTS),
    *(Condition("tight", light=light) for light in LIGHTS if light not in PRINTED),
    *(
        Condition("corner", light=light)
        for light in ("light on dark", "dark on light", "gradient", "noise 2")
    ),
    *(Condition(frame, stroke) for frame in FRAMES for stroke in ("thin", "thick")),
    *(Condition("tight", "thick", light) for light in ("light on dark", "gradient", "noise 2")),
)


def sheet(digit: Pixels, condition: Condition, *, seed: int) -> Pixels:
    """uint8 [H, W]: the digit, uint8 [28, 28] with light ink, shown under `condition`."""
    draw = np.random.default_rng(seed)
    ink = _framed(_drawn(digit, condition.stroke), condition.frame, draw)
    return _lit(ink, condition.light, draw).clip(0, 255).round().astype(np.uint8)


def _drawn(digit: Pixels, stroke: str) -> Grey:
    """The share of ink, 0 to 1, cropped to the digit; a pen up to a quarter of the side for broad digits."""
    size = (28 * _SCALE, 28 * _SCALE)
    image = Image.fromarray(digit).resize(size, Image.Resampling.BICUBIC)
    if stroke == "thin":
        image = image.filter(ImageFilter.MinFilter(5))
    elif stroke == "thick":
        image = image.filter(ImageFilter.MaxFilter(9))
    ink = np.asarray(image, dtype=np.float32)
    rows, columns = np.flatnonzero(ink.max(1) > 24), np.flatnonzero(ink.max(0) > 24)
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return ink / ink.max()


def _framed(ink: Grey, frame: str, draw: np.random.Generator) -> Grey:
    height, width = ink.shape
    if frame == "tight":
        margin = max(2, round(0.03 * max(ink.shape)))
        return np.pad(ink, margin)
    side = round(1.9 * max(ink.shape)) if frame == "loose" else 4 * max(ink.shape)
    free = np.array([side - height, side - width])
    place = free * draw.uniform(0.35, 0.65, 2) if frame == "loose" else free * draw.choice([0.05, 0.95], 2)
    top, left = place.astype(int)
    placed = np.zeros((side, side), dtype=np.float32)
    placed[top : top + height, left : left + width] = ink
    return placed


def _lit(ink: Grey, light: str, draw: np.random.Generator) -> Grey:  # noqa: PLR0911 - a light each
    rows, columns = (np.linspace(-1, 1, side, dtype=np.float32) for side in ink.shape)
    across, down = np.meshgrid(columns, rows)
    if light == "light on dark":
        return INK + (PAPER - INK) * ink
    if light == "light on dark, gradient":
        return (0.75 + 0.25 * across) * (INK + (PAPER - INK) * ink)
    if light in PRINTED:
        ink = np.maximum(ink, _printed(ink, light))
    paper = PAPER - (PAPER - INK) * ink
    if light == "gradient":
        return paper * (0.75 + 0.2 * across + 0.05 * down)
    if light == "dark corners":
        return paper * (1 - 0.25 * (across**2 + down**2))
    if light.startswith("noise"):
        return paper + draw.normal(0, float(light.split()[1]), ink.shape)
    if light in ("thin rim", "wide rim"):
        wide = 3 if light == "thin rim" else round(0.12 * max(ink.shape))
        return np.pad(paper, wide, constant_values=TABLE)
    if light == "rim on one side":
        return np.pad(paper, ((0, 0), (round(0.1 * ink.shape[1]), 0)), constant_values=TABLE)
    return paper


def _printed(ink: Grey, light: str) -> Grey:
    """Lines across the sheet, fainter than the ink or as dark; a box round the digit as on a form."""
    high = np.flatnonzero(ink.max(1))
    room = round(0.15 * (high[-1] - high[0] + 1))
    if light == "box":
        return _box(ink, room)
    if light == "tilted box":
        return _turned(_box(ink, room + 6), 2)
    if light == "squared":
        return np.maximum(_rules(ink.shape), _rules(ink.shape[::-1]).T)
    rules = _rules(ink.shape, 1.0 if light == "dark rules" else 0.45)
    return _turned(rules, 3) if light == "tilted rules" else rules


def _rules(shape: tuple[int, ...], strength: float = 0.45) -> Grey:
    rules = np.zeros(shape, dtype=np.float32)
    for top in range(shape[0] // 16, shape[0], shape[0] // 8):
        rules[top : top + 2] = strength
    return rules


def _box(ink: Grey, room: int) -> Grey:
    rows, columns = np.flatnonzero(ink.max(1)), np.flatnonzero(ink.max(0))
    box = np.zeros_like(ink)
    top, left = max(rows[0] - room, 2), max(columns[0] - room, 2)
    box[top : rows[-1] + room, left : columns[-1] + room] = 1
    box[top + 3 : rows[-1] + room - 3, left + 3 : columns[-1] + room - 3] = 0
    return box


def _turned(ink: Grey, degrees: float) -> Grey:
    """Turned about the middle; lines that run to the edge still do."""
    wide = max(ink.shape) // 4
    image = Image.fromarray(np.pad(ink, wide, mode="edge"))
    turned = np.asarray(image.rotate(degrees, Image.Resampling.BILINEAR), dtype=np.float32)
    return turned[wide:-wide, wide:-wide]


def beside(digits: list[Pixels], *, gap: float, seed: int) -> Pixels:
    """uint8 [H, W]: several digits in a row, dark on light, `gap` of their height between them."""
    draw = np.random.default_rng(seed)
    drawn = [_drawn(digit, "own") for digit in digits]
    high = max(len(ink) for ink in drawn)
    space = np.zeros((high, round(gap * high)), dtype=np.float32)
    row: list[Grey] = []
    for ink in drawn:
        above = int(draw.integers(0, high - len(ink) + 1))
        row += [space, np.pad(ink, ((above, high - len(ink) - above), (0, 0)))]
    ink = np.pad(np.hstack(row[1:]), high // 3)
    return (PAPER - (PAPER - INK) * ink).round().astype(np.uint8)
