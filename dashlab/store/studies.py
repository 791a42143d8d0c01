"""Cached studies on disk: one JSON file each, `<store>/studies/<key>.json`, addressed by the study's key."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from dashlab.data.folders import store_folder
from dashlab.errors import DamagedRun, StoreError
from dashlab.leftovers import temporary_name
from dashlab.store.folder import sync_folder, write_synced
from dashlab.store.limit import Removable
from dashlab.training.records import RecordError, dumps, from_plain, loads, plain
from dashlab.training.study import Study, StudyOutcome

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStudy:
    """A finished study, read from the disk."""

    rows: tuple[Any, ...]
    seconds: float
    environment: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """What a file says of its study besides the rows."""

    title: str
    created: float  # seconds since 1970, UTC
    seconds: float
    environment: dict[str, str]


def save(study: Study, outcome: StudyOutcome, root: Path | None = None) -> None:
    """Keep a finished study; it is there whole or not at all. A stopped one is not kept.

    Raises:
        StoreError: the disk is full, or the folder cannot be written.
    """
    if outcome.state != "finished":
        return
    head = _Head(
        title=study.TITLE,
        created=datetime.now(timezone.utc).timestamp(),
        seconds=outcome.seconds,
        environment=outcome.environment,
    )
    body = dumps({"head": plain(head), "config": study.to_json(), "rows": plain(outcome.rows)})
    path = _path(study, root)
    new = path.with_name(temporary_name(".new-", path.name))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_synced(new, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError.of(path.parent, error) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFile:
    """What the folder tells of a study without its file being read."""

    key: str
    created: float  # seconds since 1970, UTC
    bytes: int
    pinned: bool


def files(root: Path) -> list[StudyFile]:
    """All studies on the disk, the newest first."""
    entries = []
    paths = {path.name: path for path in (root / "studies").glob("[0-9a-f]*")}
    for path in paths.values():
        if path.suffix != ".json":
            continue
        try:
            status = path.stat()
        except FileNotFoundError:  # removed by another process
            continue
        pinned = f"{path.stem}.pinned" in paths
        entries.append(StudyFile(key=path.stem, created=status.st_mtime, bytes=status.st_size, pinned=pinned))
    return sorted(entries, key=lambda file: file.created, reverse=True)


def removable(root: Path) -> list[Removable]:
    """The studies on the disk, as what may be removed to make room."""
    return [
        Removable(file.created, file.bytes, file.pinned, partial(delete, file.key, root))
        for file in files(root)
    ]


def title(key: str, root: Path) -> str:
    """What a study calls itself; empty where its file cannot be read."""
    try:
        _, _, body = (root / "studies" / f"{key}.json").read_bytes().partition(b"\n")
        return str(loads(body)["head"]["title"])
    except (OSError, RecordError, KeyError, TypeError) as error:
        logger.info("The cached study %s cannot be read: %s", key, error)
        return ""


def pin(key: str, root: Path, *, pinned: bool = True) -> None:
    """Keep a study from being removed to make room, or allow it again; both may be said twice.

    Raises:
        StoreError: the folder cannot be written.
    """
    mark = _pin(key, root)
    try:
        if pinned:
            mark.touch()
        else:
            mark.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError.of(mark.parent, error) from error


def delete(key: str, root: Path) -> bool:
    """Remove a study and its pin; whether there was one.

    Raises:
        StoreError: the folder cannot be written.
    """
    path = root / "studies" / f"{key}.json"
    try:
        path.unlink()
        _pin(key, root).unlink(missing_ok=True)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError.of(path.parent, error) from error
    return True


def _pin(key: str, root: Path) -> Path:
    return root / "studies" / f"{key}.pinned"


def load(study: Study, root: Path | None = None) -> StoredStudy | None:
    """The study's rows if it was finished before, else None.

    Raises:
        DamagedRun: the file is not the one that was written; it has been set aside.
        StoreError: the system refuses to read it.
    """
    path = _path(study, root)
    try:
        written, _, body = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"The cached study {path} cannot be read: {error.strerror or error}.") from error
    if hashlib.sha256(body).hexdigest().encode() != written:
        raise _set_aside(path)
    try:
        value = loads(body)
        head: _Head = from_plain(_Head, value["head"])
        rows: tuple[Any, ...] = tuple(from_plain(study.ROW, row) for row in value["rows"])
    except (RecordError, KeyError, TypeError) as error:
        logger.info("The cached study %s was written by another version of dashlab: %s", path, error)
        return None
    return StoredStudy(rows=rows, seconds=head.seconds, environment=head.environment)


def _path(study: Study, root: Path | None) -> Path:
    return (root or store_folder()) / "studies" / f"{study.key()}.json"


def _set_aside(path: Path) -> DamagedRun:
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%f")
    aside = path.parent.parent / "damaged" / f"{path.stem}-{now}.json"
    sentence = f"The cached study {path.stem[:12]}… was damaged and has been set aside in {aside}."
    try:
        aside.parent.mkdir(exist_ok=True)
        path.replace(aside)
    except OSError as error:
        sentence = f"The cached study {path.stem[:12]}… is damaged, and cannot be set aside: {error}."
    return DamagedRun(sentence)
