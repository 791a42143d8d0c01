"""Printed lines and boxes are taken out; strokes that are as straight and long are not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dashlab.experiments.sketch.prepare import prepare
from dashlab.experiments.sketch.rules import without_box, without_rules
from tests.strokes import placed, rasterize, strokes

Pixels = NDArray[np.uint8]


def drawn(digit: int, *, pen: float = 14) -> Pixels:
    """Dark ink on white, [280, 280]."""
    return rasterize(placed(strokes(digit), height=150, left=90, top=60), pen=pen)[..., 0]


def over(sheet: Pixels, *lines: tuple[tuple[float, float], ...], width: int = 3, level: int = 0) -> Pixels:
    """The sheet printed with lines."""
    image = Image.fromarray(np.full_like(sheet, 255))
    for line in lines:
        ImageDraw.Draw(image).line(line, fill=level, width=width)
    printed: Pixels = np.minimum(sheet, np.asarray(image))
    return printed


def alike(sheet: Pixels, plain: Pixels) -> float:
    one, other = prepare(sheet), prepare(plain)
    assert one is not None
    assert other is not None
    # A centre of mass between two pixels may be rounded either way.
    moved = [np.roll(one.picture, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return float(max(np.corrcoef(picture.ravel(), other.picture.ravel())[0, 1] for picture in moved))


RULES = tuple(((-5.0, row), (285.0, row)) for row in range(20, 280, 32))
MARGIN = (((40.0, -5.0), (40.0, 285.0)),)
TILTED = tuple(((-5.0, row - 8), (285.0, row + 8)) for row in range(20, 280, 32))
BENT = tuple(
    tuple((float(x), row + 3 * np.sin(np.pi * x / 280)) for x in range(-8, 290, 8))
    for row in range(20, 280, 32)
)
BOX = (((70.0, 40.0), (230.0, 40.0), (230.0, 225.0), (70.0, 225.0), (70.0, 40.0)),)
TOUCHED = (((86.0, 44.0), (184.0, 44.0), (184.0, 228.0), (86.0, 228.0), (86.0, 44.0)),)
COMB = (*BOX, ((20.0, 40.0), (270.0, 40.0), (270.0, 225.0), (20.0, 225.0), (20.0, 40.0)))


@pytest.mark.parametrize("level", [0, 110, 190])
@pytest.mark.parametrize(
    "lines", [RULES, MARGIN, TILTED, BENT, BOX, TOUCHED, COMB],
    ids=["rules", "margin", "tilted", "bent", "box", "touched box", "boxes beside each other"],
)  # fmt: skip
@pytest.mark.parametrize("digit", [2, 4, 7])
def test_printed_lines_leave_the_digit_as_it_was(
    digit: int, lines: tuple[tuple[tuple[float, float], ...], ...], level: int
) -> None:
    assert alike(over(drawn(digit), *lines, level=level), drawn(digit)) > 0.94


def test_a_rule_through_a_stroke_does_not_cut_it() -> None:
    sheet = over(drawn(1), *RULES)
    ink = 255 - sheet.astype(np.float32)
    cleaned, found = without_rules(ink, 0)
    assert found
    column = cleaned[70:200, np.flatnonzero(drawn(1).min(axis=0) < 128).mean().astype(int)]
    assert column.min() > 200


def test_a_photograph_of_ruled_paper_is_read_too() -> None:
    noise = np.random.default_rng(0).normal(0, 5, (280, 280))
    light = np.linspace(235, 150, 280)[None, :] / 255
    photo = (over(drawn(5), *TILTED, level=120) * light + noise).clip(0, 255).astype(np.uint8)
    assert alike(photo, drawn(5)) > 0.9


def test_light_rules_on_a_dark_board_are_taken_out() -> None:
    assert alike(255 - over(drawn(3), *RULES, level=120), 255 - drawn(3)) > 0.94


@pytest.mark.parametrize("count", [1, 2])
def test_a_long_thin_stroke_is_no_rule(count: int) -> None:
    """A 1, or an 11, as tall as the sheet."""
    ink = np.zeros((280, 280), dtype=np.float32)
    for column in range(100, 100 + 60 * count, 60):
        ink[:, column : column + 4] = 255
    cleaned, found = without_rules(ink, 0)
    assert not found
    np.testing.assert_array_equal(cleaned, ink)


@pytest.mark.parametrize("pen", [4, 8, 16])
def test_the_bar_of_a_digit_that_fills_its_frame_is_no_rule(pen: int) -> None:
    sheet = np.full((160, 110), 255, dtype=np.uint8)
    seven = over(sheet, ((0.0, 6.0), (109.0, 6.0), (40.0, 158.0)), width=pen)
    _, found = without_rules(255 - seven.astype(np.float32), 0)
    assert not found


@pytest.mark.parametrize("bar", [False, True], ids=["0", "8"])
def test_an_angular_0_or_8_is_no_box(bar: bool) -> None:
    digit = over(np.full((280, 280), 255, dtype=np.uint8), *BOX, width=6)
    if bar:
        digit = over(digit, ((70.0, 130.0), (230.0, 130.0)), width=6)
    ink = 255 - digit.astype(np.float32)
    cleaned, found = without_box(ink)
    assert not found
    np.testing.assert_array_equal(cleaned, ink)


def test_ruled_paper_without_a_digit_is_an_empty_sheet() -> None:
    assert prepare(over(np.full((280, 280), 255, dtype=np.uint8), *RULES, level=120)) is None
