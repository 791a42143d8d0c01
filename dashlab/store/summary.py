"""What a list of cached runs shows of each, read from its folder at little cost: there may be thousands."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from dashlab.errors import ConfigError
from dashlab.settings.run import PARTS, RunConfig
from dashlab.store.folder import (
    CONFIG,
    METRICS,
    PINNED,
    UnreadableRun,
    UnsoundRun,
    check_size,
    load_json,
    moment,
    read_checked,
    read_manifest,
    read_name,
)
from dashlab.training.results import EndState

_END_STATES = get_args(EndState)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What a list of cached runs shows of each."""

    key: str
    name: str
    created: datetime
    config: RunConfig
    state: EndState
    accuracy: float | None  # on the test set; None unless finished
    largest_class: float | None  # the accuracy of always predicting the largest class; None unless finished
    seconds: float  # wall seconds in all
    device: str
    origin: str
    classes: tuple[str, ...]
    bytes: int = 0  # on the disk
    pinned: bool = False


def read_summary(folder: Path, key: str) -> RunSummary:
    """A run's summary from its small files; the large ones are only measured.

    Raises:
        UnsoundRun, UnreadableRun: as `read_run`, as far as can be seen from what a list shows.
    """
    manifest = read_manifest(folder, key)
    config = _config(load_json(read_checked(folder, CONFIG, manifest), CONFIG))
    metrics = load_json(read_checked(folder, METRICS, manifest), METRICS)
    for file, entry in manifest.files.items():
        if file not in (CONFIG, METRICS):
            check_size(f"{folder}/{file}", entry)
    try:
        return RunSummary(
            key=key,
            name=read_name(folder),
            config=config,
            bytes=sum(entry.bytes for entry in manifest.files.values()),
            pinned=os.path.exists(f"{folder}/{PINNED}"),  # noqa: PTH110 - ten thousand times
            **_shown(metrics),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UnsoundRun(f"{METRICS} is unsound: {error}") from error


def _shown(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that a list shows: each has passed its checksum, and all others are read with the run."""
    started, evaluation, state = metrics["started"], metrics["evaluation"], metrics["state"]
    if state not in _END_STATES or (evaluation is not None) != (state == "finished"):
        raise ValueError("its figures do not fit the run's end")
    return {
        "created": moment(float(metrics["created"])),
        "state": state,
        "accuracy": None if evaluation is None else float(evaluation["accuracy"]),
        "largest_class": None if evaluation is None else _largest_class(evaluation["confusion"]),
        "seconds": sum(float(metrics["seconds"][part]) for part in ("load", "train", "evaluate")),
        "device": str(started["device"]),
        "origin": str(started["origin"]),
        "classes": tuple(map(str, started["classes"])),
    }


def _largest_class(confusion: Sequence[Sequence[int]]) -> float:
    """As `Evaluation.largest_class` has it."""
    counts = [sum(row) for row in confusion]
    return max(counts) / sum(counts)


def _config(raw: Any) -> RunConfig:
    """The settings of a run; what most runs share is checked once."""
    if not isinstance(raw, dict):
        raise UnsoundRun(f"{CONFIG} is not a record")
    try:
        if raw.keys() != PARTS.keys():
            return RunConfig.from_json(raw)
        parts = {part: _part(part, json.dumps(leaves)) for part, leaves in raw.items()}
        return RunConfig(**parts).check_together()
    except ConfigError as error:
        # The checksum holds, so the file is as it was written: its settings are those of another version.
        raise UnreadableRun(f"Another version of dashlab wrote it, with other settings: {error}") from error


@lru_cache(maxsize=4096)
def _part(part: str, text: str) -> Any:
    leaves = json.loads(text)
    if not isinstance(leaves, dict):
        raise ConfigError(f"{part!r} must be an object of settings.")
    return PARTS[part].from_json(leaves)
