"""The paper under a digit: its level all over the sheet, its noise, and which way the ink stands out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.float32]  # [H, W], 0 to 255
Mask = NDArray[np.bool_]  # [H, W]

_FIT_SIDE = 96  # surfaces are fitted to a copy of at most this side
_EDGE_SIDE = 32  # the edge of a shadow is looked for on a copy of about this side
_SEARCHES = 3  # for it, as ink and paper are told apart better
_GAIN = 0.004  # of the spread of the levels that a higher degree must explain to be taken
_EVEN = 2.0  # of 255: a paper that spreads less about its surface needs none of a higher degree
_AT_THE_BORDER = 0.2  # what paper all along the border is worth, in the same measure
_ALL_ROUND = 0.95  # of the border of a sheet, paper: where less is, a shadow may have been taken for ink
_ROUNDS = 6


_Edge = tuple[float, float, float]  # of a shadow: angle, distance from the middle, how soft


@dataclass(frozen=True, slots=True)
class _Shape:
    """The kinds of light that a surface can follow."""

    degree: int
    has_shadow: bool = False

    @property
    def terms(self) -> int:
        return (self.degree + 1) * (self.degree + 2) // 2 * (2 if self.has_shadow else 1)


# Those that are tried: even light, a slope, a lamp, dark corners, a shadow over a part of the sheet.
_SHAPES = (_Shape(0), _Shape(1), _Shape(2), _Shape(4), _Shape(1, has_shadow=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Surface:
    """The level of the paper all over a sheet."""

    shape: _Shape
    factors: NDArray[np.float64]
    shadow: _Edge | None

    def over(self, shape: tuple[int, ...]) -> Grey:
        terms = _terms(self.shape.degree, self.shadow, shape)
        return np.asarray(np.tensordot(self.factors, terms, 1), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """A picture parted into ink and paper."""

    ink: Grey  # how far each pixel stands out from the paper, about 0 on it
    is_dark: bool  # the ink is darker than the paper
    is_uneven: bool  # the light was
    noise: float  # standard deviation of the paper
    level: float  # of the paper in `ink`: about 0


def part(grey: Grey) -> Parted:
    """Ink and paper, by the simplest surface of the paper that parts the two clearly.

    A surface of low degree cannot follow a stroke, however broad; a window over the sheet could.
    """
    copy = small(grey)
    best: tuple[float, _Surface, bool] | None = None
    paper: Mask | None = None
    for shape in _SHAPES:
        if best is not None and 8 * shape.terms > copy.size:
            continue
        surface, is_dark, clear, paper = _fitted(copy, shape, paper if shape.has_shadow else None)
        clear += _AT_THE_BORDER * float(_border(paper).mean())
        if best is None or clear > best[0] + _GAIN:
            best = clear, surface, is_dark
        flat = surface.over(copy.shape) - copy
        is_even = _level_and_noise(flat if is_dark else -flat)[1] < _EVEN
        if is_even and _border(paper).mean() > _ALL_ROUND:
            break
    assert best is not None
    _, surface, is_dark = best
    sheet = surface.over(grey.shape)
    ink = sheet - grey if is_dark else grey - sheet
    if is_dark and surface.shape.degree:
        # It swallows a share of the light, so where there is less light it stands out less.
        ink *= np.median(sheet) / np.maximum(sheet, 32)
    level, noise = _level_and_noise(ink)
    return Parted(ink.astype(np.float32), is_dark, surface.shape.degree > 0, noise, level)


def otsu(values: NDArray[np.float32]) -> float:
    """The threshold that parts the values [N] into the two classes furthest apart (Otsu 1979)."""
    return _otsu(values)[0]


def _otsu(values: NDArray[np.float32]) -> tuple[float, float]:
    """The threshold, and the share of the variance that lies between the two classes."""
    counts, edges = np.histogram(values, bins=128)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    best = np.flatnonzero(between >= np.nanmax(between) * (1 - 1e-9))
    spread = float(values.var()) * float(below[-1]) ** 2
    return float(edges[best[len(best) // 2] + 1]), float(np.nanmax(between)) / max(spread, 1e-9)


def small(grey: Grey) -> Grey:
    """A copy of at most 96 pixels a side, by averaging areas."""
    shrink = _FIT_SIDE / max(grey.shape)
    if shrink >= 1:
        return grey
    size = (max(1, round(grey.shape[1] * shrink)), max(1, round(grey.shape[0] * shrink)))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX), dtype=np.float32)


def _fitted(grey: Grey, shape: _Shape, first: Mask | None) -> tuple[_Surface, bool, float, Mask]:
    """The paper's surface, whether the ink is darker, how clearly the two are parted, and what is paper.

    Args:
        first: what is taken for paper to begin with; all, if None.
    """
    values = grey.ravel().astype(np.float64)
    paper = np.ones(grey.size, dtype=bool) if first is None else first.ravel()
    shadow: _Edge | None = None
    for turn in range(_ROUNDS):
        if shape.has_shadow and turn < _SEARCHES:
            shadow = _edge(grey, paper.reshape(grey.shape))
        terms = _terms(shape.degree, shadow, grey.shape).reshape(-1, grey.size)
        factors = np.linalg.lstsq(terms[:, paper].T, values[paper], rcond=None)[0]
        flat = (values - factors @ terms).reshape(grey.shape).astype(np.float32)
        threshold, clear = _otsu(flat)
        is_dark = _is_light_paper(flat > threshold)
        now = ((flat > threshold) == is_dark).ravel()
        if np.array_equal(now, paper) or now.sum() < 2 * len(terms):
            break
        paper = now
    return _Surface(shape, factors, shadow), is_dark, clear, now.reshape(grey.shape)


def _edge(grey: Grey, paper: Mask) -> _Edge:
    """The straight edge of a shadow that explains most of what a slope of the light does not."""
    step = max(1, -(-max(grey.shape) // _EDGE_SIDE))
    rows, columns = np.meshgrid(*(np.linspace(-1, 1, side) for side in grey.shape), indexing="ij")
    seen = paper[::step, ::step]
    places = np.stack([part[::step, ::step][seen] for part in (rows, columns)])
    values = grey[::step, ::step][seen].astype(np.float64)
    slope = np.linalg.qr(np.vstack([np.ones_like(values), places]).T)[0]
    rest = values - slope @ (slope.T @ values)
    tried = _grid(np.linspace(0, np.pi, 18, endpoint=False), np.linspace(-1.2, 1.2, 17), np.array([0.08]))
    for angle, place, soft in ((0.09, 0.08, (0.04, 0.08, 0.16)), (0.03, 0.03, (0.02, 0.04, 0.08, 0.16, 0.3))):
        turned, far, _ = tried[_explained(tried, places, slope, rest).argmax()]
        fine = np.linspace(-1, 1, 5)
        tried = _grid(turned + angle * fine, far + place * fine, np.array(soft))
    best = tried[_explained(tried, places, slope, rest).argmax()]
    return float(best[0]), float(best[1]), float(best[2])


def _border(mask: Mask) -> Mask:
    return np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])


def _grid(*axes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


def _explained(
    edges: NDArray[np.float64],
    places: NDArray[np.float64],
    slope: NDArray[np.float64],
    rest: NDArray[np.float64],
) -> NDArray[np.float64]:
    """[E]: the squared length that each edge, apart from a slope, explains of the rest."""
    angles, far, soft = edges.T[..., None]
    steps = np.tanh((np.sin(angles) * places[0] + np.cos(angles) * places[1] - far) / soft)
    steps -= (steps @ slope) @ slope.T
    return np.asarray((steps @ rest) ** 2 / np.maximum((steps**2).sum(axis=1), 1e-3 * len(rest)))


def _is_light_paper(light: Mask) -> bool:
    """By the border and, where that is mixed, by the whole."""
    border = _border(light).mean()
    return bool(border > 0.65 or (border >= 0.35 and light.mean() > 0.5))


def _terms(degree: int, shadow: _Edge | None, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """[terms, H, W]: the products of powers of row and column up to the degree; in the shadow anew."""
    rows, columns = (np.linspace(-1, 1, side) for side in shape)
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    terms = np.stack([np.multiply.outer(rows**i, columns**j) for i, j in powers])
    if shadow is None:
        return terms
    angle, far, soft = shadow
    step = np.tanh((np.add.outer(np.sin(angle) * rows, np.cos(angle) * columns) - far) / soft)
    return np.concatenate([terms, terms * step])


def _level_and_noise(ink: Grey) -> tuple[float, float]:
    """Median and standard deviation of the paper; the half of it next to the ink is left out."""
    paper = ink[ink <= otsu(ink)]
    low, level = np.percentile(paper, [0.5, 50])
    lower = np.maximum(paper[paper <= level], low)
    return float(level), float(np.sqrt(((level - lower) ** 2).mean()))
