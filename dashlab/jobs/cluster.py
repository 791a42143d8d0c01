"""The processes that train: a scheduler and one worker of our own, or any Dask cluster."""

import atexit
import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashlab.errors import JobError
from dashlab.jobs.child import cores
from dashlab.jobs.keys import Keys, security_of

if TYPE_CHECKING:
    from distributed import Client
    from distributed.security import Security

logger = logging.getLogger(__name__)

HOPELESS = "The process that trains ends as soon as it starts; the server's terminal says why."
NO_NEW_WORKER = (
    "The process that trains ended, and no other could be started in its place; perhaps the memory ran out. "
    "Start it once more."
)
_START_WITHIN_S = 60.0
_CONNECT_WITHIN_S = 10.0
_MOST_EARLY_DEATHS = 3


class Embedded:
    """One scheduler and one worker on this machine, as plain processes.

    Dask's own `LocalCluster` would run the script of the Streamlit server again in each child. These die with
    this process, however it dies, and a worker that dies is replaced.

    Args:
        module: what the worker imports before it reports for work.
        on_hopeless: called with a sentence, in a thread, when workers keep dying as soon as they start, or
            none can be started any more. Nothing is alive here from then on.

    Raises:
        JobError: the scheduler did not start.
    """

    def __init__(self, module: str, on_hopeless: Callable[[str], None]) -> None:
        self._module = module
        self._on_hopeless = on_hopeless
        self._lock = threading.Lock()
        self._closing = False
        self._is_hopeless = False
        self._scheduler = _launch("scheduler")
        self._worker = self._scheduler  # until there is one
        atexit.register(self._close_at_exit)
        try:
            self._worker = self._launch_worker()  # both import at the same time
            self._keys = Keys.fresh()  # meanwhile
            _tell(self._scheduler, self._keys.line())
            self.security = self._keys.security()
            self.address = self._read_address()
            self._tell_address(self._worker)
            threading.Thread(target=self._keep_a_worker, name="dashlab-keep-worker", daemon=True).start()
        except BaseException:
            self.close()
            raise

    @property
    def is_alive(self) -> bool:
        """Whether the scheduler runs, and there is hope for a worker."""
        return not self._closing and not self._is_hopeless and self._scheduler.poll() is None

    @property
    def pids(self) -> tuple[int, int]:
        """Process ids of the scheduler and of the worker that there is now."""
        return self._scheduler.pid, self._worker.pid

    def close(self) -> None:
        """End both processes; returns when they are gone."""
        with self._lock:
            self._closing = True
            processes = (self._worker, self._scheduler)
        for process in processes:
            _hang_up(process)
        for process in processes:
            _wait_or_kill(process)
        atexit.unregister(self._close_at_exit)

    def _close_at_exit(self) -> None:
        # The client still runs, finds its scheduler gone, and cannot start the threads it would use then.
        for name in ("asyncio", "distributed", "tornado.application"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self.close()

    def _launch_worker(self) -> "subprocess.Popen[str]":
        return _launch("worker", self._module)

    def _read_address(self) -> str:
        """The scheduler's first line; a timer ends the wait for it."""
        timer = threading.Timer(_START_WITHIN_S, self._scheduler.kill)
        timer.start()
        try:
            address = _first_line(self._scheduler)
        finally:
            timer.cancel()
        if not address:
            raise JobError(
                "The process that hands out the trainings did not start; the server's terminal says why."
            )
        return address

    def _tell_address(self, worker: "subprocess.Popen[str]") -> None:
        _tell(worker, f"{self.address}\n{self._keys.line()}")

    def _keep_a_worker(self) -> None:
        """Replace the worker whenever it dies; where that is in vain, say so to those who wait."""
        try:
            sentence = self._replace_workers()
        except Exception:  # no memory, no process, no thread: whoever waits must not wait for ever
            logger.exception("The process that trains could not be started again.")
            sentence = NO_NEW_WORKER
        if sentence:
            self._is_hopeless = True
            self._on_hopeless(sentence)

    def _replace_workers(self) -> str:
        """Replace each worker that dies, until that is in vain; returns why, or nothing at the end of all."""
        early_deaths = 0  # in a row, before the worker could report for work
        while early_deaths < _MOST_EARLY_DEATHS:
            reported = _first_line(self._worker) != ""
            code = self._worker.wait()
            with self._lock:
                if self._closing or self._scheduler.poll() is not None:
                    return ""
                _hang_up(self._worker)
                early_deaths = 0 if reported else early_deaths + 1
                logger.warning("The process that trains ended with code %d.", code)
                if early_deaths < _MOST_EARLY_DEATHS:
                    self._worker = self._launch_worker()
                    self._tell_address(self._worker)
        return HOPELESS


class Connection:
    """A Dask client, and the embedded cluster behind it if there is one.

    Args:
        address: of a scheduler elsewhere; None starts the embedded cluster.
        module: what an embedded worker imports at its start.
        on_hopeless: see `Embedded`.

    Raises:
        JobError: the embedded cluster did not start, or no scheduler answers at `address`.
    """

    def __init__(self, address: str | None, *, module: str, on_hopeless: Callable[[str], None]) -> None:
        self.embedded = Embedded(module, on_hopeless) if address is None else None
        self.is_broken = (
            False  # the client may have found a scheduler again, but has lost its jobs and topics
        )
        self._topics: list[str] = []
        self.address = address or (self.embedded.address if self.embedded else "")
        try:
            security = self.embedded.security if self.embedded else security_of(self.address)
            self.client = _client(self.address, security)
        except BaseException:
            if self.embedded is not None:
                self.embedded.close()
            raise

    def listen(self, topic: str, on_event: Callable[[tuple[float, Any]], None]) -> None:
        """Have `on_event` called, in the client's thread, with (time, message) of each event of a topic."""
        self.client.subscribe_topic(topic, on_event)  # type: ignore[no-untyped-call]
        self._topics.append(topic)

    @property
    def is_alive(self) -> bool:
        """Whether jobs can be sent."""
        if self.is_broken or self.client.status != "running":
            return False
        return self.embedded is None or self.embedded.is_alive

    def close(self) -> None:
        """Hang up, and end the embedded cluster's processes."""
        with contextlib.suppress(TimeoutError):
            for topic in self._topics:  # or the scheduler would tell the client that the client has gone
                self.client.unsubscribe_topic(topic)  # type: ignore[no-untyped-call]
            self.client.close(timeout=2)  # type: ignore[no-untyped-call]
        if self.embedded is not None:
            self.embedded.close()


def _client(address: str, security: "Security | None") -> "Client":
    import dask
    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.WARNING)
    # An order may hold the weights that a run starts from, and Dask would warn of more than 10 MB.
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"})
    try:
        return Client(
            address, security=security, set_as_default=False, timeout=_CONNECT_WITHIN_S, name="dashlab"
        )  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        raise JobError(
            f"No Dask scheduler answers at {address} (from DASHLAB_SCHEDULER): start it there, or unset "
            "DASHLAB_SCHEDULER to train on this machine."
        ) from error


def _launch(role: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start `dashlab.jobs.process` with a pipe as its lifeline; its first line says that it is ready."""
    root = str(Path(__file__).resolve().parents[2])  # the app may have been started from any folder
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    threads = str(_threads())
    environment = {
        "THP_MEM_ALLOC_ENABLE": "1",  # huge pages on Linux: new tensors of 100 MB come 5 times as fast
        **os.environ,
        "PYTHONPATH": path,
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
    }
    more: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
    return subprocess.Popen(
        [sys.executable, "-m", "dashlab.jobs.process", role, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        **more,
    )


def _threads() -> int:
    """Threads of torch in the worker: `DASHLAB_THREADS`, else one core is left for the pages that watch."""
    named = os.environ.get("DASHLAB_THREADS", "")
    if named and not (named.isascii() and named.isdigit() and 1 <= int(named) <= 1024):
        raise JobError(f"DASHLAB_THREADS must be a whole number from 1 to 1024; it is {named!r}.")
    if named:
        return int(named)
    return max(1, cores() - 1)


def _tell(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it died already: whoever waits for its answer sees to that
        process.stdin.write(f"{line}\n")
        process.stdin.flush()


def _first_line(process: "subprocess.Popen[str]") -> str:
    """What the process says once it is ready; empty if it died before that."""
    assert process.stdout is not None
    with contextlib.suppress(ValueError):  # another thread has hung up
        return process.stdout.readline().strip()
    return ""


def _hang_up(process: "subprocess.Popen[str]") -> None:
    """Close our ends of the pipes: the process takes that as its end."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _wait_or_kill(process: "subprocess.Popen[str]") -> None:
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
