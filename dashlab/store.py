"""Cached runs on disk, addressed by the key of their config.

    <root>/runs/<key>/          one run; see `runfolder`
    <root>/damaged/<key>-<time>/   a run that failed its checksum

A run is written into a folder of its own beside the others, synced, and renamed once. What a crash leaves
behind is cleared away by the next `Store` once it is old enough to belong to nobody.
"""

import errno
import logging
import re
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import TypeVar

from dashlab.data.folders import store_folder
from dashlab.errors import ConfigError, DamagedRun, DashlabError
from dashlab.records import dumps
from dashlab.results import Result
from dashlab.runfolder import (
    MANIFEST,
    NAME,
    WEIGHTS,
    RunSummary,
    StoredRun,
    UnreadableRun,
    UnsoundRun,
    clean_name,
    read_manifest,
    read_run,
    read_summary,
    sync_folder,
    write_run,
    write_synced,
)

__all__ = ["DamagedRun", "RunSummary", "Store", "StoredRun"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

_KEY = re.compile(r"[0-9a-f]{64}")
_NEW, _OLD = ".new-", ".old-"  # a folder being written; a run being replaced or deleted
_NEW_FOR_S, _OLD_FOR_S = 3600.0, 60.0  # after so long without a change, it belongs to a process that died
_MOST_SENTENCES = 50
_CHANGES = threading.Lock()
"""Held while folders are renamed: threads of one process need not race as two processes must."""

_Stamp = tuple[int, ...]  # changes whenever a run is written or renamed; its first number is the folder's own


class Store:
    """The cached runs of one user.

    Several processes may use one store at once. All methods may be called from any thread.

    Args:
        root: the folder; else `DASHLAB_STORE`, else one per user. It is made when it is first needed.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or store_folder()
        self._runs = self.root / "runs"
        self._summaries: dict[str, tuple[_Stamp, RunSummary]] = {}
        self._sentences: dict[str, str] = {}  # key → what is wrong with that run
        self._clear_leftovers()

    def save(self, result: Result, name: str = "") -> None:
        """Keep a result under the key of its config; a name given before stays unless a new one comes.

        A stopped run never replaces one that came to its end. The run that is replaced stays until the new
        one is whole and on the disk.

        Raises:
            OSError: the disk is full, or the folder cannot be written.
        """
        key = result.config.key()
        before = self._glance(key)
        if result.state == "stopped" and before is not None and before.state != "stopped":
            return
        name = clean_name(name) or (before.name if before else "")
        new = self._runs / f"{_NEW}{key}-{uuid.uuid4().hex}"
        try:
            write_run(new, key, result, name=name, created=datetime.now(timezone.utc))
            with _CHANGES:
                self._put_in_place(new, key)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def load(self, key: str) -> StoredRun | None:
        """The run with this key, or None where there is none, or none that this version can read.

        Raises:
            DamagedRun: its files are not those that were written; the run has been set aside.
        """
        return self._look(key, read_run)

    def runs(self) -> list[RunSummary]:
        """All cached runs, newest first; no weights or probabilities are read.

        Damaged runs are set aside, and runs that cannot be read are left out; `damaged` tells of both.
        """
        found = []
        for key in self._keys():
            try:
                summary = self._summary(key)
            except DamagedRun as error:
                logger.warning("%s", error)
                continue
            if summary is not None:
                found.append(summary)
        return sorted(found, key=lambda run: run.created, reverse=True)

    def damaged(self) -> list[str]:
        """A sentence for each run that this `Store` has found to be damaged or unreadable."""
        return list(self._sentences.values())

    def rename(self, key: str, name: str) -> None:
        """Call a run `name`: one line of at most 80 characters; an empty name takes the name away.

        Raises:
            DashlabError: there is no such run.
        """
        folder = self._existing(key)
        new = folder / f".{NAME}-{uuid.uuid4().hex}"
        try:
            write_synced(new, dumps({"name": clean_name(name)}))
            new.replace(folder / NAME)
        finally:
            new.unlink(missing_ok=True)

    def delete(self, key: str) -> None:
        """Remove a run; nothing happens where there is none."""
        old = self._runs / f"{_OLD}{key}-{uuid.uuid4().hex}"
        with _CHANGES:
            try:
                self._folder(key).rename(old)
            except FileNotFoundError:
                return
            (old / MANIFEST).unlink(
                missing_ok=True
            )  # without it, no clearing away takes it for a run to put back
        shutil.rmtree(old, ignore_errors=True)

    def weights_path(self, key: str) -> Path:
        """The run's weights.safetensors.

        Raises:
            DashlabError: there is no such run.
        """
        return self._existing(key) / WEIGHTS

    def _folder(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ConfigError(f"{key[:80]!r} is not the key of a run: it must be 64 digits of 0-9 and a-f.")
        return self._runs / key

    def _existing(self, key: str) -> Path:
        folder = self._folder(key)
        if not folder.is_dir():
            raise DashlabError(f"There is no cached run {key[:12]}…: it may have been deleted.")
        return folder

    def _keys(self) -> list[str]:
        try:
            return [path.name for path in self._runs.iterdir() if _KEY.fullmatch(path.name)]
        except FileNotFoundError:
            return []

    def _summary(self, key: str) -> RunSummary | None:
        stamp = _stamp(self._folder(key))
        known = self._summaries.get(key)
        if known is not None and known[0] == stamp:
            return known[1]
        summary = self._look(key, read_summary)
        if summary is not None and stamp is not None:
            self._summaries[key] = stamp, summary
        return summary

    def _glance(self, key: str) -> RunSummary | None:
        """The summary of a sound run, or None; nothing is set aside or said."""
        try:
            return read_summary(self._folder(key), key)
        except (UnsoundRun, UnreadableRun):
            return None

    def _look(self, key: str, read: Callable[[Path, str], T]) -> T | None:
        """What `read` makes of a run's folder; the folder is set aside if it is damaged.

        While it is read, another process may put a new run in its place, and the parts of the two do not fit
        together. So damage counts only if nothing has changed meanwhile.
        """
        folder = self._folder(key)
        while (stamp := _stamp(folder)) is not None:
            try:
                return read(folder, key)
            except UnreadableRun as error:
                self._note(key, f"The cached run {key[:12]}… is left out. {error}")
                return None
            except UnsoundRun as error:
                with _CHANGES:
                    damage = self._set_aside(key, str(error), stamp) if _stamp(folder) == stamp else None
                if damage is not None:
                    raise damage from error
        return None

    def _set_aside(self, key: str, what: str, stamp: _Stamp) -> DamagedRun | None:
        """Move a damaged run away; None if another process has moved or replaced it in the last moment."""
        now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%f")
        aside = self.root / "damaged" / f"{key}-{now}"
        sentence = f"The cached run {key[:12]}… was damaged ({what}) and has been set aside in {aside}."
        try:
            aside.parent.mkdir(exist_ok=True)
            self._folder(key).rename(aside)
            if aside.stat().st_ino != stamp[0]:
                self._put_in_place(aside, key)
                return None
        except FileNotFoundError:
            return None
        except OSError as error:
            sentence = f"The cached run {key[:12]}… is damaged ({what}), and it cannot be set aside: {error}."
        self._note(key, sentence)
        return DamagedRun(sentence)

    def _note(self, key: str, sentence: str) -> None:
        self._sentences.pop(key, None)
        self._sentences[key] = sentence
        while len(self._sentences) > _MOST_SENTENCES:
            self._sentences.pop(next(iter(self._sentences)))

    def _put_in_place(self, new: Path, key: str) -> None:
        """Rename `new` to the run's folder; a run that stood there moves away just before, and goes after."""
        folder = self._folder(key)
        replaced = []
        for _ in range(100):  # another process may put its run there between the two renames
            if folder.is_dir():
                replaced.append(self._runs / f"{_OLD}{key}-{uuid.uuid4().hex}")
                _rename_if_there(folder, replaced[-1])
            try:
                new.rename(folder)
                break
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    if replaced:
                        _rename_if_there(replaced[-1], folder)
                    raise
        else:
            raise OSError(f"{folder} is being replaced all the time by other processes.")
        sync_folder(self._runs)
        for old in replaced:
            shutil.rmtree(old, ignore_errors=True)

    def _clear_leftovers(self) -> None:
        """Remove what dead processes left, and put back a run whose replacement never arrived."""
        try:
            leftovers = [path for path in self._runs.iterdir() if path.name.startswith((_NEW, _OLD))]
        except FileNotFoundError:
            return
        for path in leftovers:
            if _age_s(path) < (_NEW_FOR_S if path.name.startswith(_NEW) else _OLD_FOR_S):
                continue
            key = path.name[len(_OLD) :].partition("-")[0]
            if path.name.startswith(_OLD) and self._can_be_put_back(path, key):
                _rename_if_there(path, self._runs / key)
            else:
                shutil.rmtree(path, ignore_errors=True)

    def _can_be_put_back(self, path: Path, key: str) -> bool:
        if not _KEY.fullmatch(key) or (self._runs / key).exists():
            return False
        try:
            read_manifest(path, key)
        except UnsoundRun:
            return False
        except UnreadableRun:
            return True
        return True


def _rename_if_there(path: Path, target: Path) -> None:
    try:
        path.rename(target)
    except FileNotFoundError:
        logger.info("%s was moved by another process.", path)


def _stamp(folder: Path) -> _Stamp | None:
    """What changes whenever the run in `folder` is replaced or renamed; None where there is no folder."""
    try:
        stamp = [folder.stat().st_ino]
    except OSError:
        return None
    for file in (MANIFEST, NAME):
        try:
            status = (folder / file).stat()
            stamp += status.st_ino, status.st_mtime_ns, status.st_size
        except OSError:
            stamp += (0, 0, 0)
    return tuple(stamp)


def _age_s(path: Path) -> float:
    """Seconds since the folder was made, renamed or given a file."""
    try:
        return time.time() - path.stat().st_ctime
    except OSError:
        return 0.0
