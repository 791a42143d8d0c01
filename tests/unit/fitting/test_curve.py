"""Polynomials, and what their expected error is made of."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from dashlab.charts.fitting import curve as charts
from dashlab.errors import ConfigError
from dashlab.experiments.fitting import words
from dashlab.experiments.fitting.curve import (
    FRESH,
    TERMS,
    ErrorParts,
    decompose,
    evaluate,
    fit,
    legendre,
    sample,
    truth,
)
from dashlab.experiments.fitting.settings import FUNCTIONS, CurveConfig

HARD = [
    CurveConfig(),
    CurveConfig(spacing="even", points=30),
    CurveConfig(points=12, noise=0.1),
    CurveConfig(points=60, noise=0.8, function="step"),
    CurveConfig(penalty="l2", strength=0.05, function="bump"),
    CurveConfig(penalty="l1", strength=0.05, function="cubic"),
    CurveConfig(noise=0.0, function="line"),
]


@pytest.mark.parametrize("config", HARD, ids=str)
def test_bias_variance_and_noise_come_to_the_error_that_is_measured(config: CurveConfig) -> None:
    parts = decompose(config.change(resamples=500))
    apart = abs(parts.expected - parts.measured)
    assert (apart <= 3 * parts.standard_error + 1e-12).all(), (apart / parts.standard_error).max()


@pytest.mark.parametrize("config", HARD, ids=str)
def test_they_also_come_to_the_error_of_fits_that_they_were_not_measured_on(config: CurveConfig) -> None:
    """Drawn here: the identity of mean square, variance and squared mean has no part in it."""
    degrees, count, generator = [0, 1, 3], 500, torch.Generator().manual_seed(7)
    parts = decompose(config.change(resamples=500))

    def drawn(points: int) -> tuple[torch.Tensor, torch.Tensor]:
        x = 2 * torch.rand(count, points, generator=generator, dtype=torch.float64) - 1
        if config.spacing == "even" and points == config.points:
            x = torch.linspace(-1, 1, points, dtype=torch.float64).expand(count, -1)
        noise = torch.randn(count, points, generator=generator, dtype=torch.float64)
        return x, truth(x, config) + config.noise * noise

    (x, y), (new_x, new_y) = drawn(config.points), drawn(100)
    errors = (evaluate(new_x, fit(x, y, config)) - new_y[:, None]).square().mean(2).numpy()[:, degrees]
    both = np.hypot(errors.std(0, ddof=1) / np.sqrt(count), parts.standard_error[degrees])
    assert (abs(parts.expected[degrees] - errors.mean(0)) <= 3 * both + 1e-12).all()


@pytest.mark.parametrize("degree", [0, 1, 3, 7])
def test_a_fit_is_that_of_numpy(degree: int) -> None:
    found = sample(CurveConfig(points=30))
    expected = np.polynomial.Polynomial.fit(found.x, found.y, degree, domain=[-1, 1])(found.grid)
    assert found.fits[degree] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("degree", [9, 15, 25])
def test_high_degrees_reach_the_smallest_error_that_there_is(degree: int) -> None:
    found = sample(CurveConfig(points=60, noise=0.5))
    design = np.polynomial.legendre.legvander(found.x, degree)
    solution = np.linalg.lstsq(design, found.y, rcond=None)[0]
    expected = np.mean((design @ solution - found.y) ** 2)
    assert found.training[degree] == pytest.approx(expected, rel=1e-9)


def test_ridge_is_the_solution_of_its_normal_equations() -> None:
    config = CurveConfig(penalty="l2", strength=0.3, points=15)
    found = sample(config)
    for degree in (0, 4, 25):
        design = legendre(torch.from_numpy(found.x), degree + 1 if degree else 2).numpy()[:, : degree + 1]
        penalty = 15 * 0.3 / 2 * np.eye(degree + 1)
        penalty[0, 0] = 0
        expected = np.linalg.solve(design.T @ design + penalty, design.T @ found.y)
        assert found.coefficients[degree, : degree + 1] == pytest.approx(expected, abs=1e-9)
        assert not found.coefficients[degree, degree + 1 :].any()


@pytest.mark.parametrize("points", [8, 40])
@pytest.mark.parametrize("strength", [1e-5, 0.003, 0.03, 0.3])
def test_the_lasso_is_where_no_coefficient_can_do_better(strength: float, points: int) -> None:
    """The conditions of the optimum: the slope of the error is λ·sign(c), or at most λ where c is 0."""
    config = CurveConfig(penalty="l1", strength=strength, points=points)
    found = sample(config)
    design = legendre(torch.from_numpy(found.x)).numpy()
    for degree in (2, 8, 25):
        columns, c = design[:, : degree + 1], found.coefficients[degree, : degree + 1]
        slope = -2 / points * columns.T @ (found.y - columns @ c)
        near = 0.002 * strength
        assert slope[0] == pytest.approx(0, abs=near)
        zero = c[1:] == 0
        assert (abs(slope[1:][zero]) <= strength + near).all()
        assert slope[1:][~zero] == pytest.approx(-strength * np.sign(c[1:][~zero]), abs=near)


def test_l1_makes_coefficients_exactly_zero_and_l2_does_not() -> None:
    many = CurveConfig(points=40, strength=0.1)
    lasso, ridge = (sample(many.change(penalty=name)).coefficients[20, :21] for name in ("l1", "l2"))
    assert (lasso == 0).sum() >= 12
    assert (ridge != 0).all()


def test_with_more_coefficients_than_points_the_smallest_that_pass_through_them_are_taken() -> None:
    found = sample(CurveConfig(points=8))
    design = legendre(torch.from_numpy(found.x)).numpy()
    for degree in (8, 20, 25):
        expected = np.linalg.pinv(design[:, : degree + 1]) @ found.y
        assert found.coefficients[degree, : degree + 1] == pytest.approx(expected, rel=1e-6, abs=1e-6)
        assert found.training[degree] < 1e-15


def test_the_basis_has_mean_square_one_and_no_two_alike() -> None:
    nodes, weights = np.polynomial.legendre.leggauss(40)
    columns = legendre(torch.from_numpy(nodes)).numpy()
    assert columns.T @ (columns * weights[:, None] / 2) == pytest.approx(np.eye(TERMS), abs=1e-12)


def test_training_error_never_rises_with_the_degree() -> None:
    found = sample(CurveConfig(points=60))
    assert (np.diff(found.training) <= 1e-12).all()


def test_a_new_sample_keeps_the_fits_of_those_before() -> None:
    first, second = (sample(CurveConfig(seed=seed)) for seed in (3, 4))
    assert second.before[0][:10] == pytest.approx(first.fits[:10], abs=1e-9)
    assert len(sample(CurveConfig(seed=0)).before) == 0
    assert len(second.before) == 4


def test_even_spacing_moves_no_x() -> None:
    one, other = (sample(CurveConfig(seed=seed, spacing="even")) for seed in (1, 2))
    assert np.array_equal(one.x, other.x)
    assert not np.array_equal(one.y, other.y)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_noise_that_is_told_is_the_noise_that_is_drawn(function: str) -> None:
    config = CurveConfig(function=function, points=500, noise=0.4)
    found = sample(config)
    apart = found.y - truth(torch.from_numpy(found.x), config).numpy()
    assert apart.std() == pytest.approx(0.4, rel=0.12)
    assert decompose(config).noise == pytest.approx(0.16)


def test_too_stiff_right_and_too_bendy_are_told_apart_by_the_rule() -> None:
    parts = decompose(CurveConfig())
    said = {degree: words.verdict(parts, degree) for degree in (0, 1, 3, 9, 25)}
    assert said == {0: words.UNDER, 1: words.UNDER, 3: words.WELL, 9: words.OVER, 25: words.OVER}
    for degree, verdict in said.items():
        total = parts.bias2[degree] + parts.variance[degree] + parts.noise
        assert (total <= 1.1 * parts.expected.min()) == (verdict == words.WELL)
        assert verdict in words.verdict_words(parts, degree).replace("fits well", words.WELL)


def test_the_mean_of_few_fits_is_not_taken_for_a_bias() -> None:
    """A line under noise is fitted without bias: what is left of it is far below the variance / resamples."""
    config = CurveConfig(function="line", noise=1.0, spacing="even", resamples=100)
    parts = decompose(config)
    assert parts.variance[5] > 0.1
    assert parts.bias2[5] < parts.variance[5] / 100
    plain = (parts.mean[5] - parts.truth) ** 2
    assert parts.bias2[5] == pytest.approx(max(plain.mean() - (parts.spread[5] ** 2).mean() / 100, 0))


def test_a_bar_that_leaves_the_axis_keeps_the_shares_of_its_parts() -> None:
    parts = decompose(CurveConfig())
    noise, bias2, variance = (list(bar.y) for bar in charts.stacked(parts, 15).data[:3])
    assert variance[15] / bias2[15] == pytest.approx(parts.variance[15] / parts.bias2[15])
    assert noise[15] + bias2[15] + variance[15] > charts.stacked(parts, 15).layout.yaxis.range[1]


def test_more_points_lower_the_variance_and_leave_the_bias() -> None:
    few, many = (decompose(CurveConfig(points=points, spacing="even")) for points in (20, 200))
    assert many.variance[3] < few.variance[3] / 5
    assert many.bias2[1] == pytest.approx(few.bias2[1], rel=0.05)


def test_a_hundred_resamples_take_less_than_a_third_of_a_second() -> None:
    """Of one core: how long that is by the clock depends on what else the machine does (`make bench`)."""
    config, threads = CurveConfig(resamples=100), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        decompose(config)
        begun = time.thread_time()
        decompose(config)
        took = time.thread_time() - begun
    finally:
        torch.set_num_threads(threads)
    assert took < 0.3


def test_numbers_and_sentences_and_figures_hold_the_same() -> None:
    config = CurveConfig(penalty="l2")
    drawn, parts = sample(config), decompose(config)
    rows = list(words.curve_rows(parts, drawn))
    assert [row["degree"] for row in rows] == list(range(TERMS))
    assert rows[5]["expected"] == pytest.approx(rows[5]["bias2"] + rows[5]["variance"] + parts.noise)
    assert f"{parts.measured[5]:.3g}" in words.sum_words(parts, 5)
    bars = [list(bar.y) for bar in charts.stacked(parts, 5).data[:3]]
    assert sum(bar[5] for bar in bars) == pytest.approx(parts.expected[5])
    assert list(charts.fits(drawn, 5).data[-2].y) == list(drawn.fits[5])
    assert list(charts.over_degree(drawn, parts, 5).data[1].y) == list(drawn.validation)
    assert len(charts.coefficients(drawn, 5).data[0].y) == 6
    assert list(charts.mean_and_spread(parts, 5).data[2].y) == list(parts.mean[5])
    assert r"\lambda" in words.formula(config)
    assert r"\lambda" not in words.formula(CurveConfig())


def test_a_strength_without_a_penalty_is_refused() -> None:
    with pytest.raises(ConfigError, match="penalty"):
        sample(CurveConfig(strength=1.0))
    assert FRESH > 100
    assert isinstance(decompose(CurveConfig()), ErrorParts)
