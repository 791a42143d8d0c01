"""What happens inside a Dask worker: one training that sends rows and can be stopped."""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dashlab.errors import DashlabError
from dashlab.settings.run import RunConfig
from dashlab.training.records import plain_row
from dashlab.training.results import Result, Started
from dashlab.training.study import StudyOutcome, load_named, plain_study_row

if TYPE_CHECKING:
    from distributed import Worker
    from torch import Tensor

logger = logging.getLogger(__name__)

TOPIC = "dashlab-rows"
"""The Dask event topic on which every worker reports. One for all jobs: Dask keeps the last thousand messages
of each topic for as long as the scheduler lives."""

SEND_EVERY_S = 0.1
"""Rows go out in batches, no more often than this."""

_LOOK_EVERY_S = 0.5
_MOST_FLAGS = 1000

_asked_to_stop: dict[str, None] = {}
"""Tokens of the jobs that shall stop, oldest first. A token belongs to one submission, so a flag that comes
too late hits nothing, and one that comes before its job begins is still there when it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One training, as it is sent to a worker."""

    name: str  # of the Dask task
    token: str  # of this submission
    config: Mapping[str, Any]  # as its `to_json` writes it
    study: str = ""  # the "module:class" of a study's config; empty for a `RunConfig`
    train: str  # what trains, as "module:function"; called as `engine.train` is
    start_weights: bytes | None  # a .safetensors file: tensors would make the scheduler import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A training that ended in an exception."""

    sentence: str
    traceback: str = ""  # empty where the sentence says everything


def run_order(order: Order) -> Result | StudyOutcome | Failure:
    """Train or compute as ordered, inside a Dask worker."""
    from distributed import get_worker

    worker = get_worker()
    sender = RowSender(worker, order)
    sender.begin()
    try:
        if order.token in _asked_to_stop:
            return Failure(sentence="Stopped before it began.")
        result: Result | StudyOutcome = load_named(order.train)(
            config_kind(order).from_json(order.config),
            on_row=sender.add,
            should_stop=_stop_reader(worker, order),
            start_weights=_weights(order.start_weights),
        )
        return result
    except DashlabError as error:
        return Failure(sentence=str(error))
    except Exception as error:  # noqa: BLE001  # the job's boundary: what is caught here is shown to the person
        return Failure(sentence=_bug_sentence(error), traceback=traceback.format_exc())
    finally:
        sender.flush()
        _asked_to_stop.pop(order.token, None)


def _weights(contents: bytes | None) -> "dict[str, Tensor] | None":
    if contents is None:
        return None
    from dashlab.training.weights import from_bytes

    return from_bytes(contents)


def config_kind(order: Order) -> Any:
    """The class of an order's config."""
    return load_named(order.study) if order.study else RunConfig


def ask_to_stop(tokens: list[str]) -> None:
    """Raise the stop flag of these submissions; runs in the worker's event loop, beside the training."""
    for token in tokens:
        _asked_to_stop[token] = None
    while len(_asked_to_stop) > _MOST_FLAGS:
        _asked_to_stop.pop(next(iter(_asked_to_stop)))


def _stop_reader(worker: "Worker", order: Order) -> Callable[[], bool]:
    """What the engine asks between steps: has someone stopped the job, or does nobody want it any more?"""
    look_at = time.monotonic() + _LOOK_EVERY_S

    def should_stop() -> bool:
        nonlocal look_at
        if order.token in _asked_to_stop:
            return True
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + _LOOK_EVERY_S
            task = worker.state.tasks.get(order.name)
            return task is None or task.state == "cancelled"  # whoever asked for it is gone
        return False

    return should_stop


def _bug_sentence(error: Exception) -> str:
    what = traceback.format_exception_only(type(error), error)[-1].strip()
    if isinstance(error, MemoryError) or "out of memory" in what.lower():
        return (
            f"The training needs more memory than there is: make the batch or the network smaller. ({what})"
        )
    return f"The computation broke down, which is a fault in dashlab. The error was: {what}"


class RowSender:
    """Sends a job's rows to the scheduler in batches, in order."""

    def __init__(self, worker: "Worker", order: Order) -> None:
        self._worker = worker
        self._order = order
        self._plain = plain_study_row if order.study else plain_row
        self._begun_at = time.monotonic()
        self._lock = threading.Lock()  # the training thread adds, the event loop's timer flushes
        self._started: dict[str, Any] | None = None  # in every message: another server may join in late
        self._waiting: list[dict[str, Any]] = []
        self._sent = 0
        self._sent_at = float("-inf")
        self._timer_runs = False

    def begin(self) -> None:
        """Tell that this worker has taken the job up."""
        with self._lock:
            self._send()

    def add(self, row: Any) -> None:
        """Send a row now, or with the next batch."""
        with self._lock:
            self._waiting.append(self._plain(row))
            if isinstance(row, Started):
                self._started = self._waiting[-1]
            wait_s = self._sent_at + SEND_EVERY_S - time.monotonic()
            if wait_s <= 0 or self._sent == 0:
                self._send()
            elif not self._timer_runs:
                self._timer_runs = True
                self._worker.loop.add_callback(self._worker.loop.call_later, wait_s, self._on_timer)

    def flush(self) -> None:
        """Send what still waits."""
        with self._lock:
            if self._waiting:
                self._send()

    def _on_timer(self) -> None:
        self._timer_runs = False
        self.flush()

    def _send(self) -> None:
        message = {
            "name": self._order.name,
            "token": self._order.token,
            "worker": self._worker.address,
            "started": self._started,
            "at": self._sent,
            "seconds": time.monotonic() - self._begun_at,
            "rows": self._waiting,
        }
        self._sent += len(self._waiting)
        self._sent_at = time.monotonic()
        self._waiting = []
        # Always through the loop's queue: called from the loop, `log_event` would overtake what waits there.
        self._worker.loop.add_callback(self._worker.log_event, TOPIC, message)
