"""Points of one's own: a file is hostile until it is checked, a link brings them back."""

from __future__ import annotations

import pytest

from dashlab.errors import ConfigError, DataError
from dashlab.experiments.descent.points import (
    MOST,
    MOST_BYTES,
    PointsSpec,
    outlier_of,
    points_of,
    problem_of,
    read_csv,
    text_of_points,
)
from dashlab.experiments.descent.settings import LineConfig

SPEC = LineConfig.spec_of("points")


def test_two_columns_are_points_with_names_in_the_first_row_or_without() -> None:
    wanted = ((1.0, 2.5), (-3.0, 4e2))
    for text in ("x,y\n1,2.5\n-3,4e2\n", "1,2.5\n\n-3 , 4e2", "\ufeffx;y\r\n1;2,5\r\n-3;4e2\r\n"):
        assert read_csv(text.encode()) == wanted


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"1,2\n" * (MOST_BYTES // 4 + 1), "64 KiB are allowed"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"", "2 to 300 points; these are 0"),
        (b"1,2\n", "2 to 300 points; these are 1"),
        (b"1,2\n" * (MOST + 1), "these are 301"),
        (b"1,2,3\n4,5,6", "Line 1 has 3 columns; two are needed"),
        (b"1,2\n3\n", "Line 2 has 1 column; two are needed"),
        (b"1,2\n3,four\n", "Line 2 is not two numbers: '3, four'"),
        (b"1,2\n3,inf\n", "Line 2 has a value that is not finite"),
        (b"nan,2\n3,4\n", "Line 1 has a value that is not finite"),
        (b"1,2\n3,1e7\n", "between"),
        (b"5,2\n5,4\n", "two different x"),
        (b'1,"2\n3,4', "no CSV"),
        (b"1,\x002\n3,4\n", "these are 1"),
        (b"1," + b"9" * 5000 + b"\n3,4\n", "Line 1 has a value that is not finite"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_used_is_refused_with_what_is_wrong(data: bytes, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read_csv(data)


def test_points_survive_a_link_with_six_digits() -> None:
    points = ((0.123456789, -2.0), (1e-5, 123456.0))
    text = text_of_points(points)
    assert points_of(text) == ((0.123457, -2.0), (1e-5, 123456.0))
    assert text_of_points(points_of(text)) == text
    assert SPEC.problem(text) is None


@pytest.mark.parametrize("text", ["1_2_3~4_5", "a_b", "1,2", "~"])
def test_a_link_that_is_no_list_of_points_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="not a pair of numbers"):
        SPEC.parse(text)


def test_what_cannot_be_had_of_a_link_is_brought_to_the_nearest_that_can() -> None:
    many = text_of_points((number, 2 * number) for number in range(MOST + 50))
    assert isinstance(SPEC, PointsSpec)
    assert len(points_of(str(SPEC.clamp(many, "")))) == MOST
    assert SPEC.clamp("nan_1~2_3", "0_0~1_1") == "0_0~1_1"
    assert "300 points" in str(SPEC.problem(many))
    assert SPEC.shown("0_0~1_1") == "2 points"


def test_an_outlier_lies_as_far_below_the_points_as_they_reach() -> None:
    points = tuple((float(x), 2.0 * x) for x in range(6))
    x, y = outlier_of(points)
    assert (x, y) == (5.0, -10.0)
    assert problem_of((*points, (x, y))) is None
    assert outlier_of(((0.0, 1.0), (1.0, 0.0)))[1] == 2.0
