"""Where data stands on this machine."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashlab.errors import ArchiveError, DashlabError


def user_folder() -> Path:
    """The folder that this platform keeps for data of one user's programs, with dashlab's name added.

    It need not exist. `XDG_DATA_HOME` (Linux) and `LOCALAPPDATA` (Windows) move it, as they do for other
    programs.
    """
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "dashlab"


def data_folder(data_dir: str | Path | None = None) -> Path:
    """The folder of the full data sets, in torchvision's layout: as given, else `DASHLAB_DATA`, else per
    user.
    """
    named = data_dir or os.environ.get("DASHLAB_DATA")
    return Path(named).expanduser() if named else user_folder() / "data"


def own_folder() -> Path:
    """The folder of uploaded sets and of pictures decoded before: `DASHLAB_OWN`, else per user."""
    named = os.environ.get("DASHLAB_OWN")
    return Path(named).expanduser() if named else user_folder() / "own"


def store_folder() -> Path:
    """The folder of cached runs and studies: `DASHLAB_STORE`, else per user."""
    named = os.environ.get("DASHLAB_STORE")
    return Path(named).expanduser() if named else user_folder() / "store"


@contextmanager
def disk_errors_as_sentences(place: Path) -> Iterator[None]:
    """Turn what the system refuses, a full disk or a folder that may not be read, into an `ArchiveError`.

    Args:
        place: what is worked with, for where the system does not name the file.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, DashlabError):
            raise
        where = error.filename2 or error.filename or place
        name = os.fsencode(where).decode(errors="replace") if isinstance(where, (str, bytes, Path)) else place
        raise ArchiveError(
            f"{name} could not be read or written: {error.strerror or error}. Free some space, or use a "
            "folder that you may read and write; DASHLAB_OWN names the one for uploads."
        ) from error
