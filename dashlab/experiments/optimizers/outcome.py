"""What became of a racer: how low it came, how near a minimum, when it arrived, and whether it left."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashlab.experiments.optimizers.surfaces import Surface

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One racer's result; losses are above the lowest of the surface, steps are counted from 1.

    Attributes:
        final: loss after the last step, NaN where it broke down.
        best: the lowest on the way.
        distance: from the last point to the nearest minimum.
        arrived_at: the first step after which the loss is below the tolerance.
        left_at: the first step that ended outside of the picture.
        came_back: whether it was inside again at the end.
        broke_at: the first step that ended at a number that is not finite.
    """

    final: float
    best: float
    distance: float
    arrived_at: int | None
    left_at: int | None
    came_back: bool
    broke_at: int | None

    @property
    def is_lost(self) -> bool:
        """Whether it left the picture for good."""
        return self.left_at is not None and not self.came_back


def outcome(surface: Surface, points: Array, losses: Array, tolerance: float) -> Outcome:
    """The result of a racer that was at `points` [steps + 1, 2], with `losses` [steps + 1] there."""
    above, inside = losses - surface.lowest, is_inside(surface, points)
    finite = np.isfinite(points).all(axis=1) & np.isfinite(losses)
    return Outcome(
        final=float(above[-1]) if finite[-1] else float("nan"),
        best=float(above[finite].min()),
        distance=float(distances(surface, points[-1:])[0]),
        arrived_at=_first(above < tolerance),
        left_at=_first(~inside),
        came_back=bool(inside[-1]),
        broke_at=_first(~finite),
    )


def is_inside(surface: Surface, points: Array) -> npt.NDArray[np.bool_]:
    """Which of the points [N, 2] the picture shows, [N]."""
    low, high = np.array([surface.x_range, surface.y_range]).T
    return np.asarray(((points >= low) & (points <= high)).all(axis=1))


def distances(surface: Surface, points: Array) -> Array:
    """From each of the points [N, 2] to the minimum nearest to it, [N]; infinite where that is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        away = np.hypot(*(points[:, None] - np.array(surface.minima)).transpose(2, 0, 1)).min(axis=1)
    return np.asarray(np.where(np.isfinite(points).all(axis=1), away, np.inf))


def sentence(name: str, outcome: Outcome) -> str | None:
    """What is to be said about a racer that left the picture, None of one that stayed."""
    if outcome.left_at is None:
        return None
    left = f"{name} left the picture at step {outcome.left_at}"
    if outcome.broke_at is not None:
        return f"{left}, and from step {outcome.broke_at} its numbers are too large to be finite."
    if outcome.came_back:
        return f"{left}, and came back."
    return f"{left}, and did not come back: after the last step its loss is {outcome.final:.3g}."


def _first(holds: npt.NDArray[np.bool_]) -> int | None:
    return int(holds.argmax()) if holds.any() else None
