"""The sheet in a picture: the table around it is cut away, and a sheet that lies askew turned straight."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dashlab.experiments.sketch.paper import Grey, Mask, otsu, small
from dashlab.experiments.sketch.pieces import patches

_LEAST_GAP = 24.0  # of 255, between a sheet and the table
_MOST_RIM = 0.4  # of a side
_SHARP = 0.5  # of the gap: how much the level jumps at the edge of a sheet, unlike in a slope of the light
_LEAST_INK = 0.002  # of a sheet
_TILTS = np.arange(-24.0, 24.1, 0.5)  # degrees that a sheet may lie askew
_LEAST_TILT = 1.5
_SMALLER = 0.97  # of the box around a sheet that lies askew: the box along its sides
_FILLED = 0.5  # of that box, light
_PATCH = 0.02  # of all that is light: less is no part of a sheet


def without_rim(grey: Grey) -> tuple[Grey, float]:
    """The sheet alone where a table shows around it, or on some of its sides; else the picture as it is.

    Returns:
        The sheet, and by how many degrees it was turned straight, counterclockwise.
    """
    for is_dark_table in (True, False):
        given = grey if is_dark_table else 255 - grey
        sheet, degrees = _turned(given)
        if sheet.shape == given.shape:
            sheet = _sheet(given)
        if sheet.shape != given.shape:
            return (sheet if is_dark_table else 255 - sheet), degrees
    return grey, 0.0


def _turned(grey: Grey) -> tuple[Grey, float]:
    """A whole sheet that lies askew on a darker table, turned and cut out; else the picture as it is."""
    copy = small(grey)
    threshold = otsu(copy)
    light = copy > threshold
    high, wide = light.shape
    if min(high, wide) < 16 or light[[0, 0, -1, -1], [0, -1, 0, -1]].any():
        return grey, 0.0
    light = _large(light)
    boxes = _boxes(light)
    areas = np.prod(np.ptp(boxes, axis=1), axis=1)
    best = int(areas.argmin())
    degrees = float(_TILTS[best])
    level = areas[len(_TILTS) // 2]
    is_full = light.sum() > _FILLED * areas[best]
    if abs(degrees) < _LEAST_TILT or areas[best] > _SMALLER * level or not is_full:
        return grey, 0.0
    table = float(copy[~light].mean())
    turned = np.asarray(
        Image.fromarray(grey).rotate(degrees, Image.Resampling.BILINEAR, expand=True, fillcolor=table)
    )
    scale = np.array(grey.shape) / light.shape
    middle = (np.array(turned.shape) - 1) / 2
    edge = np.ceil(1.5 * scale)
    low, top = boxes[best] * scale + middle + [edge, -edge]
    (first, left), (last, right) = np.clip(np.rint([low, top]), 0, None).astype(int)
    sheet = turned[first : last + 1, left : right + 1]
    return (sheet, degrees) if sheet.size and _is_sheet(sheet > threshold) else (grey, 0.0)


def _large(light: Mask) -> Mask:
    labels = patches(light)
    sizes = np.bincount(labels.ravel())
    large = sizes >= _PATCH * light.sum()
    large[0] = False
    return np.asarray(large[labels], dtype=np.bool_)


def _boxes(light: Mask) -> NDArray[np.float64]:
    """[tilts, 2, 2]: first and last row and column of what is light, from the middle, turned by each tilt."""
    rows, columns = np.nonzero(light)
    rows, columns = rows - (light.shape[0] - 1) / 2, columns - (light.shape[1] - 1) / 2
    angles = np.radians(_TILTS)[:, None]
    turned = np.stack(
        [rows * np.cos(angles) - columns * np.sin(angles), rows * np.sin(angles) + columns * np.cos(angles)],
        axis=1,
    )
    return np.stack([turned.min(axis=2), turned.max(axis=2)], axis=1)


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
