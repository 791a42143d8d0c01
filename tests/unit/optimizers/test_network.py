"""Races on a network: which runs they are, how they are ordered, and what is said of them."""

import json
import math
import statistics
from pathlib import Path
from typing import Any

import pytest

from dashlab.charts.optimizers import network as charts
from dashlab.errors import ConfigError
from dashlab.experiments.optimizers.network import (
    NetworkRace,
    entries,
    names,
)
from dashlab.experiments.optimizers.standings import (
    Lane,
    best_column,
    curve,
    difference,
    lane_of,
    lanes_of,
    mean_and_sd,
    standing,
)
from dashlab.jobs.job import StudyJob
from dashlab.settings.lists import text_of
from dashlab.settings.optim import OptimConfig
from dashlab.settings.run import RunConfig
from dashlab.store.runs import Store
from dashlab.training import engine
from dashlab.training.records import from_plain, plain
from dashlab.training.results import EpochRow, Started, StepRow
from dashlab.training.study import StudyOutcome, Tick, perform
from dashlab.training.together import MOST_TOGETHER, RacerRow, StackedRuns, orders
from tests.typed import there
from tests.unit.pictures import made_up

TWO = text_of((OptimConfig(lr=0.1), OptimConfig(optimizer="adam", lr=0.01)))
SMALL = NetworkRace(racers=TWO, hidden=(16,), train_size=0, batch_size=16, epochs=2)


@pytest.fixture(autouse=True)
def pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "load", lambda _config: made_up())


def begun() -> Started:
    return Started(
        epochs=1, steps_per_epoch=4, parameters=1, train_count=1, val_count=1, test_count=1,
        classes=tuple("0123456789"), shape=(1, 8, 8), mean=(0.0,), std=(1.0,), origin="", device="",
    )  # fmt: skip


def step(number: int, loss: float) -> StepRow:
    return StepRow(step=number, window=1, loss=loss, accuracy=0.5, lr=0.1)


def epoch(number: int, step_: int, seconds: float, loss: float = 1.0, val: float | None = None) -> EpochRow:
    return EpochRow(
        epoch=number, step=step_, train_loss=loss, train_accuracy=0.5,
        val_loss=None if val is None else loss, val_accuracy=val, lr=0.1, seconds=seconds,
    )  # fmt: skip


def ended(val: float, *, accuracy: float = 0.5, loss: float = 1.0) -> Lane:
    """A run that came to its end."""
    return Lane(state="finished", accuracy=accuracy, test_loss=loss, epochs=(epoch(1, 4, 1.0, loss, val),))


DIVERGED = Lane(state="diverged", started=begun(), epochs=(epoch(1, 4, 1.0, 9.0, 0.99),))


# -- which runs ---------------------------------------------------------------------------------------------


def test_every_racer_starts_from_the_same_weights_on_the_same_batches() -> None:
    runs = entries(SMALL)
    assert len(runs) == 2
    for run in runs:
        assert run.config.change(**OptimConfig().flat()) == runs[0].config.change(**OptimConfig().flat())


def test_every_seed_is_a_race_of_its_own() -> None:
    runs = entries(SMALL.change(seeds=3, seed=5))
    assert [(run.racer, run.seed) for run in runs] == [(0, 5), (1, 5), (0, 6), (1, 6), (0, 7), (1, 7)]
    assert [run.config.loop.seed for run in runs] == [5, 5, 6, 6, 7, 7]


def test_a_grid_has_every_racer_at_every_rate() -> None:
    grid = SMALL.change(task="grid", lr_low=0.001, lr_high=0.1, lr_count=3)
    assert grid.rates() == (0.001, 0.01, 0.1)
    found = {(run.racer, run.column): run.config.optim for run in entries(grid)}
    assert [found[row, column].lr for row in range(2) for column in range(3)] == [*grid.rates()] * 2
    assert {found[1, column].optimizer for column in range(3)} == {"adam"}
    assert names(grid) == ("SGD", "Adam")


def test_the_key_of_an_entry_is_that_of_the_run_that_is_trained() -> None:
    for run in entries(SMALL, "bundled"):
        assert run.key == engine.resolved(run.config).key()


def test_a_linear_race_has_no_runs() -> None:
    assert entries(SMALL.change(task="linear")) == ()


def test_too_many_runs_are_refused() -> None:
    with pytest.raises(ConfigError, match="150 are the most"):
        NetworkRace(task="grid", seeds=5).check()


def test_a_linear_race_that_would_take_too_long_is_refused() -> None:
    long = NetworkRace(task="linear", samples=10_000, passes=200)
    with pytest.raises(ConfigError, match="these are 157,000 updates"):
        long.check()
    long.change(racers=TWO).check()


def test_a_grid_must_span_something() -> None:
    with pytest.raises(ConfigError, match="must be above"):
        NetworkRace(task="grid", lr_low=0.1, lr_high=0.1).check()


# -- orders and stacked runs --------------------------------------------------------------------------------


def test_the_runs_of_one_seed_are_trained_as_one() -> None:
    (first, second) = orders(run.config for run in entries(SMALL.change(seeds=2)))
    assert isinstance(first, StackedRuns)
    assert isinstance(second, StackedRuns)
    assert {config.loop.seed for config in second.configs()} == {1}


def test_no_more_are_trained_as_one_than_is_good() -> None:
    grid = SMALL.change(task="grid", lr_count=7)
    found = orders(run.config for run in entries(grid))
    counts = [len(order.configs()) for order in found if isinstance(order, StackedRuns)]
    assert counts == [MOST_TOGETHER, 14 - MOST_TOGETHER]


def test_networks_that_cannot_be_stacked_are_trained_one_after_the_other() -> None:
    race = SMALL.change(network="lenet", hidden=(128, 64))
    wanted = [run.config for run in entries(race)]
    assert orders(wanted) == wanted


def test_a_study_of_stacked_runs_has_exactly_the_runs_it_was_made_of() -> None:
    configs = [run.config for run in entries(SMALL.change(seed=3, batchnorm=True))]
    study = StackedRuns.of(configs)
    assert list(study.check().configs()) == configs
    assert list(StackedRuns.from_json(json.loads(json.dumps(study.to_json()))).configs()) == configs


def test_what_runs_have_in_common_must_be_readable() -> None:
    with pytest.raises(ConfigError, match="not valid JSON"):
        StackedRuns(base="{").configs()


def test_stacked_runs_report_rows_and_ticks_and_leave_results() -> None:
    configs = [run.config for run in entries(SMALL)]
    heard: list[Any] = []
    outcome = perform(StackedRuns.of(configs), on_row=heard.append, should_stop=lambda: False)
    assert [result.config.key() for result in outcome.results] == [
        engine.resolved(config).key() for config in configs
    ]
    lanes = lanes_of(outcome.rows, 2)
    for lane, result in zip(lanes, outcome.results, strict=True):
        assert (lane.started, lane.steps, lane.epochs) == (result.started, result.steps, result.epochs)
        assert lane.state == "running"
    assert any(isinstance(row, Tick) for row in heard)
    assert [from_plain(RacerRow, plain(row)) for row in outcome.rows] == list(outcome.rows)


def test_stopped_stacked_runs_leave_what_they_have() -> None:
    study = StackedRuns.of([run.config for run in entries(SMALL)])
    outcome = perform(study, on_row=lambda _row: None, should_stop=lambda: True)
    assert outcome.state == "stopped"
    assert [result.state for result in outcome.results] == ["stopped", "stopped"]


def test_stacked_runs_are_kept_as_runs_and_not_as_a_study(tmp_path: Path) -> None:
    study, store = StackedRuns.of([run.config for run in entries(SMALL)]), Store(tmp_path)
    outcome = perform(study, on_row=lambda _row: None, should_stop=lambda: False)
    job = StudyJob(study.key(), study, store)
    job.keep(outcome)
    assert {run.key for run in store.runs()} == {result.config.key() for result in outcome.results}
    assert job.stored() is None, "or a run that was deleted could never be trained again"
    assert isinstance(outcome, StudyOutcome)


# -- what is said of them -----------------------------------------------------------------------------------


def test_a_row_of_the_table_has_mean_and_deviation_over_the_seeds() -> None:
    lanes = [
        Lane(state="finished", accuracy=0.9, test_loss=0.3, train_s=1.0, epochs=(epoch(1, 4, 1.0, 0.5),)),
        Lane(state="finished", accuracy=0.8, test_loss=0.5, train_s=3.0, epochs=(epoch(1, 4, 1.0, 0.7),)),
        Lane(state="stopped", epochs=(epoch(1, 4, 1.0, 9.0),)),
    ]
    row = standing("Adam", lanes)
    assert (row.finished, row.diverged, row.notes) == (2, 0, ())
    assert row.accuracy == pytest.approx((0.85, math.sqrt(0.005)))
    assert row.train_loss == pytest.approx((0.6, math.sqrt(0.02)))
    assert row.train_s == pytest.approx((2.0, math.sqrt(2.0)))


def test_a_seed_that_diverged_counts_as_guessing() -> None:
    row = standing("SGD", [ended(0.9, accuracy=0.93, loss=0.2), DIVERGED, DIVERGED])
    assert (row.finished, row.diverged) == (1, 2)
    assert row.accuracy is not None
    assert row.accuracy[0] == pytest.approx((0.93 + 0.1 + 0.1) / 3)
    assert row.val_accuracy is not None
    assert row.val_accuracy[0] == pytest.approx((0.9 + 0.1 + 0.1) / 3)
    for loss in (row.train_loss, row.test_loss):
        assert loss is not None
        assert loss[0] == pytest.approx((0.2 + 2 * math.log(10)) / 3)


def test_a_racer_that_diverged_with_every_seed_has_no_figures() -> None:
    row = standing("SGD", [DIVERGED, DIVERGED])
    assert (row.accuracy, row.train_loss, row.test_loss, row.train_s) == (None, None, None, None)


def test_the_best_rate_is_chosen_by_the_pictures_held_back_and_not_by_the_test() -> None:
    assert best_column([[ended(0.8, accuracy=0.99)], [ended(0.9, accuracy=0.7)]]) == 1
    assert best_column([[ended(0.9, loss=0.3)], [ended(0.9, loss=0.2)], [ended(0.9, loss=0.4)]]) == 1


def test_a_rate_at_which_most_seeds_diverge_is_not_the_best() -> None:
    bold, timid = [ended(0.93), DIVERGED, DIVERGED], [ended(0.7)] * 3
    assert best_column([timid, bold]) == 0
    assert best_column([[DIVERGED], [DIVERGED]]) is None


def test_racers_are_compared_seed_by_seed() -> None:
    first = [ended(0.5, accuracy=value) for value in (0.80, 0.90, 0.70)]
    second = [ended(0.5, accuracy=value) for value in (0.82, 0.91, 0.73)]
    found = difference(first, second)
    assert found is not None
    assert found.mean == pytest.approx(-0.02)
    assert found.sd == pytest.approx(0.01)
    assert (found.below, found.seeds) == (3, 3)
    assert statistics.stdev([0.80, 0.90, 0.70]) > 5 * 0.02, "though the seeds differ far more"
    assert difference(first[:1], [Lane()]) is None


def test_a_grid_holds_a_fifth_back_and_a_race_nothing() -> None:
    runs = entries(SMALL.change(task="grid", lr_count=2))
    assert {run.config.data.val_fraction for run in runs} == {0.2}
    assert {run.config.data.val_fraction for run in entries(SMALL)} == {0.0}
    outcome = perform(
        StackedRuns.of([run.config for run in runs]), on_row=lambda _row: None, should_stop=lambda: False
    )
    lanes = [lane_of(result) for result in outcome.results]
    assert all(lane.val_accuracy is not None for lane in lanes)
    assert {lane.started.val_count for lane in lanes if lane.started} == {round(0.2 * len(made_up().train_y))}


def test_one_seed_has_no_deviation_and_none_has_no_mean() -> None:
    assert mean_and_sd([0.5, None]) == (0.5, None)
    assert mean_and_sd([None]) is None


def test_a_curve_is_the_mean_over_seeds_with_its_range_and_its_seconds() -> None:
    first = Lane(steps=(step(1, 4.0), step(2, 2.0)), epochs=(epoch(1, 2, 1.0),))
    second = Lane(steps=(step(1, 2.0), step(2, 1.0)), epochs=(epoch(1, 2, 3.0),))
    assert curve([first, second]) == [(1, 1.0, 3.0, 2.0, 4.0), (2, 2.0, 1.5, 1.0, 2.0)]


def test_a_smoothed_curve_is_the_mean_over_the_last_rows() -> None:
    lane = Lane(steps=tuple(step(k, loss) for k, loss in enumerate((4.0, 2.0, 0.0), 1)))
    assert [row[2] for row in curve([lane], smooth=2)] == [4.0, 3.0, 1.0]


def test_before_the_first_epoch_ends_no_step_has_a_second() -> None:
    ((_, seconds, *_),) = curve([Lane(steps=(step(1, 4.0),))])
    assert math.isnan(seconds)


def test_a_curve_goes_as_far_as_any_seed_does() -> None:
    short, long = Lane(steps=(step(1, 1.0),)), Lane(steps=(step(1, 3.0), step(2, 5.0)))
    assert [(row[0], row[2]) for row in curve([short, long])] == [(1, 2.0), (2, 5.0)]


def test_a_lane_of_a_result_has_its_figures() -> None:
    config = RunConfig().change(hidden=(8,), epochs=1)
    result = engine.train(config, device="cpu", images=made_up())
    lane = lane_of(result)
    assert lane.state == "finished"
    assert lane.accuracy == there(result.evaluation).accuracy
    assert lane.last_loss == result.epochs[-1].train_loss


# -- charts -------------------------------------------------------------------------------------------------


def test_a_loss_chart_has_a_row_for_each_point_that_can_be_drawn() -> None:
    curves = [[(1, 0.5, 2.0, 1.0, 3.0), (2, math.nan, 1.0, 1.0, 1.0)], []]
    chart = charts.loss(["A", "B"], curves, x="seconds", steps=2, log=True, banded=True)
    assert [(row["series"], row["at"], row["value"]) for row in chart.rows] == [("A", 0.5, 2.0)]
    assert chart.spec["encoding"]["color"]["scale"]["domain"] == ["A", "B"]
    assert len(chart.spec["layer"]) == 3


def test_a_loss_of_zero_has_no_place_on_a_log_axis_and_one_on_a_plain_axis() -> None:
    curves = [[(1, 0.5, 0.0, 0.0, 0.0), (2, 0.6, 1.0, 1.0, 1.0)]]
    logged = charts.loss(["A"], curves, x="step", steps=2, log=True, banded=False)
    plainly = charts.loss(["A"], curves, x="step", steps=2, log=False, banded=False)
    assert (len(logged.rows), len(plainly.rows)) == (1, 2)


def test_a_chart_has_its_columns_before_its_first_point() -> None:
    chart = charts.loss(["A"], [[]], x="step", steps=9, log=True, banded=False)
    assert chart.rows[0].keys() == {"series", "at", "step", "value", "low", "high"}
    assert charts.accuracy(["A"], []).rows[0].keys() == {"series", "seed", "value"}


def test_a_click_on_the_grid_tells_racer_and_rate() -> None:
    empty = charts.Cell(value=None, words="", more="not trained")
    figure = charts.grid(
        ["A", "B"], [0.1, 1.0], [[empty, empty], [empty, empty]], chosen=(1, 0), higher_is_better=True
    )
    assert [list(data) for data in figure.data[1].customdata] == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert figure.layout.shapes[0].x0 == -0.5
    assert figure.layout.shapes[0].y0 == 0.5


def test_a_diverging_racer_does_not_move_the_axis_of_the_linear_race() -> None:
    tracks = [((0, 1), (10.0, 1e6)), ((0, 1), (10.0, 1.0))]
    figure = charts.linear(["A", "B"], tracks, floor=0.01, top=30.0)
    low, high = figure.layout.yaxis.range
    assert high == pytest.approx(math.log10(30))
    assert -2.2 < low < -2, "the floor stands a little above the edge"
