"""What the presets of descent say is so."""

from __future__ import annotations

import numpy as np
import pytest

from dashlab.experiments.descent import classes, line
from dashlab.experiments.descent.line_rows import condition, largest_rate
from dashlab.experiments.descent.presets import BY_VIEW, CLASSES, LINES


def test_every_preset_is_sound_and_stands_under_its_view() -> None:
    assert (BY_VIEW["line"], BY_VIEW["classes"]) == (LINES, CLASSES)
    for config in [preset.config for preset in (*LINES.values(), *CLASSES.values())]:
        config.check()


def test_s12_stops_long_before_the_intercept_is_there() -> None:
    run = line.descend(LINES["s12"].config)
    assert abs(run.weights[-1, 0] - 2) < 1
    assert run.weights[-1, 1] < 2.5 < run.data.best[1]


def test_a_tenth_of_the_largest_stable_rate_leaves_the_intercept_far_off_after_200_steps() -> None:
    config = LINES["tenth"].config
    run = line.descend(config)
    assert config.lr == pytest.approx(0.1 * largest_rate(run.data.hessian), rel=0.01)
    assert run.steps == 200
    assert run.weights[-1, 1] < 1
    assert run.data.best[1] > 4


def test_above_the_largest_stable_rate_every_step_lands_on_the_other_side_and_higher() -> None:
    config = LINES["above"].config
    run = line.descend(config)
    _, axes = np.linalg.eigh(run.data.hessian)
    along = (run.weights - run.data.best) @ axes[:, -1]
    assert (np.sign(along[1:]) == -np.sign(along[:-1])).all()
    assert (np.diff(run.losses) > 0).all()


def test_standardised_the_way_is_straight_to_the_lowest_point() -> None:
    run = line.descend(LINES["standardised"].config)
    assert condition(run.data.hessian) == pytest.approx(1)
    to_best = run.data.best - run.weights[0]
    steps = np.diff(run.weights, axis=0)
    cosines = steps @ to_best / np.hypot(*steps.T) / np.hypot(*to_best)
    assert cosines == pytest.approx(1)


def test_an_outlier_turns_the_line_under_the_squared_loss_and_not_under_the_absolute() -> None:
    squared, absolute = (line.descend(LINES[name].config) for name in ("outlier", "robust"))
    assert squared.weights[-1, 0] < 0.5
    assert absolute.weights[-1] == pytest.approx([2, 1], abs=0.1)
    assert np.abs(np.diff(absolute.weights[-20:], axis=0)).max() > 0  # it does not come to rest


def test_one_point_at_a_time_comes_near_and_never_rests() -> None:
    run = line.descend(LINES["single"].config)
    assert run.losses[50:].min() < 0.3 * run.losses[0]
    assert run.losses[-50:].max() > 1.5 * run.losses[-50:].min()


def test_the_boundary_of_s13_is_there_soon_and_the_last_points_take_hundreds_of_steps() -> None:
    run = classes.fit(CLASSES["s13"].config)
    accuracies = run.accuracies(0.5)
    assert accuracies[60] >= 0.95
    assert (accuracies[:300] <= 0.99).all()


def test_the_separable_clouds_are_and_the_overlapping_ones_are_not() -> None:
    growing, overlapping = (classes.fit(CLASSES[name].config) for name in ("growing", "overlapping"))
    assert growing.is_separable
    assert not overlapping.is_separable
