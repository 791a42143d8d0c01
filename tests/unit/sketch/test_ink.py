"""A drawing as strokes: into a link, out of it, and into pixels."""

from __future__ import annotations

import numpy as np
import pytest

from dashlab.errors import ConfigError
from dashlab.experiments.sketch.ink import LONGEST, SIDE, Stroke, decode, encode, rasterize, simplified
from tests.strokes import FORMS, Hand, placed, strokes, written
from tests.strokes import rasterize as draw

EVERY_FORM = pytest.mark.parametrize(("digit", "form"), FORMS)


def drawing(digit: int, form: str, *, seed: int = 0) -> tuple[Stroke, ...]:
    glyph = placed(written(strokes(digit, form), Hand.at_random(seed)), height=180, left=40, top=50)
    return tuple(Stroke(18, stroke) for stroke in glyph)


def farthest(points: tuple[tuple[float, float], ...], line: tuple[tuple[float, float], ...]) -> float:
    """How far the farthest of the points is from the line, by many points along it."""
    ends = np.asarray(line)
    along = np.linspace(0, len(ends) - 1, 500 * len(ends))
    dense = np.stack([np.interp(along, np.arange(len(ends)), ends[:, axis]) for axis in (0, 1)], axis=1)
    return max(float(np.linalg.norm(dense - point, axis=1).min()) for point in np.asarray(points))


@EVERY_FORM
def test_a_simplified_stroke_stays_within_a_pixel_of_the_drawn_one(digit: int, form: str) -> None:
    for stroke in drawing(digit, form):
        few = simplified(stroke)
        assert len(few.points) <= len(stroke.points)
        assert farthest(stroke.points, few.points) < 1


@EVERY_FORM
def test_simplifying_once_more_changes_nothing(digit: int, form: str) -> None:
    once = tuple(map(simplified, drawing(digit, form)))
    assert tuple(map(simplified, once)) == once


@EVERY_FORM
def test_a_link_gives_back_the_strokes_that_were_written_into_it(digit: int, form: str) -> None:
    once = tuple(map(simplified, drawing(digit, form)))
    assert decode(encode(once)) == once


@EVERY_FORM
def test_a_digit_fits_into_a_link_many_times_over(digit: int, form: str) -> None:
    assert len(encode(tuple(map(simplified, drawing(digit, form))))) < LONGEST / 3


def test_an_empty_sheet_is_an_empty_text() -> None:
    assert encode(()) == ""
    assert decode("") == ()


@pytest.mark.parametrize("text", ["x", "S", "SAAA", "SAAAAA", ".", "SAAAA.", "S!!!!", "AAAAA", "§"])
def test_a_text_that_is_no_drawing_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        decode(text)


def test_points_off_the_sheet_are_moved_to_its_edge() -> None:
    stroke = simplified(Stroke(9, ((-50.0, 10.0), (2 * SIDE, 10.0))))
    assert [x for x, _ in stroke.points] == [0, SIDE]


def test_a_dot_is_as_wide_as_the_pen() -> None:
    sheet = rasterize([Stroke(20, ((150.0, 100.0),))])
    rows, columns = np.nonzero(sheet < 128)
    assert sheet.shape == (SIDE, SIDE)
    assert abs(np.ptp(rows) - 19) <= 1
    assert abs(np.ptp(columns) - 19) <= 1
    assert abs(rows.mean() - 100) < 1
    assert abs(columns.mean() - 150) < 1


@EVERY_FORM
def test_strokes_from_a_link_look_like_the_drawing(digit: int, form: str) -> None:
    glyph = drawing(digit, form)
    sheet = rasterize(decode(encode(tuple(map(simplified, glyph)))))
    reference = draw(tuple(stroke.points for stroke in glyph), pen=18, side=SIDE)[..., 0]
    assert np.corrcoef(sheet.ravel(), reference.ravel())[0, 1] > 0.98
