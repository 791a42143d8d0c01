"""Sweeps: each place is a training of its own, and what counts as learning."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from dashlab.errors import ConfigError
from dashlab.experiments.batchnorm.rows import TwinsConfig, TwinsEpoch
from dashlab.experiments.batchnorm.sweeps import (
    BatchSweep,
    RateSweep,
    Sweep,
    Trial,
    mean_accuracy,
    reach,
    threshold,
)
from dashlab.training.records import dumps, from_plain, loads, plain
from dashlab.training.study import Tick

RATES = RateSweep(points=100, hidden=(8,), lowest=0.01, highest=1.0, count=3, epochs=4, batch_size=16)
SIZES = BatchSweep(points=100, hidden=(8,), largest=64, steps=12)

TRIAL = Trial(
    lr=0.1, batch_size=16, batchnorm=False, seed=0, steps=10, training_loss=0.5, by_batch=0.9, by_running=0.9,
    diverged=0,
)  # fmt: skip


def run(config: Sweep) -> list[Trial]:
    return [row for row in config.rows() if isinstance(row, Trial)]


def at(accuracies: dict[float, float], *, batchnorm: bool = False) -> list[Trial]:
    """Trials with these accuracies at these rates; NaN for one that diverged."""
    return [
        replace(TRIAL, lr=lr, by_running=found, batchnorm=batchnorm, diverged=3 if math.isnan(found) else 0)
        for lr, found in accuracies.items()
    ]


def test_rates_are_evenly_spread_on_a_logarithmic_scale() -> None:
    assert [lr for lr, _, _ in RATES.settings()] == [0.01, 0.1, 1.0]
    assert [lr for lr, _, _ in RateSweep().settings()][::6] == [0.001, 0.316, 100.0]


def test_sizes_double_from_two_up_to_what_there_is() -> None:
    assert [size for _, size, _ in SIZES.settings()] == [2, 4, 8, 16, 32, 64]
    few = SIZES.change(points=40, largest=1024)  # 28 to train on
    assert [size for _, size, _ in few.settings()] == [2, 4, 8, 16]


def test_every_size_takes_the_same_number_of_steps() -> None:
    assert {trial.steps for trial in run(SIZES)} == {12}


def test_both_twins_are_trained_at_every_place_from_every_seed() -> None:
    trials = run(RATES.change(seeds=2, seed=5))
    assert [(trial.lr, trial.seed, trial.batchnorm) for trial in trials] == [
        (lr, seed, batchnorm) for lr in (0.01, 0.1, 1.0) for seed in (5, 6) for batchnorm in (False, True)
    ]


@pytest.mark.parametrize("batchnorm", [False, True], ids=["plain", "with BatchNorm"])
def test_a_place_of_the_sweep_is_what_training_the_twins_gives(batchnorm: bool) -> None:
    trial = next(found for found in run(RATES) if found.lr == 0.1 and found.batchnorm == batchnorm)
    config = TwinsConfig(points=100, hidden=(8,), lr=0.1, epochs=4, batch_size=16)
    *_, last = (row for row in config.rows() if isinstance(row, TwinsEpoch))
    twin = last.normed if batchnorm else last.plain
    assert trial.by_running == twin.by_running.accuracy
    assert trial.by_batch == twin.by_batch.accuracy


def test_the_training_loss_is_that_of_the_last_tenth() -> None:
    full = RATES.change(batch_size=0, epochs=10)
    trial = run(full)[0]
    config = TwinsConfig(points=100, hidden=(8,), lr=0.01, epochs=10)
    *_, last = (row for row in config.rows() if isinstance(row, TwinsEpoch))
    assert trial.training_loss == pytest.approx(last.plain.training.loss)


def test_small_batches_are_where_batchnorm_suffers() -> None:
    trials = run(BatchSweep())
    two = {trial.batchnorm: trial.by_running for trial in trials if trial.batch_size == 2}
    large = {trial.batchnorm: trial.by_running for trial in trials if trial.batch_size == 256}
    assert two[True] < 0.7
    assert two[False] > 0.9
    assert large[True] > 0.95


def test_batchnorm_learns_at_rates_where_its_twin_does_not() -> None:
    trials = run(RateSweep())
    plain, normed = (reach(trials, batchnorm=batchnorm, classes=2) for batchnorm in (False, True))
    assert normed.learns[0] < plain.learns[0]
    assert plain.stops_at is not None
    assert normed.stops_at is not None
    assert normed.stops_at > plain.stops_at


def test_progress_is_told_between_rows() -> None:
    ticks = [row for row in RATES.rows() if isinstance(row, Tick)]
    assert {tick.total for tick in ticks} == {6 * 4 * RATES.steps_of(16)}
    assert [tick.done for tick in ticks] == sorted(tick.done for tick in ticks)
    assert ticks[0].doing == "Learning rate 0.01, batch size 16, without"


def test_learning_is_half_way_from_guessing_to_the_best() -> None:
    trials = at({0.1: 0.9, 1.0: 0.5, 10.0: math.nan})
    assert threshold(trials, 2) == pytest.approx(0.7)
    assert threshold(at({0.1: 0.9}), 10) == pytest.approx(0.5)


def test_the_rate_that_stops_a_twin_is_the_first_above_those_at_which_it_learns() -> None:
    found = reach(at({0.01: 0.5, 0.1: 0.9, 1.0: 0.95, 10.0: 0.6, 100.0: 0.5}), batchnorm=False, classes=2)
    assert found.learns == (0.1, 1.0)
    assert found.stops_at == 10.0


def test_rates_between_at_which_it_does_not_learn_are_gaps() -> None:
    found = reach(at({0.01: 0.5, 0.1: 1.0, 1.0: 0.5, 10.0: 1.0}), batchnorm=False, classes=2)
    assert (found.learns, found.gaps, found.stops_at) == ((0.1, 10.0), (1.0,), None)


def test_a_twin_that_learns_up_to_the_highest_rate_has_no_end() -> None:
    found = reach(at({0.1: 0.9, 1.0: 0.95}), batchnorm=False, classes=2)
    assert (found.learns, found.stops_at) == ((0.1, 1.0), None)


def test_a_twin_that_never_learns_has_no_end_either() -> None:
    trials = at({0.1: 0.5, 1.0: math.nan}) + at({0.1: 0.9, 1.0: 0.9}, batchnorm=True)
    found = reach(trials, batchnorm=False, classes=2)
    assert (found.learns, found.stops_at) == ((), None)


def test_a_diverged_training_counts_as_guessing() -> None:
    trials = [*at({1.0: 0.9}), *at({1.0: math.nan})]
    assert mean_accuracy(trials, lr=1.0, batchnorm=False, classes=2) == pytest.approx(0.7)


def test_a_sweep_in_which_all_diverge_has_no_reach() -> None:
    found = reach(at({0.1: math.nan, 1.0: math.nan}), batchnorm=False, classes=2)
    assert (found.learns, found.stops_at) == ((), None)


def test_a_training_that_diverges_says_at_which_step() -> None:
    config = RateSweep(
        points=400, hidden=(64,) * 4, init="kaiming_normal", lowest=0.1, highest=5.0, count=3, epochs=20
    )
    trial = next(found for found in run(config) if found.lr == 5.0 and not found.batchnorm)
    assert 1 < trial.diverged < 20
    assert math.isnan(trial.by_running)


def test_rows_survive_json() -> None:
    trial = replace(TRIAL, by_running=math.nan, diverged=4)
    assert repr(from_plain(Trial, loads(dumps(plain(trial))))) == repr(trial)


def test_sweeps_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="above the lowest"):
        RateSweep(lowest=1.0, highest=0.1).check()
    with pytest.raises(ConfigError, match="at least 2"):
        RateSweep(batch_size=1).check()
    with pytest.raises(ConfigError, match="hidden layer"):
        BatchSweep(hidden=()).check()


def test_studies_of_different_kinds_have_different_keys() -> None:
    assert len({TwinsConfig().key(), RateSweep().key(), BatchSweep().key()}) == 3
