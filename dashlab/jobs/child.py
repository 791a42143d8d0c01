"""What the processes below the server have in common: they import alike, and end when it ends."""

import contextlib
import os
import signal
import time


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make_way(by: int) -> None:
    """Let the server go first where processors are scarce: a page is waited for, a training less.

    Args:
        by: how much less urgent than the server, in steps of `nice`: 0 to 19.
    """
    if hasattr(os, "nice"):
        os.nice(by)


def preload(modules: tuple[str, ...]) -> None:
    """Import what a first training would otherwise wait for."""
    import importlib

    for module in modules:
        importlib.import_module(module)
    import torch

    if threads := os.environ.get("OMP_NUM_THREADS"):
        torch.set_num_threads(int(threads))
    weight = torch.zeros(64, 64, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1)  # the first optimizer imports torch._dynamo
    (weight @ weight).sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def watch_parent(parent: int) -> None:
    """Leave when the parent is gone even though something, a fork of it, still holds the pipe open."""
    while os.getppid() == parent:
        time.sleep(1)
    leave()


def leave() -> None:
    """End this process at once, and what it has started."""
    if os.name == "posix" and os.getpgrp() == os.getpid():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(os.getpgrp(), signal.SIGKILL)  # torch's compiler starts processes of its own
    os._exit(0)
