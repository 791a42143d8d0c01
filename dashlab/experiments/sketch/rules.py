"""Lines printed on a sheet, as of ruled paper and the boxes of forms: long, thin and straight; taken out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashlab.experiments.sketch.paper import Grey, Mask

Rows = NDArray[np.int64]  # [T, W]: of a band along a line, the rows in each column

_STRIPS = 12  # a line is to be seen in nearly all of so many equal parts of the width
_HIDDEN = 8  # of them, where broad ink may lie over the line
_SLOPES = np.linspace(-0.0875, 0.0875, 15)  # rows per column: five degrees either way
_LEAST_SIDE = 24
_MARGIN = 64  # rows of paper that are thought above and below a sheet
_LEAST = 10.0  # of 255, by which a line stands out from the paper
_RULE, _SIDE = 0.03, 0.06  # of the shorter side of the sheet, or of the box: the thickest line
_THIN = 0.6  # of the pen
_FAINT = 0.75  # of the ink
_MANY = 3  # lines beside each other are printed, however thick
_EDGE = 0.12  # of a box: its sides lie no further inside
_LEAST_DIGIT = 0.3  # of the height of a box


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A line from the left to the right of a sheet."""

    rows: Rows  # of its band and of what lies next to it, on a sheet with a margin above and below
    peak: float  # how far it stands out from the paper
    thick: int
    middle: float  # row, of the sheet without a margin


def without_rules(ink: Grey, noise: float) -> tuple[Grey, bool]:
    """The ink without lines that cross the whole sheet, and whether there were any.

    A line is only taken for printed where it is fainter or thinner than the rest, or one of many.

    Args:
        ink: [H, W], how far each pixel stands out from the paper, about 0 on it.
        noise: standard deviation of the paper.
    """
    thickest = max(3, round(_RULE * min(ink.shape)))
    least = max(_LEAST, 1.5 * noise)
    flat = [line for line in _lines(ink, thickest, least) if _reaches_both_edges(ink, line)]
    steep = [line for line in _lines(ink.T, thickest, least) if _reaches_both_edges(ink.T, line)]
    if not flat and not steep:
        return ink, False
    rest = _erased(_erased(ink, flat).T, steep).T
    bright, pen = _pen(rest, least)
    if bright == 0:  # nothing else: ruled paper, or one long stroke
        return (rest, True) if max(len(flat), len(steep)) >= _MANY else (ink, False)
    flat, steep = (
        [line for line in lines if _is_printed(line, bright, pen, len(lines))] for lines in (flat, steep)
    )
    if not flat and not steep:
        return ink, False
    return _erased(_erased(ink, flat, bright).T, steep, bright).T, True


def without_box(ink: Grey) -> tuple[Grey, bool]:
    """The ink without the printed box round it, and whether there was one.

    Args:
        ink: [H, W], 0 on paper.
    """
    rows, columns = np.flatnonzero(ink.max(axis=1)), np.flatnonzero(ink.max(axis=0))
    if rows.size == 0:
        return ink, False
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    inside = ink[box]
    thickest = max(3, round(_SIDE * min(inside.shape)))
    flat = _lines(inside, thickest, _LEAST, short=1)
    steep = _lines(inside.T, thickest, _LEAST, short=1) if _has_both_sides(flat, inside.shape[0]) else []
    if not _has_both_sides(steep, inside.shape[1]):
        return ink, False
    rest = _erased(_erased(inside, flat).T, steep).T
    high = np.flatnonzero((rest > _LEAST).any(axis=1))
    if high.size == 0 or np.ptp(high) < _LEAST_DIGIT * inside.shape[0]:  # it was the digit: 0 or 8
        return ink, False
    done = ink.copy()
    done[box] = rest
    return done, True


def _has_both_sides(lines: Sequence[_Line], high: int) -> bool:
    middles = [line.middle for line in lines]
    return bool(middles) and min(middles) < _EDGE * high and max(middles) > (1 - _EDGE) * (high - 1)


def _is_printed(line: _Line, bright: float, pen: float, count: int) -> bool:
    return count >= _MANY or line.peak < _FAINT * bright or line.thick < _THIN * pen


def _pen(ink: Grey, least: float) -> tuple[float, float]:
    """Brightness of what is left, 0 where there is nothing, and the width of its strokes."""
    mask = ink > max(least, 0.5 * float(np.percentile(ink, 99.8)))
    if mask.sum() < 1e-3 * mask.size:
        return 0.0, 0.0
    edge = int((mask[1:] != mask[:-1]).sum() + (mask[:, 1:] != mask[:, :-1]).sum())
    return float(np.percentile(ink[mask], 75)), 2 * float(mask.sum()) / max(0.785 * edge, 1.0)


def _lines(ink: Grey, thickest: int, least: float, *, short: int = 0) -> list[_Line]:
    """The lines, nearly level, that are to be seen all across.

    Args:
        short: parts of the width, at each end, that they need not reach into: the sides of a tilted box.
    """
    if min(ink.shape) < _LEAST_SIDE:
        return []
    padded = np.pad(ink, ((_MARGIN, _MARGIN), (0, 0)))
    scores = _scores(padded, thickest, short)
    best = scores.max(axis=0)
    free = np.zeros(len(padded), dtype=bool)
    free[_MARGIN : _MARGIN + len(ink)] = True
    lines: list[_Line] = []
    for row in np.argsort(-best):
        if best[row] < least:
            break
        if free[row]:
            free[max(row - 2 * thickest, 0) : row + 2 * thickest + 1] = False
            alike = np.flatnonzero(scores[:, row] >= best[row])
            line = _followed(padded, int(row), float(_SLOPES[alike[len(alike) // 2]]), thickest)
            lines += [] if line is None else [line]
    return lines


def _scores(ink: Grey, thickest: int, short: int) -> Grey:
    """[slopes, H]: how clearly a line stands out, nearly all across, with paper above and below it."""
    group = max(1, ink.shape[1] // (6 * _STRIPS))
    count = ink.shape[1] // group // _STRIPS * _STRIPS
    columns = ink[:, : count * group].reshape(len(ink), count, group).mean(axis=2)
    rows = np.stack([_band(len(ink), count, slope * group, np.arange(len(ink))) for slope in _SLOPES])
    parts = columns[rows, np.arange(count)].reshape(len(_SLOPES), len(ink), _STRIPS, -1)
    strips = np.moveaxis(np.sort(parts, axis=-1)[..., parts.shape[-1] // 2], 1, 0)
    hats = np.sort(_spread(strips - _opened(strips, thickest + 2), 2), axis=-1)[..., _HIDDEN]
    seen = _spread(strips[..., short : _STRIPS - short], 2).min(axis=-1)
    return np.asarray(np.minimum(seen, hats).T, dtype=np.float32)


def _band(high: int, wide: int, slope: float, rows: NDArray[np.int64]) -> Rows:
    """[T, W]: the rows along a slope that goes through `rows` in the middle."""
    shift = np.rint(slope * (np.arange(wide) - (wide - 1) / 2)).astype(np.int64)
    return np.asarray(np.clip(rows[:, None] + shift, 0, high - 1), dtype=np.int64)


def _gathered(ink: Grey, rows: Rows) -> Grey:
    return ink[rows, np.arange(ink.shape[1])]


def _strips(band: Grey) -> Grey:
    """[T, strips]: the median of each part of the width."""
    wide = band.shape[1] // _STRIPS
    return np.asarray(
        np.median(band[:, : wide * _STRIPS].reshape(len(band), _STRIPS, wide), axis=2), dtype=np.float32
    )


def _opened(values: Grey, length: int) -> Grey:
    """What is left of ink, along the first axis, that is at least so long."""
    return _largest(-_largest(-_widened(values, length - 1), length), length)


def _spread(values: Grey, reach: int) -> Grey:
    """The largest value within so many rows."""
    return _largest(_widened(values, reach), 2 * reach + 1)


def _widened(values: Grey, rows: int) -> Grey:
    """With rows of paper before and after."""
    return np.pad(values, ((rows, rows), *[(0, 0)] * (values.ndim - 1)))


def _largest(values: Grey, length: int) -> Grey:
    """The largest of each `length` rows; so many less one fall away."""
    reach = 1
    while 2 * reach <= length:
        values, reach = np.maximum(values[:-reach], values[reach:]), 2 * reach
    rest = length - reach
    return np.maximum(values[:-rest], values[rest:]) if rest else values


def _followed(ink: Grey, row: int, slope: float, thickest: int) -> _Line | None:
    """The line where it really runs, which may be a little bent; None where it is too thick to be one."""
    high, wide = ink.shape
    reach = thickest + 3
    around = _band(high, wide, slope, row + np.arange(-reach - thickest - 1, reach + thickest + 2))
    hats = _hats(ink, around, thickest)
    offsets = np.arange(-reach, reach + 1)[:, None]
    clear = hats.max(axis=0) >= 0.5 * np.median(hats.max(axis=0))
    heights = (hats * offsets).sum(axis=0) / np.maximum(hats.sum(axis=0), 1e-6)
    bent, clear = _bent(heights, clear, wide)
    around = np.clip(around + bent, 0, high - 1)
    profile = np.median(_hats(ink, around, thickest)[:, clear], axis=1)
    rows = around[thickest + 1 : -thickest - 1]
    peak = float(profile[reach - 2 : reach + 3].max())
    lit = np.flatnonzero(profile > 0.2 * peak)
    lit = lit[np.abs(lit - reach) <= thickest]
    if peak <= 0 or lit.size == 0 or np.ptp(lit) + 1 > thickest + 2:
        return None
    band = rows[max(lit[0] - 2, 0) : lit[-1] + 3]
    return _Line(band, peak, int((profile > 0.5 * peak).sum()), float(rows[reach].mean()) - _MARGIN)


def _hats(ink: Grey, rows: Rows, thickest: int) -> Grey:
    """[T - 2 (thickest + 1), strips]: what is thin, along a band; as far as can be said within it."""
    strips = _strips(_gathered(ink, rows))
    return (strips - _opened(strips, thickest + 2))[thickest + 1 : -thickest - 1]


def _bent(heights: Grey, clear: Mask, wide: int) -> tuple[NDArray[np.int64], Mask]:
    """How far a line is off in each column, and the parts of the width that say so: strokes mislead some.

    Of the straight lines through the heights of two parts, that on which most others lie; then bent a little.
    """
    centres = (np.arange(_STRIPS) + 0.5) * (wide // _STRIPS)
    first, second = np.flatnonzero(clear)[np.array(np.triu_indices(int(clear.sum()), 1))]
    steps = (heights[second] - heights[first]) / (centres[second] - centres[first])
    through = heights[first][:, None] + steps[:, None] * (centres - centres[first][:, None])
    near = clear & (np.abs(heights - through) <= 1)
    agreed = near[near.sum(axis=1).argmax()] if len(near) else clear
    degree = min(2, int(agreed.sum()) // 3)
    terms = np.polyfit(centres[agreed], heights[agreed], degree)
    return np.rint(np.polyval(terms, np.arange(wide))).astype(np.int64), agreed


def _reaches_both_edges(ink: Grey, line: _Line) -> bool:
    """As what is printed on a whole sheet does, and a digit within a frame does not."""
    ends = _gathered(_widened(ink, _MARGIN), line.rows)[:, [0, 1, -2, -1]].max(axis=0)
    return bool(ends.min() > 0.4 * line.peak)


def _erased(ink: Grey, lines: Sequence[_Line], bright: float = 0.0) -> Grey:
    """The ink without the lines; strokes across them are bridged.

    Args:
        bright: of the ink; what is clearly above a fainter line is a stroke, and stays.
    """
    done = _widened(ink, _MARGIN)
    columns = np.arange(ink.shape[1])
    for line in lines:
        band = _gathered(done, line.rows)
        if line.peak < _FAINT * bright:  # strokes over it can be seen
            is_stroke = band > (line.peak + bright) / 2
            done[line.rows, columns] = np.where(is_stroke, band, np.minimum(band, band[[0, -1]].min(axis=0)))
        else:
            along = np.linspace(0, 1, len(band), dtype=np.float32)[:, None]
            done[line.rows, columns] = np.minimum(band, band[0] + (band[-1] - band[0]) * along)
    return done[_MARGIN : len(done) - _MARGIN]
