"""Training and computing outside this process: submit a config, watch its progress, stop it.

All functions act on one laboratory per process. They return at once and may be called from any thread. What
takes less than a few seconds, and a page waits for, is asked for instead of submitted: see `desk`.

```
key = jobs.submit(config)
while not (progress := jobs.progress(key)).is_over:
    draw(progress)
```
"""

import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from dashlab.jobs.calculator import rows_of
from dashlab.jobs.desk import Desk, Ticket
from dashlab.jobs.lab import Lab
from dashlab.jobs.stored import of_run
from dashlab.jobs.tracking import JobState, Progress
from dashlab.settings.run import RunConfig
from dashlab.training.study import Study

__all__ = [
    "JobState",
    "Lab",
    "Progress",
    "Ticket",
    "active",
    "ask",
    "batch",
    "forget",
    "of_run",
    "progress",
    "rows_of",
    "shutdown",
    "stop",
    "submit",
    "wait",
    "warm_up",
]

T = TypeVar("T")

_lab: Lab | None = None
_desk: Desk | None = None
_making = threading.Lock()


def submit(config: RunConfig | Study) -> str:
    """Ask for a run or a study; a cached one is there at once, one that goes on already is shared.

    Returns:
        Its key, by which `progress` and `stop` know it.

    Raises:
        ConfigError: a setting is unsound, or the run that it starts from is not there.
        DamagedRun: the run that it starts from was damaged.
    """
    return _the_lab().submit(config)


def progress(key: str) -> Progress | None:
    """Where the job stands now; None for a key that was not submitted here, or was over long ago."""
    return _the_lab().progress(key)


def batch(keys: Iterable[str]) -> tuple[Progress, ...]:
    """How each known one of these jobs stands; without its rows where it was over long ago."""
    return _the_lab().batch(keys)


def wait(key: str, timeout_s: float | None = None) -> Progress | None:
    """The job's progress once it is over, or after `timeout_s`; for scripts and tests, not for pages."""
    return _the_lab().wait(key, timeout_s)


def stop(key: str) -> None:
    """End a job soon. One that has measured something keeps it; nothing happens to one that is over."""
    _the_lab().stop(key)


def active() -> tuple[Progress, ...]:
    """All jobs that are not over, the first submitted first."""
    return _the_lab().active()


def ask(function: Callable[..., T], *arguments: Any, **keywords: Any) -> Ticket[T]:
    """Have something short computed beside this process; see `Desk.ask`."""
    return _the_desk().ask(function, *arguments, **keywords)


def forget(function: Callable[..., Any]) -> None:
    """Keep no answer of a function that was asked for any longer."""
    _the_desk().forget(function)


def warm_up() -> None:
    """Start the processes that train and compute in the background, so that nobody need wait for them."""
    _the_lab().warm_up()
    _the_desk().warm_up()


def shutdown() -> None:
    """End all jobs and processes; the next submission starts them anew."""
    global _desk  # one per process is the point
    with _making:
        desk, _desk = _desk, None
    if desk is not None:
        desk.close()
    _the_lab().shutdown()


def _the_desk() -> Desk:
    global _desk  # noqa: PLW0603  # one per process is the point
    with _making:
        if _desk is None:
            _desk = Desk()
        return _desk


def _the_lab() -> Lab:
    global _lab  # noqa: PLW0603  # one per process is the point
    with _making:
        if _lab is None:
            _lab = Lab()
        return _lab
