"""Formulas and sentences of BatchNorm against none, against what PyTorch does."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn

from dashlab.experiments.batchnorm.presets import BATCHES, RATES, TWINS
from dashlab.experiments.batchnorm.rows import TwinsConfig, TwinsEpoch
from dashlab.experiments.batchnorm.sweeps import BatchSweep, RateSweep, Reach, Trial
from ui.batchnorm import inside, sweeps, words


def test_the_formula_of_the_running_variance_is_what_torch_does() -> None:
    layer, batch = nn.BatchNorm1d(1, momentum=0.1), torch.tensor([[0.0], [2.0]])
    layer(batch)
    n, biased = len(batch), batch.var(unbiased=False).item()
    assert layer.running_var is not None
    assert layer.running_var.item() == pytest.approx(1.1)
    assert 0.9 * 1 + 0.1 * n / (n - 1) * biased == pytest.approx(1.1)
    assert r"m\,\frac{n}{n - 1}\,\sigma_B^2" in inside.RUNNING
    assert "n − 1" in inside.BESSEL


@pytest.mark.parametrize("order", ["before", "after"])
def test_what_batchnorm_is_said_to_hold_has_mean_0_and_variance_1(order: str) -> None:
    config = TwinsConfig(points=100, hidden=(8,), epochs=3, order=order, affine=False)
    entering = [row.normed.layers[0] for row in config.rows() if isinstance(row, TwinsEpoch)]
    held = all(abs(one.mean) < 1e-4 and one.std == pytest.approx(1, abs=0.01) for one in entering)
    assert held == (order == "before")
    assert ("what enters the activation" in inside._held(config)) == (order == "before")
    assert ("what leaves the activation" in inside._held(config)) == (order == "after")


def test_learned_scale_and_shift_are_said_to_move_what_is_held() -> None:
    assert "γ and β" in inside._held(TwinsConfig())
    assert "γ and β" not in inside._held(TwinsConfig(affine=False))


@cache
def twins_of(name: str) -> list[TwinsEpoch]:
    flat = TWINS[name].config.flat()
    config = TwinsConfig().change(**{field: flat[field] for field in TwinsConfig.specs()}).without_unused()
    return [row for row in config.rows() if isinstance(row, TwinsEpoch)]


def test_at_a_high_rate_the_loss_leaps_up_then_is_low_and_eval_mode_follows_later() -> None:
    rows = twins_of("highrate")
    losses = [row.normed.training.loss for row in rows]
    assert 0 < rows[-1].plain.diverged <= 10
    assert max(losses[2:8]) > 2 * losses[1]
    low = next(at for at, loss in enumerate(losses) if loss < 0.1)
    assert low <= 20
    assert rows[low].normed.by_running.accuracy < 0.9 < rows[-1].normed.by_running.accuracy


def test_six_plain_layers_learn_as_well_as_batchnorm_at_no_rate() -> None:
    sweep = RATES["ratedeep"].config
    assert isinstance(sweep, RateSweep)
    trials = [row for row in sweep.rows() if isinstance(row, Trial)]
    plain, normed = ([one for one in trials if one.batchnorm == bn] for bn in (False, True))
    best = max(one.by_running for one in plain if not one.diverged)
    assert best < max(one.by_running for one in normed if not one.diverged) - 0.1
    assert not plain[0].diverged
    assert plain[0].by_running < 0.6
    assert plain[-1].diverged


TRIAL = Trial(
    lr=0.1, batch_size=2, batchnorm=True, seed=0, steps=10, training_loss=0.5, by_batch=0.9, by_running=0.8,
    diverged=0,
)  # fmt: skip
LOST = replace(TRIAL, by_batch=math.nan, by_running=math.nan, diverged=3)


def test_a_large_epsilon_is_said_to_leave_a_variance_below_1() -> None:
    config = TwinsConfig(points=100, hidden=(8,), epochs=1, affine=False, eps=1.0)
    row = next(row for row in config.rows() if isinstance(row, TwinsEpoch))
    assert row.normed.layers[0].std < 0.9
    assert "with ε = 1 the variance is σ²/(σ² + ε), which is less than 1" in inside._held(config)
    assert "ε" not in inside._held(TwinsConfig())


def test_a_seed_that_diverged_counts_as_guessing_and_is_said() -> None:
    assert sweeps._accuracy([TRIAL, replace(TRIAL, seed=1)], 2) == "80.0 % in eval mode"
    assert sweeps._accuracy([TRIAL, LOST], 2) == (
        "65.0 % in eval mode, where 1 of 2 diverged and count as guessing"
    )
    assert sweeps._accuracy([LOST], 2) == "diverged"


def test_rates_between_at_which_a_twin_does_not_learn_are_named() -> None:
    found = Reach(batchnorm=True, learns=(0.1, 10.0), stops_at=100.0, gaps=(1.0,))
    assert sweeps._reach(found) == "learns from 0.1 to 10 (but not at 1), and **stops learning at 100**."


@pytest.mark.parametrize("count", [100, 2000])
def test_units_are_called_dead_for_as_many_inputs_as_were_looked_at(count: int) -> None:
    config = TwinsConfig(points=count, hidden=(8,), init="zeros", epochs=1)
    rows = [row for row in config.rows() if isinstance(row, TwinsEpoch)]
    said = " ".join(words.what_happened(config, rows, rows[-1]))
    assert f"the same output for each of the {min(500, config.train_count)} inputs" in said
    assert sum(rows[-1].plain.layers[0].entering) == 8 * min(500, config.train_count)


def test_small_batches_are_not_said_to_need_more_steps() -> None:
    far = replace(TRIAL, by_batch=0.95, by_running=0.6)
    assert "mostly noise" in sweeps._lag([far])
    assert "more steps or a larger momentum" in sweeps._lag([far, replace(far, batch_size=64)])
    assert sweeps._lag([TRIAL, LOST]) == ""


# The words of the presets


def gradient(rows: Sequence[TwinsEpoch], *, batchnorm: bool) -> tuple[float, float]:
    """Of the lowest and of the highest layer after the first epoch."""
    norms = (rows[1].normed if batchnorm else rows[1].plain).gradients
    return norms[0], norms[-1]


def test_without_batchnorm_signal_and_gradient_die_and_with_it_the_spirals_come_apart() -> None:
    rows = twins_of("spirals")
    stds = [spread.std for spread in rows[0].plain.layers]
    assert stds[-1] < stds[0] / 3
    low, high = gradient(rows, batchnorm=False)
    assert low < high / 100
    low, high = gradient(rows, batchnorm=True)
    assert low > high / 10
    assert rows[-1].plain.by_running.accuracy < 0.6
    assert rows[-1].normed.by_running.accuracy > 0.95


def test_on_noisy_moons_batchnorm_is_quicker_at_first_and_both_end_about_as_good() -> None:
    rows = twins_of("moons")
    assert rows[3].normed.training.loss < rows[3].plain.training.loss - 0.05
    assert rows[3].normed.by_running.accuracy > rows[3].plain.by_running.accuracy + 0.03
    assert abs(rows[-1].normed.by_running.accuracy - rows[-1].plain.by_running.accuracy) < 0.025


def test_in_batches_of_two_the_twin_without_batchnorm_wins() -> None:
    last = twins_of("batchtwo")[-1]
    assert last.plain.by_running.accuracy > 0.95
    assert max(last.normed.by_running.accuracy, last.normed.by_batch.accuracy) < 0.7


def test_with_a_small_momentum_eval_mode_fails_for_a_long_time_and_train_mode_does_not() -> None:
    rows, usual = twins_of("lagging"), twins_of("s7")
    assert [row.normed.training for row in rows[1:]] == [row.normed.training for row in usual[1:]]
    assert all(row.normed.by_batch.accuracy > 0.98 for row in rows[3:])
    assert all(row.normed.by_running.accuracy < 0.6 for row in rows[:25])


def test_without_running_statistics_both_modes_agree_and_one_input_cannot_be_read() -> None:
    config = TWINS["untracked"].config
    layer = nn.BatchNorm1d(2, track_running_stats=False).eval()
    with pytest.raises(ValueError, match="more than 1 value"):
        layer(torch.zeros(1, 2))
    assert config.flat()["track"] is False
    last = twins_of("untracked")[-1].normed
    assert last.by_batch == last.by_running


def test_from_tiny_weights_the_plain_twin_never_starts_and_batchnorm_does() -> None:
    rows = twins_of("tiny")
    assert rows[0].plain.layers[-1].std < 0.01
    assert rows[0].normed.layers[-1].std > 0.5
    assert gradient(rows, batchnorm=False)[0] < gradient(rows, batchnorm=True)[0] / 100
    assert all(row.plain.training.loss > 0.69 for row in rows[1:])
    assert rows[40].normed.training.loss < 0.1


def test_from_right_to_left_batchnorm_falls_behind_and_at_two_it_is_lost() -> None:
    sweep = BATCHES["batchcircles"].config
    assert isinstance(sweep, BatchSweep)
    assert sweep.steps == 150
    trials = [row for row in sweep.rows() if isinstance(row, Trial)]
    of = {(one.batch_size, one.batchnorm): one.by_running for one in trials}
    assert of[256, True] > 0.95
    assert of[4, True] < of[256, True] - 0.05
    assert of[2, True] < 0.7
    assert of[2, False] > 0.9


def test_both_twins_learn_the_circles_and_batchnorm_is_far_ahead_by_epoch_15() -> None:
    rows = twins_of("s7")
    assert min(rows[-1].plain.by_running.accuracy, rows[-1].normed.by_running.accuracy) > 0.98
    (at,) = (row for row in rows if row.epoch == 15)
    assert at.normed.training.loss < 0.1
    assert at.plain.training.loss > 0.5
