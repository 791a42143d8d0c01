"""What is known of a job: one immutable snapshot, replaced whole."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from dashlab.config import RunConfig
from dashlab.results import EpochRow, Result, Row, Started, StepRow

_PACE_OVER_S = 8.0
"""The speed from which the time left is told is that of the last so many seconds."""


class JobState(str, Enum):
    """Where a job stands; the first two are not its end."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    DIVERGED = "diverged"
    FAILED = "failed"  # a setting, the data or dashlab itself was at fault
    LOST = "lost"  # the process that trained was killed, or cannot be reached

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A job as it stood at one moment."""

    key: str
    config: RunConfig
    state: JobState = JobState.QUEUED
    sentence: str = ""  # what to show of the state
    started: Started | None = None
    steps: tuple[StepRow, ...] = ()
    epochs: tuple[EpochRow, ...] = ()
    elapsed_s: float = 0.0  # since a worker took it up; stands still once it is over
    left_s: float | None = None  # estimated from the recent speed; None until there is one
    fraction: float = 0.0  # of the training steps, in [0, 1]

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state.is_over


class Tracker:
    """Folds what arrives from a worker into `progress`.

    It is not locked: whoever calls it holds the lock of the job. `progress` itself may be read at any time.
    """

    def __init__(self, key: str, config: RunConfig, sentence: str) -> None:
        self.progress = Progress(key=key, config=config, sentence=sentence)
        self._begun_at: float | None = None
        self._pace: deque[tuple[float, int]] = deque()  # (seconds of the worker's clock, steps done)
        self._told_at = 0.0
        self.note = ""  # stands before every sentence

    def say(self, sentence: str) -> None:
        """Change the sentence alone."""
        self.progress = replace(self.progress, sentence=f"{self.note} {sentence}".strip())

    def begin(self) -> None:
        """A worker has taken the job up."""
        self._begun_at = time.monotonic()
        self.progress = replace(self.progress, state=JobState.RUNNING)
        self.say("Loading the pictures.")

    def add(self, rows: Sequence[Row], seconds: float) -> None:
        """Rows have arrived, which the worker sent `seconds` after it took the job up."""
        started = next((row for row in rows if isinstance(row, Started)), self.progress.started)
        steps = self.progress.steps + tuple(row for row in rows if isinstance(row, StepRow))
        epochs = self.progress.epochs + tuple(row for row in rows if isinstance(row, EpochRow))
        done = max(steps[-1].step if steps else 0, epochs[-1].step if epochs else 0)
        self._mark(seconds, done)
        self.progress = replace(
            self.progress,
            started=started,
            steps=steps,
            epochs=epochs,
            elapsed_s=self._elapsed_s(),
            left_s=self._left_s(started, done),
            fraction=min(1.0, done / started.steps) if started else 0.0,
        )
        self.say(_running_sentence(started, done))

    def end(self, state: JobState, sentence: str) -> None:
        """The job is over, with what it has measured so far."""
        elapsed = self.progress.elapsed_s if self.progress.is_over else self._elapsed_s()
        self.progress = replace(self.progress, state=state, elapsed_s=elapsed, left_s=None)
        self.say(sentence)

    def end_with(self, result: Result, sentence: str) -> None:
        """The job is over and this is its result, whose rows are complete."""
        self.end(JobState(result.state), sentence)
        self.progress = replace(_of_result(result, self.progress), elapsed_s=self.progress.elapsed_s)

    def now(self) -> Progress:
        """The snapshot with its clocks moved on to this moment."""
        progress = self.progress
        if progress.is_over or self._begun_at is None:
            return progress
        left = progress.left_s
        if left is not None:
            left = max(0.0, left - (time.monotonic() - self._told_at))
        return replace(progress, elapsed_s=self._elapsed_s(), left_s=left)

    def _elapsed_s(self) -> float:
        return 0.0 if self._begun_at is None else time.monotonic() - self._begun_at

    def _mark(self, seconds: float, done: int) -> None:
        if self._pace and self._pace[-1][1] == done:
            return  # no step ended since: the clock alone says nothing about the speed
        self._pace.append((seconds, done))
        self._told_at = time.monotonic()
        while len(self._pace) > 2 and seconds - self._pace[1][0] > _PACE_OVER_S:
            self._pace.popleft()

    def _left_s(self, started: Started | None, done: int) -> float | None:
        (first_s, first), (last_s, last) = self._pace[0], self._pace[-1]
        if started is None or last <= first or last_s <= first_s:
            return None
        left = (started.steps - done) * (last_s - first_s) / (last - first)
        return max(0.0, left - (time.monotonic() - self._told_at))


def progress_of(key: str, result: Result, sentence: str) -> Progress:
    """The progress of a job that ended with `result` some time ago."""
    seconds = result.seconds
    progress = Progress(
        key=key,
        config=result.config,
        sentence=sentence,
        elapsed_s=seconds.load + seconds.train + seconds.evaluate,
    )
    return _of_result(result, progress)


def ending_sentence(result: Result) -> str:
    """How a run ended, for people."""
    if result.evaluation is None:
        return result.note
    read = (
        f"{result.evaluation.accuracy:.2%} of the {result.started.test_count:,} test pictures are read right."
    )
    return f"Finished: {read} {result.note}".strip()


def _of_result(result: Result, progress: Progress) -> Progress:
    done = result.epochs[-1].step if result.epochs else 0
    done = max(done, result.steps[-1].step if result.steps else 0)
    return replace(
        progress,
        state=JobState(result.state),
        started=result.started,
        steps=result.steps,
        epochs=result.epochs,
        fraction=1.0 if result.state == "finished" else min(1.0, done / max(1, result.started.steps)),
    )


def _running_sentence(started: Started | None, done: int) -> str:
    if started is None:
        return "Loading the pictures."
    if done >= started.steps:
        return "Reading the test pictures."
    epoch = min(started.epochs, done // max(1, started.steps_per_epoch) + 1)
    return f"Training: epoch {epoch} of {started.epochs}."
