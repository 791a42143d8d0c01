"""An index beside the cached runs: ten thousand are listed from one file, and a second time from memory.

    <root>/index.jsonl    a line a run: checksum, then a list (see `_line_of`); or `{"forget": key}`, and what
                          was said of the run before counts no more
    <root>/index.lock     held by whoever adds to it, over all processes

The folders remain the truth. A run is read from its folder when its line is missing, is damaged, was written
by another version, or tells of another folder (each writing of a run makes a new one). A list that is asked
for again costs two `stat` calls as long as nothing has changed.
"""

import functools
import json
import logging
import os
import re
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import dashlab
from dashlab.settings.flat import FlatConfig
from dashlab.settings.run import PARTS, RunConfig
from dashlab.settings.run import SCHEMA as CONFIG_SCHEMA
from dashlab.store.folder import SCHEMA as RUN_SCHEMA
from dashlab.store.summary import RunSummary

if sys.platform != "win32":  # there one process at a time must do; a lost line is only read again
    import fcntl

logger = logging.getLogger(__name__)

FILE, LOCK = "index.jsonl", "index.lock"
_DEFAULTS = RunConfig()
_VERSION = (
    f"4.{RUN_SCHEMA}.{CONFIG_SCHEMA}.{dashlab.__version__}."
    f"{zlib.crc32(json.dumps(_DEFAULTS.to_json()).encode()):x}"  # lines leave out what is as usual
)
_KEY = re.compile(r"[0-9a-f]{64}")
_SETTLED_NS = 100_000_000  # a folder changed more lately may change again without its time telling so
_BATCH = 50  # runs that are read from their folders before others get a turn to write
_SPARE_LINES = 1000  # outdated lines that are let be


class RunIndex:
    """The summaries of all runs in a folder. All methods may be called from any thread.

    Args:
        root: the folder of the store.
        read: reads a run's summary from its folder by its key; None where there is none to be had.
    """

    def __init__(self, root: Path, read: Callable[[str], RunSummary | None]) -> None:
        self._runs, self._file, self._lock_file = root / "runs", root / FILE, root / LOCK
        self._read = read
        self._lock = threading.RLock()
        self._depth = 0  # how often this thread holds the lock over all processes
        self._known: dict[str, RunSummary] = {}
        self._inodes: dict[str, int] = {}  # of the folder that each was read from
        self._without: dict[str, int] = {}  # folders from which no summary could be read
        self._seen: tuple[Any, ...] = ()
        self._at, self._inode, self._lines = 0, 0, 0  # how far the file is read, which file, its lines
        self._newest: tuple[RunSummary, ...] = ()
        self.version = 0
        """Changes whenever the list does."""

    def summaries(self) -> Mapping[str, RunSummary]:
        """Every run's summary by its key, newest first."""
        with self._lock:
            self._refresh()
            return self._by_key

    def newest(self) -> tuple[RunSummary, ...]:
        """Every run's summary, newest first."""
        with self._lock:
            self._refresh()
            return self._newest

    def folder_of(self, key: str) -> int:
        """The inode of the run's folder as the index has it; 0 where it has none."""
        with self._lock:
            self._refresh()
            return self._inodes.get(key, 0)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep all other processes from adding to the index, or from reading runs into it."""
        with self._lock:
            handle = self._take_lock() if self._depth == 0 else None
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if handle is not None:
                    os.close(handle)  # which gives the lock back too

    def forget(self, key: str) -> None:
        """A run was changed: its folder is read again by whoever asks next, in every process."""
        with self.held():
            self._append([_checked({"forget": key})])
            self._drop(key)
            self._seen = ()

    # Reading.

    _by_key: Mapping[str, RunSummary] = {}

    def _refresh(self) -> None:
        if self._seen and self._seen == self._state():
            return
        self._take_in()
        changed_ns = _changed_ns(self._runs)
        inodes = self._folders()
        for key in self._known.keys() - inodes.keys():
            self._drop(key)
        wanted = [
            key
            for key, inode in inodes.items()
            if self._inodes.get(key) != inode and self._without.get(key) != inode
        ]
        for first in range(0, len(wanted), _BATCH):
            self._read_folders(wanted[first : first + _BATCH], inodes)
        self._order()
        if self._lines > 2 * len(self._known) + _SPARE_LINES:
            self._write_anew()
        settled = time.time_ns() - changed_ns > _SETTLED_NS
        self._seen = self._state(changed_ns) if settled else ()

    def _state(self, changed_ns: int | None = None) -> tuple[Any, ...]:
        """What differs once a run has come, gone or changed."""
        return changed_ns if changed_ns is not None else _changed_ns(self._runs), *_size(self._file)

    def _folders(self) -> dict[str, int]:
        try:
            with os.scandir(self._runs) as entries:
                return {entry.name: entry.inode() for entry in entries if _KEY.fullmatch(entry.name)}
        except (FileNotFoundError, NotADirectoryError):
            return {}

    def _read_folders(self, keys: list[str], inodes: Mapping[str, int]) -> None:
        with self.held():
            lines = []
            for key in keys:
                summary = self._read(key)
                self._drop(key)
                if summary is None:
                    self._without[key] = inodes[key]
                    continue
                self._known[key], self._inodes[key] = summary, inodes[key]
                lines.append(_checked(_line_of(summary, inodes[key])))
            if lines:
                self._append(lines)

    def _drop(self, key: str) -> None:
        self._known.pop(key, None)
        self._inodes.pop(key, None)
        self._without.pop(key, None)

    def _order(self) -> None:
        known = self._known
        fresh = [run for run in known.values() if self._by_key.get(run.key) is not run]
        still = [run for run in self._newest if known.get(run.key) is run]
        if not fresh and len(still) == len(self._newest):
            return
        # What stands in order already costs little to sort.
        self._newest = tuple(sorted(fresh + still, key=lambda run: run.created, reverse=True))
        self._by_key = {run.key: run for run in self._newest}
        self.version += 1

    def _take_in(self) -> None:
        """Read the lines that were added since the last time, or all where the file is another."""
        try:
            with self._file.open("rb") as file:
                status = os.fstat(file.fileno())
                if status.st_ino != self._inode or status.st_size < self._at:
                    self._at, self._inode, self._lines = 0, status.st_ino, 0
                file.seek(self._at)
                whole, newline, _ = file.read().rpartition(b"\n")  # the last line may not be whole yet
        except OSError:  # there is none yet, or none that can be read: the folders tell
            self._at, self._inode, self._lines = 0, 0, 0
            return
        self._at += len(whole) + len(newline)
        last: dict[str, list[Any] | None] = {}
        for line in whole.splitlines():
            key, entry = _entry_in(line)
            if key:
                last[key] = entry
            self._lines += bool(line)
        for key, entry in last.items():
            self._drop(key)
            if entry is not None:
                self._inodes[key], self._known[key] = _known(entry)

    # Writing.

    def _take_lock(self) -> int | None:
        if sys.platform == "win32":
            return None
        try:
            handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:  # a folder that may only be read: then nothing is added either
            logger.info("The index of %s cannot be locked: %s", self._runs, error)
            return None
        fcntl.flock(handle, fcntl.LOCK_EX)
        return handle

    def _append(self, lines: list[bytes]) -> None:
        content = b"\n" + b"".join(lines)  # a line that was cut off before ends here
        try:
            with self._file.open("ab") as file:
                status = os.fstat(file.fileno())
                ours_follows = (status.st_ino, status.st_size) == (self._inode, self._at)
                file.write(content)
        except OSError as error:  # it only saves time: the folders hold all that it says
            logger.warning("The index of the cached runs cannot be written: %s", error)
            return
        if ours_follows or status.st_size == 0:
            self._inode, self._at = status.st_ino, status.st_size + len(content)
            self._lines += len(lines)

    def _write_anew(self) -> None:
        """Leave the outdated lines out."""
        new = self._file.with_name(f".new-{FILE}-{os.getpid()}")
        with self.held():
            self._take_in()
            lines = [_checked(_line_of(run, self._inodes[key])) for key, run in self._known.items()]
            try:
                new.write_bytes(b"".join(lines))
                new.replace(self._file)
                self._inode, self._at = _inode(self._file), sum(map(len, lines))
                self._lines = len(lines)
            except OSError as error:
                logger.warning("The index of the cached runs cannot be written: %s", error)


def _line_of(run: RunSummary, inode: int) -> list[Any]:
    """What the index holds of a run."""
    # Each part of the settings is a text of its own: most runs share most of them, and those are read once.
    parts = {part: _unusual(part, getattr(run.config, part)) for part in PARTS}
    return [
        _VERSION,
        run.key,
        inode,
        run.name,
        run.created.timestamp(),
        run.state,
        run.accuracy,
        run.largest_class,
        run.seconds,
        run.device,
        run.origin,
        run.classes,
        run.bytes,
        run.pinned,
        {part: text for part, text in parts.items() if text != "{}"},
    ]


@functools.lru_cache(maxsize=4096)
def _unusual(part: str, settings: FlatConfig) -> str:
    """The settings that are not as they are where nothing is said."""
    usual = getattr(_DEFAULTS, part)
    leaves = ((name, getattr(settings, name)) for name in PARTS[part].specs())
    return json.dumps({name: value for name, value in leaves if value != getattr(usual, name)})


def _known(line: list[Any]) -> tuple[int, RunSummary]:
    """The folder's inode and the summary that `_line_of` took apart; checksum and version vouch for them."""
    (
        key, inode, name, created, state, accuracy, largest,
        seconds, device, origin, classes, size, pinned, parts,
    ) = line[1:]  # fmt: skip
    unusual = {part: _part(part, text) for part, text in parts.items()}
    return inode, RunSummary(
        key=key,
        name=name,
        created=datetime.fromtimestamp(created, timezone.utc),
        config=replace(_DEFAULTS, **unusual),
        state=state,
        accuracy=accuracy,
        largest_class=largest,
        seconds=seconds,
        device=sys.intern(device),
        origin=sys.intern(origin),
        classes=_shared(tuple(classes)),
        bytes=size,
        pinned=pinned,
    )


def _checked(value: Any) -> bytes:
    """A line that says `value`, with a checksum."""
    text = json.dumps(value, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _entry_in(line: bytes) -> tuple[str, list[Any] | None]:
    """The key of the run that a line speaks of, and what it says; None if it is to be forgotten.

    The key is empty where the line is damaged or of another version: then the folder is read instead.
    """
    checksum, _, text = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        return "", None
    try:
        value = json.loads(text)
    except ValueError:
        return "", None
    if isinstance(value, dict) and isinstance(value.get("forget"), str):
        return value["forget"], None
    return (value[1], value) if isinstance(value, list) and value[:1] == [_VERSION] else ("", None)


@functools.lru_cache(maxsize=4096)
def _part(part: str, text: str) -> Any:
    """A part of a run's settings, which were checked before they were written here under a checksum."""
    leaves = json.loads(text)
    return PARTS[part](**{name: tuple(v) if isinstance(v, list) else v for name, v in leaves.items()})


@functools.lru_cache(maxsize=1024)
def _shared(classes: tuple[str, ...]) -> tuple[str, ...]:
    """The same object for equal names."""
    return classes


def _changed_ns(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _size(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:
        return 0, 0
    return status.st_ino, status.st_size


def _inode(file: Path) -> int:
    return file.stat().st_ino
