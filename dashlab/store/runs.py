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
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TypeVar

from dashlab import leftovers
from dashlab.data.folders import store_folder
from dashlab.errors import ConfigError, DamagedRun, DashlabError, StoreError
from dashlab.leftovers import temporary_name
from dashlab.store.folder import (
    MANIFEST,
    NAME,
    PINNED,
    WEIGHTS,
    StoredRun,
    UnreadableRun,
    UnsoundRun,
    clean_name,
    read_manifest,
    read_run,
    sync_folder,
    write_run,
    write_synced,
)
from dashlab.store.groups import By, Grouping
from dashlab.store.index import RunIndex
from dashlab.store.room import DAMAGED, IN_USE, Room
from dashlab.store.summary import RunSummary, read_summary
from dashlab.training.records import dumps
from dashlab.training.results import Result

__all__ = ["DamagedRun", "RunSummary", "Store", "StoredRun"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

_KEY = re.compile(r"[0-9a-f]{64}")
_NEW, _OLD = ".new-", ".old-"  # a folder being written; a run being replaced or deleted
_OLD_FOR_S = 60.0  # after so long, the process that replaces or deletes it has died
_MOST_SENTENCES = 50
_CHANGES = threading.Lock()
"""Held while folders are renamed: threads of one process need not race as two processes must."""

_Stamp = tuple[int, ...]  # changes whenever a run is written or renamed; its first number is the folder's own


@dataclass(frozen=True, slots=True)
class _Complaint:
    """What is wrong with a run, and the inode of the folder in which it was found."""

    sentence: str
    folder: int


class Store:
    """The cached runs of one user.

    Several processes may use one store at once. All methods may be called from any thread.

    Args:
        root: the folder; else `DASHLAB_STORE`, else one per user. It is made when it is first needed.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or store_folder()
        self._runs = self.root / "runs"
        self._index = RunIndex(self.root, self._summary)
        self._groupings: dict[By, Grouping] = {}
        self.room = Room(self.root, self._index, self.delete)
        self._sentences: dict[str, _Complaint] = {}  # by key
        self._clear_leftovers()

    def save(self, result: Result, name: str = "") -> None:
        """Keep a result under the key of its config; a name given before stays unless a new one comes.

        A stopped run never replaces one that came to its end. The run that is replaced stays until the new
        one is whole and on the disk.

        Raises:
            StoreError: the disk is full, or the folder cannot be written.
        """
        key = result.config.key()
        before = self._glance(key)
        if result.state == "stopped" and before is not None and before.state != "stopped":
            return
        name = clean_name(name) or (before.name if before else "")
        new = self._runs / temporary_name(_NEW, key)
        try:
            write_run(new, key, result, name=name, created=datetime.now(timezone.utc))
            if before is not None and before.pinned:
                (new / PINNED).touch()
            with _CHANGES:
                self._put_in_place(new, key)
            self.room.make()
            self._index.forget(key)  # the next list measures the files that now stand there
        except OSError as error:
            raise StoreError.of(self.root, error) from error
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

        They come from the index beside them: a list that is asked for again costs two `stat` calls. Runs that
        are found to be damaged as they are read into it are set aside, and runs that cannot be read are left
        out; `damaged` tells of both.
        """
        return list(self._index.newest())

    def newest(self, most: int) -> list[RunSummary]:
        """The newest cached runs, at most so many."""
        return list(self._index.newest()[:most])

    def find(self, key: str) -> RunSummary | None:
        """The summary of one cached run."""
        return self._index.summaries().get(key)

    def starting(self, letters: str) -> list[RunSummary]:
        """The runs whose keys begin with these letters, newest first."""
        return [run for key, run in self._index.summaries().items() if key.startswith(letters)]

    def grouped(self, by: By) -> Mapping[str, tuple[RunSummary, ...]]:
        """All runs, newest first, by the name that `by` gives each; those that it gives `""` are left out.

        It is asked once of each run as long as the run does not change, so a question asked again of ten
        thousand runs costs nothing. `by` is a function of a module: what is made anew each time is not known.
        """
        return self._groupings.setdefault(by, Grouping(by)).of(self._index.newest())

    def count(self) -> int:
        """How many runs are cached."""
        return len(self._index.newest())

    def version(self) -> int:
        """A number that changes whenever the list of runs does, for whoever keeps what was made of it."""
        self._index.newest()
        return self._index.version

    def damaged(self) -> list[str]:
        """A sentence for each run found to be damaged or unreadable, until it was made anew or dismissed."""
        for key, said in list(self._sentences.items()):
            if self._index.folder_of(key) not in (0, said.folder):
                self._sentences.pop(key, None)
        return [said.sentence for said in self._sentences.values()]

    def dismiss_damaged(self) -> None:
        """Speak no longer of the runs that `damaged` tells of."""
        self._sentences.clear()

    def rename(self, key: str, name: str) -> None:
        """Call a run `name`: one line of at most 80 characters; an empty name takes the name away.

        Raises:
            DashlabError: there is no such run, or it cannot be written.
        """
        folder = self._existing(key)
        new = folder / f".{NAME}-{uuid.uuid4().hex}"
        with self._changing(key):
            try:
                write_synced(new, dumps({"name": clean_name(name)}))
                new.replace(folder / NAME)
            finally:
                new.unlink(missing_ok=True)

    def pin(self, key: str, *, pinned: bool = True) -> None:
        """Keep a run from being removed to make room, or allow it again; both may be said twice.

        Raises:
            DashlabError: there is no such run, or it cannot be written.
        """
        mark = self._existing(key) / PINNED
        with self._changing(key):
            if pinned:
                mark.touch()
            else:
                mark.unlink(missing_ok=True)

    @contextmanager
    def _changing(self, key: str) -> Iterator[None]:
        """Nobody reads the run into the index meanwhile, and everybody reads it again afterwards."""
        try:
            with self._index.held():
                yield
                self.room.make()
            self._index.forget(key)  # the next list measures the files that now stand there
        except OSError as error:
            raise StoreError.of(self.root, error) from error

    def delete(self, key: str) -> bool:
        """Remove a run; whether there was one.

        Raises:
            StoreError: the folder cannot be written.
        """
        old = self._runs / f"{_OLD}{key}-{uuid.uuid4().hex}"
        try:
            with _CHANGES:
                self._folder(key).rename(old)
                # Without it, no clearing away takes the folder for a run to put back.
                (old / MANIFEST).unlink(missing_ok=True)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError.of(self.root, error) from error
        shutil.rmtree(old, ignore_errors=True)
        return True

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

    def _summary(self, key: str) -> RunSummary | None:
        """A run's summary, read from its folder for the index."""
        try:
            return self._look(key, read_summary)
        except DamagedRun as error:
            logger.warning("%s", error)
            return None

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
                self._note(key, f"The cached run {key[:12]}… is left out. {error}", stamp[0])
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
        aside = self.root / DAMAGED / f"{key}-{now}"
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
        self._note(key, sentence, stamp[0])
        return DamagedRun(sentence)

    def _note(self, key: str, sentence: str, folder: int) -> None:
        self._sentences.pop(key, None)
        self._sentences[key] = _Complaint(sentence, folder)
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
        leftovers.clear(self._runs, [f"{_NEW}*"])
        leftovers.clear(self.root / "studies", [f"{_NEW}*"])
        leftovers.clear(self.root, [f"{_NEW}*"])
        leftovers.clear(self.root / IN_USE, ["*"])
        for path in self._runs.glob(f"{_OLD}*"):
            if leftovers.age_s(path) < _OLD_FOR_S:
                continue
            key = path.name[len(_OLD) :].partition("-")[0]
            if self._can_be_put_back(path, key):
                _rename_if_there(path, self._runs / key)
            else:
                leftovers.remove(path)

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
