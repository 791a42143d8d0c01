"""A series predicted from its last values."""

from __future__ import annotations

import numpy as np
import pytest

from dashlab.charts.fitting import series as charts
from dashlab.errors import ConfigError
from dashlab.experiments.fitting import words
from dashlab.experiments.fitting.series import Forecast, forecast, over_tau, series, windows
from dashlab.experiments.fitting.settings import SeriesConfig


def linear(values: np.ndarray, tau: int, train_count: int) -> tuple[np.ndarray, float]:
    """Weights and bias by numpy's least squares, from windows made in a loop."""
    rows = [values[t - tau : t] for t in range(tau, train_count)]
    design = np.column_stack((np.array(rows), np.ones(len(rows))))
    found = np.linalg.lstsq(design, values[tau:train_count], rcond=None)[0]
    return found[:-1], found[-1]


@pytest.fixture(scope="module")
def found() -> Forecast:
    return forecast(SeriesConfig())


def test_s26_the_series_is_a_noisy_sine_of_a_thousand_values(found: Forecast) -> None:
    time = np.arange(1, 1001)
    assert found.clean == pytest.approx(np.sin(0.01 * time), abs=1e-3)
    assert (found.values - found.clean).std() == pytest.approx(0.2, rel=0.1)


def test_one_step_is_the_linear_model_of_numpy(found: Forecast) -> None:
    weights, bias = linear(found.values, 4, 600)
    for t in (4, 300, 600, 999):
        assert found.one_step[t] == pytest.approx(found.values[t - 4 : t] @ weights + bias)
    assert np.isnan(found.one_step[:4]).all()


@pytest.mark.parametrize("ahead", [2, 3, 16])
def test_k_steps_feed_predictions_back(ahead: int) -> None:
    config = SeriesConfig(ahead=ahead)
    found = forecast(config)
    weights, bias = linear(found.values, 4, 600)
    for t in (4 + ahead - 1, 700, 999):
        window = list(found.values[t - ahead - 3 : t - ahead + 1])  # the last known one is at t − k
        for _ in range(ahead):
            window = [*window[1:], np.dot(window, weights) + bias]
        assert found.k_step[t] == pytest.approx(window[-1])
    assert np.isnan(found.k_step[: 4 + ahead - 1]).all()


def test_on_its_own_it_sees_no_value_after_those_trained_on(found: Forecast) -> None:
    weights, bias = linear(found.values, 4, 600)
    window = list(found.values[596:600])
    for t in range(600, 1000):
        window = [*window[1:], np.dot(window, weights) + bias]
        assert found.free[t] == pytest.approx(window[-1], abs=1e-9)


def test_the_errors_are_means_over_what_comes_after(found: Forecast) -> None:
    squares = np.square(found.one_step - found.values)
    assert found.validation == pytest.approx(squares[600:].mean())
    assert found.training == pytest.approx(squares[4:600].mean())
    assert dict(found.by_ahead)[16] == pytest.approx(np.square(found.k_step - found.values)[600:].mean())


def test_the_further_ahead_the_worse_and_on_its_own_worst(found: Forecast) -> None:
    errors = [error for ahead, error in found.by_ahead if ahead >= 4]
    assert errors == sorted(errors)
    assert found.free_error > 5 * found.validation


def test_too_few_values_miss_the_shape_and_too_many_follow_the_noise() -> None:
    rows = {row.tau: row for row in over_tau(SeriesConfig(period=60, train_count=80))}
    best = min(rows.values(), key=lambda row: row.one_step)
    assert 6 <= best.tau <= 24
    assert rows[1].one_step > 1.2 * best.one_step
    assert rows[32].one_step > 1.5 * best.one_step
    assert rows[32].training < best.training
    assert 48 not in rows  # fewer training values than weights


def test_a_row_over_tau_is_the_forecast_with_it() -> None:
    config = SeriesConfig(tau=12, ahead=8)
    row = next(row for row in over_tau(config) if row.tau == 12)
    alone = forecast(config)
    assert row.one_step == pytest.approx(alone.validation)
    assert row.training == pytest.approx(alone.training)
    assert row.k_step == pytest.approx(dict(alone.by_ahead)[8])


def test_a_small_mlp_learns_the_series() -> None:
    config = SeriesConfig(model="mlp", tau=16, period=60.0, noise=0.1)
    found = forecast(config)
    line = forecast(config.change(model="linear"))
    assert found.validation < 2 * line.validation
    assert found.training < 0.05 * found.values.var()
    assert forecast(config).one_step[99] == found.one_step[99]


def test_windows_end_before_their_target() -> None:
    values, _ = series(SeriesConfig(length=200, train_count=100))
    x, y = windows(values, 3)
    assert x.shape == (197, 3)
    assert x[10].tolist() == values[10:13].tolist()
    assert y[10] == values[13]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train_count": 990}, "at most 980"),
        ({"train_count": 30, "tau": 40}, "more than 41"),
        ({"train_count": 970, "ahead": 64}, "no 64 left"),
        ({"model": "mlp", "hidden": ()}, "hidden layer"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(changes: dict[str, int], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        forecast(SeriesConfig().change(**changes))


def test_sentences_and_figures_hold_the_numbers(found: Forecast) -> None:
    config = SeriesConfig()
    rows = over_tau(config)
    best = min(rows, key=lambda row: row.one_step)
    assert f"τ = {best.tau} does best ({best.one_step:.3g})" in words.tau_words(rows, config)
    assert "predicts the next value best" in words.tau_words(rows, config.change(tau=best.tau))
    assert f"16 steps ahead {dict(found.by_ahead)[16]:.3g}" in words.ahead_words(found)
    assert "steps ahead" not in words.ahead_words(forecast(config.change(ahead=1)))
    drawn = charts.predictions(found)
    assert drawn.data[0].y[7] == found.values[14]
    assert len(charts.predictions(found, free_running=False).data) == len(drawn.data) - 1
    assert list(charts.over_tau(rows, 4, 16).data[1].y) == [row.one_step for row in rows]
    assert list(charts.over_ahead(found).data[0].y) == [error for _, error in found.by_ahead]
