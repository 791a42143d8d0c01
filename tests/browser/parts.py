"""What tests in a real browser do on any page: find a part, wait for what it shows, act on it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from playwright.sync_api import FloatRect, Locator, Page, expect

WAIT_MS = 20_000
RUN_MS = 60_000  # the first run of a page imports torch
TRAIN_MS = 120_000  # starting the worker and training, on a machine that may be busy

Visit = Callable[..., Page]
T = TypeVar("T")


def settle(page: Page) -> Page:
    """Wait until the app has connected, and has drawn what it has to draw.

    After a click it may come back before the app has heard of it: wait for what the click brings first.
    """
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-connection-state", "CONNECTED", timeout=RUN_MS)
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=RUN_MS)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=RUN_MS)  # what draws is there too
    return page


# Parts


def keyed(page: Page, key: str) -> Locator:
    """What the app has given this key."""
    return page.locator(f".st-key-{key}")


def button(page: Page, key: str) -> Locator:
    return keyed(page, key).get_by_role("button")


def metric(page: Page, label: str) -> Locator:
    return page.get_by_test_id("stMetric").filter(has_text=label)


def plot(page: Page, key: str) -> Locator:
    """A Plotly figure, once it is drawn."""
    figure = keyed(page, key).locator(".js-plotly-plot").last  # beside the one before, for a moment
    expect(figure.locator(".main-svg").first).to_be_visible(timeout=RUN_MS)
    return figure


def plotted(page: Page, key: str, read: str) -> Any:
    """What `read`, a JavaScript function of a Plotly figure, gives once the figure is drawn.

    Asked in one go: for a moment a figure that is drawn anew stands beside the one before.
    """
    found = page.wait_for_function(
        "([key, read]) => {"
        " const [figure, ...more] = document.querySelectorAll(`.st-key-${key} .js-plotly-plot`);"
        " return figure?._fullData && !more.length ? { shown: eval(read)(figure) } : null }",
        arg=[key, f"({read})"],
        timeout=RUN_MS,
    )
    return found.json_value()["shown"]


# What can be asked of every page


def no_error(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)


def fits(page: Page) -> None:
    """The page is no wider than its window, with all its pictures."""
    page.wait_for_function("[...document.images].every(image => image.complete)")
    wide = page.evaluate(
        "(() => { const main = document.querySelector('[data-testid=stMain]');"
        " return main.scrollWidth - main.clientWidth })()"
    )
    assert wide <= 0, f"{wide} pixels wider than the window"


# Waiting


def awaited(page: Page, read: Callable[[], T], wanted: Callable[[T], bool]) -> T:
    """What `read` gives as soon as it is as wanted; pictures are drawn after the app has settled."""
    until = time.monotonic() + WAIT_MS / 1000
    while not wanted(value := read()):
        assert time.monotonic() < until, f"still {str(value)[:500]}"
        page.wait_for_timeout(50)
    return value


@contextmanager
def rerun(page: Page) -> Iterator[None]:
    """What is done inside makes the app draw the page anew; for what leaves nothing changed to wait for."""
    page.get_by_test_id("stApp").evaluate(
        "app => { window.runs = 0; new MutationObserver("
        " () => { window.runs += app.getAttribute('data-test-script-state') === 'notRunning' }"
        ").observe(app, { attributeFilter: ['data-test-script-state'] }) }"
    )
    yield
    page.wait_for_function("window.runs > 0")
    settle(page)


def still(part: Locator) -> FloatRect:
    """Where a part is in the window, once nothing above it moves any more."""
    part.scroll_into_view_if_needed()
    before = None
    while (box := part.bounding_box()) is None or box != before:
        before = box
        part.page.wait_for_timeout(100)
    return box


# What a person does


def press(page: Page, key: str) -> None:
    button(page, key).click()


def choose(page: Page, key: str, option: str) -> None:
    """Choose from a list with the keyboard alone."""
    field = keyed(page, key).get_by_role("combobox")
    still(field)  # a list closes when the page moves below it
    field.focus()
    field.press_sequentially(option)  # as a person types: filling it in does not always open the list
    expect(page.get_by_role("option")).to_contain_text([option])
    field.press("Enter")
    expect(page.get_by_role("option")).to_have_count(0)


def step_right(page: Page, key: str) -> None:
    """Move a slider by one stop with the keyboard."""
    keyed(page, key).get_by_role("slider").press("ArrowRight")


def click_on(
    figure: Locator, across: float, down: float, label: str | re.Pattern[str], *, panel: int = 0
) -> None:
    """Click into a panel of a Plotly figure where it shows `label`, in parts of its width and height."""
    page = figure.page
    box = still(figure.locator(".nsewdrag").nth(panel))
    page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
    expect(figure.locator(".hoverlayer")).to_contain_text(label)  # it tells a click only where it has a label
    page.mouse.down()
    page.wait_for_timeout(50)
    page.mouse.up()


def address(page: Page) -> str:
    """The address of a page on its server, as `visit` takes it."""
    return re.sub(r"^\w+://[^/]+", "", page.url)
