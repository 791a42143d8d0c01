"""The loss over two of the weights: what lies under the path of a descent; no torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashlab.experiments.descent.line_rows import LineRun, point_losses

Array = NDArray[np.float64]
Range = tuple[float, float]

SIDE = 49
"""Places along each side that catch clicks."""
FINE, COARSE = 6, 2
"""As many places more are computed: where that is quick, and where it is not."""
FEW = 100
"""Up to so many points another loss than the squared one, which is a formula, is quick too."""
HIGHEST = 4
"""Of the way that is shown whose loss is at most so many times that of the start."""
DEEPEST = 1e-4
"""Where the loss is nearer to the lowest than this share of the highest, no level is drawn."""


@dataclass(frozen=True, slots=True)
class LossGround:
    """The loss over w and b; of a plane over w₁ and w₂, with b as least squares has it.

    The loss is that of all points.
    """

    across: Array  # [X]: the first weight
    up: Array  # [Y]: b, or the second weight
    losses: NDArray[np.float32]  # [Y, X]

    @property
    def ranges(self) -> tuple[Range, Range]:
        """What is shown of each."""
        return (float(self.across[0]), float(self.across[-1])), (float(self.up[0]), float(self.up[-1]))

    @property
    def heights(self) -> Array:
        """[Y, X]: how far the loss is above the lowest shown, as its logarithm."""
        above = self.losses.astype(np.float64) - float(self.losses.min())
        return np.log10(np.maximum(above, DEEPEST * (float(above.max()) or 1.0)))

    def coarse(self) -> tuple[Array, Array, Array]:
        """across [X], up [Y] and losses [Y, X] of `SIDE` places along each side."""
        stride = (len(self.across) - 1) // (SIDE - 1)
        across, up = self.across[::stride], self.up[::stride]
        return across, up, self.losses[::stride, ::stride].astype(np.float64)


def loss_ground(run: LineRun, loss: str, delta: float) -> LossGround:
    """The loss around the way of `run`, under the loss that it was made with."""
    is_quick = loss == "squared" or len(run.data.y) <= FEW
    side = (SIDE - 1) * (FINE if is_quick else COARSE) + 1
    across, up = (np.linspace(low, high, side) for low, high in reach(run))
    weights = np.stack(np.meshgrid(across, up), -1)  # [Y, X, 2]
    best = run.data.best
    if len(best) == 3:
        weights = np.concatenate([weights, np.full((side, side, 1), best[2])], -1)
    if loss == "squared":
        away = weights - best
        losses = run.lowest + np.einsum("...i,ij,...j->...", away, run.data.hessian, away) / 2
    else:
        losses = np.stack([_along(run, row, loss, delta) for row in weights])
    return LossGround(across, up, losses.astype(np.float32))


def _along(run: LineRun, weights: Array, loss: str, delta: float) -> Array:
    """The mean loss at each of the weights [X, P]: [X]."""
    errors = weights @ run.data.features.T - run.data.y
    mean: Array = point_losses(errors, loss, delta).mean(1)
    return mean


def reach(run: LineRun) -> tuple[Range, Range]:
    """What is shown of the two weights: start, lowest point, and the way as long as it stays low."""
    way, best = run.weights[:, :2], run.data.best[:2]
    low_enough = run.losses <= HIGHEST * run.losses[0]
    points = np.vstack([way[low_enough], way[:1], best[None]])
    low, high = points.min(0), points.max(0)
    half = np.maximum((high - low) * 0.62, 0.05 * (1 + np.abs(best)))
    middle = (low + high) / 2
    (left, bottom), (right, top) = (middle - half).tolist(), (middle + half).tolist()
    return (left, right), (bottom, top)
