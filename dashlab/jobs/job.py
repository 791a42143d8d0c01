"""One submission of one config, and what can come back of it."""

import concurrent.futures
import logging
import traceback
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashlab.errors import ConfigError, DashlabError
from dashlab.jobs.tracking import JobState, Progress, StudyTracker, Tracker, progress_of, progress_of_study
from dashlab.jobs.work import Failure, Order
from dashlab.settings.run import RunConfig
from dashlab.store import studies
from dashlab.store.runs import Store
from dashlab.training.records import RecordError, row_from_plain
from dashlab.training.results import Result, Row
from dashlab.training.study import Study, StudyOutcome, name_of, study_row_from_plain

if TYPE_CHECKING:
    from distributed import Future

logger = logging.getLogger(__name__)

PERFORM = "dashlab.training.study:perform"

Outcome = Result | StudyOutcome | Failure
"""What comes back from a worker."""

STARTING = "Starting the process that trains."
KILLED = (
    "The process that trains was killed; perhaps the memory ran out. What was measured until then is shown; "
    "start it once more."
)
SHUT_DOWN = "The server was shut down while this run went on; start it once more."


@dataclass(frozen=True, slots=True)
class WorkerDied:
    """The worker that trained the job, or in which the job waited, is gone."""

    address: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The scheduler is gone."""


class Job(ABC):
    """One submission. Everything but reading `progress` needs the lab's lock."""

    def __init__(self, key: str, tracker: Tracker, store: Store) -> None:
        self.key = key
        self.store = store
        self.token = uuid.uuid4().hex
        self.tokens = {self.token}  # and that of another server's submission, where two share one training
        self.tracker = tracker
        self.name = ""  # of the Dask task
        self.launches = 0
        self.kills = 0  # workers that died when it was its turn, before it could say that it had begun
        self.future: Future[Outcome] | None = None
        self.worker = ""  # address of the worker that trains
        self.stopping = False
        self._rows = 0  # how many of the worker's rows have arrived or been missed

    @property
    def progress(self) -> Progress:
        """The latest snapshot."""
        return self.tracker.progress

    @property
    @abstractmethod
    def has_measured(self) -> bool:
        """Whether there may be something to keep, should it be stopped now."""

    @abstractmethod
    def stored(self) -> Progress | None:
        """What the store has of it, if that ends the job at once; raises `DamagedRun`."""

    @abstractmethod
    def prepare(self) -> None:
        """Fetch what it starts from; raises a `DashlabError` where that is not there."""

    @abstractmethod
    def keep(self, outcome: Any) -> Progress:
        """Write what came of it into the store; raises `OSError`."""

    @abstractmethod
    def forget(self) -> None:
        """Let go of what was fetched for the start."""

    @abstractmethod
    def _order(self) -> dict[str, Any]:
        """The part of an `Order` that says what to do."""

    @abstractmethod
    def _row(self, plain: dict[str, Any]) -> Any:
        """A row as the worker sent it; raises `RecordError`."""

    def next_order(self, *, first: bool) -> Order:
        """What to send to the cluster.

        The first launch of a config has a name that other servers would give it too, so that a cluster trains
        it once for all of them. Later ones are named apart: no remnant of an earlier launch may answer.
        """
        self.launches += 1
        self.name = f"dashlab-{self.key}" if first else f"dashlab-{self.key}-{self.token}-{self.launches}"
        return Order(name=self.name, token=self.token, **self._order())

    def add(self, message: dict[str, Any]) -> None:
        """Fold in what the worker sent."""
        self.tokens.add(message["token"])
        self.worker = message["worker"]
        new = message["rows"][max(0, self._rows - message["at"]) :]
        self._rows = max(self._rows, message["at"] + len(message["rows"]))
        try:
            rows = [self._row(row) for row in new]
            if self.progress.started is None and message["started"] is not None:
                rows.insert(0, self._row(message["started"]))
        except RecordError as error:
            logger.warning(
                "A worker with another version of dashlab sent rows that are not understood: %s", error
            )
            return
        if rows:
            self.tracker.add(rows, message["seconds"])
        if self.stopping:
            self.tracker.say("Stopping.")


class RunJob(Job):
    """One training."""

    def __init__(self, key: str, config: RunConfig, store: Store, train: str) -> None:
        super().__init__(key, Tracker(key, config, STARTING), store)
        self.config = config
        self._train = train
        self._start_weights: bytes | None = None
        self._held: Path | None = None  # marks the run that it starts from as in use

    @property
    def has_measured(self) -> bool:
        """Whether its first step is near: a run that is stopped then is kept as far as it came."""
        return self.progress.started is not None

    def stored(self) -> Progress | None:
        """The run in the store; a stopped one does not count, and is trained anew.

        Raises:
            DamagedRun: its files failed their checksum.
        """
        stored = self.store.load(self.key)
        if stored is None or stored.result.state == "stopped":
            return None
        return progress_of(self.key, stored.result)

    def prepare(self) -> None:
        """Fetch the weights that the run starts from, if it starts from any.

        Raises:
            ConfigError: the run that left them is not in the store.
            DamagedRun: it was damaged.
        """
        key = self.config.loop.start_from
        if not key:
            return
        self._held = self.store.room.hold(key)
        stored = self.store.load(key)
        if stored is None or not stored.result.weights:
            raise ConfigError(
                f"The run to start from, {key[:12]}…, is not in the cache or left no weights: train it first."
            )
        from dashlab.training.weights import to_bytes

        self._start_weights = to_bytes(stored.result.weights)

    def keep(self, outcome: Any) -> Progress:
        """Write the `Result` into the store, and say so.

        Raises:
            StoreError: the folder cannot be written.
        """
        self.store.save(outcome)
        return progress_of(self.key, outcome)

    def forget(self) -> None:
        """Let go of the weights that it started from, and of the mark that keeps their run."""
        self._start_weights = None
        if self._held is not None:
            self.store.room.let_go(self._held)
            self._held = None

    def _order(self) -> dict[str, Any]:
        return {
            "config": self.config.to_json(),
            "train": self._train,
            "start_weights": self._start_weights,
        }

    def _row(self, plain: dict[str, Any]) -> Row:
        return row_from_plain(plain)


class StudyJob(Job):
    """One study."""

    def __init__(self, key: str, study: Study, store: Store) -> None:
        super().__init__(key, StudyTracker(key, study, STARTING), store)
        self.study = study

    @property
    def has_measured(self) -> bool:
        """Whether it has begun: from then on there may be rows."""
        return self.progress.state is JobState.RUNNING

    def stored(self) -> Progress | None:
        """The study in the store, where studies of its kind are kept.

        Raises:
            DamagedRun: its files failed their checksum.
        """
        stored = studies.load(self.study, self.store.root) if self.study.IS_CACHED else None
        if stored is None:
            return None
        outcome = StudyOutcome(
            state="finished", rows=stored.rows, seconds=stored.seconds, environment=stored.environment
        )
        return progress_of_study(self.key, self.study, outcome)

    def prepare(self) -> None:
        """A study starts from nothing."""

    def forget(self) -> None:
        """Nothing was fetched."""

    def keep(self, outcome: Any) -> Progress:
        """Write the `StudyOutcome` into the store, with the training runs that came out on the way.

        Raises:
            StoreError: the folder cannot be written.
        """
        for result in outcome.results:
            self.store.save(result)
        if self.study.IS_CACHED:
            studies.save(self.study, outcome, self.store.root)
            self.store.room.make()
        return progress_of_study(self.key, self.study, outcome)

    def _order(self) -> dict[str, Any]:
        return {
            "config": self.study.to_json(),
            "study": name_of(self.study),
            "train": PERFORM,
            "start_weights": None,
        }

    def _row(self, plain: dict[str, Any]) -> Any:
        return study_row_from_plain(self.study.ROW, plain)


def tell_queue(jobs: Iterable[Job], *, embedded: bool) -> None:
    """Bring what jobs that wait say of it up to date; all jobs of the lab, in their order."""
    ahead: list[Job] = []
    for job in jobs:
        if job.progress.is_over:
            continue
        if job.progress.state is JobState.QUEUED:
            sentence = queue_sentence(len(ahead), embedded=embedded) if job.future else STARTING
            job.tracker.wait(sentence, ahead[0].progress.config if ahead else None)
        ahead.append(job)


def unreachable_sentence(scheduler: str | None) -> str:
    """That the cluster is gone: the one elsewhere at this address, or our own."""
    who = f"The scheduler at {scheduler}" if scheduler else "The process that hands out the trainings"
    return f"{who} cannot be reached any more. What was measured until then is shown; start it once more."


def queue_sentence(ahead: int, *, embedded: bool) -> str:
    """Why a job waits, when so many others of this server come before it."""
    others = f"{ahead} other run{'s' if ahead > 1 else ''}"
    if embedded:
        return f"Waiting for {others} to end." if ahead else "Waiting for the process that trains."
    return f"Waiting for a free worker, after {others}." if ahead else "Waiting for a free worker."


def not_kept_sentence(error: Exception) -> str:
    """Why nothing is left of a job that came to its end, where that is nobody's disk."""
    if isinstance(error, DashlabError):
        return f"The run came to its end, but its result could not be kept. {error}"
    last = traceback.format_exception_only(type(error), error)[-1].strip()
    return (
        "The run came to its end, but its result could not be kept, which is a fault in dashlab; the "
        f"server's terminal says more. The error was: {last}"
    )


def outcome_of(future: "Future[Outcome]") -> "Outcome | WorkerDied | Unreachable":
    """What came of a task that has ended, fetched from the cluster."""
    from distributed import CancelledError, KilledWorker

    try:
        outcome = future.result()
    except KilledWorker as error:
        return WorkerDied(error.last_worker.address)
    except OSError:  # it died while its result was being fetched
        return WorkerDied("")
    except (CancelledError, concurrent.futures.CancelledError):
        return Unreachable()
    except Exception as error:  # noqa: BLE001  # raised outside the training: a worker without dashlab, for one
        last = traceback.format_exception_only(type(error), error)[-1].strip()
        return Failure(
            sentence=f"The worker could not start the run; is the same dashlab installed there? ({last})",
            traceback=traceback.format_exc(),
        )
    return outcome
