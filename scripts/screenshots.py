"""Pictures of the pages of a running app, on a desktop and on a phone, in light and in dark.

    make app &
    python scripts/screenshots.py --url http://localhost:8501 / /trainer "/trainer?train_preset=s1"

Each page gives four files in build/screenshots: trainer-desktop-light.png and so on. The theme follows the
preference that the browser reports, as it does for a person.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from scripts.find_browser import find_browser

ROOT = Path(__file__).resolve().parent.parent
VIEWPORTS = {
    "desktop": ViewportSize(width=1280, height=900),
    "phone": ViewportSize(width=390, height=844),
}
THEMES = ("light", "dark")
RUN_MS = 60_000
SETTLE_MS = 1_500  # charts and fonts, after the script has run
MAIN = "[data-testid=stMain]"  # Streamlit scrolls this, not the page
MAX_HEIGHT = 6_000


def settle(page: Page) -> None:
    """Wait until the app has drawn what it has to draw; a page that never rests is taken as it is."""
    try:
        page.wait_for_selector(
            "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]",
            timeout=RUN_MS,
        )
        page.wait_for_selector("[data-testid=stSkeleton]", state="detached", timeout=RUN_MS)
    except PlaywrightTimeout:
        sys.stderr.write(f"{page.url} is still running\n")
    page.wait_for_timeout(SETTLE_MS)


def show_all(page: Page, viewport: ViewportSize) -> None:
    """Make the window as high as the page, so that all of it is in the picture."""
    height = int(page.evaluate(f"document.querySelector('{MAIN}').scrollHeight"))
    height = min(max(height, viewport["height"]), MAX_HEIGHT)
    page.set_viewport_size(ViewportSize(width=viewport["width"], height=height))
    page.wait_for_timeout(SETTLE_MS)


def take(browser: Browser, url: str, path: Path, size: str, theme: str, *, whole: bool) -> None:
    """Leave one picture of one page."""
    viewport = VIEWPORTS[size]
    context = browser.new_context(
        viewport=viewport,
        color_scheme="dark" if theme == "dark" else "light",
        has_touch=size == "phone",
        device_scale_factor=2 if size == "phone" else 1,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    settle(page)
    if whole:
        show_all(page, viewport)
    page.screenshot(path=path)
    context.close()


def name_of(address: str) -> str:
    """A file's name for an address: `/trainer?train_epochs=3` is trainer-train-epochs-3."""
    return re.sub(r"[^a-z0-9]+", "-", address.lower()).strip("-") or "home"


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("addresses", nargs="*", default=["/"], help="pages, as in the browser's address")
    parser.add_argument("--url", default="http://localhost:8501", help="where the app is")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "screenshots", help="folder to fill")
    parser.add_argument("--sizes", nargs="+", choices=VIEWPORTS, default=list(VIEWPORTS))
    parser.add_argument("--themes", nargs="+", choices=THEMES, default=list(THEMES))
    parser.add_argument("--window", action="store_true", help="what the window shows, not the whole page")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Take every picture that is asked for; returns an exit status."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=flags)
        for address in options.addresses:
            for size in options.sizes:
                for theme in options.themes:
                    path = options.out / f"{name_of(address)}-{size}-{theme}.png"
                    url = options.url.rstrip("/") + address
                    take(browser, url, path, size, theme, whole=not options.window)
                    sys.stdout.write(f"{path}\n")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
