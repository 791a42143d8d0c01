"""A process that computes what pages wait for; `desk` starts it with the descriptor of a pipe.

It lives as long as its parent. On the pipe, which only these two hold, come orders, and answers go back: one
order at a time, each answered, also when it was given up in between.
"""

import contextlib
import importlib
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from dashlab.errors import DashlabError
from dashlab.giving_up import GivenUp, listen, look_up
from dashlab.jobs.child import make_way, preload, watch_parent
from dashlab.training.study import Study, Tick

GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Calculation:
    """A function at the top of a module, by name, and what it is called with."""

    module: str
    function: str
    arguments: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...] = ()

    def names(self, function: Callable[..., Any]) -> bool:
        """Whether it is this function that is called."""
        return (self.module, self.function) == (function.__module__, function.__qualname__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an order.

    Attributes:
        value: what the function returned, unless it ended otherwise.
        error: what a person shall read.
        fault: the traceback of anything else.
        given_up: nobody waited any more.
    """

    value: Any = None
    error: DashlabError | None = None
    fault: str = ""
    given_up: bool = False


def send(pipe: Connection, message: Any) -> None:
    """Send anything. A connection's own `send` would hand on tensors as open files of shared memory."""
    pipe.send_bytes(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))


def receive(pipe: Connection) -> tuple[Any, int]:
    """What `send` sent, and how many bytes it took."""
    data = pipe.recv_bytes()
    return pickle.loads(data), len(data)  # noqa: S301 - from a process of ours, on a pipe nobody else has


def rows_of(study: Study) -> tuple[Any, ...]:
    """The rows of a short study; between them it notices that nobody waits any more."""
    rows = []
    for row in study.rows():
        if not isinstance(row, Tick):
            rows.append(row)
        look_up()
    return tuple(rows)


def main(descriptor: str) -> None:
    """Answer orders until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the parent
    threading.Thread(target=watch_parent, args=(os.getppid(),), daemon=True).start()
    make_way(by=5)
    preload(())
    with Connection(int(descriptor)) as parent:
        listen(lambda: _is_given_up(parent))
        for order in _orders(parent):
            send(parent, _answer(order))


def _is_given_up(parent: Connection) -> bool:
    """Nothing but GIVE_UP is sent while an order is under way."""
    if not parent.poll():
        return False
    receive(parent)
    return True


def _orders(parent: Connection) -> Iterator[Calculation]:
    with contextlib.suppress(EOFError, ConnectionResetError):
        while True:
            message, _ = receive(parent)
            if message != GIVE_UP:  # which may come when the answer has just been sent
                yield message


def _answer(order: Calculation) -> Answer:
    try:
        function = getattr(importlib.import_module(order.module), order.function)
        return Answer(value=function(*order.arguments, **dict(order.keywords)))
    except GivenUp:
        return Answer(given_up=True)
    except DashlabError as error:
        return Answer(error=error)
    except Exception:  # noqa: BLE001 - it is raised again where somebody waits
        return Answer(fault=traceback.format_exc())
