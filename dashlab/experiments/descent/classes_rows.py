"""What a logistic regression leaves behind, as plain arrays; no torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Classes = NDArray[np.int64]  # [N], 0 or 1


@dataclass(frozen=True, slots=True)
class ClassesRun:
    """A descent; row 0 is the start, row t is after step t.

    `ended` says why: `accuracy` or `steps`.
    """

    x: Array  # [N, 2]
    y: Classes  # [N]
    weights: Array  # [steps + 1, 3]: w₁, w₂, b
    losses: Array  # [steps + 1]: mean cross-entropy
    gradients: Array  # [steps + 1, 3]
    best_count: int  # of points that some line classifies correctly
    optimum: Array | None  # [3]: weights of the least loss; None where the classes are separable
    optimum_loss: float  # 0 where they are
    ended: str

    @property
    def steps(self) -> int:
        """How many were taken."""
        return len(self.weights) - 1

    @property
    def is_separable(self) -> bool:
        """Whether a line has all points of one class on one side and all of the other on the other."""
        return self.best_count == len(self.y)

    @property
    def norms(self) -> Array:
        """Length of (w₁, w₂) at each step: [steps + 1]."""
        length: Array = np.hypot(self.weights[:, 0], self.weights[:, 1])
        return length

    def probabilities(self, step: int) -> Array:
        """Of class 1, for every point: [N]."""
        return sigmoid(self.x @ self.weights[step, :2] + self.weights[step, 2])

    def accuracies(self, threshold: float) -> Array:
        """Share of the points that each step classifies correctly at this threshold: [steps + 1]."""
        logits = self.weights[:, :2] @ self.x.T + self.weights[:, 2:]
        share: Array = ((logits >= logit(threshold)) == (self.y == 1)).mean(1)
        return share


def sigmoid(logits: Array) -> Array:
    """1 / (1 + e⁻ᶻ) of z [...], without overflow."""
    small = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1 / (1 + small), small / (1 + small))


def logit(probability: float) -> float:
    """The z of which `probability`, between 0 and 1, is the sigmoid."""
    return float(np.log(probability / (1 - probability)))


def best_line(x: Array, y: Classes) -> int:
    """How many of the points [N, 2] the best of all lines classifies correctly.

    Any line can be moved, without changing what is on its sides, until it goes through two of the points. So
    each line through two points is looked at, with both on whichever side is right for them. For each first
    point the others are sorted by their direction, and a half turn sweeps over them.

    Points at the same place, or three on one line, would need care: noise keeps them apart.
    """
    ones = int(y.sum())
    return max(ones, len(y) - ones, *(_swept(x, y, pivot) for pivot in range(len(x))))


def _swept(x: Array, y: Classes, pivot: int) -> int:
    """The best line through this point."""
    others = np.delete(np.arange(len(x)), pivot)
    angles = np.arctan2(*(x[others] - x[pivot]).T[::-1])
    order = np.argsort(angles)
    angles, ones = angles[order], y[others][order]
    signs = np.concatenate([ones, ones]) * 2 - 1  # +1 for class 1, −1 for class 0
    sums = np.concatenate([[0], np.cumsum(signs)])
    turned = np.concatenate([angles, angles + 2 * np.pi])
    first = np.arange(len(others)) + 1  # behind the second point, which is on the line
    last = np.searchsorted(turned, angles + np.pi, side="left")
    left = sums[last] - sums[first]  # class 1 less class 0, left of the line
    total = int(signs[: len(others)].sum()) - signs[: len(others)]  # of all but the second point
    # Class 1 left: ones left + zeros right; of these (left − right + number) / 2 with right = total − left.
    number = len(others) - 1
    correct = (2 * left - total + number) // 2
    return int(np.maximum(correct, number - correct).max()) + 2
