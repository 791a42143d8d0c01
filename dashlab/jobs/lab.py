"""The laboratory: takes configs in, keeps one job per key, writes results into the store."""

import importlib
import logging
import os
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from dashlab.errors import DamagedRun, JobError, StoreError
from dashlab.jobs.cluster import Connection
from dashlab.jobs.dispatcher import Dispatcher
from dashlab.jobs.endings import Endings
from dashlab.jobs.job import (
    KILLED,
    SHUT_DOWN,
    Job,
    Outcome,
    RunJob,
    StudyJob,
    Unreachable,
    WorkerDied,
    not_kept_sentence,
    outcome_of,
    tell_queue,
    unreachable_sentence,
)
from dashlab.jobs.tracking import JobState, Progress
from dashlab.jobs.work import TOPIC, Failure, ask_to_stop, run_order
from dashlab.settings.run import RunConfig
from dashlab.store.runs import Store
from dashlab.training.study import Study

if TYPE_CHECKING:
    from distributed import Future

logger = logging.getLogger(__name__)

TRAIN = "dashlab.training.engine:train"
_MOST_OVER = 50
_MOST_KILLS = 2


class Lab:
    """Trains configs in other processes, one job per key however often it is asked for.

    All methods may be called from any thread, and return at once.

    Args:
        store: where results go; if None, what `DASHLAB_STORE` names at each submission.
        scheduler: address of a Dask scheduler; else `DASHLAB_SCHEDULER`, else an embedded cluster.
        train: what trains, as "module:function", called as `engine.train` is.
        resolve: what decides the config whose key names the run; `engine.resolved` if None.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        scheduler: str | None = None,
        train: str = TRAIN,
        resolve: Callable[[RunConfig], RunConfig] | None = None,
    ) -> None:
        self._store = store
        self._scheduler = scheduler or os.environ.get("DASHLAB_SCHEDULER") or None
        self._train = train
        self._resolve = resolve or _engine_resolved
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._jobs: dict[str, Job] = {}  # by key; those that are over stand in the order of their ends
        self._endings = Endings()
        self._launched: set[str] = set()  # keys
        self._turns: dict[str, str] = {}  # address of a worker that died → token of whose turn it was
        self._warming = False
        self._connection: Connection | None = None
        self._command = Dispatcher()

    def submit(self, config: RunConfig | Study) -> str:
        """Ask for a run or a study; a cached one is there at once, one that goes on already is shared.

        Returns:
            The run's key, by which `progress` and `stop` know it.

        Raises:
            ConfigError: a setting is unsound, or the run that it starts from is not there.
            DamagedRun: the run that it starts from was damaged.
        """
        config = self._resolve(config) if isinstance(config, RunConfig) else config.check()
        key = config.key()
        with self._lock:
            known = self._jobs.get(key)
            if known is not None and not known.progress.is_over:
                return key
            self._jobs.pop(key, None)
            job = self._jobs[key] = self._job(key, config)
        try:
            if not self._answer_from_store(job):
                job.prepare()
                self._command(partial(self._launch, job))
        except Exception as error:
            self._end(job, JobState.FAILED, str(error))  # others may watch it already
            raise
        return key

    def progress(self, key: str) -> Progress | None:
        """Where the job stands now; None for a key that was not submitted, or was over long ago."""
        with self._lock:
            job = self._jobs.get(key)
            return job.tracker.now() if job else None

    def batch(self, keys: Iterable[str]) -> tuple[Progress, ...]:
        """How each known one of these jobs stands; without its rows where it was over long ago."""
        with self._lock:
            found = (
                self._jobs[key].tracker.now() if key in self._jobs else self._endings.get(key) for key in keys
            )
            return tuple(progress for progress in found if progress is not None)

    def active(self) -> tuple[Progress, ...]:
        """All jobs that are not over, the first submitted first."""
        with self._lock:
            return tuple(job.tracker.now() for job in self._jobs.values() if not job.progress.is_over)

    def wait(self, key: str, timeout_s: float | None = None) -> Progress | None:
        """The job's progress once it is over, or after `timeout_s`; for scripts and tests, not for pages."""
        with self._changed:
            self._changed.wait_for(
                lambda: key not in self._jobs or self._jobs[key].progress.is_over, timeout_s
            )
        return self.progress(key)

    def stop(self, key: str) -> None:
        """End a job soon. One that has measured something keeps it; nothing happens to one that is over."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.progress.is_over or job.stopping:
                return
            job.stopping = True
            if not job.has_measured:
                self._end(job, JobState.STOPPED, "Stopped before the first step; there is nothing to keep.")
                self._drop(job)
            else:
                job.tracker.say("Stopping.")
                self._send_stop(job)

    def warm_up(self) -> None:
        """Start the processes that train, so that the first run need not wait for them."""
        with self._lock:
            if self._warming:  # pages ask again and again
                return
            self._warming = True
        self._command(self._warm_up)

    def shutdown(self) -> None:
        """End all jobs and processes; returns when they are gone. The next submission starts them anew."""
        gone = threading.Event()
        self._command(partial(self._shut_down, gone))  # in turn, so that no start is under way
        gone.wait(timeout=30)

    def pids(self) -> tuple[int, ...]:
        """Process ids of the embedded scheduler and worker, where they run."""
        connection = self._connection
        return connection.embedded.pids if connection is not None and connection.embedded is not None else ()

    # Before the training: store, start, launch.

    def _job(self, key: str, config: RunConfig | Study) -> Job:
        store = self._store or Store()
        if isinstance(config, RunConfig):
            return RunJob(key, config, store, self._train)
        return StudyJob(key, config, store)

    def _answer_from_store(self, job: Job) -> bool:
        try:
            stored = job.stored()
        except DamagedRun as error:
            logger.warning("%s", error)
            job.tracker.note = "The cached copy was damaged and is set aside; it is computed again."
            return False
        if stored is None:
            return False
        with self._changed:
            job.tracker.progress = stored
            self._tidy(job)
        return True

    def _warm_up(self) -> None:
        try:
            self._connect()
        finally:
            self._warming = False
        importlib.import_module(self._train.partition(":")[0])  # `submit` resolves configs in this process

    def _shut_down(self, gone: threading.Event) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
            for job in list(self._jobs.values()):
                self._end(job, JobState.LOST, SHUT_DOWN)
        if connection is not None:
            connection.close()
        gone.set()

    def _discard_dead(self) -> None:
        with self._lock:
            connection = self._connection
            if connection is None or connection.is_alive:
                return
            self._connection = None
        connection.close()

    def _connect(self) -> Connection:
        self._discard_dead()
        if self._connection is not None:
            return self._connection
        module = self._train.partition(":")[0]
        connection = Connection(self._scheduler, module=module, on_hopeless=self._on_hopeless)
        connection.listen(TOPIC, self._on_rows)
        connection.listen("all", self._on_cluster_event)
        self._connection = connection
        return connection

    def _launch(self, job: Job) -> None:
        try:
            self._send(job, self._connect())
        except JobError as error:
            self._end(job, JobState.FAILED, str(error))
        except Exception as error:
            logger.exception("The run %s could not be started.", job.key)
            self._end(job, JobState.FAILED, f"The run could not be started: {error}")

    def _send(self, job: Job, connection: Connection) -> None:
        with self._lock:
            if job.progress.is_over:
                return
            order = job.next_order(first=job.key not in self._launched)
            self._launched.add(job.key)
        # fifo_timeout: jobs queue in the order in which they were asked for.
        future = connection.client.submit(
            run_order, order, key=order.name, pure=False, retries=0, fifo_timeout="0 ms"
        )
        with self._lock:
            job.future = future
            self._tell_queue()
            if job.stopping:  # it was stopped while it was on its way
                self._drop(job)
        future.add_done_callback(partial(self._on_done, job, order.name, connection))  # type: ignore[no-untyped-call]

    # While it trains: what comes from the cluster, in the threads of the Dask client.

    def _on_rows(self, event: tuple[float, dict[str, Any]]) -> None:
        _, message = event
        with self._lock:
            job = next((job for job in self._jobs.values() if job.name == message["name"]), None)
            if job is None or job.progress.is_over:
                return
            if job.progress.state is JobState.QUEUED:
                job.tracker.begin()
                self._tell_queue()
            job.add(message)

    def _on_cluster_event(self, event: tuple[float, Any]) -> None:
        _, message = event
        if not isinstance(message, dict) or message.get("action") != "remove-worker":
            return
        with self._lock:
            for job in list(self._jobs.values()):
                if job.progress.state is JobState.RUNNING and job.worker == message["worker"]:
                    self._turns.setdefault(job.worker, job.token)
                    self._lose(job, KILLED)

    def _on_done(self, job: Job, name: str, connection: Connection, future: "Future[Outcome]") -> None:
        with self._lock:
            if job.progress.is_over or job.name != name:
                return
        outcome = outcome_of(future)
        with self._lock:
            job.worker = ""  # its death is nothing to this job any more
            job.future = None
        future.release()  # type: ignore[no-untyped-call]
        if isinstance(outcome, Failure):
            if outcome.traceback:
                logger.error("The run %s failed:\n%s", job.key, outcome.traceback)
            stopped = job.stopping and not outcome.traceback
            self._end(job, JobState.STOPPED if stopped else JobState.FAILED, outcome.sentence)
        elif isinstance(outcome, WorkerDied):
            self._launch_again(job, outcome.address)
        elif isinstance(outcome, Unreachable):
            self._lose(job, unreachable_sentence(self._scheduler))
            connection.is_broken = True
            self._command(self._discard_dead)  # or a worker without a scheduler would train on for nobody
        else:
            self._keep(job, outcome)

    def _on_hopeless(self, sentence: str) -> None:
        """No worker lives long enough to train; the next submission starts anew."""
        with self._lock:
            connection, self._connection = self._connection, None
            for job in list(self._jobs.values()):
                if not job.progress.is_over:
                    self._end(job, JobState.FAILED, sentence)
        if connection is not None:
            connection.close()

    # After the training.

    def _keep(self, job: Job, outcome: Any) -> None:
        with self._lock:
            job.tracker.say("Keeping the result.")
        try:
            final = job.keep(outcome)
        except StoreError as error:
            self._end(job, JobState.FAILED, f"The run came to its end, but was not kept: {error}")
            return
        except Exception as error:  # the job's boundary: pages would wait for its end for ever
            logger.exception("The result of the run %s could not be kept.", job.key)
            self._end(job, JobState.FAILED, not_kept_sentence(error))
            return
        with self._lock:
            if not job.progress.is_over:
                job.tracker.end_with(final)
                self._tidy(job)

    def _launch_again(self, job: Job, worker: str) -> None:
        """Its worker died: a job that had begun is lost, one that only waited there waits elsewhere.

        But whose turn it was may have killed the worker before it could say that it had begun.
        """
        with self._lock:
            if job.progress.is_over:
                return
            turn = next(other for other in self._jobs.values() if not other.progress.is_over)
            job.kills += self._turns.setdefault(worker, turn.token) == job.token
            if job.progress.state is JobState.RUNNING or job.kills >= _MOST_KILLS:
                self._lose(job, KILLED)
            else:
                self._command(partial(self._launch, job))

    def _lose(self, job: Job, sentence: str) -> None:
        self._end(job, JobState.LOST, sentence)
        self._drop(job)

    def _end(self, job: Job, state: JobState, sentence: str) -> None:
        with self._lock:
            if not job.progress.is_over:
                job.tracker.end(state, sentence)
                self._tidy(job)

    def _tidy(self, job: Job) -> None:
        """After a job's end: forget the oldest ends, tell those who wait."""
        job.forget()
        if self._jobs.get(job.key) is job:
            self._jobs[job.key] = self._jobs.pop(job.key)
        over = [key for key, other in self._jobs.items() if other.progress.is_over]
        for key in over[:-_MOST_OVER]:
            self._endings.put(self._jobs.pop(key).progress)
        self._tell_queue()
        self._changed.notify_all()

    def _tell_queue(self) -> None:
        tell_queue(self._jobs.values(), embedded=self._scheduler is None)

    def _drop(self, job: Job) -> None:
        """Nobody wants this job any more: make its training end, and Dask forget it."""
        future, job.future = job.future, None
        if future is not None and self._connection is not None:
            self._send_stop(job, partial(self._connection.client.cancel, [future]))

    def _send_stop(self, job: Job, then: Callable[[], None] = lambda: None) -> None:
        """Raise the job's stop flag on all workers, in a thread of its own: the answer may take a while."""
        if self._connection is None:
            return
        client, tokens = self._connection.client, list(job.tokens)

        def send() -> None:
            try:
                client.run(ask_to_stop, tokens, on_error="ignore")
                then()
            except Exception as error:  # noqa: BLE001  # a cluster that has gone tells it in many ways
                logger.info("The cluster was gone before the run %s was told to stop: %s", job.key, error)

        threading.Thread(target=send, name="dashlab-stop", daemon=True).start()


def _engine_resolved(config: RunConfig) -> RunConfig:
    from dashlab.training.engine import resolved  # imports torch

    return resolved(config)
