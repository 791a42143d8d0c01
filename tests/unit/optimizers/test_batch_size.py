"""Batches of several sizes: counted updates, paths against torch.optim, noise against theory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dashlab.charts.optimizers import batch_size as charts
from dashlab.errors import ConfigError
from dashlab.experiments.optimizers import batch_size as experiment
from dashlab.experiments.optimizers.batch_size import BatchComparison, Summary
from dashlab.experiments.optimizers.settings import BatchConfig, batch_sizes

SMALL = BatchConfig(samples=30, epochs=4, batches=(7, 1))


def summaries(config: BatchConfig) -> list[Summary]:
    result = experiment.compare(config.check())
    return [experiment.summary(config, result.problem, run) for run in result.runs]


@pytest.fixture(scope="module")
def default() -> BatchComparison:
    return experiment.compare(BatchConfig())


def test_100_samples_and_50_epochs_are_50_250_and_5000_updates() -> None:
    rows = summaries(BatchConfig())
    assert [(row.batch, row.updates) for row in rows] == [(100, 50), (20, 250), (1, 5000)]
    assert [row.samples for row in rows] == [5000, 5000, 5000]


@pytest.mark.parametrize("shuffle", ["epoch", "once", "sorted", "replace"])
@pytest.mark.parametrize("batch", [30, 7, 1])
def test_a_path_is_that_of_torch_with_autograd(shuffle: str, batch: int) -> None:
    config = SMALL.change(shuffle=shuffle, decay=0.3)
    made = experiment.problem(config)
    x, y = torch.from_numpy(made.x), torch.from_numpy(made.y)
    p = torch.nn.Parameter(torch.tensor(experiment.START, dtype=torch.float64))
    optimizer = torch.optim.SGD([p], lr=config.lr)
    rows = [p.detach().clone()]
    for epoch, order in enumerate(experiment._orders(config)):
        optimizer.param_groups[0]["lr"] = config.lr / (1 + 0.3 * epoch)
        for picked in order.split(batch):  # type: ignore[no-untyped-call]
            optimizer.zero_grad()
            (p[0] * x[picked] + p[1] - y[picked]).square().mean().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            rows.append(p.detach().clone())
    run = experiment.train(config, made, batch)
    np.testing.assert_allclose(run.points, torch.stack(rows).numpy(), rtol=1e-9, atol=1e-9)


def test_the_loss_of_a_run_is_that_of_all_samples(default: BatchComparison) -> None:
    made, run = default.problem, default.runs[-1]
    for update in (0, 1, 777, 5000):
        w, b = run.points[update]
        assert run.losses[update] == pytest.approx(np.mean((w * made.x + b - made.y) ** 2))


def test_the_lowest_loss_is_lowest(default: BatchComparison) -> None:
    made = default.problem
    slope, intercept = np.polyfit(made.x, made.y, 1)
    np.testing.assert_allclose(made.best, [slope, intercept])
    assert made.losses(made.best) == pytest.approx(made.lowest)
    assert made.losses(made.best + np.array([0.01, 0])) > made.lowest


def test_every_sample_is_used_once_in_an_epoch() -> None:
    for shuffle in ("epoch", "once", "sorted"):
        for order in experiment._orders(SMALL.change(shuffle=shuffle)):
            assert sorted(order.tolist()) == list(range(30))


def test_mixing_every_epoch_gives_another_order_each_time_and_mixing_once_does_not() -> None:
    every, once = (
        [order.tolist() for order in experiment._orders(SMALL.change(shuffle=kind))]
        for kind in ("epoch", "once")
    )
    assert every[0] != every[1] != every[2]
    assert once[0] == once[1] == once[2] != list(range(30))


def test_with_replacement_some_samples_come_twice() -> None:
    order = next(experiment._orders(SMALL.change(shuffle="replace")))
    assert len(set(order.tolist())) < 30


def test_the_last_batch_of_an_epoch_may_be_smaller() -> None:
    run = experiment.train(SMALL, experiment.problem(SMALL), 7)
    assert run.per_epoch == 5
    assert run.samples[:7].tolist() == [0, 7, 14, 21, 28, 30, 37]


def test_the_full_batch_has_no_noise(default: BatchComparison) -> None:
    assert default.runs[0].noise.max() < 1e-20


def test_the_noise_of_a_batch_is_that_of_theory(default: BatchComparison) -> None:
    """Measured at the lowest point, where theory holds exactly."""
    made, generator = default.problem, np.random.default_rng(0)
    w, b = made.best
    each = 2 * (w * made.x + b - made.y)[:, None] * np.stack([made.x, np.ones_like(made.x)], axis=1)
    for size in (1, 20, 80):
        drawn = [each[generator.permutation(100)[:size]].mean(axis=0) for _ in range(20_000)]
        measured = np.sqrt(np.square(drawn).sum(axis=1).mean())
        predicted = experiment.predicted_noise(BatchConfig(), made, size)
        assert measured == pytest.approx(predicted, rel=0.03)


def test_the_noise_along_a_path_is_near_to_theory() -> None:
    _full, mini, one = summaries(BatchConfig())
    assert mini.noise == pytest.approx(mini.predicted, rel=0.1)
    assert one.noise == pytest.approx(one.predicted, rel=0.2)


def test_no_noise_is_predicted_for_a_fixed_order() -> None:
    assert {row.predicted for row in summaries(SMALL.change(shuffle="sorted"))} == {None}


def test_smaller_batches_wander_further_from_the_lowest_point() -> None:
    _full, mini, one = summaries(BatchConfig())
    assert one.above > 10 * mini.above


def test_a_falling_learning_rate_brings_one_sample_to_rest() -> None:
    constant, falling = (summaries(BatchConfig(decay=decay))[-1].above for decay in (0.0, 0.2))
    assert falling < constant / 5


def test_without_noise_in_the_samples_one_at_a_time_arrives_exactly() -> None:
    full, _mini, one = summaries(BatchConfig(noise=0.0))
    assert one.above < 1e-20 < full.above


def test_a_run_that_diverges_ends_there_and_the_others_go_on() -> None:
    full, _mini, one = experiment.compare(BatchConfig(lr=0.3)).runs
    assert full.left_at is None
    assert one.left_at == one.updates < 5000
    assert np.isfinite(one.losses).all()
    assert one.losses[-1] > experiment.FAR * one.losses[0] >= one.losses[-2]


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_the_full_batch_diverges_from_its_largest_learning_rate_on(factor: float) -> None:
    config = BatchConfig(epochs=500, batches=())
    made = experiment.problem(config)
    run = experiment.train(config.change(lr=factor * made.largest_lr), made, 100)
    assert (run.losses[-1] > run.losses[0]) == (factor > 1)


def test_numbers_beyond_float64_still_end_at_a_finite_loss() -> None:
    run = experiment.compare(BatchConfig(lr=1.0, epochs=100, batches=(2,))).runs[-1]
    assert run.left_at is not None
    assert np.isfinite(run.losses).all()


def test_equal_configs_give_equal_paths_and_another_seed_others(default: BatchComparison) -> None:
    again, other = experiment.compare(BatchConfig()), experiment.compare(BatchConfig(seed=1))
    for k, run in enumerate(default.runs):
        np.testing.assert_array_equal(run.points, again.runs[k].points)
        assert not np.array_equal(run.points, other.runs[k].points)


def test_the_clock_only_runs_forward(default: BatchComparison) -> None:
    for run in default.runs:
        assert len(run.seconds) == len(run.points)
        assert run.seconds[0] == 0
        assert (np.diff(run.seconds) >= 0).all()


def test_a_batch_of_more_than_all_samples_is_the_full_batch() -> None:
    assert batch_sizes(BatchConfig(samples=50, batches=(80, 50, 1))) == (50, 1)


def test_too_many_updates_are_refused_with_their_number() -> None:
    with pytest.raises(ConfigError, match="make 50,300 updates in all, and the most here is 20,000"):
        BatchConfig(samples=1000, batches=(200, 1)).check()


def test_no_batch_size_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="Choose a batch size"):
        BatchConfig(full=False, batches=()).check()


# Charts


def test_paths_and_curves_are_thinned_with_their_ends_kept(default: BatchComparison) -> None:
    one = charts.paths(default).data[2]
    assert len(one.x) <= charts.MOST_OF_PATH + 2
    assert (one.x[-1], one.y[-1]) == tuple(default.runs[2].points[-1])
    for axis, last in (("updates", 5000), ("samples", 5000), ("seconds", 1000 * default.runs[2].seconds[-1])):
        curve = charts.losses(default, axis).data[2]
        assert len(curve.x) <= charts.MOST_OF_CURVE
        assert curve.x[-1] == last


@pytest.mark.parametrize("count", [1, 2, 51, 5001])
def test_a_spread_begins_with_the_first_and_ends_with_the_last(count: int) -> None:
    kept = charts.spread(count)
    assert (kept[0], kept[-1]) == (0, count - 1)
    assert len(set(kept.tolist())) == len(kept)


def test_a_run_that_diverges_does_not_ruin_the_axes() -> None:
    result = experiment.compare(BatchConfig(lr=0.3))
    drawn = charts.paths(result)
    assert drawn.layout.xaxis.range[1] - drawn.layout.xaxis.range[0] < 30
    assert np.abs(drawn.data[2].x).max() < 200
    assert charts.losses(result, "updates").layout.yaxis.range[1] < 4


def test_noise_beyond_the_axis_is_written_as_a_number() -> None:
    config = BatchConfig(lr=0.3)
    result = experiment.compare(config)
    rows = [experiment.summary(config, result.problem, run) for run in result.runs]
    drawn = charts.noise(rows, config.samples)
    assert drawn.layout.yaxis.range[1] < 20 < rows[2].noise
    (note,) = drawn.layout.annotations
    assert (note.x, note.text) == (2, f"↑ {rows[2].noise:,.0f}")


def test_batch_sizes_have_names() -> None:
    assert [charts.name_of(size, 100) for size in (100, 20, 1)] == [
        "full batch (100)",
        "batches of 20",
        "one sample",
    ]
