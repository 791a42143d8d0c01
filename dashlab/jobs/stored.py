"""What is computed of a cached run, in the processes in which pages have computed what they wait for."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from dashlab.errors import ConfigError
from dashlab.store.runs import Store
from dashlab.training.results import Result

T = TypeVar("T")


def of_run(
    folder: str,
    key: str,
    created: datetime,  # noqa: ARG001 - a run that was trained anew has another time, and another answer
    measure: Callable[..., T],
    *arguments: Any,
) -> T:
    """What `measure(result, *arguments)` gives of the run with this key; to be asked for by `jobs.ask`.

    Args:
        folder: of the store.
        key: of the run.
        created: when it was.
        measure: at the top of a module; takes a `Result` first.
        arguments: hashable.

    Raises:
        ConfigError: the run is not there any more.
        DamagedRun: it failed its checksum and was set aside.
    """
    run = Store(Path(folder)).load(key)
    if run is None:
        raise ConfigError("This run is not there any more: choose another one.")
    result: Result = run.result
    return measure(result, *arguments)
