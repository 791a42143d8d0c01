"""Moving averages against torch.optim and against the sum they stand for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dashlab.charts.optimizers import average as charts
from dashlab.experiments.optimizers import average as experiment
from dashlab.experiments.optimizers.settings import AverageConfig


def gradients(steps: int = 60) -> torch.Tensor:
    return torch.randn(steps, generator=torch.Generator().manual_seed(3), dtype=torch.float64) + 1


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.999])
def test_the_average_is_what_adam_keeps_to_the_last_bit(beta: float) -> None:
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    adam = torch.optim.Adam([parameter], betas=(beta, 0.999))
    kept = []
    for gradient in gradients():
        parameter.grad = gradient[None].clone()
        adam.step()
        kept.append(adam.state[parameter]["exp_avg"].item())
    assert experiment.moving_averages(gradients(), (beta,))[:, 0].tolist() == kept


def test_averages_side_by_side_are_those_alone() -> None:
    together = experiment.moving_averages(gradients(), (0.3, 0.98))
    for k, beta in enumerate((0.3, 0.98)):
        assert torch.equal(together[:, k], experiment.moving_averages(gradients(), (beta,))[:, 0])


def test_the_velocity_of_sgd_is_the_average_divided_by_one_minus_beta() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    sgd = torch.optim.SGD([parameter], lr=0.1, momentum=0.9)
    averages = experiment.moving_averages(gradients(), (0.9,))[:, 0]
    for gradient, average in zip(gradients(), averages, strict=True):
        parameter.grad = gradient[None].clone()
        sgd.step()
        assert sgd.state[parameter]["momentum_buffer"].item() == pytest.approx(average.item() / 0.1)


def test_the_average_is_the_weighted_sum_of_all_values() -> None:
    values = gradients().numpy()
    averages = experiment.moving_averages(gradients(), (0.9,))[:, 0]
    for step in (1, 7, 60):
        assert averages[step - 1].item() == pytest.approx(
            float(experiment.weights(0.9, step) @ values[:step][::-1])
        )


def test_the_weights_add_up_to_what_the_correction_divides_by() -> None:
    for step in (1, 10, 100):
        total = experiment.sums_of_weights((0.95,), step)[-1, 0]
        assert experiment.weights(0.95, step).sum() == pytest.approx(total)


def test_the_corrected_average_of_a_constant_is_the_constant() -> None:
    found = experiment.averages(AverageConfig(beta=0.999, series="constant", noise=0.0))
    np.testing.assert_allclose(found.corrected, experiment.LEVEL)
    assert found.from_zero[0, 0] == pytest.approx(0.001 * experiment.LEVEL)


def test_the_first_corrected_value_is_the_first_value() -> None:
    found = experiment.averages(AverageConfig(neighbours=True))
    np.testing.assert_allclose(found.corrected[0], found.values[0])


def test_without_memory_the_average_is_the_value() -> None:
    found = experiment.averages(AverageConfig(beta=0.0))
    np.testing.assert_allclose(found.corrected[:, 0], found.values)
    assert experiment.weights(0.0, 3).tolist() == [1, 0, 0]
    assert (experiment.window(0.0), experiment.lag(0.0), experiment.half_life(0.0)) == (1, 0, 0)


def test_the_window_holds_about_63_per_cent_of_the_weight() -> None:
    for beta in (0.9, 0.99, 0.999):
        inside = experiment.weights(beta, 10_000)[: round(experiment.window(beta))].sum()
        assert inside == pytest.approx(0.63, abs=0.025)


def test_after_a_half_life_a_value_counts_half() -> None:
    assert 0.97 ** experiment.half_life(0.97) == pytest.approx(0.5)


def test_the_average_trails_a_slope_by_its_lag() -> None:
    slope = torch.arange(500, dtype=torch.float64)
    averages = experiment.moving_averages(slope, (0.9,))[:, 0]
    assert 499 - averages[-1].item() == pytest.approx(experiment.lag(0.9))


@pytest.mark.parametrize("beta", [0.5, 0.9])
def test_the_noise_that_is_left_is_that_of_theory(beta: float) -> None:
    noise = torch.randn(40_000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    left = experiment.moving_averages(noise, (beta,))[1000:, 0].std().item()
    assert left == pytest.approx(experiment.noise_factor(beta), rel=0.05)


def test_the_noise_that_is_measured_falls_with_memory() -> None:
    found = experiment.averages(AverageConfig(beta=0.5, neighbours=True, length=1000))
    assert found.betas == (0.5, 0.9, 0.98, 0.995)
    assert found.noise_left.tolist() == sorted(found.noise_left, reverse=True)
    assert found.noise_left[0] == pytest.approx(0.7 * experiment.noise_factor(0.5), rel=0.1)


@pytest.mark.parametrize("series", AverageConfig.specs()["series"].choices)
def test_every_series_lies_away_from_zero(series: str) -> None:
    found = experiment.averages(AverageConfig(series=series))
    assert len(found.clean) == 200
    assert found.clean.min() >= 1 - 1e-9


def test_a_seed_is_one_series() -> None:
    first, again, other = (experiment.averages(AverageConfig(seed=seed)).values for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


# Charts


def test_at_most_500_points_of_a_curve_are_sent() -> None:
    found = experiment.averages(AverageConfig(length=1000, neighbours=True))
    drawn = charts.averages(found, at=20)
    assert len(drawn.data) == 7
    assert all(len(trace.x) <= 500 for trace in drawn.data)


def test_the_window_is_marked_where_it_fits() -> None:
    plain = experiment.weights(0.9, 100)
    assert len(charts.weights(plain, plain, 10.0).layout.shapes) == 1
    assert len(charts.weights(plain[:5], plain[:5], 10.0).layout.shapes) == 0


def test_weights_are_drawn_newest_first() -> None:
    plain = experiment.weights(0.9, 30)
    corrected, from_zero = charts.weights(2 * plain, plain, 10.0).data
    assert from_zero.y[0] == pytest.approx(0.1)
    assert corrected.y[0] == pytest.approx(0.2)
    assert from_zero.x[0] == 0
