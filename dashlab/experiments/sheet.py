"""The sheet in a picture: the rim of the table around it is cut away."""

import numpy as np

from dashlab.experiments.paper import Grey, Mask, otsu

_LEAST_GAP = 24.0  # of 255, between a sheet and the table
_MOST_RIM = 0.4  # of a side
_SHARP = 0.5  # of the gap: how much the level jumps at the edge of a sheet, unlike in a slope of the light
_LEAST_INK = 0.002  # of a sheet


def without_rim(grey: Grey) -> Grey:
    """The sheet alone where a table shows around it, or on some of its sides; else the picture as it is."""
    dark_table = _sheet(grey)
    return dark_table if dark_table.shape != grey.shape else 255 - _sheet(255 - grey)


def _sheet(grey: Grey) -> Grey:
    """The part within a rim darker than it."""
    if min(grey.shape) < 16:
        return grey
    light = grey > otsu(grey)
    gap = float(grey[light].mean() - grey[~light].mean()) if light.any() and not light.all() else 0.0
    edge = max(1, max(grey.shape) // 100)
    top, bottom, left, right = (
        _rim(np.rot90(grey, turn), np.rot90(light, turn), gap, edge) for turn in (0, 2, 3, 1)
    )
    if gap < _LEAST_GAP or not (top or bottom or left or right):
        return grey
    rows = slice(top and top + edge, grey.shape[0] - (bottom and bottom + edge))
    columns = slice(left and left + edge, grey.shape[1] - (right and right + edge))
    return grey[rows, columns] if _is_sheet(light[rows, columns]) else grey


def _rim(grey: Grey, light: Mask, gap: float, edge: int) -> int:
    """How many rows at the top are rim."""
    is_light = light.mean(axis=1) > 0.5
    wide = int(is_light.argmax())
    is_stroke = light[0].mean() > 0.1  # it reaches the edge of the picture, but not all along
    if wide == 0 or is_stroke or wide > _MOST_RIM * len(grey) or wide + edge >= len(grey):
        return 0
    inside, outside = np.median(grey[wide + edge]), np.median(grey[max(wide - 1 - edge, 0)])
    return wide if inside - outside > _SHARP * gap else 0


def _is_sheet(light: Mask) -> bool:
    """Whether corners and sides are paper, with ink within: a broad stroke in a tight frame is none."""
    if min(light.shape) < 8:
        return False
    high, wide = (max(1, side // 16) for side in light.shape)
    corners = (light[:high, :wide], light[:high, -wide:], light[-high:, :wide], light[-high:, -wide:])
    sides = (light[0], light[-1], light[:, 0], light[:, -1])
    within = ~light[high:-high, wide:-wide]
    return bool(
        min(part.mean() for part in corners) > 0.7
        and min(part.mean() for part in sides) > 0.5
        and within.mean() > _LEAST_INK
        and within.mean() > 1.5 * (~np.concatenate(sides)).mean()
    )
