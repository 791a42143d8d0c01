"""A race of optimizers on a network in a real browser, on a few hundred digits."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.parts import (
    TRAIN_MS,
    Visit,
    address,
    button,
    click_on,
    fits,
    keyed,
    no_error,
    plot,
    press,
    settle,
    still,
)

RACERS = "lr~0.1~~optimizer~adam~lr~0.005"
QUICK = f"/optimizers?optim_view=net&optim_net_train_size=400&optim_net_epochs=1&optim_net_racers={RACERS}"
GRID = f"{QUICK}&optim_net_task=grid&optim_net_lr_low=0.01&optim_net_lr_high=0.1&optim_net_lr_count=2"


def race(page: Page) -> None:
    """Press Start where something is missing, and wait until everything is there."""
    start = button(page, "optim_net_start")
    if start.is_enabled():
        start.click()
    expect(start).to_have_text(re.compile("Everything is there"), timeout=TRAIN_MS)
    settle(page)


def test_a_race_is_run_and_another_browser_finds_it_there(
    page: Page, new_page: Callable[..., Page], visit: Visit
) -> None:
    visit(page, QUICK)
    expect(page.get_by_text("2 runs, none trained yet.")).to_be_visible()
    race(page)
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(3)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    no_error(page)
    other = visit(new_page("phone", dark=True, touch=True), address(page))
    expect(other.get_by_text("2 runs, there already.")).to_be_visible()
    expect(other.get_by_test_id("stVegaLiteChart")).to_have_count(3)
    fits(other)
    no_error(other)


def test_a_click_on_a_cell_of_the_grid_leads_to_its_run_and_the_link_keeps_it(
    page: Page, new_page: Callable[..., Page], visit: Visit
) -> None:
    visit(page, GRID)
    race(page)
    click_on(plot(page, "optim_net_chart_grid"), 0.25, 0.75, "learning rate 0.01")
    found = page.get_by_text(re.compile("Seed 0: .* % test accuracy"))
    expect(found).to_be_visible()
    expect(page).to_have_url(re.compile("optim_net_cell=3"))
    words = found.inner_text()
    other = visit(new_page(), address(page))
    expect(other.get_by_text(words)).to_be_visible()
    other.get_by_role("link", name="Open in the trainer").click()
    expect(other.get_by_test_id("stMetric").first).to_contain_text(words.split()[2], timeout=TRAIN_MS)
    no_error(other)


def test_a_racer_is_changed_and_the_picture_of_the_linear_layer_with_it(
    page: Page, new_page: Callable[..., Page], visit: Visit
) -> None:
    visit(page, "/optimizers?optim_preset=netlinear")
    diverged = page.get_by_text(re.compile("diverged under SGD"))
    expect(diverged).to_be_visible()
    keyed(settle(page), "optim_net_racers_1_box").get_by_text("Momentum 0.1").click()
    still(button(page, "optim_net_racers_1_remove"))  # a press on what is just unfolding may miss it
    press(page, "optim_net_racers_1_remove")
    expect(diverged).to_have_count(0)
    expect(keyed(page, "optim_net_chart_linear_SGD").locator(".legendtext")).to_have_count(4)
    other = visit(new_page(), address(page))
    expect(keyed(other, "optim_net_chart_linear_SGD").locator(".legendtext")).to_have_count(4)
    no_error(other)
