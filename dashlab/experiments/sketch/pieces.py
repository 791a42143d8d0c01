"""What lies apart on a sheet: dust and dots that go, and what cannot be one digit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashlab.experiments.sketch.paper import Grey, Mask

Labels = NDArray[np.int64]  # [H, W]: 1... of the patches, 0 elsewhere

_SIDE = 96  # patches are looked for on a copy of at most this side
_SEEN = 64  # of 255: fainter is no ink where pieces are counted
_SPECK = 0.015  # the share of all ink under which a separate patch is dust, or a slip of the pen
_NOTABLE = 0.003  # the share of all ink that is left out without a word
_LARGE = 0.12  # the share of all ink from which a patch may be a digit of its own
_MOST = 0.6  # of all ink lies in large pieces, of a digit that broke too
_TALL = (
    0.7  # of the height of both: as tall as that, beside each other, are two digits and no 4 of two strokes
)
_APART = 0.4  # of the longer side of the larger: parts of one digit are nearer
_ABOVE = 0.25  # of the height of both: what is as far above is no bar of a 5
_FLAT = 0.3  # of the height of both: flatter is a bar
_WIDE = 1.7  # times as wide as tall is no digit of several parts
_BROKEN = 0.6  # of the width of the pen: a gap in a stroke
_RUNS = 3.5  # strokes that are met across, on average: a digit has 1 or 2
_PARTS = 5  # of one digit at most
_SOLID = 0.9  # of the ink of an ellipse of the same spread: filled, and without a bend
_ROUND = 0.75  # of its length: as wide is a dot, and no stroke
_BAR = 0.4  # of its length: as wide is more than a line
_FLAT_DEGREES = 25.0  # degrees: a 1 never lies as flat

SEVERAL = (
    "There are {count} separate things on the sheet, and only one digit at a time can be read: leave one."
)
CROWDED = "There are too many strokes for one digit, as in a word or a pattern: leave one digit."
FILLED = "This is a filled patch or a pattern, and a digit is made of strokes."
LEVEL = "This is a level line, which is no digit. If it is a 1, turn it upright."


@dataclass(frozen=True, slots=True)
class _Piece:
    """One patch of ink; sides in blocks."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def high(self) -> int:
        return self.bottom - self.top

    @property
    def wide(self) -> int:
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class _Form:
    """The form of a patch, by the spread of its ink."""

    solid: float  # of the ink of an ellipse of the same spread: about 1 of a dot, a bar, a filled box
    narrow: float  # width over length
    degrees: float  # between its length and a level line, 0 to 90


def without_specks(ink: Grey, *, is_cut: bool) -> tuple[Grey, bool]:
    """The ink without separate patches that are no strokes, and whether there were any to speak of.

    They are too small, or round dots apart from the rest: a hole in the paper, a full stop. Where the picture
    is cut out of a larger sheet, as a photograph is, also those that touch its edge while others do not: the
    rim of the sheet, a finger, the end of a rule.

    Args:
        ink: [H, W], 0 on paper.
    """
    blocks, block = _blocks(ink)
    labels = patches(blocks.max(axis=(1, 3)) > (_SEEN if is_cut else 0))
    mass = np.bincount(labels.ravel(), weights=blocks.sum(axis=(1, 3)).ravel())
    mass[0] = 0
    keep = mass >= min(_SPECK * mass.sum(), 0.5 * mass.max())
    keep[0] = False
    if is_cut:
        inner = keep.copy()
        inner[np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))] = False
        if mass[inner].sum() > 0.1 * mass.sum():
            keep = inner
    keep[_dots(labels, np.flatnonzero(keep))] = False
    mask = np.repeat(np.repeat(keep[labels], block, axis=0), block, axis=1)
    done = np.where(mask[: ink.shape[0], : ink.shape[1]], ink, np.float32(0))
    return done, bool(mass[~keep].sum() > _NOTABLE * mass.sum())


def doubt(ink: Grey) -> str:
    """Why this cannot be one digit, as a sentence; empty where it can.

    Args:
        ink: [H, W], 0 on paper, cropped to the ink.
    """
    blocks, _ = _blocks(ink)
    mask = blocks.max(axis=(1, 3)) > _SEEN
    labels = patches(mask)
    mass = np.bincount(labels.ravel(), weights=blocks.sum(axis=(1, 3)).ravel())[1:]
    large = np.flatnonzero(mass >= _LARGE * mass.sum())
    if mass[large].sum() < _MOST * mass.sum():
        return CROWDED
    pieces = [_piece(part) for part in _joined([labels == label + 1 for label in large], _pen(mask))]
    count = len(pieces)
    is_word = count >= _PARTS or mask.shape[1] > _WIDE * mask.shape[0]
    are_two = any(_are_two(one, other) for i, one in enumerate(pieces) for other in pieces[:i])
    if count > 1 and (is_word or are_two):
        return SEVERAL.format(count=count)
    if max(_runs(mask), _runs(mask.T)) > _RUNS:
        return CROWDED
    return _no_stroke(_form(mask))


def _no_stroke(form: _Form) -> str:
    if form.solid < _SOLID:
        return ""
    is_level = form.degrees < _FLAT_DEGREES
    if form.narrow > (_BAR if is_level else _ROUND):
        return FILLED
    return LEVEL if is_level else ""


def _are_two(one: _Piece, other: _Piece) -> bool:
    """Whether two pieces are too far apart, or too alike, to be strokes of one digit."""
    across = max(one.left, other.left) - min(one.right, other.right)
    down = max(one.top, other.top) - min(one.bottom, other.bottom)
    larger = max(one.high, one.wide, other.high, other.wide)
    if np.hypot(max(across, 0), max(down, 0)) > _APART * larger:
        return True
    high = max(one.bottom, other.bottom) - min(one.top, other.top)
    if across >= 0 and down < 0:
        return min(one.high, other.high) > _TALL * high
    return down > _ABOVE * high and min(one.high, other.high) > _FLAT * high


def _dots(labels: Labels, chosen: NDArray[np.intp]) -> list[int]:
    """Those of the kept patches that are round dots, half their width and more from all the others."""
    if not 2 <= len(chosen) <= 2 * _PARTS:
        return []
    parts = {int(label): labels == label for label in chosen}
    forms = {label: _form(part) for label, part in parts.items()}
    round_ones = [label for label, form in forms.items() if form.solid > _SOLID and form.narrow > _ROUND]
    rest = [_piece(part) for label, part in parts.items() if label not in round_ones]
    return [
        label
        for label in round_ones
        if rest and min(_gap(_piece(parts[label]), other) for other in rest) > _piece(parts[label]).wide / 2
    ]


def _gap(one: _Piece, other: _Piece) -> float:
    across = max(one.left, other.left) - min(one.right, other.right)
    down = max(one.top, other.top) - min(one.bottom, other.bottom)
    return float(np.hypot(max(across, 0), max(down, 0)))


def _form(mask: Mask) -> _Form:
    points = np.argwhere(mask).astype(np.float64)
    spread = np.cov(points, rowvar=False, bias=True) if len(points) > 1 else np.zeros((2, 2))
    (short, long), axes = np.linalg.eigh(spread + np.eye(2) / 12)  # a pixel is not a point
    degrees = float(np.degrees(np.arctan2(abs(axes[0, 1]), abs(axes[1, 1]))))
    return _Form(
        len(points) / (4 * np.pi * float(np.sqrt(short * long))), float(np.sqrt(short / long)), degrees
    )


def _blocks(ink: Grey) -> tuple[Grey, int]:
    """[rows, block, columns, block]: the ink in square blocks, and their side."""
    block = -(-max(ink.shape) // _SIDE)
    rows, columns = (-(-side // block) for side in ink.shape)
    padded = np.zeros((rows * block, columns * block), dtype=np.float32)
    padded[: ink.shape[0], : ink.shape[1]] = ink
    return padded.reshape(rows, block, columns, block), block


def _runs(mask: Mask) -> float:
    """How many separate strokes a line across meets, on average."""
    starts = mask[:, 1:] & ~mask[:, :-1]
    return float((starts.sum(axis=1) + mask[:, 0]).mean())


def _pen(mask: Mask) -> float:
    """Width of the strokes, in blocks."""
    wide = np.pad(mask, 1)
    edge = int((wide[1:] != wide[:-1]).sum() + (wide[:, 1:] != wide[:, :-1]).sum())
    return 2 * float(mask.sum()) / max(0.785 * edge, 1.0)


def _joined(parts: list[Mask], pen: float) -> list[Mask]:
    """The parts, put together where there is much less than a pen's width between: a stroke that broke."""
    grown = [_grown(part, round(_BROKEN * pen / 2)) for part in parts]
    i = 0
    while i < len(parts):
        for j in range(i + 1, len(parts)):
            if (grown[i] & grown[j]).any():
                parts[i], grown[i] = parts[i] | parts[j], grown[i] | grown[j]
                del parts[j], grown[j]
                break
        else:
            i += 1
    return parts


def _grown(mask: Mask, reach: int) -> Mask:
    for _ in range(reach):
        wide = np.pad(mask, 1)
        mask = wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:] | mask
    return mask


def _piece(part: Mask) -> _Piece:
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    return _Piece(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def patches(mask: Mask) -> Labels:
    """Labels 1... of the connected patches (8 neighbours) of the mask, 0 elsewhere."""
    labels = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), dtype=np.int64)
    inside = labels[1:-1, 1:-1]
    inside[mask] = np.arange(1, int(mask.sum()) + 1)
    while True:  # every pixel takes the largest label around it, and that of the pixel it names
        before = inside.copy()
        tall = np.maximum(np.maximum(labels[:-2], labels[1:-1]), labels[2:])
        wide = np.maximum(np.maximum(tall[:, :-2], tall[:, 1:-1]), tall[:, 2:])
        named = wide[mask]
        named = named[named - 1]
        inside[mask] = named[named - 1]
        if np.array_equal(before, inside):
            numbers = np.unique(np.append(0, inside), return_inverse=True)[1][1:]
            return np.asarray(numbers.reshape(mask.shape), dtype=np.int64)
