"""What the presets of over- and underfitting say is so."""

from __future__ import annotations

import numpy as np
import pytest

from dashlab.experiments.fitting import words
from dashlab.experiments.fitting.curve import decompose, sample
from dashlab.experiments.fitting.dropout import masks
from dashlab.experiments.fitting.features import interpolate
from dashlab.experiments.fitting.network import entries
from dashlab.experiments.fitting.presets import BY_VIEW, CURES, CURVES, FEATURES, MASKS, SERIES, VOTES
from dashlab.experiments.fitting.series import TauRow, forecast, over_tau
from dashlab.experiments.fitting.settings import SeriesConfig

VERDICTS = {
    "justright": words.WELL,
    "toostiff": words.UNDER,
    "toobendy": words.OVER,
    "morepoints": words.WELL,
    "noisefloor": words.WELL,
    "beyond": words.OVER,
}


@pytest.mark.parametrize("name", VERDICTS)
def test_a_curve_is_fitted_as_its_preset_says(name: str) -> None:
    config = CURVES[name].config
    assert words.verdict(decompose(config), config.degree) == VERDICTS[name]


def test_penalties_take_the_variance_of_degree_15() -> None:
    free, ridge, lasso = (decompose(CURVES[name].config) for name in ("toobendy", "ridge", "lasso"))
    assert free.variance[15] > 1e12
    assert max(ridge.variance[15], lasso.variance[15]) < 1
    assert ridge.bias2[15] > 0.02
    thin, full = (sample(CURVES[name].config).coefficients[15, :16] for name in ("lasso", "ridge"))
    assert (thin == 0).sum() > 8
    assert (full != 0).all()


def test_of_more_coefficients_than_points_only_one_fit_is_left_at_degree_seven() -> None:
    found = sample(CURVES["beyond"].config)
    assert (found.training[7:] < 1e-12).all()
    assert found.training[6] > 1e-6
    norms = np.linalg.norm(found.coefficients, axis=1)
    assert norms[25] < norms[7]


def test_with_ridge_no_peak_is_left_and_without_noise_one_is() -> None:
    tamed = interpolate(FEATURES["tamed"].config)
    at = tamed.threshold
    assert (tamed.errors_ridge[at + 1 :] < tamed.errors_ridge[at]).all()
    assert tamed.errors_ridge[at] < tamed.errors_ridge[: at - 1].max()
    clean = interpolate(FEATURES["withoutnoise"].config)
    assert clean.counts[clean.peak] == 60
    assert clean.lowest_after < clean.errors[: clean.threshold].min() / 10


def test_the_error_falls_rises_peaks_and_falls() -> None:
    found = interpolate(FEATURES["peak"].config)
    third = found.nearest(FEATURES["few"].config.at)
    assert found.counts[third] == 18
    assert found.errors[0] > found.errors[1:third].min() < found.errors[found.threshold - 1]
    far = found.nearest(FEATURES["many"].config.at)
    swing = np.abs(np.diff(found.fits, axis=1)).mean(axis=1)
    assert swing[far] < swing[found.threshold] / 3


def test_one_input_has_its_peak_elsewhere() -> None:
    found = interpolate(FEATURES["oneinput"].config)
    assert found.counts[found.peak] != 60


def test_few_masks_settle_a_small_p_and_many_a_large_one() -> None:
    rarely, mostly = (masks(MASKS[name].config) for name in ("rarely", "mostly"))
    assert rarely.scale == pytest.approx(1.11, abs=0.01)
    assert rarely.apart[9] < 0.1 < mostly.apart[200]
    assert mostly.scale == pytest.approx(10)


def rows(name: str) -> tuple[dict[int, TauRow], SeriesConfig]:
    config = SERIES[name].config
    return {row.tau: row for row in over_tau(config)}, config


def test_one_value_is_too_few_sixteen_are_enough_and_thirty_two_are_too_many() -> None:
    few, config = rows("onevalue")
    assert few[1].one_step == max(row.one_step for row in few.values())
    assert few[config.tau].k_step > 5 * few[16].k_step
    enough, config = rows("enough")
    assert enough[16].one_step < 1.25 * config.noise**2
    assert enough[16].k_step < 1.1 * enough[16].one_step
    many, _ = rows("toomany")
    assert many[32].training == min(row.training for row in many.values())
    assert many[32].one_step == max(row.one_step for row in many.values())


def test_the_small_mlp_fits_what_it_knows_better_and_what_is_new_worse() -> None:
    config = SERIES["smallmlp"].config
    network, line = forecast(config), forecast(SERIES["enough"].config)
    assert network.training < line.training
    assert network.validation > line.validation


def test_the_recipes_of_the_course_are_as_it_has_them() -> None:
    s20, s26 = MASKS["s20"].config, SERIES["s26"].config
    assert (s20.rows, s20.columns, s20.p, s20.mode) == (5, 6, 0.5, "train")
    assert (s26.tau, s26.length, s26.train_count, s26.noise) == (4, 1000, 600, 0.2)


def test_cures_make_as_many_runs_as_their_presets_say() -> None:
    assert len(entries(CURES["threecures"].config)) == 2 * 8
    assert len(entries(CURES["everycure"].config)) == 128
    counts = {entry.pictures for entry in entries(CURES["howmany"].config)}
    assert (min(counts), max(counts)) == (50, 2000)


def test_every_view_has_presets_and_the_first_of_each_is_where_it_starts() -> None:
    assert all(BY_VIEW.values())
    for view in (CURVES, FEATURES, CURES, MASKS, VOTES, SERIES):
        first = next(iter(view.values()))
        assert first.config == type(first.config)()
