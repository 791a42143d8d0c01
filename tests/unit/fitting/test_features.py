"""Random features through the interpolation threshold."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dashlab.charts.fitting import features as charts
from dashlab.experiments.fitting import words
from dashlab.experiments.fitting.features import Interpolation, counts_of, interpolate
from dashlab.experiments.fitting.settings import FeaturesConfig


@pytest.fixture(scope="module")
def found() -> Interpolation:
    return interpolate(FeaturesConfig())


def test_the_peak_stands_at_as_many_features_as_points_for_each_of_ten_seeds(found: Interpolation) -> None:
    assert found.every.shape[1] == 10
    assert [found.counts[place] for place in found.every.argmax(0)] == [60] * 10
    assert found.counts[found.peak] == 60


def test_it_is_at_least_ten_times_the_lowest_to_its_right(found: Interpolation) -> None:
    assert found.height >= 10
    after = found.every[found.threshold + 1 :]
    assert (found.every[found.threshold] >= 10 * after.min(0)).all()


def test_ridge_takes_it_below_twice(found: Interpolation) -> None:
    assert found.ridge_height < 2
    ratio = found.every_ridge[found.threshold] / found.every_ridge[found.threshold + 1 :].min(0)
    assert np.median(ratio) < 2


@pytest.mark.parametrize("seed", [10, 100, 1000])
def test_other_seeds_tell_the_same(seed: int) -> None:
    other = interpolate(FeaturesConfig(seed=seed))
    assert other.counts[other.peak] == 60
    assert other.height >= 10
    assert other.ridge_height < 2


def test_the_fits_are_those_of_numpys_pseudo_inverse(monkeypatch: pytest.MonkeyPatch) -> None:
    from dashlab.experiments.fitting import features

    config = FeaturesConfig(points=20, seeds=2, ridge=0.05)
    draws = features._draw(config)
    found = interpolate(config)
    for place, count in enumerate(counts_of(config)):
        for seed in range(2):
            x, y = draws.x[seed].numpy(), draws.y[seed].numpy()
            weight, bias = draws.weight[seed, :count].numpy(), draws.bias[seed, :count].numpy()
            design, new = (
                np.maximum(points @ weight.T + bias, 0) / np.sqrt(count)
                for points in (x, draws.new_x[seed].numpy())
            )
            gram = design.T @ design + 20 * 0.05 * np.eye(count)
            ridge = np.linalg.solve(gram, design.T @ y)
            wanted = draws.new_y[seed].numpy()
            assert found.every_ridge[place, seed] == pytest.approx(np.mean((new @ ridge - wanted) ** 2))
            shortest = np.linalg.pinv(design, rcond=max(design.shape) * np.finfo(float).eps) @ y
            error = np.mean((new @ shortest - wanted) ** 2)
            assert found.every[place, seed] == pytest.approx(error, rel=1e-3)


def test_past_the_threshold_every_point_is_met_and_the_weights_shrink(found: Interpolation) -> None:
    assert (found.training[found.threshold + 1 :] < 1e-12).all()
    assert (found.training[: found.threshold] > 1e-3).all()
    assert found.norms[-1] < found.norms[found.threshold] / 10
    assert (found.norms_ridge < found.norms)[found.threshold :].all()


def test_the_truth_is_told_by_the_first_seeds_points(found: Interpolation) -> None:
    assert np.std(found.dots[1] - found.dots[0]) == pytest.approx(0.5, rel=0.3)  # linear, noise 0.5
    sine = interpolate(FeaturesConfig(teacher="sine", seeds=1, most=2))
    assert list(sine.truth) == pytest.approx(list(np.sin(1.5 * sine.along)))


def test_a_sentence_says_where_the_peak_is_and_what_ridge_does(found: Interpolation) -> None:
    said = words.peak_words(found, FeaturesConfig())
    assert "as many features as points, 60" in said
    assert f"{found.height:.3g} times" in said
    flat = FeaturesConfig(inputs=1, teacher="sine")
    assert "and not at 60" in words.peak_words(interpolate(flat), flat)


def test_the_figures_draw_what_was_found(found: Interpolation) -> None:
    at = found.nearest(60)
    assert found.counts[at] == 60
    drawn = charts.over_features(found, at, 0.02)
    assert list(drawn.data[10].y) == list(found.errors)
    assert list(drawn.data[11].y) == list(found.errors_ridge)
    assert list(charts.along(found, at, 0.02).data[2].y) == list(found.fits[at])
    assert list(charts.norms(found, at, 0.02).data[0].y) == list(found.norms)


def test_equal_settings_give_equal_numbers(found: Interpolation) -> None:
    torch.manual_seed(5)
    assert np.array_equal(interpolate(FeaturesConfig()).every, found.every)
