"""Rows of a run: what they average, how many there are, and that reading them early changes nothing."""

import math

import pytest
import torch

from dashlab.training import recorder as recorder_module
from dashlab.training.recorder import Recorder
from dashlab.training.results import MOST_STEP_ROWS, EpochRow, Row, StepRow

CPU = torch.device("cpu")


def record(
    losses: list[float], *, per_epoch: int | None = None, sizes: list[int] | None = None, steps: int = 0
) -> tuple[Recorder, list[Row]]:
    """A recorder that was given these losses, and the rows that it reported, in order.

    Of step i, from 1, the accuracy is i / 1,000 and the rate i.
    """
    rows: list[Row] = []
    recorder = Recorder(steps or len(losses), device=CPU, on_row=rows.append)
    for step, loss in enumerate(losses, start=1):
        size = sizes[step - 1] if sizes else 1
        recorder.record(torch.tensor(loss), torch.tensor(step / 1000), size=size, lr=float(step))
        if per_epoch and step % per_epoch == 0 and recorder.diverged_at is None:
            recorder.end_epoch(val=None, seconds=0.0)
    recorder.read(last=True)
    return recorder, rows


def step_rows(rows: list[Row]) -> list[StepRow]:
    return [row for row in rows if isinstance(row, StepRow)]


def test_a_short_run_has_a_row_for_each_step() -> None:
    _, rows = record([3.0, 2.0, 1.0])
    assert [(row.step, row.window, row.loss, row.lr) for row in step_rows(rows)] == [
        (1, 1, 3.0, 1.0),
        (2, 1, 2.0, 2.0),
        (3, 1, 1.0, 3.0),
    ]


@pytest.mark.parametrize("steps", [1, 399, 400, 401, 799, 800, 801, 4690])
def test_a_run_has_at_most_four_hundred_rows_and_they_cover_every_step(steps: int) -> None:
    rows = step_rows(record([1.0] * steps)[1])
    assert len(rows) <= MOST_STEP_ROWS
    assert len(rows) >= min(steps, MOST_STEP_ROWS // 2)
    assert sum(row.window for row in rows) == steps
    assert [row.step for row in rows] == torch.tensor([row.window for row in rows]).cumsum(0).tolist()


def test_a_row_is_the_mean_over_the_steps_of_its_window() -> None:
    losses = [math.sin(step) for step in range(1001)]  # windows of 3, and 2 left over
    for row in step_rows(record(losses)[1]):
        steps = range(row.step - row.window, row.step)  # 0-based
        assert row.loss == pytest.approx(sum(losses[step] for step in steps) / row.window, abs=1e-6)
        assert row.accuracy == pytest.approx(sum(step + 1 for step in steps) / row.window / 1000)
        assert row.lr == row.step


def test_a_run_that_ends_early_reports_the_steps_left_over() -> None:
    rows = step_rows(record([1.0] * 5, steps=1200)[1])
    assert [(row.step, row.window) for row in rows] == [(3, 3), (5, 2)]


def test_an_epoch_weighs_its_batches_by_their_size() -> None:
    _, rows = record([1.0, 4.0, 2.0, 8.0], sizes=[3, 1, 3, 1], per_epoch=2)
    epochs = [row for row in rows if isinstance(row, EpochRow)]
    assert [(row.epoch, row.step, row.train_loss, row.lr) for row in epochs] == [
        (1, 2, 1.75, 2.0),
        (2, 4, 3.5, 4.0),
    ]
    assert epochs[0].train_accuracy == pytest.approx((3 * 0.001 + 0.002) / 4)


def test_an_epoch_carries_its_validation_figures() -> None:
    recorder = Recorder(1, device=CPU, on_row=lambda _row: None)
    recorder.record(torch.tensor(1.0), torch.tensor(0.5), size=1, lr=0.1)
    row = recorder.end_epoch(val=(0.25, 0.75), seconds=3.0)
    assert (row.val_loss, row.val_accuracy, row.seconds) == (0.25, 0.75, 3.0)


def test_the_rows_are_the_same_however_often_the_device_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = [1 / (step + 1) for step in range(1003)]
    reported = []
    for every_s in (0.0, 0.01, math.inf):
        monkeypatch.setattr(recorder_module, "_READ_EVERY_S", every_s)
        reported.append(record(losses, per_epoch=100)[1])
    assert reported[0] == reported[1] == reported[2]


def test_rows_arrive_while_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "_READ_EVERY_S", 0.0)
    rows: list[Row] = []
    recorder = Recorder(10, device=CPU, on_row=rows.append)
    recorder.record(torch.tensor(1.0), torch.tensor(0.5), size=1, lr=0.1)
    assert len(rows) == 1


def test_the_device_is_not_asked_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "_READ_EVERY_S", math.inf)
    rows: list[Row] = []
    recorder = Recorder(10, device=CPU, on_row=rows.append)
    for _ in range(10):
        recorder.record(torch.tensor(1.0), torch.tensor(0.5), size=1, lr=0.1)
    assert rows == []


@pytest.mark.parametrize("every_s", [0.0, math.inf])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_rows_end_before_the_first_loss_that_is_not_finite(
    monkeypatch: pytest.MonkeyPatch, bad: float, every_s: float
) -> None:
    monkeypatch.setattr(recorder_module, "_READ_EVERY_S", every_s)
    recorder, rows = record([1.0, 2.0, 3.0, 4.0, bad, 5.0, bad], steps=1200)  # windows of 3
    assert recorder.diverged_at == 5
    assert [(row.step, row.window, row.loss) for row in step_rows(rows)] == [(3, 3, 2.0), (4, 1, 4.0)]


def test_what_was_reported_is_kept() -> None:
    recorder, rows = record([1.0, 2.0, 3.0, 4.0], per_epoch=2)
    assert [row for row in rows if isinstance(row, StepRow)] == recorder.steps
    assert [row for row in rows if isinstance(row, EpochRow)] == recorder.epochs
