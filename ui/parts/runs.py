"""Cached runs as pages see them: listed, named, read once; and the pictures that they were tested on."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import streamlit as st

from dashlab import leftovers
from dashlab.data.folders import own_folder
from dashlab.data.images import ImageSet
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.settings.fields import Value
from dashlab.settings.run import RunConfig, spec_of
from dashlab.settings.run_parts import DataConfig
from dashlab.store.runs import RunSummary, Store, StoredRun
from dashlab.training.study import Study
from ui.parts import links

MOST_CHANGES = 2
"""A run that differs from a preset in no more settings than this is called after the preset."""


def store() -> Store:
    """The store of this server; one object, so that what it has read once stays read."""
    return _store(os.environ.get("DASHLAB_STORE", ""))


@st.cache_resource(show_spinner=False)
def _store(root: str) -> Store:  # noqa: ARG001 - another folder is another store
    for folder in (own_folder(), own_folder() / "pixels"):
        leftovers.clear(folder, ["*.part"])
    return Store()


def find(key: str) -> RunSummary | None:
    """The cached run with this key."""
    return store().find(key)


def load(run: RunSummary) -> StoredRun | None:
    """The whole run; None if it has gone meanwhile.

    Raises:
        DamagedRun: it failed its checksum and was set aside.
    """
    return _load(str(store().root), run.key, run.created)


@st.cache_resource(max_entries=12, show_spinner="Reading the run …")
def _load(root: str, key: str, created: datetime) -> StoredRun | None:  # noqa: ARG001 - a new run, a new time
    return store().load(key)


@st.cache_resource(max_entries=3, show_spinner="Reading the pictures …")
def _images(data: DataConfig, folders: tuple[str, ...]) -> ImageSet:  # noqa: ARG001 - other folders, other sets
    from dashlab.training.engine import load as load_pictures

    return load_pictures(data)


def images(config: RunConfig) -> ImageSet:
    """The pictures that the config names; read once for all who look at them.

    Raises:
        DataError: they cannot be read.
    """
    data = config.data
    pixels = DataConfig(
        dataset=data.dataset, source=data.source, path=data.path, side=data.side, grey=data.grey
    )
    return _images(pixels, tuple(os.environ.get(name, "") for name in ("DASHLAB_DATA", "DASHLAB_OWN")))


@lru_cache(maxsize=16384)  # made once a run: it is held against every preset
def title(config: RunConfig, name: str = "") -> str:
    """What to call a run: the name it was given, the preset that it follows, or its main settings."""
    if name:
        return name
    nearest = min(PRESETS.values(), key=lambda preset: len(_changes(config, preset.config)))
    changes = _changes(config, nearest.config)
    if len(changes) <= MOST_CHANGES and "dataset" not in changes:  # the titles of presets name the data
        return " · ".join(
            (nearest.title, *(f"{spec_of(n).label} {spec_of(n).shown(v)}" for n, v in changes.items()))
        )
    model, optim = config.model, config.optim
    layers = "-".join(map(str, model.hidden)) if config.is_used("hidden") else ""
    return " · ".join(
        (
            spec_of("dataset").shown(config.data.dataset),
            f"{spec_of('model').shown(model.model)} {layers}".strip(),
            f"{spec_of('optimizer').shown(optim.optimizer)} {optim.lr:g}",
            f"{config.loop.epochs} epoch{'s' if config.loop.epochs > 1 else ''}",
        )
    )


def job_title(config: RunConfig | Study) -> str:
    """What to call a job, be it a run or a study."""
    return title(config) if isinstance(config, RunConfig) else config.TITLE


def _changes(config: RunConfig, other: RunConfig) -> dict[str, Value]:
    """The settings of `config` that `other` has otherwise, but for where the pictures came from."""
    theirs = _recipe(other)
    return {name: value for name, value in _recipe(config).items() if value != theirs[name]}


@lru_cache(maxsize=4096)
def _recipe(config: RunConfig) -> Mapping[str, Value]:
    """The settings that have an effect, without those that say where the pictures came from."""
    flat = config.without_unused().flat()
    return {name: value for name, value in flat.items() if name not in ("source", "path")}


def titles(runs: Sequence[RunSummary]) -> dict[str, str]:
    """A title for each run by its key, no two alike: seed, time or key tell them apart where need be."""
    named = {run.key: title(run.config, run.name) for run in runs}
    tells: tuple[Callable[[RunSummary], str], ...] = (
        lambda run: f" · seed {run.config.loop.seed}",
        lambda run: f" ({run.created.astimezone():%d %b %H:%M:%S})",  # the runs of a race end in one second
        lambda run: f" · {run.key[:6]}",
    )
    for tell in tells:
        count = Counter(named.values())
        named = {run.key: named[run.key] + (tell(run) if count[named[run.key]] > 1 else "") for run in runs}
    return named


def differing(configs: Sequence[RunConfig]) -> dict[str, list[Value]]:
    """The settings in which the configs are not all alike, with the value of each."""
    flat = [config.flat() for config in configs]
    return {
        name: [values[name] for values in flat]
        for name in (flat[0] if flat else {})
        if any(values[name] != flat[0][name] for values in flat)
    }


def training_link(config: RunConfig) -> dict[str, str]:
    """The query that opens the trainer with these settings."""
    preset = preset_of(config)
    start = PRESETS[preset].config if preset else RunConfig()
    values = config.change(source="auto").flat() if preset else config.flat()
    return links.write(values, "train", RunConfig.specs(), start.flat(), preset) or links.write_plain("train")


@lru_cache(maxsize=16384)
def preset_of(config: RunConfig) -> str:
    """The preset that a run follows, but for where its pictures came from; `""` for none."""
    return next((name for name, preset in PRESETS.items() if not _changes(config, preset.config)), "")
