"""The scheduler and the worker of the embedded cluster: `python -m dashlab.jobs.process scheduler|worker`.

Each lives as long as the pipe on its standard input: the parent holds the other end, and however the parent
dies, the system closes it. Through that pipe come the keys, which nobody else may see. The worker reads the
scheduler's address first, so that it can import torch while the scheduler is still starting.
"""

import asyncio
import logging
import os
import queue
import signal
import sys
import threading

from dashlab.jobs.child import leave, make_way, preload, watch_parent
from dashlab.jobs.keys import Keys

logger = logging.getLogger(__name__)

LEAN = {
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,  # it would interrupt the training a hundred times a second
}
"""Dask's settings here: nothing that costs time or opens a page."""


def main(role: str, *modules: str) -> None:
    """Run one process until its parent is gone; a worker imports `modules` before it reports for work."""
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_follow_parent, args=(lines,), daemon=True).start()
    threading.Thread(target=watch_parent, args=(os.getppid(),), daemon=True).start()
    # Ctrl-C in the terminal is for the parent, which then closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    import dask
    import distributed  # noqa: F401  # sets up its loggers, which the next lines correct

    dask.config.set(LEAN)
    for name in ("distributed", "distributed.scheduler", "distributed.worker"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if role == "worker":
        make_way(by=10)  # after what pages wait for
        preload(modules)
    asyncio.run(_scheduler(lines) if role == "scheduler" else _worker(lines))


def load_default_pictures() -> None:
    """Put the pictures that most people begin with into the engine's cache, where the engine is at hand."""
    from dashlab.errors import DashlabError
    from dashlab.settings.run import RunConfig

    engine = sys.modules.get("dashlab.training.engine")
    if engine is None:
        return
    try:
        engine.load(engine.resolved(RunConfig()).data)
    except DashlabError as error:  # the first run that needs them says so
        logger.info("The default pictures are not there: %s", error)


async def _next_line(lines: "queue.Queue[str]") -> str:
    return await asyncio.get_running_loop().run_in_executor(None, lines.get)


async def _scheduler(lines: "queue.Queue[str]") -> None:
    from distributed import Scheduler

    async with Scheduler(
        security=Keys.from_line(await _next_line(lines)).security(),
        protocol="tls",
        host="127.0.0.1",
        port=0,
        dashboard=False,
        dashboard_address="127.0.0.1:0",
        allowed_failures=0,
    ) as scheduler:
        _report(scheduler.address)
        await scheduler.finished()


async def _worker(lines: "queue.Queue[str]") -> None:
    from distributed import Worker

    address = await _next_line(lines)
    async with Worker(
        address,
        security=Keys.from_line(await _next_line(lines)).security(),
        host="127.0.0.1",
        nthreads=1,  # one training at a time
        memory_limit=0,  # neither spill nor pause
        dashboard=False,
        dashboard_address="127.0.0.1:0",
    ) as worker:
        _report(worker.address)
        # In the thread that trains, so that a first job which needs the same pictures waits for them there.
        worker.executor.submit(load_default_pictures)
        await worker.finished()


def _report(address: str) -> None:
    """Tell the parent that this process is ready; it reads one line, so later ones go elsewhere."""
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def _follow_parent(lines: "queue.Queue[str]") -> None:
    for line in sys.stdin:
        lines.put(line.strip())
    leave()


if __name__ == "__main__":
    main(*sys.argv[1:])
