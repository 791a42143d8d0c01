"""Digits as people write them, as pen strokes: the corpus on which reading a drawing is measured.

A digit is one unit high. Its strokes are polylines in the order and direction of a right-handed writer, so
that a test can draw them with a real mouse as well as rasterise them.
"""

import math
import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Point = tuple[float, float]
Stroke = tuple[Point, ...]

CANVAS = 280  # pixels a side of the pictures that `rasterize` makes, unless told otherwise

# Control points "x,y" in hundredths of the height, y downwards; "|" lifts the pen, "!" marks a corner in a
# curve that is smooth elsewhere.
_CONTROL: dict[tuple[int, str], str] = {
    (0, "round"): "36,0 14,10 0,48 10,88 34,100 58,88 70,50 58,10 36,0",
    (0, "narrow"): "26,0 7,14 0,50 7,86 25,100 42,86 50,50 43,14 26,0",
    (0, "slanted"): "50,2 20,20 2,62 8,92 26,100 52,80 68,40 64,8 46,0 40,6",
    (1, "plain"): "5,0 5,100",
    (1, "slanted"): "26,0 0,100",
    (1, "flag"): "0,24! 26,0! 26,100",
    (1, "flag and base"): "8,22! 30,0! 30,100 | 4,100 56,100",
    (2, "straight base"): "3,24 16,5 36,0 56,10 58,32 42,58 20,80 0,100! 64,100",
    (2, "loop"): "6,20 20,3 42,2 56,20 50,46 30,76 12,96 2,92 6,78 22,78 42,94 66,98",
    (2, "curved base"): "0,16 20,0 44,6 54,26 40,58 6,96! 30,92 60,98",
    (3, "round"): "4,12 26,0 50,10 50,32 20,46! 52,56 58,78 38,98 14,98 0,86",
    (3, "flat top"): "2,0! 54,0! 24,38! 52,50 58,76 40,98 12,98 0,86",
    (3, "soft waist"): "0,18 20,1 46,8 48,30 28,46 42,54 54,72 40,96 14,100 0,88",
    (4, "open"): "10,4! 0,58! 62,56 | 48,0 44,100",
    (4, "closed"): "44,0! 0,66! 66,66 | 44,0 44,100",
    (4, "curved"): "6,2 2,32 10,50 32,50 50,42 | 52,0 50,50 46,100",
    (5, "bar last"): "10,2! 5,44! 30,36 54,50 56,76 36,98 12,98 0,88 | 10,2 56,0",
    (5, "one stroke"): "58,0! 14,2! 6,42! 32,36 56,54 54,82 30,100 0,92",
    (5, "slanted"): "66,0! 26,4! 14,42! 40,42 52,62 40,88 16,100 0,94",
    (6, "curved"): "46,0 20,20 2,60 10,92 32,100 54,86 52,62 30,54 10,66 4,76",
    (6, "hooked"): "52,6 34,0 12,20 0,56 6,88 28,100 50,88 52,66 32,52 6,66",
    (6, "straight"): "30,0 8,50 2,78 14,98 36,98 48,80 38,62 18,62 4,76",
    (7, "plain"): "0,2! 58,0! 20,100",
    (7, "bar"): "0,2! 60,0! 22,100 | 16,50 58,48",
    (7, "curved"): "0,8 20,3 56,4! 36,42 28,100",
    (8, "one stroke"): "50,12 30,0 8,10 10,32 30,48 52,66 50,92 26,100 2,90 4,66 28,48 48,30 50,12",
    (8, "two rings"): "28,46 8,36 8,10 28,0 48,10 48,36 28,46 | 28,46 4,60 2,88 28,100 54,88 52,60 28,46",
    (8, "slanted"): "62,10 42,0 20,12 22,34 36,50 42,76 24,100 4,92 6,70 36,46 60,28 62,10",
    (9, "straight"): "50,10 28,0 4,14 4,40 26,50 48,36 50,10! 48,100",
    (9, "curved"): "50,14 28,0 6,10 2,34 20,48 42,38 52,12 54,50 42,86 20,100 4,92",
    (9, "slanted"): "56,10 34,0 10,14 8,38 28,46 50,30 58,6! 30,100",
}

FORMS: tuple[tuple[int, str], ...] = tuple(_CONTROL)
"""Every (digit, way of writing it) of the corpus."""


def forms_of(digit: int) -> tuple[str, ...]:
    """The ways of writing `digit`, the plainest first."""
    return tuple(form for d, form in FORMS if d == digit)


def strokes(digit: int, form: str = "") -> tuple[Stroke, ...]:
    """The strokes of a digit one unit high; without `form`, its plainest."""
    return tuple(_smooth(control) for control in _CONTROL[digit, form or forms_of(digit)[0]].split("|"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """How an unsteady hand changes a digit: all zero leaves it as it is."""

    slant: float = 0.0  # x per unit of y
    wide: float = 1.0  # factor on the width
    turn: float = 0.0  # degrees
    wobble: float = 0.0  # amplitude of a slow waver, in units of the height
    seed: int = 0

    @staticmethod
    def at_random(seed: int) -> "Hand":
        """An ordinary hand: a little slanted, wide or narrow, turned and unsteady."""
        draw = random.Random(seed)
        return Hand(
            slant=draw.uniform(-0.2, 0.2),
            wide=draw.uniform(0.8, 1.25),
            turn=draw.uniform(-7, 7),
            wobble=draw.uniform(0.0, 0.02),
            seed=seed,
        )


def written(glyph: tuple[Stroke, ...], hand: Hand) -> tuple[Stroke, ...]:
    """The strokes as `hand` would write them; about one unit high still."""
    draw = random.Random(hand.seed)
    waves = [(draw.uniform(2, 7), draw.uniform(0, 2 * math.pi)) for _ in range(4)]
    c, s = math.cos(math.radians(hand.turn)), math.sin(math.radians(hand.turn))

    def move(point: Point) -> Point:
        x, y = point
        (fx, px), (fy, py), (gx, qx), (gy, qy) = waves
        x, y = (
            x + hand.wobble * (math.sin(fx * y + px) + math.sin(gx * x + qx)),
            y + hand.wobble * (math.sin(fy * x + py) + math.sin(gy * y + qy)),
        )
        x = x * hand.wide + hand.slant * (0.5 - y)
        return c * x - s * y, s * x + c * y

    return tuple(tuple(move(point) for point in stroke) for stroke in glyph)


def placed(glyph: tuple[Stroke, ...], *, height: float, left: float, top: float) -> tuple[Stroke, ...]:
    """The strokes in pixels: `height` pixels high, their bounding box at (`left`, `top`)."""
    points = [point for stroke in glyph for point in stroke]
    x0, y0 = min(x for x, _ in points), min(y for _, y in points)
    scale = height / (max(y for _, y in points) - y0)
    return tuple(
        tuple((left + (x - x0) * scale, top + (y - y0) * scale) for x, y in stroke) for stroke in glyph
    )


def rasterize(
    glyph: tuple[Stroke, ...], *, pen: float, side: int = CANVAS, ink: int = 0, paper: int = 255
) -> NDArray[np.uint8]:
    """RGBA [side, side, 4]: the strokes, in pixels, drawn with a round pen `pen` pixels wide."""
    fine = 4
    picture = Image.new("L", (side * fine, side * fine), paper)
    draw = ImageDraw.Draw(picture)
    r = pen * fine / 2
    for stroke in glyph:
        dots = [(x * fine, y * fine) for x, y in stroke]
        draw.line(dots, fill=ink, width=max(1, round(pen * fine)), joint="curve")
        for x, y in (dots[0], dots[-1]):
            draw.ellipse((x - r, y - r, x + r, y + r), fill=ink)
    grey = np.asarray(picture.resize((side, side), Image.Resampling.BOX))
    return np.dstack([grey, grey, grey, np.full_like(grey, 255)])


def _smooth(control: str, per_piece: int = 10) -> Stroke:
    """A Catmull-Rom curve through the control points, broken at corners."""
    pieces: list[list[Point]] = [[]]
    for word in control.split():
        x, y = word.rstrip("!").split(",")
        point = int(x) / 100, int(y) / 100
        pieces[-1].append(point)
        if word.endswith("!"):
            pieces.append([point])
    curve = [pieces[0][0]]
    for piece in pieces:
        curve += _catmull_rom(piece, per_piece)[1:]
    return tuple(curve)


def _catmull_rom(p: list[Point], per_piece: int) -> list[Point]:
    def along(axis: int, i: int, t: float) -> float:
        a, b, c, d = (p[min(max(k, 0), len(p) - 1)][axis] for k in (i - 1, i, i + 1, i + 2))
        return 0.5 * (
            2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
        )

    curve = [p[0]]
    for i in range(len(p) - 1):
        curve += [(along(0, i, k / per_piece), along(1, i, k / per_piece)) for k in range(1, per_piece + 1)]
    return curve
