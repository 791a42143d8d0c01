"""What is known of a job: one immutable snapshot, replaced whole."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from dashlab.settings.run import RunConfig
from dashlab.training.results import EpochRow, Result, Started, StepRow
from dashlab.training.study import Study, StudyOutcome, Tick

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
    """A job as it stood at one moment; a run has `started`, `steps` and `epochs`, a study has `rows`."""

    key: str
    config: RunConfig | Study
    state: JobState = JobState.QUEUED
    sentence: str = ""  # what to show of the state
    behind: RunConfig | Study | None = None  # what goes on, or comes first, while this waits
    started: Started | None = None
    steps: tuple[StepRow, ...] = ()
    epochs: tuple[EpochRow, ...] = ()
    rows: tuple[Any, ...] = ()
    elapsed_s: float = 0.0  # since a worker took it up; stands still once it is over
    left_s: float | None = None  # estimated from the recent speed; None until there is one
    fraction: float = 0.0  # of the work, in [0, 1]

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state.is_over

    @property
    def run(self) -> RunConfig | None:
        """The config of a training run; None for a study, which has other settings."""
        return self.config if isinstance(self.config, RunConfig) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folded:
    """What the rows of a job amount to so far."""

    changes: dict[str, Any]  # of the snapshot
    done: int  # units of work
    total: int  # 0 while it is not known
    sentence: str


class Tracker:
    """Folds what arrives from the worker of a training into `progress`.

    It is not locked: whoever calls it holds the lock of the job. `progress` itself may be read at any time.
    """

    LOADING = "Loading the pictures."

    def __init__(self, key: str, config: RunConfig | Study, sentence: str) -> None:
        self.progress = Progress(key=key, config=config, sentence=sentence)
        self._begun_at: float | None = None
        self._pace: deque[tuple[float, int]] = deque()  # (seconds of the worker's clock, steps done)
        self._told_at = 0.0
        self.note = ""  # stands before every sentence

    def say(self, sentence: str) -> None:
        """Change the sentence alone."""
        self.progress = replace(self.progress, sentence=f"{self.note} {sentence}".strip())

    def wait(self, sentence: str, behind: RunConfig | Study | None) -> None:
        """The job still waits, for what is before it."""
        self.progress = replace(self.progress, behind=behind)
        self.say(sentence)

    def begin(self) -> None:
        """A worker has taken the job up."""
        self._begun_at = time.monotonic()
        self.progress = replace(self.progress, state=JobState.RUNNING, behind=None)
        self.say(self.LOADING)

    def add(self, rows: Sequence[Any], seconds: float) -> None:
        """Rows have arrived, which the worker sent `seconds` after it took the job up."""
        folded = self._fold(rows)
        self._mark(seconds, folded.done)
        self.progress = replace(
            self.progress,
            **folded.changes,
            elapsed_s=self._elapsed_s(),
            left_s=self._left_s(folded),
            fraction=min(1.0, folded.done / folded.total) if folded.total else 0.0,
        )
        self.say(folded.sentence)

    def _fold(self, rows: Sequence[Any]) -> _Folded:
        started = next((row for row in rows if isinstance(row, Started)), self.progress.started)
        steps = self.progress.steps + tuple(row for row in rows if isinstance(row, StepRow))
        epochs = self.progress.epochs + tuple(row for row in rows if isinstance(row, EpochRow))
        done = max(steps[-1].step if steps else 0, epochs[-1].step if epochs else 0)
        return _Folded(
            changes={"started": started, "steps": steps, "epochs": epochs},
            done=done,
            total=started.steps if started else 0,
            sentence=_running_sentence(started, done),
        )

    def end(self, state: JobState, sentence: str) -> None:
        """The job is over, with what it has measured so far."""
        elapsed = self.progress.elapsed_s if self.progress.is_over else self._elapsed_s()
        self.progress = replace(self.progress, state=state, elapsed_s=elapsed, left_s=None, behind=None)
        self.say(sentence)

    def end_with(self, final: Progress) -> None:
        """The job is over and this is what it came to; its own clock stands."""
        self.end(final.state, final.sentence)
        self.progress = replace(
            final, elapsed_s=self.progress.elapsed_s, sentence=self.progress.sentence, left_s=None
        )

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

    def _left_s(self, folded: _Folded) -> float | None:
        (first_s, first), (last_s, last) = self._pace[0], self._pace[-1]
        if not folded.total or last <= first or last_s <= first_s:
            return None
        left = (folded.total - folded.done) * (last_s - first_s) / (last - first)
        return max(0.0, left - (time.monotonic() - self._told_at))


class StudyTracker(Tracker):
    """The same for a study: ticks say how far it has come."""

    LOADING = "Starting."

    def __init__(self, key: str, study: Study, sentence: str) -> None:
        super().__init__(key, study, sentence)
        self._tick = Tick(done=0, total=0)

    def _fold(self, rows: Sequence[Any]) -> _Folded:
        for row in rows:
            if isinstance(row, Tick):
                self._tick = row
        new = tuple(row for row in rows if not isinstance(row, Tick))
        return _Folded(
            changes={"rows": self.progress.rows + new},
            done=self._tick.done,
            total=self._tick.total,
            sentence=f"{self._tick.doing}." if self._tick.doing else "Computing.",
        )


def progress_of(key: str, result: Result) -> Progress:
    """The progress of a training that ended with `result`."""
    seconds = result.seconds
    done = result.epochs[-1].step if result.epochs else 0
    done = max(done, result.steps[-1].step if result.steps else 0)
    return Progress(
        key=key,
        config=result.config,
        state=JobState(result.state),
        sentence=ending_sentence(result),
        started=result.started,
        steps=result.steps,
        epochs=result.epochs,
        elapsed_s=seconds.load + seconds.train + seconds.evaluate,
        fraction=1.0 if result.state == "finished" else min(1.0, done / max(1, result.started.steps)),
    )


def progress_of_study(key: str, study: Study, outcome: StudyOutcome) -> Progress:
    """The progress of a study that ended with `outcome`."""
    stopped = outcome.state == "stopped"
    return Progress(
        key=key,
        config=study,
        state=JobState.STOPPED if stopped else JobState.FINISHED,
        sentence="Stopped. What was computed until then is shown." if stopped else "Finished.",
        rows=outcome.rows,
        elapsed_s=outcome.seconds,
        fraction=1.0 if outcome.state == "finished" else 0.0,
    )


def ending_sentence(result: Result) -> str:
    """How a run ended, for people."""
    if result.evaluation is None:
        return result.note
    evaluation = result.evaluation
    read = (
        f"{evaluation.accuracy:.2%} of the {result.started.test_count:,} test pictures are classified "
        f"correctly; always predicting the largest class gives {evaluation.largest_class()[1]:.2%}."
    )
    return f"Finished: {read} {result.note}".strip()


def _running_sentence(started: Started | None, done: int) -> str:
    if started is None:
        return "Loading the pictures."
    if done >= started.steps:
        return "Evaluating the test pictures."
    epoch = min(started.epochs, done // max(1, started.steps_per_epoch) + 1)
    return f"Training: epoch {epoch} of {started.epochs}."
