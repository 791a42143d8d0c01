"""Which of two ways is faster: measured in turn, decided by medians, and kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from dashlab.data.folders import store_folder
from dashlab.leftovers import temporary_name
from dashlab.training import speedtest
from dashlab.training.speedtest import BUDGET_S, LIMIT_S, PAIRS, Timing, measure, measured_once

QUESTION = {"processor": "a test", "threads": 1}
ANSWER = Timing(full_s=0.002, fast_s=0.001)


class Watch:
    """A clock that only work moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def __call__(self) -> float:
        return self.now

    def way(self, name: str, *seconds: float) -> Callable[[], None]:
        """Takes the given times one after the other, and the last of them from then on."""
        left = list(seconds)

        def step() -> None:
            self.calls.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return step


def test_each_way_is_the_median_of_its_bursts_and_the_first_calls_do_not_count() -> None:
    watch = Watch()
    full = watch.way("full", 0.3, 0.02, 0.02, 0.5, 0.02)  # compiled; sized; an interruption
    timing = measure(full, watch.way("fast", 0.3, 0.01), watch)
    assert timing.full_s == pytest.approx(0.02)
    assert timing.fast_s == pytest.approx(0.01)


def test_the_ways_take_turns_and_the_first_of_a_pair_changes() -> None:
    watch = Watch()
    measure(watch.way("full", 0.1), watch.way("fast", 0.1), watch)
    assert watch.calls == [
        "full",
        "fast",
        "full",
        "fast",
        *("full", "fast", "fast", "full") * 1,
        "full",
        "fast",
    ]


def test_it_ends_with_the_budget_in_which_the_first_calls_count() -> None:
    watch = Watch()
    measure(watch.way("full", 0.02), watch.way("fast", 0.02), watch)
    assert BUDGET_S <= watch.now <= BUDGET_S + 2 * 0.02 + 1e-9
    compiling = Watch()
    measure(compiling.way("full", 0.3, 0.02), compiling.way("fast", 0.3, 0.02), compiling)
    assert len(compiling.calls) == 4 + 2 * PAIRS[0]


def test_what_was_spent_before_counts_too() -> None:
    watch = Watch()
    full = watch.way("full", 0.02)
    for _ in range(10):
        full()
    measure(full, watch.way("fast", 0.02), watch, begun=0.0)
    assert BUDGET_S <= watch.now <= BUDGET_S + 2 * 0.02 + 1e-9


def test_slow_steps_have_fewer_pairs_or_none_rather_than_more_time() -> None:
    slow = Watch()
    timing = measure(slow.way("full", 0.4), slow.way("fast", 0.3), slow)
    assert slow.now <= LIMIT_S + 0.4 + 0.3 + 1e-9
    assert (timing.full_s, timing.fast_s) == pytest.approx((0.4, 0.3))
    slower = Watch()
    assert measure(slower.way("full", 2.0), slower.way("fast", 1.0), slower).pays
    assert slower.calls == ["full", "fast"] * 2


def test_a_step_that_takes_many_times_as_long_is_computed_twice_at_most() -> None:
    watch = Watch()
    timing = measure(watch.way("full", 0.04), watch.way("fast", 3.2), watch)
    assert watch.calls == ["full", "fast"]
    assert not timing.pays
    assert timing.fast_s == pytest.approx(3.2)
    within_the_limit = Watch()
    measure(within_the_limit.way("full", 0.04), within_the_limit.way("fast", 0.4), within_the_limit)
    assert within_the_limit.calls == ["full", "fast"] * 2


def test_an_interruption_of_the_first_short_step_decides_nothing() -> None:
    watch = Watch()
    timing = measure(watch.way("full", 0.01), watch.way("fast", 0.005, 0.05, 0.005), watch)
    assert timing.pays


def test_short_steps_are_timed_in_bursts() -> None:
    watch = Watch()
    timing = measure(watch.way("full", 0.001), watch.way("fast", 0.0005), watch)
    assert timing.full_s == pytest.approx(0.001)
    assert timing.fast_s == pytest.approx(0.0005)
    assert watch.calls[4:34] == ["full"] * 10 + ["fast"] * 20


@pytest.mark.parametrize(
    ("full_s", "pays", "words"),
    [
        (0.0028, True, "bfloat16 was taken, measured 1.40 times as fast as float32 here (2 against 2.8 ms"),
        (0.00206, False, "float32 was taken, for bfloat16 was measured to be hardly faster here (2 against"),
        (0.0018, False, "float32 was taken, for bfloat16 was measured to be slower here (2 against 1.8 ms"),
    ],
)
def test_what_was_taken_is_said_with_its_figures(full_s: float, pays: bool, words: str) -> None:
    timing = Timing(full_s=full_s, fast_s=0.002)
    assert timing.pays is pays
    assert timing.words().startswith(f"Fast: {words}")


def test_an_answer_is_asked_for_once() -> None:
    assert measured_once(QUESTION, lambda: ANSWER) == ANSWER
    assert measured_once(dict(QUESTION), lambda: pytest.fail("asked again")) == ANSWER
    other = Timing(full_s=1.0, fast_s=2.0)
    assert measured_once(QUESTION | {"threads": 2}, lambda: other) == other
    assert [path.suffix for path in kept()] == [".json"] * 2
    assert [path.name for path in store_folder().iterdir()] == ["precision"]  # nothing half-written


def kept() -> list[Path]:
    return sorted((store_folder() / "precision").iterdir())


def test_of_two_processes_that_measure_at_once_both_take_the_first_answer() -> None:
    def ask() -> Timing:
        measured_once(QUESTION, lambda: ANSWER)  # the other process was faster
        return Timing(full_s=1.0, fast_s=2.0)

    assert measured_once(QUESTION, ask) == ANSWER


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"full_s": "x"}', b"\xff"])
def test_what_cannot_be_read_is_measured_anew(content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    measured_once(QUESTION, lambda: ANSWER)
    (path,) = kept()
    path.write_bytes(content)
    other = Timing(full_s=1.0, fast_s=2.0)
    with caplog.at_level(logging.WARNING):
        assert measured_once(QUESTION, lambda: other) == other
    assert "is measured anew" in caplog.text
    assert json.loads(path.read_bytes())["full_s"] == 1.0


def test_an_answer_that_belongs_to_another_question_or_is_no_time_does_not_count() -> None:
    measured_once(QUESTION, lambda: ANSWER)
    (path,) = kept()
    sound = json.loads(path.read_bytes())
    other = Timing(full_s=1.0, fast_s=2.0)
    wrongs: tuple[dict[str, object], ...] = ({"of": {}}, {"fast_s": 0.0}, {"full_s": float("nan")})
    for wrong in wrongs:
        path.write_text(json.dumps(sound | wrong))
        assert measured_once(QUESTION, lambda: other) == other


def test_where_nothing_can_be_kept_the_answer_holds_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("DASHLAB_STORE", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING):
        assert measured_once(QUESTION, lambda: ANSWER) == ANSWER
    assert "cannot be kept" in caplog.text


def test_only_so_many_answers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speedtest, "MOST_KEPT", 3)
    for threads in range(5):
        measured_once({"threads": threads}, lambda: ANSWER)
    assert len(kept()) == 3


def test_of_two_processes_that_publish_at_once_both_take_the_first_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = temporary_name

    def other_is_faster(*parts: str) -> str:
        monkeypatch.setattr("dashlab.training.speedtest.temporary_name", name)
        assert measured_once(QUESTION, lambda: ANSWER) == ANSWER
        return name(*parts)

    monkeypatch.setattr("dashlab.training.speedtest.temporary_name", other_is_faster)
    assert measured_once(QUESTION, lambda: Timing(full_s=1.0, fast_s=2.0)) == ANSWER
    assert measured_once(QUESTION, lambda: pytest.fail("asked again")) == ANSWER
    assert [path.name for path in store_folder().iterdir()] == ["precision"]


def test_an_answer_is_kept_where_there_are_no_links_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_paths: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("dashlab.training.speedtest.os.link", no_links)
    assert measured_once(QUESTION, lambda: ANSWER) == ANSWER
    assert measured_once(QUESTION, lambda: pytest.fail("asked again")) == ANSWER


def test_an_old_answer_that_another_process_deletes_is_no_reason_to_warn(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found = Path.glob
    monkeypatch.setattr(Path, "glob", lambda self, what: [*found(self, what), self / "gone.json"])
    with caplog.at_level(logging.WARNING):
        assert measured_once(QUESTION, lambda: ANSWER) == ANSWER
    assert caplog.text == ""
    assert len(kept()) == 1
