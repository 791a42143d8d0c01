"""What the drawing component reports, and what a sheet makes of it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from dashlab.experiments.sketch.ink import Stroke, simplified
from ui.sketch.canvas import Objects, Sheet, objects_of, strokes_of

ANGLE = ((20.0, 30.0), (120.0, 30.0), (120.0, 200.0))


def path(*commands: list[Any], **more: Any) -> Objects:
    return [{"type": "Path", "path": list(commands), "strokeWidth": 18, **more}]


def near(stroke: Stroke, *points: tuple[float, float]) -> bool:
    pairs = zip(stroke.points, points, strict=True)
    return all(math.dist(one, other) < 0.2 for one, other in pairs)


def test_strokes_that_the_component_is_given_come_back_as_they_were() -> None:
    strokes = (simplified(Stroke(18, ANGLE)), simplified(Stroke(4, ((5.0, 5.0),))))
    back = strokes_of(objects_of(strokes))
    assert back[0] == strokes[0]
    assert near(Stroke(4, back[1].points[:1]), (5.0, 5.0))
    assert [stroke.pen for stroke in back] == [18, 4]


def test_a_curve_is_followed() -> None:
    (stroke,) = strokes_of(path(["M", 0, 100], ["Q", 100, 0, 200, 100]))
    assert min(y for _, y in stroke.points) == pytest.approx(50, abs=0.2)
    assert stroke.points[-1] == pytest.approx((200, 100), abs=0.2)


def test_a_stroke_is_where_the_component_says_that_it_was_moved_to() -> None:
    moved = path(["M", 20, 30], ["L", 120, 30], ["L", 120, 200], left=70 + 15, top=115 - 10)
    assert near(strokes_of(moved)[0], (35, 20), (135, 20), (135, 190))


def test_a_stroke_is_scaled_and_turned_about_its_middle() -> None:
    edited = path(["M", 100, 100], ["L", 140, 100], left=120, top=100, scaleX=2, scaleY=2, angle=90)
    (stroke,) = strokes_of(edited)
    assert near(stroke, (120, 60), (120, 140))
    assert stroke.pen == 36


def test_what_is_no_pen_stroke_is_left_out() -> None:
    assert strokes_of([{"type": "Rect", "left": 1, "top": 1}, {"type": "Path", "path": []}]) == ()


def test_a_sheet_takes_over_what_is_drawn() -> None:
    sheet = Sheet()
    sheet.take(objects_of([Stroke(18, ANGLE)]))
    assert len(sheet.strokes) == 1
    assert sheet.edition == 0


def test_a_cleared_sheet_ignores_the_report_from_before() -> None:
    sheet, before = Sheet(), objects_of([Stroke(18, ANGLE)])
    sheet.take(before)
    sheet.put(())
    sheet.take(before)  # the component has not heard of it yet
    assert sheet.strokes == ()
    sheet.take([])
    sheet.take(before)  # drawn again, exactly so
    assert len(sheet.strokes) == 1


def test_clearing_twice_tells_the_component_twice() -> None:
    sheet = Sheet()
    sheet.put(())
    sheet.put(())
    assert sheet.edition == 2
