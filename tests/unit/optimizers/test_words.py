"""What the optimizer page says in fixed sentences holds under the settings that it speaks of."""

from __future__ import annotations

import statistics
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import Parameter

from dashlab.experiments.optimizers import average as moving_average
from dashlab.experiments.optimizers import batch_size
from dashlab.experiments.optimizers import plane as momentum_plane
from dashlab.experiments.optimizers.basins import basins
from dashlab.experiments.optimizers.network import entries
from dashlab.experiments.optimizers.plane import critical_momentum, curvatures
from dashlab.experiments.optimizers.presets import AVERAGES, BATCHES, NETWORK, PLANE
from dashlab.experiments.optimizers.run import Track, race
from dashlab.experiments.optimizers.search import RATES
from dashlab.experiments.optimizers.settings import BatchConfig, PlaneConfig
from dashlab.experiments.optimizers.surface_presets import SURFACE
from dashlab.settings.optim import OptimConfig
from dashlab.training.optim import make_optimizer
from dashlab.training.stacked import train_stacked
from dashlab.training.together import StackedRuns, orders


def tracks(name: str) -> tuple[Track, ...]:
    config = SURFACE[name].config
    return race(config.course(), config.field())


def distances(name: str) -> list[float]:
    """Of the last point of each racer from the nearest minimum."""
    minima = np.array(SURFACE[name].config.course().on.minima)
    return [float(np.hypot(*(track.points[-1] - minima).T).min()) for track in tracks(name)]


# Surfaces


def test_on_the_ravine_momentum_arrives_and_plain_sgd_does_not() -> None:
    plain, momentum, nesterov = distances("ravine")
    assert plain > 0.5
    assert max(momentum, nesterov) < 0.01
    assert 0.025 < 2 / 50


def test_plain_sgd_is_still_at_the_saddle_and_who_divides_by_the_gradient_leaves_at_once() -> None:
    plain, _momentum, *dividing = tracks("saddle")
    assert np.hypot(*plain.points[-1]) < 0.05
    first = [abs(track.points[1, 1] - track.points[0, 1]) for track in dividing]
    assert min(first) > 1000 * abs(plain.points[1, 1] - plain.points[0, 1])
    assert all(track.points[-1, 1] > 0.9 for track in dividing)


def test_everybody_finds_the_floor_of_the_bent_valley_and_lbfgs_the_star() -> None:
    for track in tracks("rosenbrock"):
        x, y = track.points[-1]
        assert abs(y - x * x) < 0.02
    assert np.abs(tracks("rosenbrock")[-1].points[50] - 1).max() < 0.01


def test_beyond_the_wall_only_the_largest_step_of_sgd_sees_the_star() -> None:
    ends = distances("beale")
    assert [end < 0.1 for end in ends] == [False, True, False, False, False, False]
    assert all(track.points[-1, 0] < -1 for k, track in enumerate(tracks("beale")) if k != 1)


def test_small_steps_end_in_the_dent_beside_the_start_and_much_momentum_in_others() -> None:
    small, *momentum = tracks("rastrigin")[:3]
    assert np.abs(small.points[-1] - small.points[0]).max() < 0.5
    assert all(np.abs(track.points[-1] - small.points[-1]).max() > 0.9 for track in momentum)


def test_with_momentum_the_basins_fray() -> None:
    config = SURFACE["himmelblau"].config
    plain, momentum = (basins(config.course(), racer, side=41).reached for racer in config.field()[:2])
    assert edges(momentum) > 5 * edges(plain)


def edges(reached: np.ndarray) -> int:
    """Neighbouring starts that end in different basins."""
    return int((reached[1:] != reached[:-1]).sum() + (reached[:, 1:] != reached[:, :-1]).sum())


def test_a_larger_rate_and_momentum_widen_the_cloud_and_the_steps_of_adagrad_get_shorter() -> None:
    found = tracks("noise")
    small, large, momentum, adagrad = (cloud(track) for track in found[:4])
    assert min(large, momentum) > 1.5 * small
    assert adagrad > 0.05, "it does not come to rest either"
    steps = np.hypot(*np.diff(found[3].points, axis=0).T)
    assert steps[250:].mean() < steps[125:175].mean() < steps[25:75].mean()


def cloud(track: Track) -> float:
    """Root mean square distance from the minimum over the last hundred steps."""
    return float(np.sqrt((track.points[-100:] ** 2).sum(1).mean()))


def test_one_rate_for_all_is_too_large_for_momentum_and_next_to_nothing_for_adagrad() -> None:
    _sgd, momentum, nesterov, adagrad = tracks("equal-rate")[:4]
    assert not np.isfinite(momentum.points[-1]).any()
    assert not np.isfinite(nesterov.points[-1]).any()
    assert np.hypot(*(adagrad.points[-1] - adagrad.points[0])) < 0.3


def test_a_search_tries_sixteen_rates() -> None:
    assert (len(RATES), RATES[0], RATES[-1]) == (16, 1e-4, 10.0)
    assert "sixteen" in SURFACE["at-its-best"].about


def test_the_third_step_of_adam_goes_about_as_far_along_as_across() -> None:
    (adam, _momentum), step = tracks("step-apart"), SURFACE["step-apart"].config.step
    assert step == 3
    along, across = np.abs(adam.gradients[step - 1])
    assert across > 5 * along, "the gradient points across"
    along, across = np.abs(adam.points[step] - adam.points[step - 1])
    assert along / across == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("name", ["adam", "rmsprop", "adagrad"])
def test_steps_grow_with_the_gradient_for_sgd_and_not_where_it_is_divided_by_its_size(name: str) -> None:
    def first(optimizer: str, gradient: float) -> float:
        weight = Parameter(torch.zeros(1))
        made = make_optimizer(OptimConfig(optimizer=optimizer, lr=0.1), [weight])
        weight.grad = torch.full((1,), gradient)
        made.step()
        return abs(weight.item())

    assert first("sgd", 7.0) == pytest.approx(0.7)
    assert first(name, 7.0) == pytest.approx(first(name, 0.01), rel=1e-3)


# The momentum plane


@pytest.mark.parametrize("condition", [10.0, 100.0, 1000.0])
@pytest.mark.parametrize("nesterov", [False, True])
def test_the_fastest_cell_lies_on_the_line_of_critical_damping_of_the_flat_direction(
    condition: float, nesterov: bool
) -> None:
    cells = momentum_plane.plane(condition, nesterov=nesterov, steps=PlaneConfig().steps)
    row, column = np.unravel_index(cells.measured.argmin(), cells.measured.shape)
    critical = critical_momentum(cells.lrs[column] / condition, nesterov=nesterov)
    assert cells.momenta[row] == pytest.approx(float(critical), abs=0.02)  # a cell is as high


@pytest.mark.parametrize("condition", [10.0, 100.0, 1000.0])
@pytest.mark.parametrize("nesterov", [False, True])
def test_measured_and_theoretical_rates_differ_most_where_a_direction_is_critical(
    condition: float, nesterov: bool
) -> None:
    cells = momentum_plane.plane(condition, nesterov=nesterov, steps=PlaneConfig().steps)
    row, column = np.unravel_index(np.abs(cells.measured - cells.theory).argmax(), cells.measured.shape)
    lr, momentum = cells.lrs[column], cells.momenta[row]
    regimes = [momentum_plane.regime(lr * c, momentum, nesterov=nesterov) for c in curvatures(condition)]
    assert "critical" in regimes


def test_momentum_bears_larger_rates_and_that_of_nesterov_smaller_ones() -> None:
    assert momentum_plane.border(0.9) > momentum_plane.border(0.0)
    assert momentum_plane.border(0.9, nesterov=True) < momentum_plane.border(0.0, nesterov=True)


@pytest.mark.parametrize(
    ("name", "steep", "flat"),
    [
        ("planeripples", "ripples", "ripples"),
        ("planeplain", "flips", "over-damped"),
        ("planedamped", "ripples", "over-damped"),
        ("planeborder", "diverges", "over-damped"),
    ],
)
def test_a_preset_of_the_plane_does_what_it_says(name: str, steep: str, flat: str) -> None:
    found = momentum_plane.directions(PLANE[name].config)
    assert [direction.regime for direction in found] == [steep, flat]


def digits_gained(name: str) -> float:
    """Digits per step at a preset over those of the best without momentum."""
    config = PLANE[name].config
    rate = max(direction.rate for direction in momentum_plane.directions(config))
    return float(np.log(rate) / np.log(momentum_plane.plain_best(config.condition)[1]))


def test_the_fastest_place_of_the_sliders_is_near_critical_damping_and_ten_times_as_fast() -> None:
    config = PLANE["planebest"].config
    for direction in momentum_plane.directions(config):
        assert config.momentum == pytest.approx(direction.critical_momentum, abs=0.015)
    assert digits_gained("planebest") == pytest.approx(10, abs=1)
    assert digits_gained("planeravine") == pytest.approx(30, abs=2)


# Batch size, moving average


def result(name: str) -> tuple[BatchConfig, batch_size.BatchComparison]:
    config = BATCHES[name].config
    return config, batch_size.compare(config)


def test_with_a_falling_rate_one_sample_calms_down_and_the_full_batch_does_not_arrive() -> None:
    (_, falling), (_, constant) = result("batchdecay"), result("batchcount")
    spread, usual = (np.ptp(found.runs[-1].points[-100:], axis=0).max() for found in (falling, constant))
    assert spread < usual / 4
    assert np.hypot(*(falling.runs[0].points[-1] - falling.problem.best)) > 1


def test_a_quarter_of_the_batch_makes_four_times_the_updates_and_about_twice_the_noise() -> None:
    config, found = result("batchsizes")
    rows = [batch_size.summary(config, found.problem, run) for run in found.runs[1:]]
    assert [row.batch for row in rows] == [64, 16, 4]
    for large, small in pairwise(rows):
        assert small.updates == 4 * large.updates
        assert small.noise / large.noise == pytest.approx(2, abs=0.3)


def test_samples_that_are_never_mixed_lead_around_once_in_every_epoch() -> None:
    _, found = result("batchsorted")
    one = found.runs[-1]
    assert one.points[-1] == pytest.approx(one.points[-1 - one.per_epoch])
    assert np.ptp(one.points[-one.per_epoch :], axis=0).max() > 0.5


def test_what_the_full_batch_bears_makes_one_sample_diverge() -> None:
    _, found = result("batchlarge")
    assert [run.left_at is None for run in found.runs] == [True, True, False]


def test_the_second_moment_of_adam_is_far_too_small_without_correction() -> None:
    config = AVERAGES["emabias"].config
    assert config.length == 200
    assert moving_average.sums_of_weights((config.beta,), config.length).max() < 1 / 5


def test_fifty_steps_after_the_jump_the_average_has_followed_two_thirds_of_it() -> None:
    config = AVERAGES["emalag"].config
    found = moving_average.averages(config.change(noise=0.0))
    jump = int(np.diff(found.clean).argmax()) + 1
    followed = (found.corrected[jump + 49, 0] - found.clean[0]) / (found.clean[-1] - found.clean[0])
    assert followed == pytest.approx(2 / 3, abs=0.01)


@pytest.mark.parametrize(("beta", "step", "share"), [(0.9, 200, 0.651), (0.9, 5, 1.0), (0.999, 2000, 0.731)])
def test_the_share_of_the_window_is_computed(beta: float, step: int, share: float) -> None:
    assert moving_average.window_share(beta, step) == pytest.approx(share, abs=1e-3)


# Networks, on the pictures that come with the program


def accuracies(name: str) -> list[float]:
    """Mean test accuracy of each racer of a preset, over its seeds; of a grid, of each cell."""
    config = NETWORK[name].config
    runs = entries(config)
    found: dict[tuple[int, int], list[float]] = {}
    together = [
        order.configs() for order in orders(run.config for run in runs) if isinstance(order, StackedRuns)
    ]
    results = [one for configs in together for one in train_stacked(configs)]
    for run, one in zip(runs, results, strict=True):
        found.setdefault((run.racer, run.column), []).append(one.evaluation.accuracy if one.evaluation else 0)
    return [statistics.fmean(values) for values in found.values()]


def test_adam_fails_at_a_tenth_and_its_two_smaller_rates_end_close_together() -> None:
    bold, middle, small = accuracies("netadam")
    assert bold < 0.4
    assert min(middle, small) > 0.8
    assert abs(middle - small) < 0.05


def test_at_a_hundredth_sgd_has_hardly_begun_when_adam_is_nearly_done() -> None:
    sgd, _momentum, _adagrad, _rmsprop, adam, *_ = accuracies("netzoo")
    assert sgd < adam - 0.15


def test_which_rate_is_best_depends_on_the_optimizer() -> None:
    found = accuracies("netsweep")  # SGD at 0.001, 0.01 and 0.1, then Adam
    assert found[2] > max(found[:2])
    assert found[5] < min(found[3:5])
