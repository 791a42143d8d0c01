"""Figures of the twins: what is drawn, and that nothing infinite ruins an axis."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from dashlab.charts.batchnorm import boundary as twins_boundary
from dashlab.charts.batchnorm import curves as twins
from dashlab.charts.batchnorm import inside as twins_inside
from dashlab.experiments.batchnorm.rows import (
    BINS,
    GRID,
    BothModes,
    Moments,
    Score,
    Spread,
    Twin,
    TwinsEpoch,
    pack_boundary,
)
from dashlab.experiments.batchnorm.sweeps import Trial

NOTHING = Score(loss=math.nan, accuracy=math.nan)
COUNTS = (0,) * (BINS - 2) + (3, 1)
GOOD = Twin(
    training=Score(loss=0.4, accuracy=0.8),
    by_batch=Score(loss=0.3, accuracy=0.9),
    by_running=Score(loss=0.6, accuracy=0.7),
    classes_by_batch=(0.95, 0.85),
    classes_by_running=(0.75, 0.65),
    gradients=(0.1, 0.2),
    layers=(Spread(entering=COUNTS, leaving=COUNTS[::-1], mean=0.0, std=1.0, silent=0.0),),
    boundary=pack_boundary([13_107] * GRID * GRID),  # a fifth
)
LOST = Twin(
    training=NOTHING, by_batch=NOTHING, by_running=NOTHING, classes_by_batch=(), classes_by_running=(),
    gradients=(), diverged=4,
)  # fmt: skip
ROWS = tuple(TwinsEpoch(epoch=number, step=number, plain=GOOD, normed=GOOD) for number in range(4))
HALF = (*ROWS[:2], *(replace(row, plain=LOST) for row in ROWS[2:]))
PLANE = twins_boundary.Plane(((0.0, 1.0), (1.0, 0.0)), (0, 1), (-1.0, 1.0, -2.0, 2.0))


def values(chart: Any, twin: str, how: str) -> list[float]:
    return [point["value"] for point in chart.rows if (point["twin"], point["how"]) == (twin, how)]


def test_the_curves_show_each_twin_as_it_was_measured() -> None:
    chart = twins.accuracy(ROWS, epochs=3)
    assert values(chart, twins.PLAIN, twins.TRAINING) == pytest.approx([80.0] * 4)
    assert values(chart, twins.NORMED, twins.BY_RUNNING) == pytest.approx([70.0] * 4)
    assert values(chart, twins.NORMED, twins.BY_BATCH) == pytest.approx([90.0] * 4)
    assert values(chart, twins.PLAIN, twins.BY_BATCH) == []  # the same as in eval mode


def test_a_diverged_twins_curves_end() -> None:
    chart = twins.loss(HALF, epochs=3, classes=2)
    assert len(values(chart, twins.PLAIN, twins.TRAINING)) == 2
    assert len(values(chart, twins.NORMED, twins.TRAINING)) == 4
    assert all(math.isfinite(float(point["value"])) for point in chart.rows)


def test_a_huge_loss_is_left_out_and_named() -> None:
    huge = replace(GOOD, training=Score(loss=1e20, accuracy=0.5))
    rows = (ROWS[0], replace(ROWS[1], plain=huge), ROWS[2])
    assert values(twins.loss(rows, epochs=2, classes=2), twins.PLAIN, twins.TRAINING) == [0.4, 0.4]
    assert twins.cut_off(rows, 2) == (1, 1e20)
    assert twins.cut_off(ROWS, 2) is None


def test_the_specification_stays_while_rows_are_added() -> None:
    assert twins.loss(ROWS[:1], epochs=3, classes=2).spec == twins.loss(HALF, epochs=3, classes=2).spec


def test_a_sweep_draws_means_over_seeds_and_their_span() -> None:
    trial = Trial(
        lr=0.1, batch_size=8, batchnorm=True, seed=0, steps=5, training_loss=1.0, by_batch=0.9,
        by_running=0.8, diverged=0,
    )  # fmt: skip
    lost = replace(trial, seed=1, by_running=math.nan, by_batch=math.nan, diverged=2)
    chart = twins.swept([trial, lost], over="lr", title="Learning rate", places=[0.1, 1.0], classes=2)
    (point,) = (point for point in chart.rows if point["how"] == twins.BY_RUNNING)
    assert point["value"] == pytest.approx(65.0)
    assert (point["worst"], point["best"]) == (50.0, 80.0)
    assert point["diverged"] == "1 of 2"


def test_a_sweep_over_sizes_has_a_tick_at_each() -> None:
    chart = twins.swept([], over="batch_size", title="Batch size", places=[2, 4, 8], classes=2)
    assert chart.spec["encoding"]["x"]["axis"]["values"] == [2, 4, 8]
    assert chart.rows == []


def test_the_boundary_is_drawn_for_both_twins() -> None:
    figure = twins_boundary.boundaries(ROWS, ROWS[2], PLANE)
    heats = [trace for trace in figure.data if trace.type == "heatmap"]
    assert [heat.z.shape for heat in heats] == [(GRID, GRID)] * 2
    assert heats[0].z[0][0] == 20  # per cent
    assert heats[0].x0 == pytest.approx(-1 + 1 / GRID)
    assert "epoch 2: 70.0 %" in figure.layout.annotations[0].text


def test_the_numbers_behind_the_boundary_are_those_of_its_cells() -> None:
    found = twins_boundary.cells(ROWS[0], PLANE)
    assert len(found) == GRID * GRID
    assert found[0] == {"x": -0.975, "y": -1.95, "plain": 0.2, "batchnorm": 0.2}
    assert (found[1]["x"], found[GRID]["y"]) == (-0.925, -1.85)


def test_the_replay_ends_at_the_epoch_that_is_shown() -> None:
    figure = twins_boundary.boundaries(ROWS, ROWS[2], PLANE)
    assert [frame.name for frame in figure.frames] == ["0", "1", "2"]


def test_a_long_replay_has_few_frames() -> None:
    many = [replace(ROWS[0], epoch=number) for number in range(200)]
    assert len(twins_boundary.boundaries(many, many[-1], PLANE).frames) <= twins_boundary.MOST_FRAMES + 1


def test_a_diverged_twin_has_an_empty_half_that_says_so() -> None:
    figure = twins_boundary.boundaries(HALF, HALF[3], PLANE)
    heat = next(trace for trace in figure.data if trace.type == "heatmap")
    assert set(heat.z.flatten()) == {50}
    assert "diverged" in figure.layout.annotations[0].text


def test_histograms_are_shares_in_columns_of_epochs() -> None:
    figure = twins_inside.values(HALF, batchnorm=False, layer=0, which="entering")
    (heat,) = figure.data
    assert list(heat.x) == [0, 1]  # it diverged after that
    assert heat.z[BINS - 2][0] == 0.75
    leaving = twins_inside.values(HALF, batchnorm=True, layer=0, which="leaving").data[0]
    assert leaving.z[1][3] == 0.75


def moments(step: int, running: tuple[float, ...]) -> Moments:
    return Moments(
        step=step, layer=0, mean=(1.0, 2.0), var=(3.0, math.inf), running_mean=running, running_var=running
    )


def test_the_statistics_of_a_channel_are_drawn_beside_the_running_ones() -> None:
    figure = twins_inside.statistics([moments(1, (0.1, 0.2)), moments(2, (0.3, 0.4))], channel=1, what="mean")
    assert [list(trace.y) for trace in figure.data] == [[2.0, 2.0], [0.2, 0.4]]


def test_statistics_that_are_not_tracked_or_not_finite_are_not_drawn() -> None:
    (batch,) = twins_inside.statistics([moments(1, ())], channel=1, what="var").data
    assert list(batch.y) == [None]


def test_gradients_of_zero_have_no_place_on_a_logarithmic_axis() -> None:
    row = replace(ROWS[1], plain=replace(GOOD, gradients=(0.0, 0.5)))
    figure = twins_inside.gradients_by_layer(row)
    assert list(figure.data[0].y) == [None, 0.5]
    assert figure.layout.yaxis.type == "log"


def test_a_layers_gradient_over_epochs_ends_where_its_twin_diverged() -> None:
    figure = twins_inside.gradients_by_epoch(HALF, layer=1)
    assert [len(trace.x) for trace in figure.data] == [2, 4]


def test_classes_are_drawn_in_both_modes() -> None:
    figure = twins_inside.classes(ROWS[0], ("0", "1"))
    assert [list(trace.y) for trace in figure.data] == [[75.0, 65.0], [75.0, 65.0], [95.0, 85.0]]
    assert figure.layout.yaxis.range == (60, 100)


def test_classes_of_twins_that_diverged_are_empty() -> None:
    figure = twins_inside.classes(replace(ROWS[0], plain=LOST, normed=LOST), ("0", "1"))
    assert [list(trace.y) for trace in figure.data] == [[], [], []]


def test_on_the_training_data_each_twin_is_drawn_as_it_was_measured() -> None:
    modes = BothModes(
        by_batch=Score(loss=0.1, accuracy=0.96), by_running=Score(loss=0.2, accuracy=0.94),
        classes_by_batch=(0.97, 0.95), classes_by_running=(0.93, 0.91),
    )  # fmt: skip
    known = replace(GOOD, on_training=modes)
    rows = tuple(replace(row, plain=known, normed=known) for row in ROWS)
    chart = twins.accuracy(rows, epochs=3, known=True)
    assert {(point["twin"], point["how"]) for point in chart.rows} == {
        (twins.PLAIN, twins.KNOWN_BY_RUNNING),
        (twins.NORMED, twins.KNOWN_BY_RUNNING),
        (twins.NORMED, twins.KNOWN_BY_BATCH),
    }
    assert values(chart, twins.NORMED, twins.KNOWN_BY_RUNNING) == pytest.approx([94.0] * 4)
    assert (
        values(twins.loss(rows, epochs=3, classes=2, known=True), twins.NORMED, twins.KNOWN_BY_BATCH)
        == [0.1] * 4
    )
    bars = twins_inside.classes(rows[0], ("0", "1"), known=True)
    assert [list(trace.y) for trace in bars.data] == [[93.0, 91.0], [93.0, 91.0], [97.0, 95.0]]


def test_a_huge_loss_on_the_training_data_is_named_as_well() -> None:
    far = Score(loss=1e9, accuracy=0.5)
    modes = BothModes(by_batch=far, by_running=far, classes_by_batch=(), classes_by_running=())
    rows = (ROWS[0], replace(ROWS[1], normed=replace(GOOD, on_training=modes)))
    assert twins.cut_off(rows, 2) == (1, 1e9)
