"""The processes that train: killed, never started, left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from dashlab.jobs import JobState, Lab
from dashlab.jobs import cluster as cluster_module
from dashlab.store.runs import Store
from tests.typed import there
from tests.unit.fake_training import counted, order
from tests.unit.jobs.labs import FAKE, LONG, ROOT, begun, over, running, same, wait_until


def test_a_killed_worker_ends_its_run_alone_and_is_replaced(lab: Lab, tmp_path: Path) -> None:
    key = running(lab, counted(tmp_path / "lines", epochs=LONG))
    waiting = lab.submit(order("quick"))
    wait_until(lambda: lab._jobs[waiting].future is not None)
    scheduler, worker = lab.pids()
    os.kill(worker, signal.SIGKILL)
    progress = over(lab, key)
    assert progress.state is JobState.LOST
    assert "was killed" in progress.sentence
    assert progress.steps
    assert over(lab, waiting).state is JobState.FINISHED
    assert begun(tmp_path / "lines") == 1
    assert lab.pids()[0] == scheduler
    assert lab.pids()[1] != worker


def test_a_run_that_only_waited_is_not_lost_with_the_workers_that_the_first_one_kills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = Lab(Store(tmp_path), train=FAKE, resolve=same)
    monkeypatch.setattr(idle, "_command", lambda _command: None)
    killer, innocent = (idle.submit(order(what)) for what in ("slow", "quick"))
    jobs = list(idle._jobs.values())
    for worker in ("tcp://first", "tcp://second"):
        for job in jobs:
            idle._launch_again(job, worker)
    assert there(idle.progress(killer)).state is JobState.LOST
    assert there(idle.progress(innocent)).state is JobState.QUEUED


def test_a_killed_scheduler_ends_the_run_and_both_processes_are_replaced(lab: Lab) -> None:
    key = running(lab, order("slow", epochs=LONG))
    before = lab.pids()
    os.kill(before[0], signal.SIGKILL)
    progress = over(lab, key)
    assert progress.state is JobState.LOST
    assert "cannot be reached" in progress.sentence
    assert over(lab, lab.submit(order("quick"))).state is JobState.FINISHED
    assert not set(before) & set(lab.pids())
    wait_until(lambda: not any(map(psutil.pid_exists, before)))


@pytest.mark.skipif(not hasattr(os, "nice"), reason="this system has no urgency of processes")
def test_the_process_that_trains_goes_after_the_server(lab: Lab) -> None:
    running(lab, order("slow", epochs=LONG))
    _scheduler, worker = lab.pids()
    assert psutil.Process(worker).nice() == min(psutil.Process().nice() + 10, 19)


def test_workers_that_cannot_live_are_given_up_with_a_sentence(lab: Lab) -> None:
    broken = Lab(lab._store, train="no_such_module:train", resolve=same)
    progress = over(broken, broken.submit(order("quick")))
    assert progress.state is JobState.FAILED
    assert "ends as soon as it starts" in progress.sentence
    assert broken.pids() == ()


@pytest.mark.parametrize("error", [OSError(12, "Cannot allocate memory"), RuntimeError("can't start")])
def test_a_worker_that_cannot_be_replaced_ends_what_waits_and_the_next_run_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    short = Lab(Store(tmp_path), train=FAKE, resolve=same)
    key = running(short, order("slow", epochs=LONG))
    waiting = short.submit(order("quick"))
    launch = cluster_module._launch

    def fails(*_: str) -> None:
        raise error

    monkeypatch.setattr(cluster_module, "_launch", fails)
    os.kill(short.pids()[1], signal.SIGKILL)
    assert over(short, key).state in (JobState.FAILED, JobState.LOST)
    progress = over(short, waiting)
    assert progress.state is JobState.FAILED
    assert "no other could be started" in progress.sentence
    monkeypatch.setattr(cluster_module, "_launch", launch)
    state = over(short, short.submit(order("quick"))).state
    short.shutdown()
    assert state is JobState.FINISHED


def test_a_worker_that_cannot_be_started_at_all_leaves_no_scheduler_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch, begun = cluster_module._launch, []

    def scheduler_alone(role: str, *more: str) -> "subprocess.Popen[str]":
        if role == "worker":
            raise OSError(12, "Cannot allocate memory")
        begun.append(launch(role, *more))
        return begun[-1]

    monkeypatch.setattr(cluster_module, "_launch", scheduler_alone)
    poor = Lab(Store(tmp_path), train=FAKE, resolve=same)
    progress = over(poor, poor.submit(order("quick")))
    assert progress.state is JobState.FAILED
    assert "Cannot allocate memory" in progress.sentence
    assert begun[0].poll() is not None


def test_a_page_that_asks_again_and_again_to_warm_up_asks_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = Lab(Store(tmp_path), train=FAKE, resolve=same)
    commands: list[Callable[[], None]] = []
    monkeypatch.setattr(idle, "_command", commands.append)
    for _ in range(5):
        idle.warm_up()
    assert len(commands) == 1


def test_the_number_of_threads_can_be_set_and_nonsense_is_refused(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHLAB_THREADS", "many")
    other = Lab(lab._store, train=FAKE, resolve=same)
    progress = over(other, other.submit(order("quick")))
    assert progress.state is JobState.FAILED
    assert "DASHLAB_THREADS" in progress.sentence


PARENT = f"""
import signal, sys, time
from dashlab.jobs import Lab
lab = Lab(train={FAKE!r}, resolve=lambda config: config)
lab.warm_up()
while not lab.pids():
    time.sleep(0.01)
if sys.argv[1] == "mid-run":
    from tests.unit.fake_training import order
    key = lab.submit(order("slow", epochs={LONG}))
    while not lab.progress(key).steps:
        time.sleep(0.01)
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background a shell has it ignored
sys.stdout.write("%d %d\\n" % lab.pids())
sys.stdout.flush()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
time.sleep(600)
"""


@pytest.mark.parametrize(
    ("how", "when"), [(signal.SIGKILL, "mid-run"), (signal.SIGTERM, "start"), (signal.SIGINT, "start")]
)
def test_however_the_server_ends_no_process_stays_behind(how: signal.Signals, when: str) -> None:
    command = [sys.executable, "-c", PARENT, when]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        children = [psutil.Process(int(pid)) for pid in there(parent.stdout).readline().split()]
        assert len(children) == 2
        parent.send_signal(how)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []
