"""Fetching a full set: torchvision's own download, with progress, on nobody's request but a person's."""

import errno
import http.client
import shutil
import tarfile
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from dashlab.data.folders import data_folder
from dashlab.data.full import TORCHVISION_NAMES, full_files
from dashlab.data.imageset import IMAGE_SETS, ImageSetInfo, Progress
from dashlab.errors import ConfigError, DownloadError

STALL_S = 60.0
"""Seconds without a new byte after which a download is given up: the system's own patience has no end."""
POLL_S = 0.2

_FAILURES = (
    OSError,
    RuntimeError,
    ValueError,
    EOFError,
    http.client.HTTPException,
    tarfile.TarError,
    zlib.error,
)
_OF_THE_DISK = {
    *(errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST),
    getattr(errno, "EDQUOT", errno.ENOSPC),  # a quota; Windows has none
}
_one_at_a_time = threading.Lock()


def download(name: str, *, data_dir: str | Path | None = None, on_progress: Progress | None = None) -> None:
    """Fetch the full set called `name` into the data folder, in place of what is there.

    torchvision fetches it and compares checksums, in a folder of its own; only a complete set is moved into
    place, so that a broken download leaves everything as it was.

    Args:
        name: one of `IMAGE_SETS`.
        data_dir: as in `load_images`.
        on_progress: called with (bytes done, bytes in all), in the caller's thread.

    Raises:
        ConfigError: there is no such set.
        DownloadError: it could not be fetched; the bundled pictures stay in use.
    """
    if name not in IMAGE_SETS:
        raise ConfigError(f"There is no data set {name!r} to fetch: choose {', '.join(IMAGE_SETS)}.")
    info, folder = IMAGE_SETS[name], data_folder(data_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=folder, prefix=".download-", ignore_cleanup_errors=True
        ) as scratch:
            _fetch(info, Path(scratch), on_progress)
            _move_into_place(name, Path(scratch), folder)
    except _FAILURES as error:
        raise DownloadError(_sentence(info, error)) from error


def _fetch(info: ImageSetInfo, scratch: Path, on_progress: Progress | None) -> None:
    """Let torchvision download into `scratch`, in a thread: watching the files grow works with any of its
    versions.
    """
    try:
        from torchvision import datasets
    except ImportError as error:
        raise DownloadError(
            f"Fetching {info.title} needs torchvision: install it. The bundled pictures stay in use."
        ) from error
    outcome: list[BaseException] = []
    dataset = getattr(datasets, TORCHVISION_NAMES[info.name])
    work = threading.Thread(
        name=f"download {info.name}",
        target=_run,
        args=(partial(dataset, str(scratch), download=True), outcome),
        daemon=True,
    )
    with _one_at_a_time, _without_bars(datasets.utils):
        work.start()
        _watch(work, scratch, info.download_bytes, on_progress)
    if outcome:
        raise outcome[0]


def _run(fetch: Callable[[], Any], outcome: list[BaseException]) -> None:
    try:
        fetch()
    except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
        outcome.append(error)


def _watch(work: threading.Thread, scratch: Path, total: int, on_progress: Progress | None) -> None:
    done, since = -1, time.monotonic()
    while work.is_alive():
        work.join(POLL_S)
        now = sum(file.stat().st_size for file in scratch.rglob("*") if file.is_file())
        if now != done:
            done, since = now, time.monotonic()
            if on_progress is not None:
                on_progress(min(_packed_bytes(scratch), total), total)
        elif work.is_alive() and time.monotonic() - since > STALL_S:
            raise TimeoutError(f"no answer for {STALL_S:.0f} seconds")


def _packed_bytes(scratch: Path) -> int:
    """Bytes transferred so far: the packed files, not what was unpacked from them."""
    return sum(file.stat().st_size for file in scratch.rglob("*.gz"))


@contextmanager
def _without_bars(utils: Any) -> Iterator[None]:
    """Keep torchvision from drawing its own progress bar over ours."""
    bar = getattr(utils, "tqdm", None)
    if bar is not None:
        utils.tqdm = partial(bar, disable=True)
    try:
        yield
    finally:
        if bar is not None:
            utils.tqdm = bar


def _move_into_place(name: str, scratch: Path, folder: Path) -> None:
    for fetched, target in zip(full_files(name, scratch), full_files(name, folder), strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(fetched, target)


def _sentence(info: ImageSetInfo, error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    cause = lines[-1].removeprefix("<urlopen error ").rstrip(">. ")  # the last of what torchvision tried
    advice = "Check the connection and try again."
    if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
        advice = "Free some space, or name another data folder in DASHLAB_DATA."
    return f"{info.title} could not be fetched ({cause}); the bundled pictures stay in use. {advice}"
