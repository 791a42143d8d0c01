"""The files of one cached run: how they are written, checked and read.

manifest.json              schema, key, and the size and sha256 of every other file but name.json
config.json                the run's settings
history.json               step and epoch rows
metrics.json               how it ended, figures on the test set, seconds, versions, device
weights.safetensors        parameters and buffers; empty where the run diverged
predictions.safetensors    float32 probabilities of the test pictures; only where the run finished
name.json                  what a person called it; may change, so it stands outside the checksums
pinned                     only where a person has pinned the run: it is not removed to make room
"""

import dataclasses
import hashlib
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashlab.errors import ConfigError, WeightsError
from dashlab.settings.run import SCHEMA as CONFIG_SCHEMA
from dashlab.settings.run import RunConfig
from dashlab.training.records import RecordError, dumps, from_plain, loads
from dashlab.training.results import EndState, EpochRow, Evaluation, Result, Seconds, Started, StepRow

if TYPE_CHECKING:
    from torch import Tensor

SCHEMA = 2
"""Raised whenever the files change their form; those of the older ones are read as well.

2: a row of the history tells apart the plain loss and what is added to it.
"""

LONGEST_NAME = 80

MANIFEST, CONFIG, HISTORY, METRICS = "manifest.json", "config.json", "history.json", "metrics.json"
WEIGHTS, PREDICTIONS, NAME = "weights.safetensors", "predictions.safetensors", "name.json"
PINNED = "pinned"


class UnsoundRun(Exception):
    """The files are not those that were written; the message ends a sentence that begins with the run."""


class UnreadableRun(Exception):
    """Nothing is wrong with the files, but they cannot be read here; the message is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """What a file must be."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a run's folder must hold."""

    schema: int
    config_schema: int
    key: str
    files: dict[str, FileEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The curves of a run."""

    steps: tuple[StepRow, ...]
    epochs: tuple[EpochRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """An `Evaluation` without its probabilities, which stand in a file of their own."""

    loss: float
    accuracy: float
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """How a run ended, without its curves."""

    state: EndState
    note: str
    created: float  # seconds since 1970, UTC
    started: Started
    evaluation: Figures | None
    seconds: Seconds
    environment: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A cached run, read whole."""

    key: str
    name: str
    created: datetime
    result: Result


def write_run(folder: Path, key: str, result: Result, *, name: str, created: datetime) -> None:
    """Write all files of a run into `folder`, which must be new, and wait until they are on the disk.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    contents = _contents(result, created)
    entries = {
        file: FileEntry(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        for file, content in contents.items()
    }
    manifest = Manifest(schema=SCHEMA, config_schema=CONFIG_SCHEMA, key=key, files=entries)
    folder.mkdir(parents=True)
    for file, content in {**contents, MANIFEST: dumps(manifest), NAME: dumps({"name": name})}.items():
        write_synced(folder / file, content)
    sync_folder(folder)


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the folder's entries are on the disk, on systems that can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_run(folder: Path, key: str) -> StoredRun:
    """Everything in a run's folder, once every file has passed its checksum.

    Raises:
        UnsoundRun: a file is missing or damaged, or does not fit the others.
        UnreadableRun: another version of dashlab wrote it, in a form that this one does not know, or the
            system refuses to read it.
    """
    manifest = read_manifest(folder, key)
    files = {file: read_checked(folder, file, manifest) for file in manifest.files}
    config, metrics = _read_config(files), _read_metrics(files)
    history = _record(History, files, HISTORY)
    result = Result(
        config=config,
        state=metrics.state,
        note=metrics.note,
        started=metrics.started,
        steps=history.steps,
        epochs=history.epochs,
        evaluation=_evaluation(metrics, files),
        weights=_tensors(files, WEIGHTS),
        seconds=metrics.seconds,
        environment=metrics.environment,
    )
    if bool(result.weights) == (result.state == "diverged"):
        raise UnsoundRun(f"{WEIGHTS} does not hold what the run's end asks for")
    return StoredRun(key=key, name=read_name(folder), created=moment(metrics.created), result=result)


def read_manifest(folder: Path, key: str) -> Manifest:
    """The manifest of a run; raises as `read_run`."""
    raw = load_json(_read(f"{folder}/{MANIFEST}"), MANIFEST)
    if not isinstance(raw, dict):
        raise UnsoundRun(f"{MANIFEST} is not a record")
    for field, ours in (("schema", SCHEMA), ("config_schema", CONFIG_SCHEMA)):
        if isinstance(raw.get(field), int) and raw[field] > ours:
            raise UnreadableRun("It was written by a newer version of dashlab: update dashlab to see it.")
    try:
        manifest = from_plain(Manifest, raw)
    except RecordError as error:
        raise UnsoundRun(f"{MANIFEST} is unsound: {error}") from error
    if manifest.key != key:
        raise UnsoundRun("its folder bears the key of another run")
    known = {CONFIG, HISTORY, METRICS, WEIGHTS, PREDICTIONS}
    if not known - {PREDICTIONS} <= manifest.files.keys() <= known:
        raise UnsoundRun(f"{MANIFEST} does not name the files of a run")
    return manifest


def read_name(folder: Path) -> str:
    """What a person called the run; empty where nobody did, or where that file cannot be read."""
    try:
        raw = loads((folder / NAME).read_bytes())
    except (OSError, RecordError):
        return ""
    name = raw.get("name") if isinstance(raw, dict) else None
    return clean_name(name) if isinstance(name, str) else ""


def clean_name(name: str) -> str:
    """A name on one line, without characters that cannot be seen, at most 80 long."""
    seen = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in name)
    # Cf turns the direction of the text after it, Cs is half of a character: neither can be written safely.
    seen = "".join(c for c in seen if unicodedata.category(c) not in ("Cf", "Cs"))
    return " ".join(seen.split())[:LONGEST_NAME].strip()


def _contents(result: Result, created: datetime) -> dict[str, bytes]:
    from dashlab.training.weights import to_bytes

    evaluation = result.evaluation
    figures = None
    if evaluation is not None:
        figures = Figures(loss=evaluation.loss, accuracy=evaluation.accuracy, confusion=evaluation.confusion)
    metrics = Metrics(
        created=created.timestamp(),
        evaluation=figures,
        **{
            leaf.name: getattr(result, leaf.name)
            for leaf in dataclasses.fields(Metrics)
            if leaf.name not in ("created", "evaluation")
        },
    )
    contents = {
        CONFIG: dumps(result.config.to_json()),
        HISTORY: dumps(History(steps=result.steps, epochs=result.epochs)),
        METRICS: dumps(metrics),
        WEIGHTS: to_bytes(result.weights),
    }
    if evaluation is not None:
        contents[PREDICTIONS] = to_bytes({"probabilities": evaluation.probabilities})
    return contents


@contextmanager
def _missing_is_unsound(path: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise UnsoundRun(f"{Path(path).name} is missing") from error
    except OSError as error:
        raise UnreadableRun(f"{path} cannot be read: {error.strerror}.") from error


def _read(path: str) -> bytes:
    with _missing_is_unsound(path):
        return Path(path).read_bytes()


def check_size(path: str, entry: FileEntry) -> None:
    """Raises as `read_run` where a file has not the size that it should have."""
    with _missing_is_unsound(path):
        size = os.stat(path).st_size  # noqa: PTH116 - a `Path` costs more than the look at the file
    if size != entry.bytes:
        raise UnsoundRun(f"{Path(path).name} is {size:,} bytes long instead of {entry.bytes:,}")


def read_checked(folder: Path, file: str, manifest: Manifest) -> bytes:
    """The content of a file that is as it was written; raises as `read_run`."""
    content, entry = _read(f"{folder}/{file}"), manifest.files[file]
    if len(content) != entry.bytes:
        raise UnsoundRun(f"{file} is {len(content):,} bytes long instead of {entry.bytes:,}")
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise UnsoundRun(f"{file} fails its checksum")
    return content


def load_json(content: bytes, file: str) -> Any:
    """What stands in a file; raises as `read_run`."""
    try:
        return loads(content)
    except RecordError as error:
        raise UnsoundRun(f"{file} is not valid JSON") from error


def _record(kind: Any, files: dict[str, bytes], file: str) -> Any:
    try:
        return from_plain(kind, load_json(files[file], file))
    except RecordError as error:
        raise UnsoundRun(f"{file} is unsound: {error}") from error


def _read_config(files: dict[str, bytes]) -> RunConfig:
    raw = load_json(files[CONFIG], CONFIG)
    if not isinstance(raw, dict):
        raise UnsoundRun(f"{CONFIG} is not a record")
    try:
        return RunConfig.from_json(raw)
    except ConfigError as error:
        # The checksum holds, so the file is as it was written: its settings are those of another version.
        raise UnreadableRun(f"Another version of dashlab wrote it, with other settings: {error}") from error


def _read_metrics(files: dict[str, bytes]) -> Metrics:
    metrics: Metrics = _record(Metrics, files, METRICS)
    evaluation = metrics.evaluation
    if (evaluation is not None) != (metrics.state == "finished"):
        raise UnsoundRun(f"{METRICS} has figures that do not fit the run's end")
    if evaluation is not None:
        classes = len(metrics.started.classes)
        if [len(row) for row in evaluation.confusion] != [classes] * classes:
            raise UnsoundRun(f"{METRICS} has a confusion matrix that does not fit the classes")
    return metrics


def moment(created: float) -> datetime:
    """When a run was kept; raises as `read_run`."""
    try:
        return datetime.fromtimestamp(created, timezone.utc)
    except (ValueError, OverflowError, OSError) as error:
        raise UnsoundRun(f"{METRICS} has a date that is none") from error


def _tensors(files: dict[str, bytes], file: str) -> "dict[str, Tensor]":
    from dashlab.training.weights import from_bytes

    try:
        return from_bytes(files[file])
    except WeightsError as error:
        raise UnsoundRun(f"{file} is unsound: {error}") from error


def _evaluation(metrics: Metrics, files: dict[str, bytes]) -> Evaluation | None:
    import torch

    if (metrics.evaluation is not None) != (PREDICTIONS in files):
        raise UnsoundRun(f"{PREDICTIONS} does not fit the run's end")
    if metrics.evaluation is None:
        return None
    tensors = _tensors(files, PREDICTIONS)
    probabilities = tensors.get("probabilities")
    shape = (metrics.started.test_count, len(metrics.started.classes))
    if probabilities is None or probabilities.dtype != torch.float32 or tuple(probabilities.shape) != shape:
        raise UnsoundRun(f"{PREDICTIONS} does not hold the probabilities of {shape[0]:,} pictures")
    figures = metrics.evaluation
    return Evaluation(
        loss=figures.loss,
        accuracy=figures.accuracy,
        confusion=figures.confusion,
        probabilities=probabilities,
    )
