"""What killed processes leave behind: half-written files and folders, and how they are cleared away.

A file is first written under a temporary name. `temporary_name` puts the number of the process into it, so
that a later start can tell whether somebody is still writing.
"""

import logging
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable
from pathlib import Path

logger = logging.getLogger(__name__)

_BUSY_S = 600.0  # changed so lately, it belongs to somebody, be it a process of another machine
_UNKNOWN_S = 3600.0  # after so long without a change, what bears no process number belongs to nobody
_LONGEST_S = 86400.0  # numbers of processes are given again: nothing is written for a day
_PROCESS = re.compile(r"-p(\d+)-[0-9a-f]{32}$")


def temporary_name(prefix: str, name: str) -> str:
    """A name that no other writer has, and that tells which process writes."""
    return f"{prefix}{name}-p{os.getpid()}-{uuid.uuid4().hex}"


def age_s(path: Path) -> float:
    """Seconds since the file or folder was written to, renamed or given a file; 0 where it is gone."""
    try:
        return time.time() - path.stat().st_ctime
    except OSError:
        return 0.0


def is_leftover(path: Path) -> bool:
    """Whether a file or folder with a temporary name belongs to no living process."""
    age = age_s(path)
    if age < _BUSY_S:
        return False
    process = _PROCESS.search(path.name)
    if process is None:
        return age >= _UNKNOWN_S
    return age >= _LONGEST_S or not _is_alive(int(process[1]))


def clear(folder: Path, patterns: Iterable[str]) -> None:
    """Remove the leftovers in `folder` whose names match one of the glob patterns.

    Two servers may clear the same folder at once; what cannot be removed is logged and stays.
    """
    for pattern in patterns:
        for path in folder.glob(pattern):
            if is_leftover(path):
                remove(path)


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it; it is no fault if another process was faster."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        logger.warning("%s was left by a process that died, and cannot be removed: %s", path, error)


def _is_alive(process: int) -> bool:
    if os.name != "posix":  # elsewhere `os.kill` would end it
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
