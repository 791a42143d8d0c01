"""What a store takes on the disk, and what of it goes when that is too much."""

import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dashlab import leftovers
from dashlab.errors import ConfigError
from dashlab.leftovers import temporary_name
from dashlab.store import limit as disklimit
from dashlab.store import studies
from dashlab.store.index import RunIndex
from dashlab.store.limit import Removable
from dashlab.store.summary import RunSummary

logger = logging.getLogger(__name__)

REMOVED = "removed"  # a byte for each run and study that went to make room
DAMAGED = "damaged"
IN_USE = "in-use"  # an empty file for each job whose training starts from a run


class Room:
    """The disk space of one store.

    Args:
        root: the folder of the store.
        index: knows its runs.
        delete: removes the run with this key.
    """

    def __init__(self, root: Path, index: RunIndex, delete: Callable[[str], bool]) -> None:
        self._root, self._index, self._delete = root, index, delete
        self._counted: tuple[tuple[RunSummary, ...], int] = (), 0  # a list of runs, and their bytes
        self._sizes: dict[str, int] = {}  # of what was set aside, by its name: it changes no more

    def used(self) -> int:
        """Bytes of all cached runs and studies together, and of those that were damaged and set aside."""
        runs = self._index.newest()
        if runs is not self._counted[0]:
            self._counted = runs, sum(run.bytes for run in runs)
        return self._counted[1] + sum(file.bytes for file in studies.files(self._root)) + self.set_aside()

    def set_aside(self) -> int:
        """Bytes of what was damaged and set aside."""
        return sum(one.bytes for one in self._damaged())

    def removed(self) -> int:
        """How many runs and studies were removed so far because the disk limit was reached."""
        try:
            return len((self._root / REMOVED).read_bytes())
        except OSError:  # nothing was removed yet
            return 0

    def make(self) -> None:
        """Remove what was damaged, then the oldest that is not pinned, until `DASHLAB_LIMIT` is kept."""
        try:
            most = disklimit.limit()
        except ConfigError as error:  # Home says it too; the run that was just trained is kept all the same
            logger.warning("%s Until then nothing is removed.", error)
            return
        if self.used() <= most:
            return
        with self._index.held():  # two servers must not both make room for the same bytes
            for one in disklimit.to_remove(self._runs_and_studies(), most, time.time()):
                try:
                    if (
                        one.remove() and not one.is_waste
                    ):  # else another server was faster, and has counted it
                        with (self._root / REMOVED).open("ab") as file:
                            file.write(b".")
                except OSError as error:  # what stays takes room; nothing else is lost
                    logger.warning("It cannot be removed to make room: %s", error)

    def hold(self, key: str) -> Path:
        """Keep a run from being removed to make room until `let_go`, or until this process has ended."""
        mark = self._root / IN_USE / temporary_name("", key)
        try:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        except OSError as error:  # a full disk must not keep a run from starting
            logger.warning("The run %s cannot be marked as in use: %s", key, error)
        return mark

    def let_go(self, mark: Path) -> None:
        """Take back what `hold` gave."""
        leftovers.remove(mark)

    def _in_use(self) -> set[str]:
        marks = (self._root / IN_USE).glob("*")
        return {mark.name.partition("-")[0] for mark in marks if not leftovers.is_leftover(mark)}

    def _runs_and_studies(self) -> list[Removable]:
        in_use = self._in_use()
        runs = (
            Removable(
                run.created.timestamp(),
                run.bytes,
                run.pinned or run.key in in_use,
                partial(self._delete, run.key),
            )
            for run in self._index.newest()
        )
        return [*runs, *studies.removable(self._root), *self._damaged()]

    def _damaged(self) -> list[Removable]:
        found = []
        for path in (self._root / DAMAGED).glob("*"):
            size = self._sizes.get(path.name)
            if size is None:
                size = self._sizes[path.name] = _size(path)
            at = time.time() - leftovers.age_s(path)
            found.append(Removable(at, size, False, partial(self._discard, path), is_waste=True))
        return found

    def _discard(self, path: Path) -> bool:
        going = self._root / temporary_name(".new-", path.name)  # cleared away with leftovers, if we die now
        try:
            path.rename(going)
        except FileNotFoundError:
            return False
        leftovers.remove(going)
        return True


def _size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    try:
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        return sum(file.stat().st_size for file in files)
    except FileNotFoundError:  # removed by another process meanwhile
        return 0
