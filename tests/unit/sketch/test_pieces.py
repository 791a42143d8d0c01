"""Several things on a sheet, or none that could be a digit, are told from one digit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dashlab.experiments.sketch import ink
from dashlab.experiments.sketch.pieces import CROWDED, FILLED, LEVEL
from dashlab.experiments.sketch.prepare import prepare
from dashlab.experiments.sketch.presets import PRESETS as EXAMPLES
from tests.sheets import STROKES, Condition, beside, sheet
from tests.strokes import FORMS, Hand, placed, rasterize, strokes, written

Pixels = NDArray[np.uint8]
COUNT = 45
ROWS, COLUMNS = np.mgrid[:300, :300] - 150


@pytest.fixture(scope="module")
def digits() -> Pixels:
    """uint8 [45, 28, 28]: the first test pictures of MNIST."""
    from dashlab.data.images import load_images

    return np.asarray(load_images("mnist").test_x[:COUNT, 0].numpy())


def doubted(source: Pixels) -> str:
    done = prepare(source)
    assert done is not None
    return done.doubt


def inked(where: NDArray[np.bool_]) -> Pixels:
    """Black on white, there."""
    return np.where(where, 0, 255).astype(np.uint8)


# One digit


@pytest.mark.parametrize("stroke", STROKES)
def test_one_digit_is_never_doubted(digits: Pixels, stroke: str) -> None:
    shown = [sheet(digit, Condition(stroke=stroke), seed=seed) for seed, digit in enumerate(digits)]
    assert [doubted(one) for one in shown] == [""] * COUNT


def test_a_digit_of_28_by_28_pixels_is_never_doubted(digits: Pixels) -> None:
    assert [doubted(digit) for digit in digits] == [""] * COUNT


@pytest.mark.parametrize(("digit", "form"), FORMS)
@pytest.mark.parametrize("pen", [6, 18, 36])
def test_a_drawn_digit_of_one_or_more_strokes_is_never_doubted(digit: int, form: str, pen: int) -> None:
    glyph = written(strokes(digit, form), Hand.at_random(digit))
    assert doubted(rasterize(placed(glyph, height=180, left=60, top=50), pen=pen)) == ""


def test_a_drawing_of_the_examples_is_never_doubted() -> None:
    assert {doubted(ink.rasterize(ink.decode(example.config.ink))) for example in EXAMPLES.values()} == {""}


@pytest.mark.parametrize("gap", [6, 20])
def test_a_stroke_that_broke_is_one_thing(gap: int) -> None:
    stroke = (np.abs(COLUMNS) < 9) & (np.abs(ROWS) < 110)
    assert doubted(inked(stroke & (np.abs(ROWS + 50) > gap / 2))) == ""


def test_a_5_whose_bar_stands_apart_is_one_thing() -> None:
    body = rasterize(placed(strokes(5, "bar last")[:1], height=150, left=80, top=70), pen=14)[..., 0]
    body[50:64, 100:170] = 0
    assert doubted(body) == ""


# Several


@pytest.mark.parametrize("gap", [0.15, 0.4, 0.8])
@pytest.mark.parametrize("count", [2, 3])
def test_digits_beside_each_other_are_counted_and_not_read(digits: Pixels, count: int, gap: float) -> None:
    rows = [list(digits[first : first + count]) for first in range(0, COUNT, 3)]
    said = [doubted(beside(row, gap=gap, seed=seed)) for seed, row in enumerate(rows)]
    assert np.mean([words != "" for words in said]) > 0.9
    assert np.mean([f"{count} separate things" in words for words in said]) > 0.8


def test_a_colon_and_an_equals_sign_are_two_things() -> None:
    colon = (np.hypot(ROWS + 60, COLUMNS) < 15) | (np.hypot(ROWS - 60, COLUMNS) < 15)
    equals = (np.abs(COLUMNS) < 60) & ((np.abs(ROWS + 40) < 6) | (np.abs(ROWS - 40) < 6))
    assert "2 separate things" in doubted(inked(colon))
    assert "2 separate things" in doubted(inked(equals))


def test_a_full_stop_is_no_part_of_the_digit_before_it() -> None:
    sheet = rasterize(placed(strokes(3), height=180, left=60, top=40), pen=16)
    stopped = sheet.copy()
    stopped[200:218, 220:238, :3] = 0
    one, other = prepare(sheet), prepare(stopped)
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.picture, other.picture)


# None


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (np.hypot(ROWS, COLUMNS) < 12, FILLED),
        (np.hypot(ROWS, COLUMNS) < 100, FILLED),
        ((np.abs(ROWS) < 130) & (np.abs(COLUMNS) < 120), FILLED),
        (ROWS > 0, FILLED),
        ((np.abs(ROWS) < 5) & (np.abs(COLUMNS) < 120), LEVEL),
        ((np.abs(ROWS - COLUMNS / 4) < 5) & (np.abs(COLUMNS) < 120), LEVEL),
        ((ROWS // 12 + COLUMNS // 12) % 2 == 0, CROWDED),
        (((ROWS + COLUMNS) % 24 < 8) & (np.abs(ROWS) < 130) & (np.abs(COLUMNS) < 130), CROWDED),
        ((ROWS % 30 < 9) & (COLUMNS % 30 < 9), CROWDED),
        (np.random.default_rng(0).random((300, 300)) < 0.5, FILLED),
    ],
    ids=["dot", "disc", "box", "half a page", "line", "slanted line", "checks", "hatching", "dots", "noise"],
)  # fmt: skip
def test_what_is_no_digit_is_said(where: NDArray[np.bool_], words: str) -> None:
    assert doubted(inked(where)) == words


def test_a_scribble_is_said() -> None:
    points = np.random.default_rng(0).uniform(20, 280, (40, 2))
    stroke = ink.Stroke(6, tuple((float(x), float(y)) for x, y in points))
    assert doubted(ink.rasterize([stroke])) == CROWDED


def test_an_upright_line_is_a_1() -> None:
    assert doubted(inked((np.abs(COLUMNS) < 5) & (np.abs(ROWS) < 120))) == ""
