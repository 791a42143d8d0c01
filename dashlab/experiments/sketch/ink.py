"""A drawing as pen strokes: simplified, written into a link and read back, turned into pixels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dashlab.errors import ConfigError

SIDE = 300
"""Pixels a side of the sheet; all coordinates and widths are in these."""
MOST_PEN = 63
LONGEST = 1000  # characters of a drawing in a link

Point = tuple[float, float]  # x to the right, y downwards

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_GRID = len(_DIGITS) ** 2 - 1  # two digits for each coordinate
_TOLERANCE = 0.7  # pixels by which a simplified stroke may be off
_FINE = 3  # drawn this many times as large, then averaged


@dataclass(frozen=True, slots=True)
class Stroke:
    """What one pen draws between being put down and lifted."""

    pen: int  # width, 1 to 63
    points: tuple[Point, ...]  # at least one


def simplified(stroke: Stroke) -> Stroke:
    """The stroke on the grid of a link, with as few points as keep all within `_TOLERANCE` of its line.

    Simplifying once more changes nothing.

    Source:
        Douglas and Peucker 1973.
    """
    points = [_on_grid(point) for point in stroke.points]
    keep = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        between = range(first + 1, last)
        if not between:
            continue
        far = max(between, key=lambda i: _distance(points[i], points[first], points[last]))
        if _distance(points[far], points[first], points[last]) > _TOLERANCE:
            keep.add(far)
            spans += [(first, far), (far, last)]
    return Stroke(stroke.pen, tuple(points[i] for i in sorted(keep)))


def encode(strokes: Sequence[Stroke]) -> str:
    """The strokes as letters that a link may hold: of each its pen, then its points, joined by dots."""
    return ".".join(_DIGITS[stroke.pen] + "".join(map(_encoded, stroke.points)) for stroke in strokes)


def decode(text: str) -> tuple[Stroke, ...]:
    """The strokes that `encode` wrote.

    Raises:
        ConfigError: the text was not written by `encode`.
    """
    try:
        return tuple(_decoded(part) for part in text.split(".")) if text else ()
    except (KeyError, ValueError):
        raise ConfigError(
            "The link holds a drawing that cannot be read: the sheet stays empty. Copy the whole link."
        ) from None


def rasterize(strokes: Sequence[Stroke]) -> NDArray[np.uint8]:
    """uint8 [300, 300]: black strokes with round ends on white paper, anti-aliased."""
    sheet = Image.new("L", (SIDE * _FINE, SIDE * _FINE), 255)
    draw = ImageDraw.Draw(sheet)
    for stroke in strokes:
        dots = [(x * _FINE, y * _FINE) for x, y in stroke.points]
        radius = stroke.pen * _FINE / 2
        draw.line(dots, fill=0, width=stroke.pen * _FINE)
        for x, y in dots:  # round ends, and round joints
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    return np.array(sheet.reduce(_FINE))


def _distance(point: Point, start: Point, end: Point) -> float:
    """From `point` to the segment."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = dx * dx + dy * dy
    along = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / length if length else 0.0
    along = min(max(along, 0.0), 1.0)
    return math.hypot(point[0] - start[0] - along * dx, point[1] - start[1] - along * dy)


def _on_grid(point: Point) -> Point:
    x, y = (_step(value) / _GRID * SIDE for value in point)
    return x, y


def _step(value: float) -> int:
    return min(max(round(value / SIDE * _GRID), 0), _GRID)


def _encoded(point: Point) -> str:
    return "".join(_DIGITS[_step(value) // 64] + _DIGITS[_step(value) % 64] for value in point)


def _decoded(part: str) -> Stroke:
    pen, *steps = (_VALUES[letter] for letter in part)
    if pen == 0 or len(steps) < 4 or len(steps) % 4:
        raise ValueError(part)
    values = [(high * 64 + low) / _GRID * SIDE for high, low in zip(steps[::2], steps[1::2], strict=True)]
    return Stroke(pen, tuple(zip(values[::2], values[1::2], strict=True)))
