"""Training in other processes. The processes are real; what they train is `fake_training`, but once."""

import logging
import threading
import time
from pathlib import Path

import pytest
import torch

from dashlab.errors import ConfigError, DashlabError
from dashlab.jobs import JobState, Lab, Progress
from dashlab.jobs import lab as lab_module
from dashlab.jobs.endings import Endings
from dashlab.settings.run import RunConfig
from dashlab.store.runs import Store
from tests.typed import there
from tests.unit.fake_training import counted, order
from tests.unit.jobs.labs import FAKE, LONG, begun, over, running, same, wait_until


def test_a_run_finishes_with_all_its_rows_and_is_in_the_store(lab: Lab) -> None:
    key = lab.submit(order("quick"))
    progress = over(lab, key)
    assert progress.state is JobState.FINISHED
    assert [row.step for row in progress.steps] == list(range(1, 31))
    assert [row.epoch for row in progress.epochs] == [1, 2, 3]
    assert (progress.fraction, progress.left_s) == (1.0, None)
    assert "75.00%" in progress.sentence
    assert torch.equal(
        there(there(lab._store).load(key)).result.weights["0.weight"], torch.arange(6.0).reshape(2, 3)
    )


def test_rows_arrive_in_order_while_the_run_goes_on(lab: Lab) -> None:
    key = lab.submit(order("slow", epochs=6))
    seen: list[Progress] = []
    while not (seen and seen[-1].is_over):
        seen.append(there(lab.progress(key)))
        time.sleep(0.01)
    while_running = {len(progress.steps) for progress in seen if progress.state is JobState.RUNNING}
    assert len(while_running) > 3
    for progress in seen:
        assert [row.step for row in progress.steps] == list(range(1, len(progress.steps) + 1))
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert any(progress.left_s is not None for progress in seen)


def test_a_cached_run_is_there_at_once_and_starts_no_process(lab: Lab) -> None:
    first = over(lab, lab.submit(order("quick")))
    other = Lab(lab._store, train=FAKE, resolve=same)
    key = other.submit(order("quick"))
    again = other.progress(key)
    assert (there(again).state, there(again).steps, there(again).epochs) == (
        JobState.FINISHED,
        first.steps,
        first.epochs,
    )
    assert there(again).sentence == first.sentence
    assert other.pids() == ()


def test_a_diverged_run_is_cached_too(lab: Lab) -> None:
    key = lab.submit(order("diverge"))
    assert over(lab, key).state is JobState.DIVERGED
    lab.submit(order("diverge"))
    assert there(lab.progress(key)).state is JobState.DIVERGED


def test_two_sessions_that_ask_for_the_same_run_share_one_training(lab: Lab, tmp_path: Path) -> None:
    config = counted(tmp_path / "lines", epochs=5)
    keys: list[str] = []
    threads = [threading.Thread(target=lambda: keys.append(lab.submit(config))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1
    assert over(lab, keys[0]).state is JobState.FINISHED
    assert begun(tmp_path / "lines") == 1


def test_other_runs_wait_in_turn_and_say_how_many_are_before_them(lab: Lab) -> None:
    first = running(lab, order("slow", epochs=LONG))
    second, third = (lab.submit(order("quick", seed=seed)) for seed in (1, 2))
    wait_until(lambda: "2 other runs" in there(lab.progress(third)).sentence)
    assert there(lab.progress(second)).sentence == "Waiting for 1 other run to end."
    assert [there(lab.progress(key)).behind for key in (first, second, third)] == [
        None, *[order("slow", epochs=LONG)] * 2,
    ]  # fmt: skip
    assert [progress.key for progress in lab.active()] == [first, second, third]
    lab.stop(first)
    assert over(lab, second).state is JobState.FINISHED
    assert over(lab, third).state is JobState.FINISHED
    assert list(lab._jobs)[-2:] == [second, third]


def test_a_stopped_run_keeps_what_it_has_and_is_trained_anew_when_asked_again(lab: Lab) -> None:
    config = order("slow", epochs=8)
    key = running(lab, config)
    lab.stop(key)
    progress = over(lab, key)
    assert (progress.state, progress.sentence) == (JobState.STOPPED, "Stopped.")
    assert 0 < len(progress.steps) < 80
    assert there(there(lab._store).load(key)).result.state == "stopped"
    assert lab.submit(config) == key
    assert over(lab, key).state is JobState.FINISHED
    assert there(there(lab._store).load(key)).result.state == "finished"


def test_a_run_that_waits_is_stopped_without_ever_beginning(lab: Lab, tmp_path: Path) -> None:
    first = running(lab, order("slow", epochs=LONG))
    second = lab.submit(counted(tmp_path / "lines"))
    lab.stop(second)
    assert there(lab.progress(second)).state is JobState.STOPPED
    lab.stop(first)
    assert over(lab, lab.submit(order("quick"))).state is JobState.FINISHED
    assert begun(tmp_path / "lines") == 0


@pytest.mark.parametrize("pause_s", [0.0, 0.005, 0.02, 0.05])
def test_a_stop_that_meets_the_beginning_of_the_run_is_not_lost(lab: Lab, pause_s: float) -> None:
    key = lab.submit(order("slow", epochs=LONG))
    time.sleep(pause_s)
    lab.stop(key)
    assert over(lab, key).state is JobState.STOPPED
    assert over(lab, lab.submit(order("quick"))).state is JobState.FINISHED


def test_a_late_stop_does_not_touch_the_next_run_of_the_same_config(lab: Lab) -> None:
    key = over(lab, lab.submit(order("quick"))).key
    lab.stop(key)
    there(lab._store).delete(key)
    lab.submit(order("quick"))
    assert over(lab, key).state is JobState.FINISHED


def test_an_error_meant_for_the_user_is_shown_as_it_stands(lab: Lab) -> None:
    progress = over(lab, lab.submit(order("error")))
    assert (progress.state, progress.sentence) == (
        JobState.FAILED,
        "There is no such folder: choose another.",
    )


def test_a_bug_is_a_sentence_for_the_user_and_a_traceback_in_the_log(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="dashlab"):
        progress = over(lab, lab.submit(order("bug")))
    assert progress.state is JobState.FAILED
    assert "ZeroDivisionError: division by zero" in progress.sentence
    assert "Traceback" in caplog.text
    assert "fake_training.py" in caplog.text
    assert "Traceback" not in progress.sentence


def test_a_failed_run_can_be_asked_for_again(lab: Lab) -> None:
    key = over(lab, lab.submit(order("error"))).key
    lab.submit(order("error"))
    assert lab._jobs[key].launches < 2
    assert over(lab, key).state is JobState.FAILED


def test_a_damaged_cached_run_is_set_aside_said_and_trained_anew(lab: Lab) -> None:
    key = over(lab, lab.submit(order("quick"))).key
    path = there(lab._store).weights_path(key)
    path.write_bytes(path.read_bytes()[:-1])
    lab.submit(order("quick"))
    progress = over(lab, key)
    assert progress.state is JobState.FINISHED
    assert "damaged" in progress.sentence
    assert there(lab._store).load(key) is not None


def test_a_result_that_cannot_be_written_is_said(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "save", full)
    progress = over(lab, lab.submit(order("quick")))
    assert progress.state is JobState.FAILED
    assert "No space left" in progress.sentence


@pytest.mark.parametrize("error", [ValueError("no such shape"), MemoryError(), DashlabError("Damaged.")])
def test_whatever_fails_while_a_result_is_kept_ends_the_job_with_a_sentence(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Store, "save", broken)
    progress = over(lab, lab.submit(order("quick")))
    assert progress.state is JobState.FAILED
    assert "could not be kept" in progress.sentence
    assert (str(error) or type(error).__name__) in progress.sentence
    assert "Traceback" in caplog.text


def test_a_run_starts_from_the_weights_of_another(lab: Lab) -> None:
    first = over(lab, lab.submit(order("quick"))).key
    second = over(lab, lab.submit(order("quick").change(start_from=first))).key
    weights = [there(there(lab._store).load(key)).result.weights["0.weight"] for key in (first, second)]
    assert torch.equal(*weights)


def in_use(lab: Lab) -> list[str]:
    return [mark.name.partition("-")[0] for mark in (there(lab._store).root / "in-use").glob("*")]


def test_a_run_that_a_job_starts_from_is_in_use_until_the_job_is_over(lab: Lab) -> None:
    first = over(lab, lab.submit(order("quick"))).key
    key = lab.submit(order("slow").change(start_from=first))
    assert in_use(lab) == [first]
    lab.stop(key)
    over(lab, key)
    assert in_use(lab) == []


def test_starting_from_a_run_that_is_not_there_is_refused(lab: Lab) -> None:
    with pytest.raises(ConfigError, match="not in the cache"):
        lab.submit(order("quick").change(start_from="0" * 64))
    assert lab.active() == ()
    assert in_use(lab) == []


def test_only_the_latest_ends_are_remembered(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_module, "_MOST_OVER", 2)
    keys = [over(lab, lab.submit(order("quick", seed=seed))).key for seed in range(4)]
    assert [lab.progress(key) is None for key in keys] == [True, True, False, False]


def test_a_batch_knows_how_its_forgotten_parts_ended(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_module, "_MOST_OVER", 1)
    keys = [
        over(lab, lab.submit(order("error" if seed == 0 else "quick", seed=seed))).key for seed in range(3)
    ]
    parts = lab.batch([*keys, "0" * 64])
    assert [part.key for part in parts] == keys
    assert [part.state for part in parts] == [JobState.FAILED, JobState.FINISHED, JobState.FINISHED]
    assert parts[0].sentence == "There is no such folder: choose another."
    assert (parts[1].fraction, parts[1].steps) == (1.0, ())
    assert parts[2].steps


def test_of_too_many_endings_those_go_that_nobody_asks_for() -> None:
    endings = Endings(most=2)
    for key in "ab":
        endings.put(Progress(key=key, config=order("quick"), state=JobState.FAILED))
    assert endings.get("a") is not None
    endings.put(Progress(key="c", config=order("quick"), state=JobState.FAILED))
    assert [endings.get(key) is not None for key in "abc"] == [True, False, True]


def test_a_key_that_was_never_submitted_is_nothing(lab: Lab) -> None:
    assert lab.progress("0" * 64) is None
    lab.stop("0" * 64)


def test_a_real_training_goes_all_the_way(lab: Lab) -> None:
    """The engine itself, on the processes that stand already."""
    real = Lab(lab._store)
    config = RunConfig().change(dataset="mnist", train_size=500, epochs=1, hidden=(16,))
    key = real.submit(config)
    progress = over(real, key)
    real.shutdown()
    assert progress.state is JobState.FINISHED, progress.sentence
    stored = there(there(lab._store).load(key)).result
    assert there(stored.evaluation).probabilities.shape == (10_000, 10)
    assert progress.steps == stored.steps
    assert there(progress.started).train_count == 500
