"""Where pages have computed what they wait for: in processes beside the server, one per core.

A page that computes holds up all others, for a Python process has one core. Here a computation is ordered by
function and arguments; equal orders share one answer, answers are kept up to a size in bytes, and what nobody
waits for any more is given up.

```
with desk.ask(layer_stats, config) as ticket:
    while not ticket.wait(0.1):
        say_that_it_takes_a_while()
    stats = ticket.result()
```
"""

import atexit
import contextlib
import logging
import os
import queue
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

from dashlab.errors import DashlabError, JobError
from dashlab.jobs.calculator import GIVE_UP, Answer, Calculation, receive, send
from dashlab.jobs.child import cores

logger = logging.getLogger(__name__)

T = TypeVar("T")

MOST_BYTES = 192 * 2**20
"""What all kept answers may take together, as they came over the pipe."""

_LOOK_EVERY_S = 0.05
_GRACE_S = 2.0  # for a computation that nobody waits for to end by itself, before its process is ended
_MOST_CALCULATORS = 4
_MAIN = "import sys; from dashlab.jobs.calculator import main; main(sys.argv[1])"
"""Not `-m`: the module would be there twice, and functions ordered by its name would be the other's."""


class Fault(RuntimeError):
    """A computation ended in an error that nobody expected; the text is its traceback."""


class _Work:
    """One order, for all who asked for it."""

    def __init__(self, order: Calculation) -> None:
        self.order = order
        self.waiting = 0
        self.done = threading.Event()
        self.answer = Answer()


class Ticket(Generic[T]):
    """The right to an answer. Leaving its `with` block gives it back: what nobody waits for is given up."""

    def __init__(self, desk: "Desk", work: _Work) -> None:
        self._desk = desk
        self._work = work

    def __enter__(self) -> "Ticket[T]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._desk.leave(self._work)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Whether the answer is there, after `timeout_s` at the latest."""
        return self._work.done.wait(timeout_s)

    def result(self) -> T:
        """The answer, once it is there. Others have it too: it must not be changed.

        Raises:
            DashlabError: the computation ended with this sentence.
            Fault: it ended in an error that nobody expected.
        """
        self.wait()
        answer = self._work.answer
        if answer.error is not None:
            raise answer.error
        if answer.fault:
            raise Fault(answer.fault)
        result: T = answer.value
        return result


class Desk:
    """Takes orders; all methods may be called from any thread.

    Args:
        calculators: how many processes compute; 0 computes in the thread that asks, for tests. None takes
            what `DASHLAB_CALCULATORS` says, by default one for each core, at most four.
        most_bytes: what the kept answers may take.
    """

    def __init__(self, calculators: int | None = None, *, most_bytes: int = MOST_BYTES) -> None:
        self.calculators = _count() if calculators is None else calculators
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._works: dict[Calculation, _Work] = {}  # those that are not done
        self._results: OrderedDict[Calculation, tuple[int, _Work]] = OrderedDict()
        self._bytes = 0
        self._queue: queue.Queue[_Work | None] = queue.Queue()
        self._threads: list[threading.Thread] = []

    def ask(self, function: Callable[..., T], *arguments: Any, **keywords: Any) -> Ticket[T]:
        """Have `function(*arguments, **keywords)` computed.

        Args:
            function: at the top of a module, so that another process finds it by its name.
            arguments: hashable, and what can be sent to another process; equal ones share an answer.
            keywords: likewise.
        """
        order = Calculation(
            function.__module__, function.__qualname__, arguments, tuple(sorted(keywords.items()))
        )
        with self._lock:
            work = self._known(order)
            is_new = work is None
            if work is None:
                work = self._works[order] = _Work(order)
            work.waiting += 1
        if is_new:
            self._begin(work, function)
        return Ticket(self, work)

    def forget(self, function: Callable[..., Any]) -> None:
        """Keep no answer of this function any longer."""
        with self._lock:
            for order in [order for order in self._results if order.names(function)]:
                self._bytes -= self._results.pop(order)[0]

    def warm_up(self) -> None:
        """Start the processes, so that the first order need not wait for them."""
        with self._lock:
            while len(self._threads) < self.calculators:
                name = f"dashlab-desk-{len(self._threads)}"
                thread = threading.Thread(target=self._serve, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def leave(self, work: _Work) -> None:
        """One who asked for this does not wait any more."""
        with self._lock:
            work.waiting -= 1
            if not work.waiting and not work.done.is_set():
                self._works.pop(work.order, None)  # whoever asks again begins anew

    def close(self) -> None:
        """End the processes once they are done with what they compute."""
        with self._lock:
            threads, self._threads = self._threads, []
        for _ in threads:
            self._queue.put(None)
        for thread in threads:
            thread.join(_GRACE_S + 1)

    def _known(self, order: Calculation) -> _Work | None:
        if order in self._results:
            self._results.move_to_end(order)
            return self._results[order][1]
        return self._works.get(order)

    def _begin(self, work: _Work, function: Callable[..., Any]) -> None:
        if self.calculators:
            self.warm_up()
            self._queue.put(work)
            return
        try:
            answer = Answer(value=function(*work.order.arguments, **dict(work.order.keywords)))
        except DashlabError as error:
            answer = Answer(error=error)
        except Exception:  # noqa: BLE001 - it is raised again where somebody waits
            answer = Answer(fault=traceback.format_exc())
        self._end(work, answer, 0)

    def _end(self, work: _Work, answer: Answer, size: int) -> None:
        with self._lock:
            work.answer = answer
            if self._works.get(work.order) is work:
                del self._works[work.order]
                if answer.error is None and not answer.fault and size <= self._most_bytes:
                    self._keep(work, size)
            work.done.set()

    def _keep(self, work: _Work, size: int) -> None:
        self._results[work.order] = size, work
        self._bytes += size
        while self._bytes > self._most_bytes:
            _, (freed, _) = self._results.popitem(last=False)
            self._bytes -= freed

    def _serve(self) -> None:
        """What each thread does: hand its process one order after the other."""
        calculator = _Calculator()
        calculator.begin()
        try:
            while (work := self._queue.get()) is not None:
                if not work.waiting:
                    work.done.set()
                    continue
                try:
                    answer, size = calculator.compute(work)
                except JobError as error:
                    answer, size = Answer(error=error), 0
                except Exception:  # an order that cannot be sent, no memory: whoever waits must not wait on
                    logger.exception("What a page asked for could not be computed.")
                    calculator.close()
                    answer, size = Answer(fault=traceback.format_exc()), 0
                self._end(work, answer, size)
        finally:
            calculator.close()


class _Calculator:
    """One process; it is started again when it has ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        atexit.register(self.close)

    def begin(self) -> None:
        """Start the process before there is an order; the first one tries again where that fails."""
        try:
            self._start()
        except OSError as error:
            logger.warning("A process that computes for pages could not be started: %s", error)

    def compute(self, work: _Work) -> tuple[Answer, int]:
        """The answer to an order, and how many bytes it took.

        Raises:
            JobError: the process ended on the way, or could not be started.
        """
        try:
            if self._pipe is None:
                self._start()
            assert self._pipe is not None
            send(self._pipe, work.order)
            if not self._wait(work):
                self.close()  # it went on for nobody
                return Answer(given_up=True), 0
            return receive(self._pipe)
        except (EOFError, OSError) as error:
            logger.warning("A process that computes for pages ended: %s", error)
            self.close()
            raise JobError(
                "The process that computed this ended; perhaps the memory ran out. Reload the page to try "
                "again."
            ) from error

    def _wait(self, work: _Work) -> bool:
        """Whether the answer comes; no longer than `_GRACE_S` once nobody waits for it."""
        assert self._pipe is not None
        until = None
        while not self._pipe.poll(_LOOK_EVERY_S):
            if work.waiting:
                continue
            if until is None:
                until = time.monotonic() + _GRACE_S
                send(self._pipe, GIVE_UP)
            if time.monotonic() > until:
                return False
        return True

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs, contextlib.ExitStack() as undo:
            undo.enter_context(ours)
            self._process = _launch(theirs.fileno())
            undo.pop_all()
        self._pipe = Connection(ours.detach())

    def close(self) -> None:
        """End the process at once; whatever it computes is lost."""
        pipe, self._pipe = self._pipe, None
        process, self._process = self._process, None
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
        if process is not None:
            process.kill()
            process.wait()


def _launch(descriptor: int) -> "subprocess.Popen[bytes]":
    root = str(Path(__file__).resolve().parents[2])  # the app may have been started from any folder
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", _MAIN, str(descriptor)],
        stdin=subprocess.DEVNULL,
        env=environment,
        pass_fds=(descriptor,),
        start_new_session=True,
    )


def _count() -> int:
    """How many processes compute for pages: `DASHLAB_CALCULATORS`, else one for each core, at most four."""
    named = os.environ.get("DASHLAB_CALCULATORS", "")
    if named:
        if not (named.isascii() and named.isdigit() and int(named) <= 64):
            raise JobError(f"DASHLAB_CALCULATORS must be a whole number from 0 to 64; it is {named!r}.")
        return int(named)
    return min(cores(), _MOST_CALCULATORS)
