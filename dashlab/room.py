"""What a store takes on the disk, and what of it goes when that is too much."""

import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dashlab import disklimit, studies
from dashlab.disklimit import Kept
from dashlab.errors import ConfigError
from dashlab.runindex import RunIndex

logger = logging.getLogger(__name__)

REMOVED = "removed"  # a byte for each run and study that went to make room


class Room:
    """The disk space of one store.

    Args:
        root: the folder of the store.
        index: knows its runs.
        delete: removes the run with this key.
    """

    def __init__(self, root: Path, index: RunIndex, delete: Callable[[str], None]) -> None:
        self._root, self._index, self._delete = root, index, delete

    def used(self) -> int:
        """Bytes of all cached runs and studies together."""
        runs = sum(run.bytes for run in self._index.newest())
        return runs + sum(study.bytes for study in studies.kept(self._root))

    def removed(self) -> int:
        """How many runs and studies were removed so far because the disk limit was reached."""
        try:
            return len((self._root / REMOVED).read_bytes())
        except OSError:  # nothing was removed yet
            return 0

    def make(self) -> None:
        """Remove the oldest runs and studies that are not pinned until `DASHLAB_LIMIT` is kept."""
        try:
            most = disklimit.limit()
        except ConfigError as error:  # Home says it too; the run that was just trained is kept all the same
            logger.warning("%s Until then nothing is removed.", error)
            return
        if self.used() <= most:
            return
        with self._index.held():  # two servers must not both make room for the same bytes
            for one in disklimit.to_remove(self._kept(), most, time.time()):
                one.remove()
                with (self._root / REMOVED).open("ab") as file:
                    file.write(b".")

    def _kept(self) -> list[Kept]:
        runs = (
            Kept(run.created.timestamp(), run.bytes, run.pinned, partial(self._delete, run.key))
            for run in self._index.newest()
        )
        return [*runs, *studies.kept(self._root)]
