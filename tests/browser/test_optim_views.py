"""Momentum plane, batch size and moving average in a real browser: a control moves, the picture follows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import settle

Visit = Callable[..., Page]


def keyed(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key}")


def no_error(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    wide: int = page.evaluate(
        "(() => { const main = document.querySelector('[data-testid=stMain]');"
        " return main.scrollWidth - main.clientWidth })()"
    )
    return wide


def drawn(page: Page, key: str) -> Any:
    """The x and y of every trace of a figure, as the browser has them."""
    plot = keyed(page, key).locator(".js-plotly-plot")
    expect(plot.locator(".main-svg").first).to_be_visible()
    return plot.evaluate("plot => plot._fullData.map(trace => [Array.from(trace.x), Array.from(trace.y)])")


def point_at_cell(page: Page, lr: float, momentum: float) -> None:
    """Move to a cell of the plane of 40 learning rates (0.1 to 4) and 50 momenta (0 to 0.98)."""
    area = keyed(page, "optim_plane_chart_cells").locator(".nsewdrag").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    page.mouse.move(
        box["x"] + box["width"] * (lr * 10 - 0.5) / 40,
        box["y"] + box["height"] * (1 - (momentum * 50 + 0.5) / 50),
    )


def the_same_elsewhere(page: Page, new_page: Callable[..., Page], text: str | re.Pattern[str]) -> Page:
    """The address of the page, opened by somebody else, shows `text` too."""
    other = new_page()
    other.goto(page.url)
    expect(settle(other).get_by_text(text)).to_be_visible()
    return other


def test_a_click_on_the_plane_shows_that_descent_and_its_link_brings_it_back(
    page: Page, visit: Visit, new_page: Callable[..., Page]
):
    visit(page, "/optimizers?optim_view=plane")
    expect(page.get_by_role("heading", name="The chosen cell: α = 1, β = 0.9")).to_be_visible()
    before = drawn(page, "optim_plane_chart_path")
    point_at_cell(page, 3.0, 0.3)
    label = keyed(page, "optim_plane_chart_cells").locator(".hoverlayer")
    expect(label).to_contain_text(re.compile(r"α 3\.0, β 0\.30.*measured 1\.\d{4}.*theory 1\.\d{4}"))
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("heading", name="The chosen cell: α = 3, β = 0.3")).to_be_visible()
    expect(page.get_by_text(re.compile("^Diverged: after"))).to_be_visible()
    expect(page).to_have_url(re.compile("optim_plane_lr=3.0"))
    settle(page)
    assert drawn(page, "optim_plane_chart_path") != before
    other = the_same_elsewhere(page, new_page, re.compile("^Diverged: after"))
    assert drawn(other, "optim_plane_chart_path") == drawn(page, "optim_plane_chart_path")
    no_error(other)


def test_other_batch_sizes_change_the_paths_and_the_link(
    page: Page, visit: Visit, new_page: Callable[..., Page]
):
    visit(page, "/optimizers?optim_view=batches")
    assert len(drawn(page, "optim_batches_chart_noise")) == 4
    field = keyed(page, "optim_batches_batches").get_by_role("textbox")
    field.fill("50-10-2")
    field.press("Enter")
    expect(page.get_by_text(re.compile("batches of 2 .* ms for 2,500 updates"))).to_be_visible()
    expect(page).to_have_url(re.compile("optim_batches_batches=50-10-2"))
    settle(page)
    assert len(drawn(page, "optim_batches_chart_noise")) == 5
    other = the_same_elsewhere(page, new_page, re.compile("batches of 2 .* ms for 2,500 updates"))
    assert drawn(other, "optim_batches_chart_paths") == drawn(page, "optim_batches_chart_paths")


def test_a_larger_beta_smooths_the_average_and_is_in_the_link(
    page: Page, visit: Visit, new_page: Callable[..., Page]
):
    visit(page, "/optimizers?optim_view=ema")
    before = drawn(page, "optim_ema_chart_series")[0]
    keyed(page, "optim_ema_beta").get_by_role("slider").press("ArrowRight")
    expect(page.get_by_test_id("stMetric").filter(has_text="Window")).to_contain_text("20 steps")
    expect(page).to_have_url(re.compile("optim_ema_beta=0.95"))
    settle(page)
    assert drawn(page, "optim_ema_chart_series")[0] != before
    other = the_same_elsewhere(page, new_page, "20 steps")
    assert drawn(other, "optim_ema_chart_series") == drawn(page, "optim_ema_chart_series")


@pytest.mark.parametrize("view", ["plane", "batches", "ema"])
def test_nothing_is_wider_than_a_phone(new_page: Callable[..., Page], visit: Visit, view: str):
    phone = visit(new_page("phone", dark=True), f"/optimizers?optim_view={view}")
    expect(phone.locator(".js-plotly-plot").first).to_be_visible()
    assert overflow(phone) == 0
    no_error(phone)
