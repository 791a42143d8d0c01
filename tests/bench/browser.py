"""A page in a real browser, and the seconds from a key on one of its sliders to the new picture."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

WATCH = """
([from, to]) => {
  const shown = () => [...document.querySelectorAll(to)].map(place => place.innerHTML);
  const handle = document.querySelector(from);
  const before = shown();
  window.taken = null;
  handle.addEventListener('keydown', () => {
    const begun = performance.now();
    const look = () => {
      const now = shown();
      const all = now.length === before.length && now.every((html, at) => html && html !== before[at]);
      if (all) window.taken = performance.now() - begun; else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, {once: true});
  handle.focus();
}
"""
"""Notes when a key is pressed on a slider, and when all the drawings have become other ones."""


@contextmanager
def opened(address: str, drawing: str) -> Iterator[Page]:
    """The page at an address of a server of its own, once the drawing of that selector stands."""
    from playwright.sync_api import sync_playwright

    from scripts.find_browser import find_browser
    from tests.browser.servers import Server

    with tempfile.TemporaryDirectory(prefix="dashlab-bench-") as folder, sync_playwright() as playwright:
        server = Server(Path(folder)).wait()
        try:
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=find_browser(), args=arguments)
            page = browser.new_page(viewport={"width": 1280, "height": 1400})
            visited(page, f"{server.url}{address}", drawing)
            yield page
            browser.close()
        finally:
            server.stop()


def visited(page: Page, url: str, drawing: str) -> None:
    """Go there, and wait until the drawing stands and nothing more comes."""
    page.goto(url)
    page.locator(drawing).first.wait_for(state="attached", timeout=120_000)
    page.wait_for_timeout(3000)


def moved(page: Page, slider: str, drawings: str, key: str) -> float:
    """Seconds from `key` on the slider of that key to the last of the drawings of that selector."""
    handles = f".st-key-{slider} input[type=range], .st-key-{slider} [role=slider]"
    page.evaluate(WATCH, [handles, drawings])
    page.keyboard.press(key)
    page.wait_for_function("window.taken !== null", timeout=120_000)
    page.wait_for_timeout(1500)
    return float(page.evaluate("window.taken")) / 1000
