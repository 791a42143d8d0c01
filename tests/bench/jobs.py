"""(4): how soon a run shows its first figure, and what a page that watches costs it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dashlab import jobs
from dashlab.experiments.trainer.presets import preset
from dashlab.settings.run import RunConfig
from dashlab.store.runs import Store, StoredRun
from dashlab.training.engine import resolved
from tests.bench.settings import Settings
from tests.bench.timing import Bench, Clock, Limit, Ratio

if TYPE_CHECKING:
    from playwright.sync_api import Page

FIRST = "submit to first figure"
LONE, WATCHED = "nobody watches", "a page watches"
WATCHED_EPOCHS = 5
PATIENCE_S = 600


def first_figure(settings: Settings) -> Bench:
    """Seconds from `jobs.submit` of S1 to its first loss, in a worker that has trained before."""
    config = preset("s1").config.change(epochs=1)
    clock = Clock(1)
    with _store_of_our_own():
        try:
            _to_first_figure(config.change(seed=1000))
            seconds = clock.alternate(
                {FIRST: lambda pair: _to_first_figure(config.change(seed=pair))}, settings.pairs
            )
        finally:
            jobs.shutdown()
    return Bench(
        name="first",
        title="S1 (MNIST, MLP) in a warm worker, from submitting to the first loss",
        seconds=seconds,
        limits=(Limit(side=FIRST, seconds=0.5),),
    )


def watched(settings: Settings) -> Bench:
    """Training seconds of S1 in the app's worker, with its trainer page open in a browser and without."""
    clock = Clock(1)
    with _app() as (page, url, store):
        _warm_up(page, url, store)
        seconds = clock.alternate(
            {
                LONE: lambda pair: _run_in_app(page, url, store, seed=2 * pair, watch=False),
                WATCHED: lambda pair: _run_in_app(page, url, store, seed=2 * pair + 1, watch=True),
            },
            settings.pairs,
        )
    return Bench(
        name="watched",
        title=f"S1 (MNIST, MLP), {WATCHED_EPOCHS} epochs in the app's worker",
        seconds=seconds,
        ratios=(Ratio(slow=LONE, fast=WATCHED, wanted=0.8),),
        notes=(
            "The page is the trainer, open in a real browser on the same machine, redrawing twice a second "
            "for three seconds, then once a second. "
            "The ratio is the share of its lone speed that the training keeps.",
        ),
    )


def _to_first_figure(config: RunConfig) -> float:
    begun = time.perf_counter()
    key = jobs.submit(config)
    while not _progress(key).steps:
        time.sleep(0.001)
    taken = time.perf_counter() - begun
    jobs.stop(key)
    jobs.wait(key, PATIENCE_S)
    return taken


def _progress(key: str) -> jobs.Progress:
    progress = jobs.progress(key)
    assert progress is not None
    if progress.is_over and not progress.steps:
        raise RuntimeError(f"The run ended before it began: {progress.sentence}")
    return progress


@contextmanager
def _store_of_our_own() -> Iterator[None]:
    before = os.environ.get("DASHLAB_STORE")
    with tempfile.TemporaryDirectory(prefix="dashlab-bench-") as folder:
        os.environ["DASHLAB_STORE"] = folder
        try:
            yield
        finally:
            os.environ.pop("DASHLAB_STORE")
            if before is not None:
                os.environ["DASHLAB_STORE"] = before


@contextmanager
def _app() -> Iterator[tuple[Page, str, Store]]:
    """The app on a port of its own, and a page of a real browser."""
    from playwright.sync_api import sync_playwright

    from scripts.find_browser import find_browser
    from tests.browser.servers import Server

    given = {"DASHLAB_DATA": os.environ["DASHLAB_DATA"]} if "DASHLAB_DATA" in os.environ else {}
    with tempfile.TemporaryDirectory(prefix="dashlab-bench-") as folder, sync_playwright() as playwright:
        server = Server(Path(folder), None, **given).wait()
        try:
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=find_browser(), args=arguments)
            yield browser.new_page(), server.url, Store(server.store)
            browser.close()
        finally:
            server.stop()


def _warm_up(page: Page, url: str, store: Store) -> None:
    """One short run, so that the worker stands and has the pictures in memory."""
    _run_in_app(page, url, store, seed=1000, watch=True)


def _run_in_app(page: Page, url: str, store: Store, *, seed: int, watch: bool) -> float:
    """Seconds of training of a run that was started by a click; the tab leaves unless it is to `watch`."""
    config = preset("s1").config.change(epochs=WATCHED_EPOCHS, seed=seed)
    settings = config.differences(RunConfig())
    query = "&".join(f"train_{name}={_text(name, config)}" for name in settings)
    page.goto(f"{url}/trainer?{query}")
    page.locator(".st-key-train_start").get_by_role("button").click(timeout=60_000)
    page.get_by_test_id("stProgress").wait_for(timeout=60_000)
    if not watch:
        page.goto("about:blank")
    run = _await(lambda: store.load(resolved(config).key()))
    return run.result.seconds.train


def _text(name: str, config: RunConfig) -> str:
    from dashlab.settings.run import spec_of

    return spec_of(name).format(config.flat()[name])


def _await(look: Callable[[], StoredRun | None]) -> StoredRun:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if (run := look()) is not None:
            return run
        time.sleep(0.2)
    raise RuntimeError(f"The run was not stored within {PATIENCE_S} s.")
