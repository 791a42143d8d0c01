"""Training on a cluster that was started by Dask's own commands."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashlab.jobs import JobState, Lab
from dashlab.jobs import cluster as cluster_module
from dashlab.store.runs import Store
from tests.typed import there
from tests.unit.fake_training import counted, order
from tests.unit.jobs.labs import FAKE, LONG, ROOT, begun, over, running, same, wait_until


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scheduler and a worker that were started by Dask's own commands."""
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING": "False",
    }
    common = ["--scheduler-file", str(file), "--host", "127.0.0.1"]
    dask = [sys.executable, "-m", "dask"]
    log = (folder / "log").open("w")
    processes = [
        subprocess.Popen([*dask, *arguments], env=environment, cwd=folder, stdout=log, stderr=log)
        for arguments in (
            ["scheduler", *common, "--port", "0", "--no-dashboard"],
            ["worker", *common, "--nthreads", "1", "--no-dashboard", "--memory-limit", "0", "--no-nanny"],
        )
    ]
    wait_until(lambda: file.exists() and bool(file.read_text()))
    yield json.loads(file.read_text())["address"], processes[0]
    for process in processes:
        process.kill()
        process.wait(timeout=30)
    log.close()


@pytest.fixture
def remote(
    elsewhere: tuple[str, subprocess.Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Lab]:
    monkeypatch.setenv("DASHLAB_SCHEDULER", elsewhere[0])
    lab = Lab(Store(tmp_path / "store"), train=FAKE, resolve=same)
    yield lab
    lab.shutdown()


def test_a_cluster_elsewhere_trains_with_no_other_change(remote: Lab) -> None:
    key = remote.submit(order("quick"))
    progress = over(remote, key)
    assert progress.state is JobState.FINISHED
    assert len(progress.steps) == 30
    assert there(remote._store).load(key) is not None
    assert remote.pids() == ()


def test_two_servers_that_ask_one_cluster_for_the_same_run_share_it(remote: Lab, tmp_path: Path) -> None:
    config = counted(tmp_path / "lines", epochs=10)
    key = running(remote, config)
    other = Lab(Store(tmp_path / "other"), train=FAKE, resolve=same)
    running(other, config)
    assert there(other.progress(key)).started is not None
    states = [over(one, key).state for one in (remote, other)]
    other.shutdown()
    assert states == [JobState.FINISHED] * 2
    assert there(other.progress(key)).steps == there(remote.progress(key)).steps
    assert begun(tmp_path / "lines") == 1


def test_a_training_that_nobody_wants_any_more_gives_its_worker_back(remote: Lab, tmp_path: Path) -> None:
    key = running(remote, order("slow", epochs=LONG))
    remote.shutdown()
    assert there(remote.progress(key)).state is JobState.LOST
    other = Lab(Store(tmp_path / "other"), train=FAKE, resolve=same)
    state = over(other, other.submit(order("quick"))).state
    other.shutdown()
    assert state is JobState.FINISHED


def test_losing_the_scheduler_is_a_sentence_with_its_address(
    remote: Lab, elsewhere: tuple[str, subprocess.Popen[bytes]]
) -> None:
    key = running(remote, order("slow", epochs=LONG))
    elsewhere[1].kill()  # the last test that uses it
    progress = over(remote, key)
    assert progress.state is JobState.LOST
    assert elsewhere[0] in progress.sentence


def test_a_scheduler_that_does_not_answer_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "_CONNECT_WITHIN_S", 0.5)
    lab = Lab(Store(tmp_path), scheduler="tcp://127.0.0.1:9", train=FAKE, resolve=same)
    progress = over(lab, lab.submit(order("quick")))
    assert progress.state is JobState.FAILED
    assert "tcp://127.0.0.1:9" in progress.sentence
