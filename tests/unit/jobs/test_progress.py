"""What is known of a job while it goes on."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from dashlab.jobs import JobState, Progress
from dashlab.jobs.tracking import Tracker
from dashlab.jobs.work import Order, RowSender
from dashlab.training.records import row_from_plain
from dashlab.training.results import Row, Started, StepRow
from tests.unit.fake_training import order

STARTED = Started(
    epochs=2,
    steps_per_epoch=50,
    parameters=1,
    train_count=1,
    val_count=0,
    test_count=1,
    classes=("a", "b"),
    shape=(1, 1, 1),
    mean=(0.0,),
    std=(1.0,),
    origin="",
    device="CPU",
)


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("dashlab.jobs.tracking.time", clock)
    return clock


def a_step(step: int) -> StepRow:
    return StepRow(step=step, window=1, loss=1.0, accuracy=0.5, lr=0.1)


def running(clock: Clock) -> Tracker:
    """A job at step 20 of 100, at 10 steps a second."""
    tracker = Tracker("0" * 64, order("quick"), "Waiting.")
    tracker.begin()
    tracker.add([STARTED], 0.0)
    clock.now += 1
    tracker.add([a_step(10)], 1.0)
    clock.now += 1
    tracker.add([a_step(20)], 2.0)
    return tracker


def test_the_time_left_is_unknown_until_steps_have_been_made(clock: Clock) -> None:
    tracker = Tracker("0" * 64, order("quick"), "Waiting.")
    tracker.begin()
    tracker.add([STARTED], 0.5)
    assert tracker.now().left_s is None
    assert tracker.now().fraction == 0


def test_the_time_left_follows_from_the_recent_speed(clock: Clock) -> None:
    tracker = running(clock)
    assert tracker.now().left_s == pytest.approx(8.0)
    assert tracker.now().fraction == pytest.approx(0.2)
    for second in range(3, 23):  # a step a second from now on
        clock.now += 1
        tracker.add([a_step(18 + second)], float(second))
    assert tracker.now().left_s == pytest.approx(60.0, rel=0.1)


def test_the_clocks_go_on_between_two_rows(clock: Clock) -> None:
    tracker = running(clock)
    before = tracker.progress
    clock.now += 3
    assert tracker.now().elapsed_s == pytest.approx(5.0)
    assert tracker.now().left_s == pytest.approx(5.0)
    clock.now += 30
    assert tracker.now().left_s == 0
    assert tracker.progress is before


def test_the_clocks_stand_still_at_the_end(clock: Clock) -> None:
    tracker = running(clock)
    tracker.end(JobState.LOST, "Gone.")
    clock.now += 60
    assert tracker.now().elapsed_s == pytest.approx(2.0)
    assert tracker.now().left_s is None
    assert (tracker.now().state, tracker.now().is_over, len(tracker.now().steps)) == (JobState.LOST, True, 2)


def test_a_snapshot_is_never_changed(clock: Clock) -> None:
    tracker = running(clock)
    before = tracker.progress
    tracker.add([a_step(30)], 3.0)
    assert [row.step for row in before.steps] == [10, 20]
    assert [row.step for row in tracker.progress.steps] == [10, 20, 30]


def test_the_sentence_says_what_the_run_is_doing(clock: Clock) -> None:
    tracker = Tracker("0" * 64, order("quick"), "Waiting.")
    assert tracker.progress.sentence == "Waiting."
    tracker.begin()
    assert tracker.progress.sentence == "Loading the pictures."
    tracker.add([STARTED, a_step(60)], 1.0)
    assert tracker.progress.sentence == "Training: epoch 2 of 2."
    tracker.add([a_step(100)], 2.0)
    assert tracker.progress.sentence == "Evaluating the test pictures."


def test_only_queued_and_running_jobs_are_not_over() -> None:
    config = order("quick")
    over = {state for state in JobState if Progress(key="", config=config, state=state).is_over}
    assert set(JobState) - over == {JobState.QUEUED, JobState.RUNNING}


class FakeLoop:
    """Runs callbacks at once, and timers when it is told to."""

    def __init__(self) -> None:
        self.timers: list[Callable[..., object]] = []

    def add_callback(self, function: Callable[..., object], *arguments: object) -> None:
        function(*arguments)

    def call_later(self, _wait_s: float, function: Callable[..., object]) -> None:
        self.timers.append(function)


class FakeWorker:
    """Notes the events that it is asked to send."""

    address = "tcp://here"

    def __init__(self) -> None:
        self.loop = FakeLoop()
        self.messages: list[dict[str, Any]] = []

    def log_event(self, _topic: str, message: dict[str, Any]) -> None:
        self.messages.append(message)

    @property
    def rows(self) -> list[Row]:
        return [row_from_plain(row) for message in self.messages for row in message["rows"]]


@pytest.fixture
def sender() -> RowSender:
    ordered = Order(name="n", token="t", config={}, train="", start_weights=None)
    return RowSender(FakeWorker(), ordered)  # type: ignore[arg-type]


def worker_of(sender: RowSender) -> FakeWorker:
    worker: object = sender._worker
    assert isinstance(worker, FakeWorker)
    return worker


def test_rows_are_sent_in_few_messages_in_order_and_completely(sender: RowSender) -> None:
    worker = worker_of(sender)
    sender.begin()
    for row in (STARTED, *map(a_step, range(1, 500))):
        sender.add(row)
    sender.flush()
    assert worker.rows == [STARTED, *map(a_step, range(1, 500))]
    assert len(worker.messages) < 50
    counts = [len(message["rows"]) for message in worker.messages]
    assert [message["at"] for message in worker.messages] == [
        sum(counts[:place]) for place in range(len(counts))
    ]


def test_the_last_row_before_a_long_silence_is_sent_by_a_timer(sender: RowSender) -> None:
    worker = worker_of(sender)
    sender.begin()
    sender.add(STARTED)
    sender.add(a_step(1))
    assert worker.rows == [STARTED]
    (timer,) = worker.loop.timers
    timer()
    assert worker.rows == [STARTED, a_step(1)]


def test_a_loss_that_is_no_number_reaches_the_page(sender: RowSender) -> None:
    sender.add(StepRow(step=1, window=1, loss=math.inf, accuracy=0.5, lr=0.1))
    (row,) = worker_of(sender).rows
    assert isinstance(row, StepRow)
    assert row.loss == math.inf
