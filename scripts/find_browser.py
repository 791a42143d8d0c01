"""Find the browser that the browser tests drive; with --install, get one where there is none.

In this order: the one that DASHLAB_BROWSER names; a Chromium or Chrome of this machine; the one that
Playwright fetched. `--install` goes on: Playwright's download, then, for root on Debian, its package.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPS = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Chromium.app/Contents/MacOS/Chromium",
)
WHAT_TO_INSTALL = (
    "The browser tests need Chromium or Chrome, and none was found. Install one "
    "(Debian: sudo apt install chromium; macOS: brew install --cask google-chrome; "
    "anywhere: .venv/bin/playwright install chromium), or set DASHLAB_BROWSER to the path of one."
)
DOWNLOAD_S = 600
APT_S = 600


class NoBrowser(Exception):
    """There is no browser to test with; the text says what to install."""


def find_browser() -> str:
    """Path of the first browser that starts.

    Raises:
        NoBrowser: there is none, or the one that DASHLAB_BROWSER names does not start.
    """
    named = os.environ.get("DASHLAB_BROWSER")
    if named:
        path = shutil.which(named)
        if path and starts(path):
            return path
        raise NoBrowser(f"DASHLAB_BROWSER names {named}, which does not start. Correct it, or unset it.")
    for candidate in candidates():
        if starts(candidate):
            return candidate
    raise NoBrowser(WHAT_TO_INSTALL)


def candidates() -> Iterator[str]:
    """Browsers that may be here, the preferred ones first."""
    yield from (path for name in NAMES if (path := shutil.which(name)))
    folders = (Path("/Applications"), Path.home() / "Applications")
    yield from (str(folder / app) for folder in folders for app in MAC_APPS if (folder / app).exists())
    yield from playwrights_own()


def playwrights_own() -> list[str]:
    """Path of the Chromium that Playwright fetched; empty where it fetched none."""
    # In a process of its own: Playwright does not start twice in one, and the caller may have started it.
    code = (
        "from playwright.sync_api import sync_playwright as start\n"
        "with start() as playwright: print(playwright.chromium.executable_path)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    path = answer.stdout.strip()
    return [path] if path and Path(path).exists() else []


def starts(path: str) -> bool:
    """Whether a browser runs here: a stub or one that lacks a library does not."""
    try:
        answer = subprocess.run(
            [path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def download() -> None:
    """Fetch Playwright's own Chromium; a network that refuses or stalls ends it, without an error."""
    say("No Chromium or Chrome here: fetching Playwright's own")
    environment = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000", **os.environ}
    attempt([sys.executable, "-m", "playwright", "install", "chromium"], DOWNLOAD_S, environment)


def install_package() -> None:
    """Install Debian's package, where there is one and we may."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return
    say("Installing Debian's chromium")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    attempt([apt, "update", "-q"], APT_S, environment)
    attempt([apt, "install", "-q", "-y", "--no-install-recommends", "chromium"], APT_S, environment)


def attempt(command: list[str], limit_s: float, environment: dict[str, str]) -> None:
    """Run a command that may fail; a stalled one is ended with its children."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
    try:
        ended = process.wait(limit_s)
    except (subprocess.TimeoutExpired, KeyboardInterrupt) as stop:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(stop, KeyboardInterrupt):
            raise
        say(f"{' '.join(command)} was ended after {limit_s:.0f} s")
        return
    if ended:
        say(f"{' '.join(command)} ended with {ended}")


def find_or_install() -> str:
    """Path of a browser, fetched if need be.

    Raises:
        NoBrowser: there is none, and none could be had.
    """
    for step in (download, install_package):
        try:
            return find_browser()
        except NoBrowser:
            if os.environ.get("DASHLAB_BROWSER"):
                raise
            step()
    return find_browser()


def say(line: str) -> None:
    """One line to the terminal, at once."""
    print(line, file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int | str:
    """Print the path of the browser; returns an exit status."""
    try:
        print(find_or_install() if arguments == ["--install"] else find_browser())
    except NoBrowser as error:
        return str(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
