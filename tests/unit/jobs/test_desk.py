"""The desk: what pages have computed beside the server."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashlab.errors import ConfigError, JobError
from dashlab.experiments.optimizers import batch_size
from dashlab.experiments.optimizers.settings import BatchConfig
from dashlab.jobs import desk as module
from dashlab.jobs.desk import Desk, Fault
from tests.unit import slow_work

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    desk = Desk(2)
    yield desk
    desk.close()


def test_it_is_computed_in_another_process(desk: Desk) -> None:
    with desk.ask(slow_work.process_id, 1) as ticket:
        assert ticket.wait(PATIENCE_S)
        assert ticket.result() != os.getpid()


def test_equal_orders_share_one_answer_and_later_ones_find_it(desk: Desk, tmp_path: Path) -> None:
    file = str(tmp_path / "steps")
    with (
        desk.ask(slow_work.count_up, file, 10, polite=True) as first,
        desk.ask(slow_work.count_up, file, 10, polite=True) as second,
    ):
        assert first.result() == second.result() == 10
    with desk.ask(slow_work.count_up, file, 10, polite=True) as third:
        assert third.wait(0)
    assert len(Path(file).read_bytes()) == 10


def test_a_forgotten_answer_is_computed_anew(desk: Desk, tmp_path: Path) -> None:
    file = str(tmp_path / "steps")
    for _ in range(2):
        with desk.ask(slow_work.count_up, file, 1, polite=True) as ticket:
            ticket.result()
        desk.forget(slow_work.count_up)
    assert len(Path(file).read_bytes()) == 2


@pytest.mark.parametrize("polite", [True, False])
def test_what_nobody_waits_for_any_more_is_given_up(desk: Desk, tmp_path: Path, polite: bool) -> None:
    file = tmp_path / "steps"
    with desk.ask(slow_work.count_up, str(file), 1000, polite=polite):
        until = time.monotonic() + PATIENCE_S
        while not file.exists() and time.monotonic() < until:
            time.sleep(0.01)
    time.sleep(0.3 if polite else 2.3)
    written = len(file.read_bytes())
    time.sleep(0.2)
    assert len(file.read_bytes()) == written < 1000
    with desk.ask(slow_work.process_id, 2) as ticket:  # and the next order is served
        assert ticket.wait(PATIENCE_S)


def test_where_no_process_can_be_started_whoever_waits_is_told_and_the_next_order_tries_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    launch, refusals = module._launch, iter([OSError("no memory")] * 2)

    def refused_at_first(descriptor: int) -> subprocess.Popen[bytes]:
        for refusal in refusals:
            raise refusal
        return launch(descriptor)

    monkeypatch.setattr(module, "_launch", refused_at_first)
    desk = Desk(1)
    try:
        with desk.ask(slow_work.process_id, 1) as ticket:
            assert ticket.wait(PATIENCE_S)
            with pytest.raises(JobError, match="ended"):
                ticket.result()
        with desk.ask(slow_work.process_id, 1) as ticket:
            assert ticket.result() != os.getpid()
    finally:
        desk.close()


def test_what_cannot_be_sent_to_another_process_is_a_fault_and_the_next_order_is_served(desk: Desk) -> None:
    with desk.ask(slow_work.process_id, lambda: 1) as ticket:
        assert ticket.wait(PATIENCE_S)
        with pytest.raises(Fault, match="pickle"):
            ticket.result()
    with desk.ask(slow_work.process_id, 3) as ticket:
        assert ticket.result() != os.getpid()


def test_what_breaks_in_the_thread_that_asks_breaks_each_time_and_nobody_waits_for_ever() -> None:
    desk = Desk(0)
    for _ in range(2):
        with desk.ask(slow_work.break_down) as ticket:
            assert ticket.wait(0)
            with pytest.raises(Fault, match="ZeroDivisionError"):
                ticket.result()


def test_what_waits_and_is_left_is_never_begun(tmp_path: Path) -> None:
    desk = Desk(1)
    try:
        files = [tmp_path / name for name in "ab"]
        with desk.ask(slow_work.count_up, str(files[0]), 20, polite=True) as first:
            with desk.ask(slow_work.count_up, str(files[1]), 20, polite=True):
                pass
            first.result()
        with desk.ask(slow_work.process_id, 3) as last:
            last.result()
        assert not files[1].exists()
    finally:
        desk.close()


def test_a_sentence_for_people_arrives_as_it_is_and_a_fault_with_its_traceback(desk: Desk) -> None:
    with (
        desk.ask(slow_work.refuse, "Choose less.") as ticket,
        pytest.raises(ConfigError, match="Choose less"),
    ):
        ticket.result()
    with desk.ask(slow_work.break_down) as ticket, pytest.raises(Fault, match="nobody expected this"):
        ticket.result()


def test_a_process_that_dies_is_said_and_replaced(desk: Desk) -> None:
    with (
        desk.ask(slow_work.die) as ticket,
        pytest.raises(JobError, match=r"process .* ended"),
    ):
        ticket.result()
    with desk.ask(slow_work.process_id, 4) as ticket:
        assert ticket.wait(PATIENCE_S)


def test_answers_are_kept_up_to_a_size_the_oldest_use_first_to_go() -> None:
    desk = Desk(1, most_bytes=2500)
    try:
        for size in (1000, 1001, 1000, 1002):  # 1000 is used again before there is too much
            with desk.ask(slow_work.as_many_bytes, size) as ticket:
                ticket.result()
        for size, is_kept in ((1000, True), (1002, True), (1001, False)):
            with desk.ask(slow_work.as_many_bytes, size) as ticket:
                assert ticket.wait(0) is is_kept
    finally:
        desk.close()


def test_tensors_and_arrays_come_back_as_they_were_computed(desk: Desk) -> None:
    config = BatchConfig(epochs=2)
    with desk.ask(batch_size.compare, config) as ticket:
        there = ticket.result()
    here = batch_size.compare(config)
    assert [run.batch for run in there.runs] == [run.batch for run in here.runs]
    assert (there.problem.x == here.problem.x).all()


def test_a_desk_without_processes_computes_where_it_is_asked() -> None:
    with Desk(0).ask(slow_work.process_id, 1) as ticket:
        assert ticket.result() == os.getpid()


@pytest.mark.parametrize("number", ["-1", "two", "65"])
def test_a_number_of_processes_that_is_none_is_refused(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHLAB_CALCULATORS", number)
    with pytest.raises(JobError, match="DASHLAB_CALCULATORS must be a whole number from 0 to 64"):
        Desk()


def test_the_processes_that_train_are_started_without_a_warning() -> None:
    """`python -m` warns where the package has imported the module already: it would be there twice."""
    code = "import sys; import dashlab.jobs; print('dashlab.jobs.process' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout.strip() == "False"
