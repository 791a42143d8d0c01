"""Least squares with λ Σ |c| for many samples at once, and for all degrees.

Coefficient by coefficient, as usual, the way to the optimum is long where the columns are much alike, as
those of high degrees are on few points. So after each round the coefficients that are not 0 go together
towards where they would be best with the signs that they have; what changes its sign on the way becomes 0.

Source:
    Friedman, Hastie and Tibshirani 2010, "Regularization paths for generalized linear models via coordinate
    descent", section 2, for the rounds; Osborne, Presnell and Turlach 2000, "A new approach to variable
    selection in least squares problems", for the steps of all together.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STEPS = 40
"""Rounds at most, each with its moves of all coefficients together."""
SETTLED = 1e-3
"""A sample is settled where the conditions of its optimum hold to within this share of λ."""
TINY = 1e-12
"""Added to the diagonal, for coefficients that the points do not determine."""


def lasso(design: Array, y: Array, strength: float) -> Array:
    """Coefficients that make the mean squared error + λ Σ |c| least; the first one goes free.

    Args:
        design: [R, n, P], the first column for the constant.
        y: [R, n].
        strength: λ, above 0.

    Returns:
        [R, P, P]: by sample, by how many columns are used, by column; 0 for those that are not used.
    """
    count, points, terms = design.shape
    gram = design.transpose(0, 2, 1) @ design / points
    target = (design.transpose(0, 2, 1) @ y[:, :, None])[:, :, 0] / points
    found: Array = np.zeros((count, terms, terms))
    now = np.zeros((count, terms))
    for used in range(1, terms + 1):
        now[:, :used] = _settle(gram[:, :used, :used], target[:, :used], now[:, :used], strength)
        found[:, used - 1] = now
    return found


def _settle(gram: Array, target: Array, start: Array, strength: float) -> Array:
    """The optimum of each sample, from `start`; samples that are there already are left alone."""
    penalty = np.full(gram.shape[1], strength / 2)  # half, as the slopes below are
    penalty[0] = 0.0
    c: Array = start.copy()
    going = np.arange(len(c))
    for _ in range(STEPS):
        going = going[_off(gram[going], target[going], c[going], penalty) > SETTLED * strength / 2]
        if not len(going):
            break
        g, t = gram[going], target[going]
        moved, turned = _round(g, t, c[going], penalty), np.arange(len(going))
        for _ in range(c.shape[1]):
            after = _all_together(g[turned], t[turned], moved[turned], penalty)
            lost = ((after == 0) & (moved[turned] != 0)).any(axis=1)
            moved[turned] = after
            turned = turned[lost]
            if not len(turned):
                break
        c[going] = moved
    return c


def _round(gram: Array, target: Array, c: Array, penalty: Array) -> Array:
    """Each coefficient in its turn to where it is best, the others as they are."""
    c = c.copy()
    product: Array = (gram @ c[:, :, None])[:, :, 0]
    own = np.diagonal(gram, axis1=1, axis2=2)
    for k in range(c.shape[1]):
        pull = target[:, k] - product[:, k] + own[:, k] * c[:, k]
        best = np.sign(pull) * np.maximum(np.abs(pull) - penalty[k], 0) / own[:, k]
        product += gram[:, k] * (best - c[:, k])[:, None]
        c[:, k] = best
    return c


def _all_together(gram: Array, target: Array, c: Array, penalty: Array) -> Array:
    """All that are not 0 towards their optimum under the signs that they have, up to the first change."""
    sign = np.sign(c)
    active = sign != 0
    both = active[:, :, None] & active[:, None, :]
    system = np.where(both, gram, 0.0)
    places = np.arange(c.shape[1])
    system[:, places, places] += np.where(active, TINY, 1.0)
    best = np.linalg.solve(system, np.where(active, target - penalty * sign, 0.0)[:, :, None])[:, :, 0]
    turns = active & (best * c < 0) & (penalty > 0)
    share = np.where(turns, c / np.where(turns, c - best, 1.0), 1.0)
    reach = share.min(axis=1, keepdims=True)
    moved: Array = c + reach * (best - c)
    moved[turns & (share <= reach)] = 0.0
    return moved


def _off(gram: Array, target: Array, c: Array, penalty: Array) -> Array:
    """How far each sample is from the conditions of its optimum, [R]."""
    slope = target - (gram @ c[:, :, None])[:, :, 0]
    off = np.where(c == 0, np.maximum(np.abs(slope) - penalty, 0), np.abs(slope - penalty * np.sign(c)))
    most: Array = off.max(axis=1)
    return most
