"""One submission of one config, and what can come back of it."""

import concurrent.futures
import logging
import traceback
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dashlab.config import RunConfig
from dashlab.errors import ConfigError
from dashlab.jobs.tracking import Progress, Tracker
from dashlab.jobs.work import Failure, Order
from dashlab.records import RecordError, row_from_plain
from dashlab.results import Result, Row
from dashlab.store import Store

if TYPE_CHECKING:
    from distributed import Future

logger = logging.getLogger(__name__)

STARTING = "Starting the process that trains."
KILLED = (
    "The process that trains was killed; perhaps the memory ran out. What was measured until then is shown; "
    "press Train to start the run again."
)
HOPELESS = "The process that trains ends as soon as it starts; the server's terminal says why."
SHUT_DOWN = "The server was shut down while this run went on; press Train to start it again."


@dataclass(frozen=True, slots=True)
class WorkerDied:
    """The worker that trained the job, or in which the job waited, is gone."""

    address: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The scheduler is gone."""


class Job:
    """One submission. Everything but reading `progress` needs the lab's lock."""

    def __init__(self, key: str, config: RunConfig, store: Store) -> None:
        self.key = key
        self.config = config
        self.store = store
        self.token = uuid.uuid4().hex
        self.tokens = {self.token}  # and that of another server's submission, where two share one training
        self.tracker = Tracker(key, config, STARTING)
        self.start_weights: bytes | None = None
        self.name = ""  # of the Dask task
        self.launches = 0
        self.kills = 0  # workers that died when it was its turn, before it could say that it had begun
        self.future: Future[Result | Failure] | None = None
        self.worker = ""  # address of the worker that trains
        self.stopping = False
        self._rows = 0  # how many of the worker's rows have arrived or been missed

    @property
    def progress(self) -> Progress:
        """The latest snapshot."""
        return self.tracker.progress

    def load_start_weights(self) -> None:
        """Fetch the weights that the run starts from, if it starts from any.

        Raises:
            ConfigError: the run that left them is not in the store.
            DamagedRun: it was damaged.
        """
        key = self.config.loop.start_from
        if not key:
            return
        stored = self.store.load(key)
        if stored is None or not stored.result.weights:
            raise ConfigError(
                f"The run to start from, {key[:12]}…, is not in the cache or left no weights: train it first."
            )
        from dashlab.weights import to_bytes

        self.start_weights = to_bytes(stored.result.weights)

    def next_order(self, train: str, *, first: bool) -> Order:
        """What to send to the cluster.

        The first launch of a config has a name that other servers would give it too, so that a cluster trains
        it once for all of them. Later ones are named apart: no remnant of an earlier launch may answer.
        """
        self.launches += 1
        self.name = f"dashlab-{self.key}" if first else f"dashlab-{self.key}-{self.token}-{self.launches}"
        return Order(
            name=self.name,
            token=self.token,
            config=self.config.to_json(),
            train=train,
            start_weights=self.start_weights,
        )

    def add(self, message: dict[str, Any]) -> None:
        """Fold in what the worker sent."""
        self.tokens.add(message["token"])
        self.worker = message["worker"]
        new = message["rows"][max(0, self._rows - message["at"]) :]
        self._rows = max(self._rows, message["at"] + len(message["rows"]))
        try:
            rows: list[Row] = [row_from_plain(row) for row in new]
            if self.progress.started is None and message["started"] is not None:
                rows.insert(0, row_from_plain(message["started"]))
        except RecordError as error:
            logger.warning(
                "A worker with another version of dashlab sent rows that are not understood: %s", error
            )
            return
        if rows:
            self.tracker.add(rows, message["seconds"])
        if self.stopping:
            self.tracker.say("Stopping.")


def queue_sentence(ahead: int, *, embedded: bool) -> str:
    """Why a job waits, when so many others of this server come before it."""
    others = f"{ahead} other run{'s' if ahead > 1 else ''}"
    if embedded:
        return f"Waiting for {others} to end." if ahead else "Waiting for the process that trains."
    return f"Waiting for a free worker, after {others}." if ahead else "Waiting for a free worker."


def outcome_of(future: "Future[Result | Failure]") -> Result | Failure | WorkerDied | Unreachable:
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
            sentence=f"The worker could not take the run up; is the same dashlab installed there? ({last})",
            traceback=traceback.format_exc(),
        )
    return outcome
