"""The same points under all three losses, side by side."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashlab.experiments.descent.line import descend
from dashlab.experiments.descent.line_rows import LineData, point_losses
from dashlab.experiments.descent.settings import LOSSES, LineConfig

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LossFit:
    """Where the descent on one loss has ended; `loss` is its name in the settings."""

    loss: str
    weights: Array  # [P], of the inputs as they are fitted
    squared: float  # mean ½ e² of the points
    absolute: float  # mean |e| of the points


def side_by_side(config: LineConfig) -> tuple[LineData, tuple[LossFit, ...]]:
    """The descent of `config` on each loss: same points, start, batches and rate, and no stop at a loss.

    A descent that diverges has its last weights.

    Raises:
        ConfigError: a setting is unsound, or two do not fit.
    """
    config.check()
    if config.stop == "loss":
        config = config.change(stop="steps").without_unused()
    runs = [descend(config.change(loss=loss).without_unused()) for loss in LOSSES]
    errors = [run.data.features @ run.weights[-1] - run.data.y for run in runs]
    each = tuple(
        LossFit(
            loss,
            run.weights[-1],
            float(point_losses(error, "squared", 1.0).mean()),
            float(point_losses(error, "absolute", 1.0).mean()),
        )
        for loss, run, error in zip(LOSSES, runs, errors, strict=True)
    )
    return runs[0].data, each
