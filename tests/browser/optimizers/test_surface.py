"""The race on a surface in a real browser: clicked, replayed, changed, and opened elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.parts import (
    RUN_MS,
    Visit,
    awaited,
    click_on,
    fits,
    keyed,
    no_error,
    plot,
    plotted,
    settle,
    step_right,
)

ADDRESS = "/optimizers?optim_surface_surface=himmelblau&optim_surface_x=-0.5&optim_surface_y=-1.0"
TWO = "&optim_surface_racers=lr~0.01~~optimizer~adam~lr~0.3"


def picture(page: Page) -> Locator:
    return plot(page, "optim_map")


def heads(page: Page) -> list[list[float]]:
    """Where the two racers stand, as the browser has them: the traces after the four of their tracks."""
    read = "plot => plot._fullData.slice(4, 6).map(trace => [trace.x[0], trace.y[0]])"
    found: list[list[float]] = plotted(page, "optim_map", read)
    return found


def race(page: Page, visit: Visit, more: str = "") -> Page:
    visit(page, ADDRESS + TWO + more)
    picture(page)
    return settle(page)


def press(page: Page, label: str) -> None:
    picture(page).locator(".updatemenu-button").filter(has_text=re.compile(f"^{label}$")).click()


def test_a_click_on_the_picture_moves_the_start_and_the_link_has_it(
    page: Page, new_page: Callable[..., Page], visit: Visit
) -> None:
    race(page, visit)
    before = heads(page)
    click_on(picture(page), 0.72, 0.42, "start at")
    expect(page).not_to_have_url(re.compile("optim_surface_x=-0.5"))
    expect(keyed(page, "optim_surface_x").get_by_role("spinbutton")).not_to_have_value("-0.5000")
    settle(page)
    there = awaited(page, lambda: heads(page), lambda now: now != before)
    other = new_page()
    other.goto(page.url)
    settle(other)
    awaited(other, lambda: heads(other), lambda now: now == there)
    no_error(page)


def test_the_replay_runs_pauses_and_rewinds_without_moving_the_start(page: Page, visit: Visit) -> None:
    race(page, visit)
    last = heads(page)
    press(page, "Rewind")
    expect(picture(page)).to_contain_text("Step 0")
    awaited(page, lambda: heads(page), lambda now: now == [[-0.5, -1.0], [-0.5, -1.0]])
    press(page, "Fast")
    expect(picture(page)).to_contain_text("Step 150")
    awaited(page, lambda: heads(page), lambda now: now == last)
    expect(picture(page).locator("image")).to_be_visible()
    assert "optim_surface_x=-0.5" in page.url


def test_a_slider_changes_the_race_and_the_picture(page: Page, visit: Visit) -> None:
    race(page, visit, "&optim_surface_rates=equal&optim_surface_lr=0.01")
    before = heads(page)
    step_right(page, "optim_surface_lr")
    expect(page).to_have_url(re.compile("optim_surface_lr=0.02"))
    expect(keyed(page, "optim_map").get_by_text("SGD 0.02")).to_be_visible()
    awaited(page, lambda: heads(page), lambda now: now != before)
    no_error(page)


@pytest.mark.parametrize(
    ("dark", "first_racer", "words"),
    [(False, "rgb(43, 108, 176)", "rgb(30, 42, 50)"), (True, "rgb(111, 189, 247)", "rgb(230, 236, 240)")],
)
def test_racers_and_buttons_wear_the_colours_of_the_theme(
    new_page: Callable[..., Page], visit: Visit, *, dark: bool, first_racer: str, words: str
) -> None:
    page = race(new_page(dark=dark), visit)
    expect(picture(page).locator(".scatterlayer .js-line").first).to_have_css("stroke", first_racer)
    for text in (".updatemenu-item-text", ".slider-group > .slider-label"):
        expect(picture(page).locator(text).first).to_have_css("fill", words)


@pytest.mark.parametrize("detail", ["curves", "state", "step", "basins"])
def test_it_fits_a_telephone(new_page: Callable[..., Page], visit: Visit, detail: str) -> None:
    phone = race(new_page("phone", touch=True), visit, f"&optim_surface_detail={detail}")
    fits(phone)
    buttons = picture(phone).locator(".updatemenu-button")
    right = max(float(box["x"] + box["width"]) for box in map(box_of, buttons.all()))
    assert right <= 390
    no_error(phone)


def box_of(element: Locator) -> Any:
    box = element.bounding_box()
    assert box is not None
    return box


def test_the_surface_is_shown_in_three_dimensions(page: Page, visit: Visit) -> None:
    visit(page, ADDRESS + TWO + "&optim_surface_detail=space")
    # Without a graphics card the browser computes every pixel of it.
    expect(keyed(page, "optim_space").locator("canvas").first).to_be_visible(timeout=RUN_MS)
    no_error(page)
