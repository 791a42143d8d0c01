"""A server of the app for each file of tests, one real browser for all, and a fresh page for each test."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from scripts.find_browser import find_browser
from tests.browser.parts import WAIT_MS, settle
from tests.browser.servers import ROOT, Server

PICTURES = ROOT / "build" / "browser"  # what a page looked like when its test failed
VIEWPORTS = {
    "desktop": ViewportSize(width=1280, height=900),
    "phone": ViewportSize(width=390, height=844),
}
# Nothing that a browser does for itself over a network.
ARGUMENTS = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=WAIT_MS)
REPORT = pytest.StashKey[pytest.TestReport]()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The one browser of all these tests; a machine without one fails with what to install."""
    executable = find_browser()
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield started
        started.close()


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app on a port of its own, with an empty store, for all tests of one file.

    A file that needs other settings says so: `SERVER_SETTINGS = {"DASHLAB_DATA": ...}` at its top.
    """
    few = {"DASHLAB_CALCULATORS": "1"}  # the processes of two servers share this machine
    settings = few | getattr(request.module, "SERVER_SETTINGS", {})
    started = Server(tmp_path_factory.mktemp("server"), **settings).wait()
    yield started
    started.stop()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """More servers, for tests that stop one or need their own: `start_server(DASHLAB_SCHEDULER=...)`."""
    started: list[Server] = []

    def start(app: Path | None = None, **settings: str) -> Server:
        started.append(Server(tmp_path / f"server{len(started)}", app, **settings))
        return started[-1].wait()

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def new_page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Pages that share nothing: `new_page()`, `new_page("phone", dark=True, touch=True)`.

    When the test fails, a picture of each is left in build/browser.
    """
    contexts: list[BrowserContext] = []

    def open_one(viewport: str = "desktop", *, dark: bool = False, touch: bool = False) -> Page:
        context = browser.new_context(
            viewport=VIEWPORTS[viewport],
            color_scheme="dark" if dark else "light",
            has_touch=touch,
            reduced_motion="reduce",
        )
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        return context.new_page()

    yield open_one
    failed = request.node.stash.get(REPORT, None)
    for number, context in enumerate(contexts):
        if failed:
            keep_picture(context, f"{request.node.nodeid}-{number}")
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """One page, as on a desktop."""
    return new_page()


@pytest.fixture
def visit(server: Server) -> Callable[..., Page]:
    """Open an address of the app and wait until it stands: `visit(page, "/Trainer?train_epochs=3")`."""

    def open_address(page: Page, address: str = "/") -> Page:
        page.goto(server.url + address)
        return settle(page)

    return open_address


def keep_picture(context: BrowserContext, name: str) -> None:
    """Leave a picture of what the pages of a failed test looked like."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for page in context.pages:
        page.screenshot(path=PICTURES / f"{re.sub(r'[^A-Za-z0-9.-]+', '-', name)}.png", full_page=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember a failure for the fixtures, and show the servers' logs with it."""
    report = yield
    if report.failed:
        item.stash[REPORT] = report
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Server):
                report.sections.append((f"log of {value.url}", value.log_text()[-20_000:]))
    return report
