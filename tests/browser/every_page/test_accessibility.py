"""Every page and view for all eyes and hands: axe in both themes, the keyboard's focus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FloatRect, Page, expect

from tests.browser.conftest import VIEWPORTS
from tests.browser.parts import WAIT_MS, Visit, button, no_error, settle
from tests.browser.servers import Server
from tests.places import PLACES, address_of

ADDRESSES = [*map(address_of, PLACES), "/sketch?sketch_preset=four-or-nine"]
FIRST = [*map(address_of, {path: (path, query) for path, query in reversed(PLACES)}.values())]
"""The first view of every page."""
STOPS = 30
"""So many parts of a page are reached with the Tab key."""


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[Page]:
    """One page for all of them: opened anew for each it would fetch all its scripts again."""
    context = browser.new_context(viewport=VIEWPORTS["desktop"], reduced_motion="reduce")
    context.set_default_timeout(WAIT_MS)
    yield context.new_page()
    context.close()


def drawn(page: Page) -> Page:
    """Wait until the pictures stand that the page has places for, and the letters of the formulas."""
    settle(page)
    page.evaluate("document.fonts.ready")  # in other letters a formula may be too long for its place
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stPlotlyChart]')]"
        ".every(place => place.querySelector('.main-svg')) && "
        "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')]"
        ".every(place => place.querySelector('canvas, svg'))"
    )
    return page


def in_theme(page: Page, theme: Any) -> Page:
    """The page follows the browser's preference at once."""
    page.emulate_media(color_scheme=theme)
    page.wait_for_function(
        "theme => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === theme",
        arg=theme,
    )
    return page


def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds serious or critical, and headings out of order; or what it finds by these rules."""
    options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:200]} {[why['message'] for why in node['any']]}"
        for rule in found
        if rule["impact"] in ("serious", "critical") or rule["id"] == "heading-order"
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("address", ADDRESSES)
def test_axe_finds_nothing_serious_in_either_theme(reader: Page, server: Server, address: str) -> None:
    reader.emulate_media(color_scheme="light")
    reader.goto(server.url + address)
    drawn(reader)
    assert violations(in_theme(reader, "light")) == []
    assert violations(in_theme(reader, "dark"), "color-contrast") == []  # in nothing else the themes differ


def test_axe_finds_nothing_serious_in_what_is_unfolded(new_page: Callable[..., Page], visit: Visit) -> None:
    page = visit(new_page(dark=True), "/trainer")
    for group in page.get_by_test_id("stMain").get_by_test_id("stExpander").all():
        group.locator("summary").click()
    settle(page).get_by_test_id("stPopover").get_by_role("button").click()
    expect(page.get_by_role("dialog", name="Link to these settings")).to_be_visible()
    assert violations(in_theme(page, "dark")) == []
    assert violations(in_theme(page, "light"), "color-contrast") == []


@pytest.mark.parametrize("address", FIRST)
def test_what_the_keyboard_reaches_shows_that_it_has_the_focus(
    new_page: Callable[..., Page], visit: Visit, address: str
) -> None:
    page = drawn(visit(new_page(), address))
    unseen, reached = [], 0
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        place = page.evaluate(
            "() => { const part = document.activeElement, box = part.getBoundingClientRect();"
            " return part === document.body ? null : { x: box.x, y: box.y, width: box.width,"
            " height: box.height, html: part.outerHTML.slice(0, 90) } }"
        )
        if place is None:
            continue
        reached += 1
        clip: FloatRect = {
            "x": max(0, place["x"] - 24),
            "y": max(0, place["y"] - 24),
            "width": place["width"] + 48,
            "height": place["height"] + 48,
        }
        focused = page.screenshot(clip=clip)
        page.evaluate("document.activeElement.blur()")
        if page.screenshot(clip=clip) == focused:
            unseen.append(place["html"])
    assert reached > STOPS / 2
    assert unseen == []
    no_error(page)


def test_a_button_with_the_focus_is_pressed_with_the_keyboard(
    new_page: Callable[..., Page], visit: Visit
) -> None:
    page = visit(new_page(), "/optimizers?optim_view=plane")
    fastest = button(page, "optim_plane_jump1")
    fastest.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="β = 0", exact=False)).to_be_visible()
