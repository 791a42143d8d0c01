"""The paper under a digit: its level all over the sheet, its noise, and which way the ink stands out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.float32]  # [H, W], 0 to 255
Mask = NDArray[np.bool_]  # [H, W]

_FIT_SIDE = 96  # surfaces are fitted to a copy of at most this side
_DEGREES = (0, 1, 2, 4)  # of the surfaces that are tried: even light, a slope, a lamp, dark corners
_GAIN = 0.004  # of the spread of the levels that a higher degree must explain to be taken
_EVEN = 2.0  # of 255: a paper that spreads less about its surface needs none of a higher degree
_ROUNDS = 6


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
    small = _small(grey)
    best: tuple[float, int, NDArray[np.float64], bool] | None = None
    for degree in _DEGREES:
        if degree and (degree + 1) * (degree + 2) // 2 * 8 > small.size:
            break
        surface, is_dark, clear = _fitted(small, degree)
        if best is None or clear > best[0] + _GAIN:
            best = clear, degree, surface, is_dark
        flat = _evaluated(surface, degree, small.shape) - small
        if _level_and_noise(flat if is_dark else -flat)[1] < _EVEN:
            break
    assert best is not None
    _, degree, surface, is_dark = best
    paper = _evaluated(surface, degree, grey.shape)
    ink = paper - grey if is_dark else grey - paper
    if (
        is_dark and degree
    ):  # it swallows a share of the light, so where there is less light it stands out less
        ink *= np.median(paper) / np.maximum(paper, 32)
    level, noise = _level_and_noise(ink)
    return Parted(ink.astype(np.float32), is_dark, degree > 0, noise, level)


def otsu(values: NDArray[np.float32]) -> float:
    """The threshold that parts the values into the two classes furthest apart (Otsu 1979)."""
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


def _small(grey: Grey) -> Grey:
    shrink = _FIT_SIDE / max(grey.shape)
    if shrink >= 1:
        return grey
    size = (max(1, round(grey.shape[1] * shrink)), max(1, round(grey.shape[0] * shrink)))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX), dtype=np.float32)


def _fitted(grey: Grey, degree: int) -> tuple[NDArray[np.float64], bool, float]:
    """Coefficients of the paper's surface, whether the ink is darker, and how clearly the two are parted."""
    terms = _terms(degree, grey.shape).reshape(-1, grey.size)
    values = grey.ravel().astype(np.float64)
    paper = np.ones(grey.size, dtype=bool)
    for _ in range(_ROUNDS):
        surface = np.linalg.lstsq(terms[:, paper].T, values[paper], rcond=None)[0]
        flat = (values - surface @ terms).reshape(grey.shape).astype(np.float32)
        threshold, clear = _otsu(flat)
        is_dark = _is_light_paper(flat > threshold)
        now = ((flat > threshold) == is_dark).ravel()
        if np.array_equal(now, paper) or now.sum() < 2 * len(terms):
            break
        paper = now
    return surface, is_dark, clear


def _is_light_paper(light: Mask) -> bool:
    """By the border and, where that is mixed, by the whole."""
    border = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]]).mean()
    return bool(border > 0.65 or (border >= 0.35 and light.mean() > 0.5))


def _terms(degree: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """[terms, H, W]: the products of powers of row and column up to the degree."""
    rows, columns = (np.linspace(-1, 1, side) for side in shape)
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    return np.stack([np.multiply.outer(rows**i, columns**j) for i, j in powers])


def _evaluated(surface: NDArray[np.float64], degree: int, shape: tuple[int, ...]) -> Grey:
    return np.asarray(np.tensordot(surface, _terms(degree, shape), 1), dtype=np.float32)


def _level_and_noise(ink: Grey) -> tuple[float, float]:
    """Median and standard deviation of the paper; the half of it next to the ink is left out."""
    paper = ink[ink <= otsu(ink)]
    low, level = np.percentile(paper, [0.5, 50])
    lower = np.maximum(paper[paper <= level], low)
    return float(level), float(np.sqrt(((level - lower) ** 2).mean()))
