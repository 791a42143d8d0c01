"""Every number of a step in a real browser: a click chooses, the buttons go through the phases."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.parts import Visit, awaited, fits, plot, plotted, settle, still

SHOWN = "plot => plot._fullData.at(-3).text.filter(one => one === '?').length"
"""How many units have no number yet."""


def test_a_click_on_a_unit_shows_its_chain_rule(page: Page, visit: Visit) -> None:
    visit(page, "/descent?descent_preset=byhand")
    expect(page.get_by_role("heading", name="The chain rule for w1.1.1")).to_be_visible()
    box = still(plot(page, "descent_backprop_chart").locator(".nsewdrag").first)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.29)
    expect(page.get_by_role("heading", name="The chain rule for a1.1")).to_be_visible()
    expect(page).to_have_url(re.compile("descent_backprop_chosen=a1.1"))


def test_rewound_the_units_have_no_numbers_and_played_they_come_back(page: Page, visit: Visit) -> None:
    visit(page, "/descent?descent_preset=byhand")
    figure = plot(page, "descent_backprop_chart")
    assert plotted(page, "descent_backprop_chart", SHOWN) == 0
    figure.get_by_text("Rewind", exact=True).click()
    awaited(page, lambda: plotted(page, "descent_backprop_chart", SHOWN), lambda count: count == 4)
    figure.get_by_text("Fast", exact=True).click()
    awaited(page, lambda: plotted(page, "descent_backprop_chart", SHOWN), lambda count: count == 0)


def test_a_large_network_fits_a_phone(new_page: Callable[..., Page], visit: Visit) -> None:
    page = visit(new_page("phone"), "/descent?descent_preset=manypaths")
    plot(page, "descent_backprop_chart")
    fits(settle(page))
