"""Long computations that are no single training: alone, through jobs, and in the cache."""

import importlib
import math
import os
import pkgutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dashlab import experiments
from dashlab.errors import ConfigError, DamagedRun, StoreError
from dashlab.experiments.batchnorm.rows import TwinsConfig
from dashlab.experiments.batchnorm.sweeps import BatchSweep, RateSweep
from dashlab.experiments.descent.ten_classes_settings import TenClassesConfig
from dashlab.experiments.initialization.training import StackTraining
from dashlab.jobs import JobState, Lab, Progress
from dashlab.store import studies
from dashlab.store.runs import Store
from dashlab.training.records import RecordError
from dashlab.training.study import Study, Tick, perform, plain_study_row, study_row_from_plain
from dashlab.training.together import StackedRuns
from tests.typed import there
from tests.unit.fake_study import Square, Squares, WithRuns
from tests.unit.fake_training import order
from tests.unit.fake_training import train as fake_train

ROWS = (Square(number=0, square=0.0), Square(number=1, square=1.0), Square(number=2, square=4.0))


def never() -> bool:
    return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "this did not come about"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Lab]:
    """The lab that owns the processes of this module's tests."""
    lab = Lab(train=f"{fake_train.__module__}:train", resolve=lambda config: config)
    yield lab
    lab.shutdown()


@pytest.fixture
def lab(cluster: Lab, tmp_path: Path) -> Iterator[Lab]:
    """The shared lab with an empty store and no job."""
    cluster._store = Store(tmp_path / "store")
    yield cluster
    for progress in cluster.active():
        cluster.stop(progress.key)
    wait_until(lambda: not cluster.active())
    cluster._jobs.clear()


def over(lab: Lab, key: str) -> Progress:
    progress = lab.wait(key, 60)
    assert progress is not None
    assert progress.is_over, progress
    return progress


# -- alone -------------------------------------------------------------------------------------------------


def test_a_study_that_is_left_alone_finishes_with_all_its_rows() -> None:
    outcome = perform(Squares(), on_row=lambda _row: None, should_stop=never)
    assert (outcome.state, outcome.rows) == ("finished", ROWS)


def test_a_stopped_study_keeps_the_rows_that_it_has() -> None:
    reported: list[object] = []
    outcome = perform(
        Squares(count=1000), on_row=reported.append, should_stop=lambda: reported[-1:] == [ROWS[1]]
    )
    assert (outcome.state, outcome.rows) == ("stopped", ROWS[:2])


def test_rows_are_all_reported_and_ticks_are_thinned() -> None:
    reported: list[object] = []
    perform(Squares(count=500), on_row=reported.append, should_stop=never)
    assert sum(isinstance(row, Square) for row in reported) == 500
    assert 1 <= sum(isinstance(row, Tick) for row in reported) < 50


def test_an_unsound_study_is_refused_before_it_begins() -> None:
    with pytest.raises(ConfigError, match="Count"):
        perform(Squares(count=0), on_row=lambda _row: None, should_stop=never)


@pytest.mark.parametrize("row", [ROWS[2], Tick(done=1, total=2, doing="x")])
def test_rows_and_ticks_survive_the_way_to_another_process(row: object) -> None:
    assert study_row_from_plain(Square, plain_study_row(row)) == row


def test_a_row_of_another_form_is_refused() -> None:
    with pytest.raises(RecordError):
        study_row_from_plain(Square, {"kind": "row", "number": 1})


# -- in the cache ------------------------------------------------------------------------------------------


def kept(tmp_path: Path, study: Squares) -> Path:
    studies.save(study, perform(study, on_row=lambda _row: None, should_stop=never), tmp_path)
    return tmp_path / "studies" / f"{study.key()}.json"


def test_a_kept_study_comes_back_whole(tmp_path: Path) -> None:
    kept(tmp_path, Squares())
    stored = studies.load(Squares(), tmp_path)
    assert stored is not None
    assert stored.rows == ROWS
    assert stored.environment["torch"]


def test_another_study_is_not_found(tmp_path: Path) -> None:
    kept(tmp_path, Squares())
    assert studies.load(Squares(count=4), tmp_path) is None


def test_numbers_that_are_not_finite_are_kept(tmp_path: Path) -> None:
    kept(tmp_path, Squares(how="nan"))
    stored = studies.load(Squares(how="nan"), tmp_path)
    assert stored is not None
    assert all(math.isnan(row.square) for row in stored.rows)


def test_a_stopped_study_is_not_kept(tmp_path: Path) -> None:
    outcome = perform(Squares(), on_row=lambda _row: None, should_stop=lambda: True)
    studies.save(Squares(), outcome, tmp_path)
    assert studies.load(Squares(), tmp_path) is None


@pytest.mark.parametrize("change", [lambda b: b[:-9], lambda b: b.replace(b"4.0", b"5.0"), lambda _b: b""])
def test_a_damaged_study_is_set_aside_and_said(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    path = kept(tmp_path, Squares())
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DamagedRun, match="set aside"):
        studies.load(Squares(), tmp_path)
    assert not path.exists()
    assert len(list((tmp_path / "damaged").iterdir())) == 1


@pytest.mark.parametrize("what", ["write_synced", "sync_folder"])
def test_a_study_for_which_the_disk_has_no_room_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(studies, what, full)
    with pytest.raises(StoreError, match=r"No space left on device.*DASHLAB_STORE"):
        kept(tmp_path, Squares())
    assert list((tmp_path / "studies").glob(".new-*")) == []


# -- through jobs ------------------------------------------------------------------------------------------


def test_a_study_finishes_in_another_process_with_all_its_rows(lab: Lab) -> None:
    progress = over(lab, lab.submit(Squares()))
    assert (progress.state, progress.rows, progress.fraction) == (JobState.FINISHED, ROWS, 1.0)


def test_rows_arrive_while_the_study_goes_on(lab: Lab) -> None:
    key = lab.submit(Squares(count=100, how="slow"))
    seen: list[Progress] = []
    while not (seen and seen[-1].is_over):
        seen.append(there(lab.progress(key)))
        time.sleep(0.01)
    going_on = [progress for progress in seen if progress.state is JobState.RUNNING]
    assert len({len(progress.rows) for progress in going_on}) > 3
    assert any(0 < progress.fraction < 1 and progress.left_s is not None for progress in going_on)
    assert any("Number" in progress.sentence for progress in going_on)
    assert len(seen[-1].rows) == 100


def test_a_cached_study_is_there_at_once(lab: Lab) -> None:
    over(lab, lab.submit(Squares()))
    lab._jobs.clear()
    key = lab.submit(Squares())
    assert there(lab.progress(key)).rows == ROWS


def test_a_stopped_study_shows_what_it_had(lab: Lab) -> None:
    key = lab.submit(Squares(count=10_000, how="slow"))
    wait_until(lambda: len(there(lab.progress(key)).rows) > 2)
    lab.stop(key)
    progress = over(lab, key)
    assert progress.state is JobState.STOPPED
    assert 2 < len(progress.rows) < 10_000


def test_an_exception_ends_the_study_with_a_sentence(lab: Lab) -> None:
    progress = over(lab, lab.submit(Squares(how="bug")))
    assert progress.state is JobState.FAILED
    assert "ZeroDivisionError" in progress.sentence


def test_an_unsound_study_is_refused_when_it_is_submitted(lab: Lab) -> None:
    with pytest.raises(ConfigError, match="Count"):
        lab.submit(Squares(count=0))


def test_runs_that_come_out_of_a_study_are_cached_like_others(lab: Lab) -> None:
    assert over(lab, lab.submit(WithRuns())).rows == ROWS
    for seed in (1, 2):
        stored = there(lab._store).load(order("quick", seed=seed).key())
        assert stored is not None
        assert stored.result.state == "finished"


def test_a_killed_worker_ends_the_study_and_the_next_one_works(lab: Lab) -> None:
    key = lab.submit(Squares(count=10_000, how="slow"))
    wait_until(lambda: len(there(lab.progress(key)).rows) > 2)
    os.kill(lab.pids()[1], signal.SIGKILL)
    lost = over(lab, key)
    assert lost.state is JobState.LOST
    assert len(lost.rows) > 2
    assert over(lab, lab.submit(Squares(count=4))).state is JobState.FINISHED


CACHED_BEFORE = [
    (TwinsConfig(), "888d281671d63ee2962519acf1726f6e88a054bb6a0683813bee7859d319f899"),
    (
        TwinsConfig().change(dataset="mnist", epochs=2, lr=0.05, seed=3),
        "0ea685aed1afcbbb7908fdc4472f1e5f69c6cce24791f3f750652abaab36a569",
    ),
    (
        RateSweep().change(seeds=3, epochs=5),
        "7451a472922ad1165e0bcd22eb529b46684ebf0a1f3fbfa42ed83896e233ba49",
    ),
    (BatchSweep().change(steps=40), "4e7ed22f4f542168ff77c987fdc0b4c6128cfbeadb7d7d91432f59efa7264e88"),
    (
        StackTraining().change(depth=20, steps=50),
        "2787593f0c7c792f732a0eb813973728f1d318626178a1cc4537322495b0630d",
    ),
]
"""Studies and the keys under which the first version with studies kept them (4fa65f5)."""


@pytest.mark.parametrize(
    ("study", "key"), CACHED_BEFORE, ids=[type(study).__name__ for study, _ in CACHED_BEFORE]
)
def test_a_study_is_found_by_the_key_of_the_first_version_wherever_its_class_stands(
    study: Study, key: str
) -> None:
    assert study.key() == key
    moved = type(type(study).__name__, (type(study),), {"__module__": "elsewhere", "__slots__": ()})()
    assert moved.change(**study.flat()).key() == key


def studies_of(study: type[Study]) -> Iterator[type[Study]]:
    """The package's studies below this one that have a kind of their own; what a view adds to one is none."""
    for one in study.__subclasses__():
        yield from studies_of(one)
        is_ours = "KIND" in vars(one) and one.__module__.startswith("dashlab.")
        if is_ours and getattr(sys.modules[one.__module__], one.__name__) is one:  # not what slots replaced
            yield one


KINDS = {
    TwinsConfig: "dashlab.experiments.twins:TwinsConfig",
    RateSweep: "dashlab.experiments.twins_sweeps:RateSweep",
    BatchSweep: "dashlab.experiments.twins_sweeps:BatchSweep",
    StackTraining: "dashlab.experiments.stack_training:StackTraining",
    StackedRuns: "dashlab.experiments.network_race:StackedRuns",
    TenClassesConfig: "dashlab.experiments.descent.ten_classes_settings:TenClassesConfig",
}
"""Where each study's class first stood: what was cached since then is found by it."""


def test_every_study_keeps_the_kind_that_it_began_with_and_no_two_are_of_one() -> None:
    for module in pkgutil.walk_packages(experiments.__path__, f"{experiments.__name__}."):
        importlib.import_module(module.name)
    assert {study: study.KIND for study in studies_of(Study)} == KINDS
    assert len(set(KINDS.values())) == len(KINDS)
