"""The same descent with several learning rates, each a multiple of the largest stable one."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dashlab.experiments.descent.line import drawn_points, fit_of, with_rates
from dashlab.experiments.descent.line_rows import largest_rate, point_losses
from dashlab.experiments.descent.settings import MULTIPLES, LineConfig

Array = NDArray[np.float64]

STEPS = 200
DRAWN = 1000


@dataclass(frozen=True, slots=True)
class RateRuns:
    """The loss over all points at each step, for each of `MULTIPLES`, and for the rate that is set."""

    limit: float  # 2/λmax
    losses: tuple[Array, ...]  # [steps + 1] of each
    own: Array  # [steps + 1]
    lowest: float


def compare(config: LineConfig) -> RateRuns:
    """`STEPS` steps with each rate, from the same start over the same batches.

    Raises:
        ConfigError: a setting is unsound, or two do not fit.
    """
    _, data = fit_of(config.check())
    limit = largest_rate(data.hessian)
    rates = torch.tensor([*(times * limit for times in MULTIPLES.values()), config.lr], dtype=torch.float64)
    *losses, own = with_rates(config, rates, STEPS)
    lowest = point_losses(data.features @ data.best - data.y, config.loss, config.delta).mean()
    return RateRuns(limit, tuple(losses), own, float(lowest))


def limits(config: LineConfig) -> Array:
    """The largest stable rate 2/λmax of each of `DRAWN` data sets of this recipe: [DRAWN].

    It depends on the inputs alone: how many, how they are drawn, and whether they are standardised.
    """
    each = []
    for seed in range(DRAWN):
        x, _, _ = drawn_points(config, torch.Generator().manual_seed(seed))
        if config.standardise:
            x = (x - x.mean(0)) / x.std(0, correction=0)
        features = torch.cat([x, torch.ones(len(x), 1).double()], 1)
        each.append(2 / torch.linalg.eigvalsh(features.T @ features / len(x))[-1])
    return torch.stack(each).numpy()
