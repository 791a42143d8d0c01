"""An index beside the cached runs: ten thousand are listed from one file, and a second time from memory.

    <root>/index.jsonl    a line a run: checksum, then JSON; a later line about a run replaces an earlier one
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
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import dashlab
from dashlab.config import PARTS, RunConfig
from dashlab.config import SCHEMA as CONFIG_SCHEMA
from dashlab.records import RecordError, from_plain, loads, plain
from dashlab.results import EndState
from dashlab.runfolder import SCHEMA as RUN_SCHEMA
from dashlab.runfolder import RunSummary

if sys.platform != "win32":  # there one process at a time must do; a lost line is only read again
    import fcntl

logger = logging.getLogger(__name__)

FILE, LOCK = "index.jsonl", "index.lock"
_VERSION = f"2.{RUN_SCHEMA}.{CONFIG_SCHEMA}.{dashlab.__version__}"
_KEY = re.compile(r"[0-9a-f]{64}")
_SETTLED_NS = 100_000_000  # a folder changed more lately may change again without its time telling so
_BATCH = 50  # runs that are read from their folders before others get a turn to write
_SPARE_LINES = 1000  # outdated lines that are let be


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """What a line says of a run; without `seconds` and the rest: forget what was said before."""

    key: str
    folder: int  # the inode of the run's folder
    name: str
    created: float  # seconds since 1970, UTC
    state: EndState
    accuracy: float | None
    seconds: float
    device: str
    origin: str
    classes: tuple[str, ...]
    bytes: int
    pinned: bool


@dataclass(frozen=True, slots=True)
class _Known:
    folder: int
    summary: RunSummary


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
        self._known: dict[str, _Known] = {}
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
            known = self._known.get(key)
            return known.folder if known else 0

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
            self._append([_line({"v": _VERSION, "forget": key})])
            self._known.pop(key, None)
            self._without.pop(key, None)
            self._seen = ()

    # Reading.

    _by_key: Mapping[str, RunSummary] = {}

    def _refresh(self) -> None:
        if self._seen and self._seen == self._state():
            return
        self._take_in()
        changed_ns = _changed_ns(self._runs)
        found = self._folders()
        gone = self._known.keys() - found.keys()
        for key in gone:
            del self._known[key]
        wanted = [
            key
            for key, inode in found.items()
            if (key not in self._known or self._known[key].folder != inode)
            and self._without.get(key) != inode
        ]
        for first in range(0, len(wanted), _BATCH):
            self._read_folders(wanted[first : first + _BATCH], found)
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

    def _read_folders(self, keys: list[str], found: Mapping[str, int]) -> None:
        with self.held():
            lines = []
            for key in keys:
                summary = self._read(key)
                if summary is None:
                    self._known.pop(key, None)
                    self._without[key] = found[key]
                    continue
                self._known[key] = _Known(found[key], summary)
                lines.append(_line(_plain(summary, found[key])))
            if lines:
                self._append(lines)

    def _order(self) -> None:
        newest = sorted(
            (known.summary for known in self._known.values()), key=lambda run: run.created, reverse=True
        )
        if len(newest) != len(self._newest) or any(
            a is not b for a, b in zip(newest, self._newest, strict=True)
        ):
            self._newest = tuple(newest)
            self._by_key = {run.key: run for run in newest}
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
        last: dict[str, dict[str, Any]] = {}
        for line in whole.splitlines():
            value = _value(line)
            if value is not None:
                last[value.get("forget") or value["key"]] = value
            self._lines += bool(line)
        for key, value in last.items():
            known = _known(value)
            if known is None:
                self._known.pop(key, None)
                self._without.pop(key, None)
            else:
                self._known[key] = known

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
            lines = [_line(_plain(known.summary, known.folder)) for known in self._known.values()]
            try:
                new.write_bytes(b"".join(lines))
                new.replace(self._file)
                self._inode, self._at = _inode(self._file), sum(map(len, lines))
                self._lines = len(lines)
            except OSError as error:
                logger.warning("The index of the cached runs cannot be written: %s", error)


def _plain(summary: RunSummary, folder: int) -> dict[str, Any]:
    line = _Line(
        folder=folder,
        created=summary.created.timestamp(),
        **{field: getattr(summary, field) for field in _Line.__slots__ if field not in ("folder", "created")},
    )
    # Each part is a text of its own: most runs share most parts, and those are read once.
    parts = {part: json.dumps(plain(leaves)) for part, leaves in summary.config.to_json().items()}
    return {"v": _VERSION, "run": plain(line), "config": parts, "key": summary.key}


def _line(value: dict[str, Any]) -> bytes:
    text = json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _value(line: bytes) -> dict[str, Any] | None:
    """What a line says; None where it is damaged or of another version."""
    checksum, _, text = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    try:
        value = loads(text)
    except RecordError:
        return None
    sound = isinstance(value, dict) and value.get("v") == _VERSION and ("forget" in value or "key" in value)
    return value if sound else None


def _known(value: dict[str, Any]) -> _Known | None:
    if "forget" in value:
        return None
    try:
        line = from_plain(_Line, value["run"])
        config = RunConfig(**{part: _part(part, text) for part, text in value["config"].items()})
        created = datetime.fromtimestamp(line.created, timezone.utc)
    except (RecordError, KeyError, TypeError, AttributeError, ValueError, OverflowError, OSError):
        return None  # read from its folder instead
    fields = {f: getattr(line, f) for f in _Line.__slots__ if f not in ("folder", "created")}
    return _Known(line.folder, RunSummary(config=config, created=created, **fields))


@functools.lru_cache(maxsize=4096)
def _part(part: str, text: str) -> Any:
    """A part of a run's settings, which were checked before they were written here under a checksum."""
    leaves = json.loads(text)
    return PARTS[part](**{name: tuple(v) if isinstance(v, list) else v for name, v in leaves.items()})


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
