"""What a descent on a line through points leaves behind, as plain arrays; no torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LineData:
    """Points, and the bowl that they make of the squared loss.

    P is the number of weights with b, which comes last: 2 for a line, 3 for a plane. `truth` is None for
    points of one's own.
    """

    x: Array  # [N, P - 1], as drawn
    y: Array  # [N]
    mean: Array  # [P - 1]: what is taken from x before it is fitted; 0 where it is not standardised
    scale: Array  # [P - 1]: what it is then divided by; 1 where it is not standardised
    best: Array  # [P]: the least-squares solution, of the inputs as they are fitted
    truth: Array | None  # [P], of x as drawn

    @property
    def features(self) -> Array:
        """The inputs as they are fitted, with a column of ones for b: [N, P]."""
        return np.column_stack([(self.x - self.mean) / self.scale, np.ones(len(self.x))])

    @property
    def hessian(self) -> Array:
        """Second derivatives of the squared loss ½ mean e², the same everywhere: [P, P]."""
        features = self.features
        curvature: Array = features.T @ features / len(features)
        return curvature

    @property
    def raw_hessian(self) -> Array:
        """The same for the inputs as drawn: [P, P]."""
        features = np.column_stack([self.x, np.ones(len(self.x))])
        curvature: Array = features.T @ features / len(features)
        return curvature

    def raw(self, weights: Array) -> Array:
        """Weights [..., P] of the fitted inputs as weights of x as drawn, [..., P]."""
        slopes = weights[..., :-1] / self.scale
        return np.concatenate([slopes, weights[..., -1:] - (slopes * self.mean).sum(-1, keepdims=True)], -1)

    def fitted(self, weights: Array) -> Array:
        """The other way round: [..., P]."""
        slopes = weights[..., :-1] * self.scale
        intercept = weights[..., -1:] + (weights[..., :-1] * self.mean).sum(-1, keepdims=True)
        return np.concatenate([slopes, intercept], -1)


@dataclass(frozen=True, slots=True)
class LineRun:
    """A descent; row 0 is the start, row t is after step t.

    `ended` says why: `loss`, `steps`, `epochs` or `diverged`.
    """

    data: LineData
    weights: Array  # [steps + 1, P]
    losses: Array  # [steps + 1]: over all points
    gradients: Array  # [steps + 1, P]: over all points
    taken: Array  # [steps, P]: of the batch of each step
    per_epoch: int  # steps
    lowest: float  # the loss of the least-squares solution
    ended: str

    @property
    def steps(self) -> int:
        """How many were taken."""
        return len(self.taken)

    @property
    def names(self) -> tuple[str, ...]:
        """What the weights are called."""
        return ("w", "b") if self.weights.shape[1] == 2 else ("w₁", "w₂", "b")

    @property
    def epochs(self) -> int:
        """How many whole epochs were taken."""
        return self.steps // self.per_epoch


def curvatures(hessian: Array) -> Array:
    """The second derivatives along the axes of a bowl [P, P], ascending: [P]."""
    return np.asarray(np.linalg.eigvalsh(hessian), dtype=np.float64)


def largest_rate(hessian: Array) -> float:
    """2/λmax: gradient descent on a bowl with the second derivatives [P, P] converges below it."""
    return 2 / float(curvatures(hessian)[-1])


def condition(hessian: Array) -> float:
    """λmax/λmin of the second derivatives [P, P]; infinite where a direction is flat."""
    values = curvatures(hessian)
    return float(values[-1] / values[0]) if values[0] > 1e-12 * values[-1] else float("inf")


def point_losses(errors: Array, loss: str, delta: float) -> Array:
    """The loss of each error e = ŷ − y, [...].

    Args:
        errors: [...].
        loss: `squared` ½ e², `absolute` |e|, `huber` ½ e² up to `delta` and δ (|e| − ½ δ) beyond.

    Source:
        Huber 1964, "Robust estimation of a location parameter".
    """
    if loss == "squared":
        return errors**2 / 2
    size = np.abs(errors)
    if loss == "absolute":
        return size
    return np.where(size <= delta, errors**2 / 2, delta * (size - delta / 2))
