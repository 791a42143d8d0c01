"""For eyes and hands: what is unfolded, the sidebar, and the keyboard's focus on every page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FloatRect, Page, expect

from tests.browser.every_page.axe import drawn, in_theme, violations
from tests.browser.parts import Visit, button, no_error, settle
from tests.places import PLACES, address_of

FIRST = [*map(address_of, {path: (path, query) for path, query in reversed(PLACES)}.values())]
"""The first view of every page."""
STOPS = 30
"""So many parts of a page are reached with the Tab key."""


def test_axe_finds_nothing_serious_with_the_sidebar_open(new_page: Callable[..., Page], visit: Visit) -> None:
    page = drawn(visit(new_page(), "/"))
    expect(page.get_by_test_id("stSidebar").get_by_role("link").first).to_be_visible()
    assert violations(in_theme(page, "light")) == []
    assert violations(in_theme(page, "dark"), "color-contrast") == []


def test_axe_finds_nothing_serious_in_what_is_unfolded(new_page: Callable[..., Page], visit: Visit) -> None:
    page = visit(new_page(dark=True), "/trainer")
    for group in page.get_by_test_id("stMain").get_by_test_id("stExpander").all():
        group.locator("summary").click()
        settle(page)  # what is unfolded may be drawn only then, and a click meanwhile be lost
    expect(page.get_by_test_id("stMain").locator("details:not([open])")).to_have_count(0)
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
