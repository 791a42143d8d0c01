"""Points of one's own: as a setting that a link can hold, as a table, and out of a CSV file."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dashlab.errors import ConfigError, DataError
from dashlab.settings.fields import Spec, Value
from dashlab.settings.plurals import counted

Point = tuple[float, float]

FEWEST, MOST = 2, 300
"""How many points of one's own there may be: a link holds all of them."""
FARTHEST = 1e6
"""No coordinate is farther from 0."""
MOST_BYTES = 64 * 1024
"""Of a CSV file; 300 points need a tenth of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsSpec(Spec):
    """Points (x, y) as one text, `0_5.1~1_6.9`, with six digits each."""

    def problem(self, value: object) -> str | None:
        """What is wrong with `value`, as the end of a sentence, or None."""
        if not isinstance(value, str):
            return "must be text"
        try:
            points = points_of(value)
        except ConfigError as error:
            return f"cannot be read: {str(error).rstrip('.')}"
        return problem_of(points)

    def parse(self, text: str) -> Value:
        """The text itself, once its form is known to be sound; raises `ConfigError`."""
        points_of(text)
        return text.strip()

    def shown(self, value: Value) -> str:
        """How many there are."""
        return counted(len(points_of(str(value))), "{count} point", "{count} points")

    def clamp(self, value: Value, default: Value) -> Value:
        """The first points of those that are too many, where each is sound; else `default`."""
        points = points_of(str(value))[:MOST]
        return default if problem_of(points) else text_of_points(points)


def own_points(default: Sequence[Point], label: str, help: str, **more: Any) -> Any:
    """A field that holds points of one's own, as text."""
    text = text_of_points(default)
    spec = PointsSpec(kind="text", label=label, help=help, default=text, **more)
    return field(default=text, metadata={"spec": spec})


def text_of_points(points: Iterable[Point]) -> str:
    """The text that stands for the points."""
    return "~".join(f"{x:.6g}_{y:.6g}" for x, y in points)


def points_of(text: str) -> tuple[Point, ...]:
    """The points that `text_of_points` wrote.

    Raises:
        ConfigError: the text is no list of pairs of numbers; ranges are not checked here.
    """
    return tuple(_pair(part) for part in text.strip().split("~")) if text.strip() else ()


def _pair(part: str) -> Point:
    try:
        x, y = map(float, part.split("_"))
    except ValueError:
        raise ConfigError(f"{part[:40]!r} is not a pair of numbers such as 1.5_7.") from None
    return x, y


def problem_of(points: Sequence[Point]) -> str | None:
    """What keeps a line from being fitted to the points, as the end of a sentence, or None."""
    if not FEWEST <= len(points) <= MOST:
        return f"must be {FEWEST} to {MOST} points; these are {len(points):,}"
    if not all(math.isfinite(value) and abs(value) <= FARTHEST for point in points for value in point):
        return f"must lie between −{FARTHEST:,.0f} and {FARTHEST:,.0f}"
    if len({x for x, _ in points}) < 2:
        return "must have at least two different x"
    return None


def read_csv(data: bytes) -> tuple[Point, ...]:
    """The points in a CSV file of two columns, x and y; a first line of words is passed over.

    Raises:
        DataError: the file is too large, is no text, or holds anything but pairs of finite numbers, with the
            line that is wrong.
    """
    if len(data) > MOST_BYTES:
        raise DataError(
            f"The file has {len(data) // 1024:,} KiB; {MOST_BYTES // 1024} KiB are allowed, more than "
            f"{MOST} points need. Leave out columns and rows."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError("The file is no text in UTF-8: save it as CSV.") from None
    points = tuple(_lines(text))
    if problem := problem_of(points):
        raise DataError(f"The points of the file {problem}.")
    return points


def _lines(text: str) -> Iterable[Point]:
    delimiter = ";" if text.count(";") > text.count(",") else ","
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise DataError(f"The file is no CSV: {error}.") from None
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if delimiter == ";":  # as where 1,5 is one and a half
            cells = [cell.replace(",", ".") for cell in cells]
        if not any(cells):
            continue
        if len(cells) != 2:
            columns = counted(len(cells), "{count} column", "{count} columns")
            raise DataError(f"Line {number} has {columns}; two are needed, x and y.")
        try:
            x, y = (float(cell) for cell in cells)
        except ValueError:
            if number == 1:
                continue  # the names of the columns
            raise DataError(f"Line {number} is not two numbers: {', '.join(cells)[:60]!r}.") from None
        if not (math.isfinite(x) and math.isfinite(y)):
            raise DataError(f"Line {number} has a value that is not finite: take it out.")
        yield x, y


def outlier_of(points: Sequence[Point]) -> Point:
    """A point far off the others: at their largest x, as far outside of their y as these are apart.

    It lies on the side away from which the points lead, so that it turns a line as much as it can.
    """
    last_x, last_y = max(points)
    heights = [y for _, y in points]
    low, high = min(heights), max(heights)
    away = (high - low) or 1.0
    return last_x, (low - away if last_y >= (low + high) / 2 else high + away)
