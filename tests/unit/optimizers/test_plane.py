"""Measured rates of convergence against theory and against torch.optim, and their charts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dashlab.charts.optimizers import plane as charts
from dashlab.errors import ConfigError
from dashlab.experiments.optimizers import plane as experiment
from dashlab.experiments.optimizers.settings import PlaneConfig


def by_torch(lr: float, momentum: float, condition: float, *, nesterov: bool, steps: int) -> np.ndarray:
    """The weights after each step of a plain loop with `torch.optim.SGD`, the start included."""
    weights = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
    optimizer = torch.optim.SGD([weights], lr=lr, momentum=momentum, nesterov=nesterov)
    rows = [weights.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        ((weights[0] ** 2 + weights[1] ** 2 / condition) / 2).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        rows.append(weights.detach().clone())
    return torch.stack(rows).numpy()


def matrix(step: float, momentum: float, *, nesterov: bool) -> np.ndarray:
    """What one step does to (velocity, weight), each with lr = 1 and curvature `step`."""
    velocity = np.array([momentum, step])
    moved = momentum * velocity + [0, step] if nesterov else velocity
    return np.stack([velocity, np.array([0, 1]) - moved])


@pytest.mark.parametrize("nesterov", [False, True])
def test_cells_stepped_together_are_descents_of_torch_alone(nesterov: bool) -> None:
    lrs, momenta = np.array([0.1, 1.0, 1.7, 3.9]), np.array([0.02, 0.5, 0.9])
    together = experiment.errors(lrs, momenta, 30.0, nesterov=nesterov, steps=80)
    for row, momentum in enumerate(momenta):
        for column, lr in enumerate(lrs):
            alone = np.abs(by_torch(lr, momentum, 30.0, nesterov=nesterov, steps=80))
            errors = np.maximum(alone[1:], alone[:-1]).max(axis=1)
            np.testing.assert_allclose(together[:, row, column], errors, rtol=1e-9)


def test_the_drawn_descent_is_that_of_torch_to_the_last_bit() -> None:
    config = PlaneConfig(lr=1.3, momentum=0.85, condition=50.0, shown=60)
    alone = by_torch(1.3, 0.85, 50.0, nesterov=False, steps=60)
    np.testing.assert_array_equal(experiment.descend(config).points, alone)


def test_a_descent_by_nesterov_is_that_of_torch_to_the_last_bit() -> None:
    config = PlaneConfig(lr=0.7, momentum=0.6, condition=50.0, shown=40, nesterov=True)
    alone = by_torch(0.7, 0.6, 50.0, nesterov=True, steps=40)
    np.testing.assert_array_equal(experiment.descend(config).points, alone)


def test_nesterov_without_momentum_is_plain_descent() -> None:
    config = PlaneConfig(lr=0.7, momentum=0.0, shown=40)
    np.testing.assert_array_equal(
        experiment.descend(config.change(nesterov=True)).points, experiment.descend(config).points
    )


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_closed_form_is_the_spectral_radius_of_one_step(nesterov: bool) -> None:
    for step in (0.01, 0.3, 0.999, 1.2, 2.5, 3.9):
        for momentum in (0.0, 0.1, 0.5, 0.9, 0.98):
            largest = np.abs(np.linalg.eigvals(matrix(step, momentum, nesterov=nesterov))).max()
            assert experiment.theoretical_rate(step, momentum, nesterov=nesterov) == pytest.approx(largest)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("condition", [1.0, 10.0, 100.0, 1000.0])
def test_what_is_measured_agrees_with_theory(condition: float, nesterov: bool) -> None:
    found = experiment.agreement(experiment.plane(condition, nesterov=nesterov, steps=600))
    assert found.cells == 2000
    assert found.median < 1e-4
    assert found.largest < 0.01
    assert found.same_side == found.cells


def test_a_plane_that_is_off_is_seen_to_be_off() -> None:
    cells = experiment.plane(10.0, nesterov=False, steps=50)
    wrong = experiment.RatePlane(cells.lrs, cells.momenta, cells.measured + 0.1, cells.theory)
    assert experiment.agreement(wrong).median > 0.09
    assert experiment.agreement(wrong).same_side < 2000


def test_a_longer_measurement_is_nearer_to_theory() -> None:
    short, long = (
        experiment.agreement(experiment.plane(100.0, nesterov=False, steps=steps)).largest
        for steps in (50, 1000)
    )
    assert long < short / 3


def test_the_right_step_in_a_round_bowl_is_there_at_once() -> None:
    config = PlaneConfig(condition=1.0, lr=1.0, momentum=0.0)
    assert experiment.cell_rates(config) == (0, 0)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("nesterov", [False, True])
def test_the_border_parts_what_converges_from_what_does_not(momentum: float, nesterov: bool) -> None:
    edge = float(experiment.border(momentum, nesterov=nesterov))
    assert experiment.theoretical_rate(edge * 0.999, momentum, nesterov=nesterov) < 1
    assert experiment.theoretical_rate(edge * 1.001, momentum, nesterov=nesterov) > 1


def test_the_border_of_heavy_ball_momentum_is_that_of_goh() -> None:
    assert experiment.border(0.5) == 3.0


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("step", [0.01, 0.3, 0.8])
def test_no_momentum_is_faster_than_the_critical_one(step: float, nesterov: bool) -> None:
    critical = float(experiment.critical_momentum(step, nesterov=nesterov))
    rates = experiment.theoretical_rate(step, np.linspace(0, 0.99, 2000), nesterov=nesterov)
    at_critical = experiment.theoretical_rate(step, critical, nesterov=nesterov)
    assert at_critical <= rates.min() + 1e-6


def test_there_is_no_critical_momentum_beyond_the_last_border() -> None:
    assert np.isnan(experiment.critical_momentum(4.5))


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("condition", [3.0, 100.0, 1000.0])
def test_no_setting_is_faster_than_the_best(condition: float, nesterov: bool) -> None:
    lr, momentum, rate = experiment.best_setting(condition, nesterov=nesterov)
    lrs, momenta = np.linspace(0.01, 4, 800)[None], np.linspace(0, 0.999, 800)[:, None]
    both = [
        np.maximum(*(experiment.theoretical_rate(a * c, b, nesterov=nesterov) for c in (1, 1 / condition)))
        for a, b in ((lrs, momenta), (lr, momentum))
    ]
    assert both[1] == pytest.approx(rate, abs=1e-6)
    assert both[0].min() >= rate - 1e-9
    assert both[0].min() == pytest.approx(rate, abs=0.02)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("condition", [1.0, 2.0, 100.0, 1000.0])
def test_the_fastest_setting_of_the_sliders_is_nearly_the_best(condition: float, nesterov: bool) -> None:
    config = PlaneConfig(condition=condition, nesterov=nesterov)
    lr, momentum = experiment.fastest(config)
    rate = experiment.cell_rates(config.change(lr=lr, momentum=momentum).check())[1]
    best = experiment.best_setting(condition, nesterov=nesterov)[2]
    assert 1 - rate > 0.85 * (1 - best)


def test_without_momentum_no_rate_is_better_than_plain_best() -> None:
    lr, rate = experiment.plain_best(100.0)
    assert experiment.cell_rates(PlaneConfig(lr=round(lr, 2), momentum=0.0))[1] == pytest.approx(
        rate, abs=1e-3
    )


@pytest.mark.parametrize(
    ("step", "momentum", "expected"),
    [
        (1.0, 0.0, "at once"),
        (0.1, 0.1, "over-damped"),
        (0.25, 0.25, "critical"),
        (0.1, 0.9, "ripples"),
        (1.8, 0.0, "flips"),
        (2.0, 0.0, "diverges"),
        (3.5, 0.5, "diverges"),
    ],
)
def test_what_a_direction_does_is_named(step: float, momentum: float, expected: str) -> None:
    assert experiment.regime(step, momentum) == expected
    assert expected in experiment.REGIMES


def test_the_period_of_ripples_is_what_one_counts() -> None:
    steep, _flat = experiment.directions(PlaneConfig(lr=0.2, momentum=0.95))
    weights = by_torch(0.2, 0.95, 100.0, nesterov=False, steps=400)[:, 0]
    crossings = np.flatnonzero(weights[1:] * weights[:-1] < 0)
    assert steep.period == pytest.approx(2 * np.diff(crossings).mean(), rel=0.02)


def test_a_diverging_descent_ends_where_it_has_left() -> None:
    found = experiment.descend(PlaneConfig(lr=4.0, momentum=0.0, shown=500))
    assert found.left_at == len(found.points) - 1 < 20
    assert np.abs(found.points[-1]).max() > experiment.FAR > np.abs(found.points[-2]).max()
    assert np.isfinite(found.losses).all()


def test_a_measurement_survives_numbers_beyond_float64() -> None:
    rates = experiment.measured_rates(np.array([4.0]), np.array([0.0]), 1.0, nesterov=False, steps=2000)
    assert rates[0, 0] == pytest.approx(3.0)


def test_a_learning_rate_outside_the_plane_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"must lie between 0\.02 and 4"):
        PlaneConfig(lr=5.0).check()


# Charts


def test_the_plane_leaves_out_what_diverges_and_catches_clicks_on_every_cell() -> None:
    cells = experiment.plane(100.0, nesterov=False, steps=50)
    lines = experiment.lines(100.0, nesterov=False)
    drawn = charts.plane(cells, lines, (3.3, 0.67), (1.0, 0.9))
    rates, diverging, *_, catchers = drawn.data
    assert (np.isnan(rates.z) == (cells.measured >= 1)).all()
    assert (np.isnan(diverging.z) != np.isnan(rates.z)).all()
    assert len(catchers.x) == 2000
    index = 37 * 40 + 12
    assert (catchers.x[index], catchers.y[index]) == (cells.lrs[12], cells.momenta[37])
    assert catchers.customdata[index][1] == cells.theory[37, 12]


def test_a_round_bowl_has_one_line_of_critical_damping() -> None:
    assert [line.name for line in experiment.lines(1.0, nesterov=False)] == [
        "border: αλ = 2 + 2β",
        "critical, steep direction",
    ]


def test_few_points_are_sent_of_a_long_descent() -> None:
    config = PlaneConfig(shown=500)
    drawn = charts.losses(experiment.descend(config), experiment.curvatures(100.0), 0.95)
    assert all(len(trace.x) <= 501 for trace in drawn.data)


def test_the_parts_of_the_loss_add_up() -> None:
    found = experiment.descend(PlaneConfig(lr=1.1, shown=30))
    total, steep, flat, _theory = charts.losses(found, experiment.curvatures(100.0), 0.95).data
    np.testing.assert_allclose(steep.y + flat.y, total.y)


def test_a_wide_swing_is_shown_and_a_diverging_one_is_not() -> None:
    swing = charts.path(experiment.descend(PlaneConfig(lr=3.31, momentum=0.68)), (1.0, 0.01))
    assert 2 < swing.layout.yaxis.range[1] < charts.FURTHEST
    assert swing.layout.xaxis.range[1] == charts.REACH


def test_a_diverging_path_does_not_stretch_the_axes() -> None:
    drawn = charts.path(experiment.descend(PlaneConfig(lr=4.0, momentum=0.0)), (1.0, 0.01))
    assert drawn.layout.xaxis.range == (-charts.REACH, charts.REACH)
    assert np.abs(drawn.data[1].y).max() <= 20
