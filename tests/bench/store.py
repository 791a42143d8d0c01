"""Many cached runs: what listing them costs, and what they add to a rerun of each page."""

from __future__ import annotations

import gc
import hashlib
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashlab import jobs
from dashlab.experiments.trainer import presets
from dashlab.settings.run import SCHEMA as CONFIG_SCHEMA
from dashlab.settings.run import RunConfig
from dashlab.store.folder import (
    CONFIG,
    HISTORY,
    MANIFEST,
    METRICS,
    NAME,
    PREDICTIONS,
    SCHEMA,
    WEIGHTS,
    write_run,
)
from dashlab.store.index import FILE
from dashlab.store.runs import Store
from dashlab.training.records import dumps
from tests.bench.settings import Settings
from tests.bench.timing import Bench, Clock, Limit, Side

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

FEW, MANY = 10, 10_000
MORE_S = 0.020
"""What ten thousand runs may add to a rerun of a page."""

_ROOT = Path(__file__).resolve().parents[2]
_NEWEST = 1_900_000_000.0
_BUILD, _FIRST, _AGAIN, _FIND = "index made anew", "first list, index there", "list again", "find 1,000 runs"
_APP_TIMEOUT_S = 120


def store(settings: Settings) -> Bench:
    """Lists of ten thousand runs, and a rerun of every page beside ten runs and beside ten thousand."""
    clock = Clock(settings.threads)
    with tempfile.TemporaryDirectory(prefix="dashlab-bench-") as folder, _quiet_jobs():
        few, many = Path(folder) / "few", Path(folder) / "many"
        fill(few, FEW)
        fill(many, MANY)
        seconds = clock.alternate(_lists(many), settings.pairs)
        pages = _pages(few, many)
        seconds |= clock.alternate(pages, 3 * settings.pairs)
    return Bench(
        name="store",
        title=f"{MANY:,} cached runs",
        seconds=seconds,
        limits=(Limit(side=_FIRST, seconds=0.5),),
        notes=tuple(_added(seconds)),
        own_share=clock.own_share,
    )


def fill(root: Path, count: int) -> None:
    """A store of so many runs that follow the presets of the trainer, with seeds and rates of their own.

    The newest of each preset can be opened like any other; the others hold no weights and probabilities.
    """
    draw = random.Random(0)
    names = ["sketch", *(name for name in presets.PRESETS if name != "sketch")]
    for number in range(count):
        config = presets.PRESETS[names[number % len(names)]].config.change(seed=number // len(names))
        if config.data.dataset == "own":
            config = config.change(path="coins")
        elif number < len(names):
            _write_whole(root, config, number)
            continue
        if number % 3 == 0:
            config = config.change(lr=round(10 ** draw.uniform(-4, 0), 5))
        _write(root, config.without_unused(), _NEWEST - 60.0 * number, draw.uniform(0.5, 0.99))


def _write_whole(root: Path, config: RunConfig, number: int) -> None:
    from dashlab.training.models import build
    from dashlab.training.weights import weights_of
    from tests.app.fakes import result

    made = result(config)
    shape = (3, 32, 32) if config.data.dataset == "cifar10" else (1, 28, 28)
    network = build(made.config.model, shape=shape, classes=10, seed=1)
    key, created = made.config.key(), datetime.fromtimestamp(_NEWEST - 60.0 * number, timezone.utc)
    write_run(root / "runs" / key, key, replace(made, weights=weights_of(network)), name="", created=created)


def _write(root: Path, config: RunConfig, created: float, accuracy: float) -> None:
    key = config.key()
    folder = root / "runs" / key
    folder.mkdir(parents=True)
    files = {
        CONFIG: dumps(config.to_json()),
        HISTORY: b"{}" * 500,
        METRICS: dumps(_metrics(config, created, accuracy)),
        WEIGHTS: b"0" * 100,
        PREDICTIONS: b"0" * 100,
    }
    entries = {
        file: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for file, content in files.items()
    }
    manifest = {"schema": SCHEMA, "config_schema": CONFIG_SCHEMA, "key": key, "files": entries}
    for file, content in {**files, MANIFEST: dumps(manifest), NAME: b'{"name": ""}'}.items():
        (folder / file).write_bytes(content)


def _metrics(config: RunConfig, created: float, accuracy: float) -> dict[str, Any]:
    colours = 3 if config.data.dataset == "cifar10" else 1
    started = {
        "epochs": config.loop.epochs,
        "steps_per_epoch": 600,
        "parameters": 101_770,
        "train_count": 60_000,
        "val_count": 0,
        "test_count": 10_000,
        "classes": list("0123456789"),
        "shape": [colours, 28, 28],
        "mean": [0.5] * colours,
        "std": [0.5] * colours,
        "origin": "60,000 pictures, as a bench has them.",
        "device": "CPU",
    }
    return {
        "state": "finished",
        "note": "",
        "created": created,
        "started": started,
        "evaluation": {"loss": 0.3, "accuracy": accuracy, "confusion": [[100] * 10] * 10},
        "seconds": {"load": 0.1, "train": 12.5, "evaluate": 0.2},
        "environment": {"torch": "2", "python": "3", "dashlab": "0", "system": "a bench"},
    }


def _lists(root: Path) -> dict[str, Side]:
    kept: list[Store] = []

    def made_anew(_pair: int) -> float:
        (root / FILE).unlink(missing_ok=True)
        return _timed(lambda: Store(root).runs())

    def first(_pair: int) -> float:
        kept[:] = [Store(root)]
        return _timed(kept[0].runs)

    def again(_pair: int) -> float:
        listed = kept[0] if kept else Store(root)
        listed.runs()
        return _timed(listed.runs)

    def find(_pair: int) -> float:
        listed = Store(root)
        keys = [run.key for run in listed.newest(1000)]
        return _timed(lambda: [listed.find(key) for key in keys])

    return {_BUILD: made_anew, _FIRST: first, _AGAIN: again, _FIND: find}


def _timed(work: Any) -> float:
    gc.collect()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _pages(few: Path, many: Path) -> dict[str, Side]:
    """A side for each page and number of runs."""
    return {
        f"{name}, {count:,} runs": _rerun(root, name)
        for name in _views()
        for root, count in ((few, FEW), (many, MANY))
    }


def _views() -> dict[str, tuple[str, dict[str, str], dict[str, bool | str]]]:
    """By a title: the file of each page, its link, and what people have chosen on it."""
    from ui.frame.pages import PAGES

    newest = {"train_preset": "mnist-fast"}
    return {
        **{page.title: (page.path, {}, {}) for page in PAGES},
        "Trainer, all settings": ("pages/trainer.py", {}, {"train_advanced": True}),
        "Trainer, a run": ("pages/trainer.py", newest, {}),
        "Trainer, a run beside others": ("pages/trainer.py", newest, {"train_tabs": "Compare"}),
    }


def _rerun(root: Path, name: str) -> Side:
    app: list[AppTest] = []

    def rerun(_pair: int) -> float:
        before = os.environ.get("DASHLAB_STORE")
        os.environ["DASHLAB_STORE"] = str(root)
        try:
            if not app:
                app.append(_opened(name))
            return _timed(app[0].run)
        finally:
            os.environ.pop("DASHLAB_STORE")
            if before is not None:
                os.environ["DASHLAB_STORE"] = before

    return rerun


def _opened(name: str) -> AppTest:
    """The page once everything on it has been drawn twice."""
    from streamlit.testing.v1 import AppTest

    path, query, chosen = _views()[name]
    app = AppTest.from_file(str(_ROOT / "app.py"), default_timeout=_APP_TIMEOUT_S)
    for setting, text in query.items():
        app.query_params[setting] = text
    for key, value in chosen.items():
        app.session_state[key] = value
    if path != "app.py":
        app.switch_page(path)
    for _ in range(2):
        app.run()
        if app.exception:
            raise RuntimeError(f"{name} cannot be drawn: {app.exception[0].message}")
    return app


def _added(seconds: dict[str, list[float]]) -> Iterator[str]:
    """What many runs add to each page, the most first."""
    added = {}
    for side, times in seconds.items():
        page = side.removesuffix(f", {MANY:,} runs")
        if page != side:
            added[page] = statistics.median(times) - statistics.median(seconds[f"{page}, {FEW:,} runs"])
    for page, more in sorted(added.items(), key=lambda item: -item[1]):
        yield f"{page}: {1000 * more:+.1f} ms with {MANY:,} runs (wanted ≤ {1000 * MORE_S:g} ms)"


@contextmanager
def _quiet_jobs() -> Iterator[None]:
    """No process that trains is started: it would be measured too."""
    before = jobs.warm_up
    jobs.warm_up = lambda: None
    try:
        yield
    finally:
        jobs.warm_up = before
