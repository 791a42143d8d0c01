"""Two classes: the material's numbers, the best of all lines, and weights that grow for ever."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from dashlab.errors import ConfigError
from dashlab.experiments.descent import classes
from dashlab.experiments.descent.classes_rows import best_line, logit, sigmoid
from dashlab.experiments.descent.classes_settings import ClassesConfig
from dashlab.experiments.descent.classes_words import bayes, cross_entropy
from dashlab.experiments.descent.presets import CLASSES


def test_s13_with_the_draws_of_the_material_stops_at_its_380th_step() -> None:
    torch.manual_seed(10)
    ones = torch.ones(100, 2)
    x = torch.cat([torch.normal(1.7 * ones, 1) + 1, torch.normal(-1.7 * ones, 1) + 1])
    y = torch.cat([torch.zeros(100), torch.ones(100)])
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    for step in range(1000):
        p = torch.sigmoid(model(x))[:, 0]
        loss = torch.nn.functional.binary_cross_entropy(p, y)
        accuracy = ((p >= 0.5) == (y == 1)).sum().item() / 200
        if step % 20 == 0 and accuracy > 0.99:
            break
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    run = classes.fit(CLASSES["s13"].config)
    assert (step, run.steps, run.ended) == (380, 380, "accuracy")
    assert accuracy == run.accuracies(0.5)[-1] == 0.995
    assert run.losses[-1] == pytest.approx(loss.item(), rel=1e-4)
    learned = [*model.weight[0].tolist(), model.bias.item()]
    assert run.weights[-1] == pytest.approx(learned, rel=1e-3)


def test_the_best_that_a_line_can_do_on_such_clouds_is_992_in_a_thousand() -> None:
    assert bayes(1.7) == pytest.approx(0.992, abs=5e-4)
    dice = np.random.default_rng(0)
    wrong = (1.7 * 2 + dice.normal(size=(400_000, 2)).sum(1) < 0).mean()  # on the other side of x₁ + x₂ = 0
    assert 1 - wrong == pytest.approx(bayes(1.7), abs=1e-3)


def test_the_best_line_is_that_of_a_search_over_all_pairs_of_points() -> None:
    dice = np.random.default_rng(1)
    for _ in range(100):
        count = int(dice.integers(2, 12))
        x, y = dice.normal(size=(count, 2)), dice.integers(0, 2, count)
        best = max(int((y == 0).sum()), int((y == 1).sum()))
        for first in range(count):
            for second in range(first):
                way = x[second] - x[first]
                right = 0
                for place in range(count):
                    if place not in (first, second):
                        side = way[0] * (x[place] - x[first])[1] - way[1] * (x[place] - x[first])[0]
                        right += (side > 0) == (y[place] == 1)
                best = max(best, right + 2, count - 2 - right + 2)
        assert best_line(x, y) == best


def test_no_step_of_any_descent_does_better_than_the_best_line() -> None:
    for preset in CLASSES.values():
        run = classes.fit(preset.config)
        assert run.accuracies(0.5).max() * len(run.y) <= run.best_count + 1e-9


def test_where_a_line_separates_the_classes_the_loss_has_no_lowest_point() -> None:
    run = classes.fit(CLASSES["growing"].config)
    assert run.is_separable
    assert run.optimum is None
    assert (np.diff(run.norms[200:]) > 0).all()
    losses = [cross_entropy(run, scale * run.weights[-1]) for scale in (1, 2, 4)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] == pytest.approx(run.losses[-1])


def test_where_none_does_the_weights_come_to_rest_at_those_of_newtons_method() -> None:
    run = classes.fit(CLASSES["overlapping"].config)
    assert run.optimum is not None
    p = sigmoid(run.x @ run.optimum[:2] + run.optimum[2])
    assert np.abs(((p - run.y)[:, None] * run.x).mean(0)).max() < 1e-12
    assert run.weights[-1] == pytest.approx(run.optimum, rel=1e-4)
    assert run.losses.min() >= run.optimum_loss - 1e-12


def test_on_circles_a_line_fails_and_on_moons_it_gets_nine_in_ten() -> None:
    circles, moons = (classes.fit(CLASSES[name].config) for name in ("circles", "moons"))
    assert circles.best_count / len(circles.y) < 0.75
    assert circles.losses[-1] == pytest.approx(math.log(2), abs=1e-3)
    assert 0.85 < moons.accuracies(0.5)[-1] < 0.95


def test_a_draw_that_no_line_can_separate_well_enough_goes_on_to_the_last_step() -> None:
    run = classes.fit(CLASSES["neverthere"].config)
    assert run.ended == "steps"
    assert run.best_count / len(run.y) <= 0.99


def test_a_threshold_moves_the_accuracy_as_counting_does() -> None:
    run = classes.fit(ClassesConfig(steps=60, stops=False))
    for threshold in (0.1, 0.5, 0.9):
        counted = [
            sum(
                (p >= threshold) == (label == 1)
                for p, label in zip(run.probabilities(step), run.y, strict=True)
            )
            for step in (0, 60)
        ]
        assert run.accuracies(threshold)[[0, 60]] == pytest.approx([count / 200 for count in counted])


def test_sigmoid_neither_overflows_nor_loses_small_probabilities() -> None:
    assert sigmoid(np.array([-1000.0, -40.0, 0.0, 1000.0])) == pytest.approx([0, math.exp(-40), 0.5, 1])
    assert sigmoid(np.array([logit(0.2)])) == pytest.approx([0.2])


def test_the_gradient_is_p_minus_y_times_x() -> None:
    run = classes.fit(ClassesConfig(steps=3, stops=False))
    features = np.column_stack([run.x, np.ones(len(run.x))])
    for step in range(4):
        wanted = ((run.probabilities(step) - run.y)[:, None] * features).mean(0)
        assert run.gradients[step] == pytest.approx(wanted)


def test_the_same_seed_gives_the_same_and_leaves_torchs_own_generator_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first, second = (classes.fit(ClassesConfig(data="moons", steps=5, stops=False)) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(first.weights, second.weights)


def test_an_accuracy_that_nothing_exceeds_is_refused() -> None:
    with pytest.raises(ConfigError, match="No accuracy is above 1"):
        classes.fit(ClassesConfig(stop_accuracy=1.0))
