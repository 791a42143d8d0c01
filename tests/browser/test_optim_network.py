"""A race of optimizers on a network in a real browser, on a few hundred digits."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import settle

RACERS = "lr~0.1~~optimizer~adam~lr~0.005"
QUICK = f"/optimizers?optim_view=net&optim_net_train_size=400&optim_net_epochs=1&optim_net_racers={RACERS}"
GRID = f"{QUICK}&optim_net_task=grid&optim_net_lr_low=0.01&optim_net_lr_high=0.1&optim_net_lr_count=2"
RUN_MS = 120_000  # starting the worker, on a machine that may be busy

Visit = Callable[..., Page]


def keyed(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key}")


def press(page: Page, key: str) -> None:
    keyed(page, key).get_by_role("button").click()


def no_error(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)


def race(page: Page) -> None:
    """Press Start where something is missing, and wait until everything is there."""
    start = keyed(page, "optim_net_start").get_by_role("button")
    if start.is_enabled():
        start.click()
    expect(start).to_have_text(re.compile("Everything is there"), timeout=RUN_MS)
    settle(page)


def test_a_race_is_run_and_another_browser_finds_it_there(
    page: Page, new_page: Callable[..., Page], visit: Visit
):
    visit(page, QUICK)
    expect(page.get_by_text("2 runs, none trained yet.")).to_be_visible()
    race(page)
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(3)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    no_error(page)
    other = visit(new_page("phone", dark=True, touch=True), page.url[page.url.index("/optimizers") :])
    expect(other.get_by_text("2 runs, 2 of them there already.")).to_be_visible()
    expect(other.get_by_test_id("stVegaLiteChart")).to_have_count(3)
    assert (
        other.evaluate(
            "(() => { const main = document.querySelector('[data-testid=stMain]');"
            " return main.scrollWidth - main.clientWidth })()"
        )
        == 0
    )
    no_error(other)


def test_a_click_on_a_cell_of_the_grid_leads_to_its_run_and_the_link_keeps_it(
    page: Page, new_page: Callable[..., Page], visit: Visit
):
    visit(page, GRID)
    race(page)
    plot = keyed(page, "optim_net_chart_grid").locator(".nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.75 * box["height"])
    found = page.get_by_text(re.compile("Seed 0: .* % test accuracy"))
    expect(found).to_be_visible()
    expect(page).to_have_url(re.compile("optim_net_cell=3"))
    words = found.inner_text()
    other = visit(new_page(), page.url[page.url.index("/optimizers") :])
    expect(other.get_by_text(words)).to_be_visible()
    other.get_by_role("link", name="Open in the trainer").click()
    expect(other.get_by_test_id("stMetric").first).to_contain_text(words.split()[2], timeout=RUN_MS)
    no_error(other)


def test_a_racer_is_changed_and_the_picture_of_the_linear_layer_with_it(
    page: Page, new_page: Callable[..., Page], visit: Visit
):
    visit(page, "/optimizers?optim_preset=netlinear")
    diverged = page.get_by_text(re.compile("diverged under SGD"))
    expect(diverged).to_be_visible()
    keyed(page, "optim_net_racers_1_box").get_by_text("Momentum 0.1").click()
    press(page, "optim_net_racers_1_remove")
    expect(diverged).to_have_count(0)
    expect(keyed(page, "optim_net_chart_linear_SGD").locator(".legendtext")).to_have_count(4)
    other = visit(new_page(), page.url[page.url.index("/optimizers") :])
    expect(keyed(other, "optim_net_chart_linear_SGD").locator(".legendtext")).to_have_count(4)
    no_error(other)
