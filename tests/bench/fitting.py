"""Over- and underfitting: seconds for a hundred samples, and for random features through their threshold."""

from __future__ import annotations

import time
from collections.abc import Callable

from dashlab.experiments.fitting.curve import decompose
from dashlab.experiments.fitting.features import interpolate
from dashlab.experiments.fitting.settings import CurveConfig, FeaturesConfig
from tests.bench.settings import Settings
from tests.bench.timing import Bench, Clock, Limit, Side

PLAIN, RIDGE = "100 samples, degree 15", "the same with L2"
LASSO, FEATURES = "the same with L1", "random features, 10 seeds"
WANTED_S, AT_MOST_S = 0.3, 1.0


def fitting(settings: Settings) -> Bench:
    """Seconds in this process, with nothing kept from before."""
    base = CurveConfig(degree=15, resamples=100)

    def curves(config: CurveConfig) -> Side:
        return lambda _pair: _seconds(lambda: decompose(config))

    clock = Clock(settings.threads)
    sides: dict[str, Side] = {
        PLAIN: curves(base),
        RIDGE: curves(base.change(penalty="l2")),
        LASSO: curves(base.change(penalty="l1")),
        FEATURES: lambda pair: _seconds(lambda: interpolate(FeaturesConfig(seed=10 * pair))),
    }
    for side in sides.values():
        side(0)
    return Bench(
        name="fitting",
        title="Over- and underfitting",
        seconds=clock.alternate(sides, settings.pairs),
        limits=(
            Limit(side=PLAIN, seconds=WANTED_S),
            Limit(side=RIDGE, seconds=WANTED_S),
            Limit(side=LASSO, seconds=AT_MOST_S),
            Limit(side=FEATURES, seconds=AT_MOST_S),
        ),
        notes=("All degrees from 0 to 25 are fitted at once.",),
        own_share=clock.own_share,
    )


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
