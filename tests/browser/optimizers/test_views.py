"""Momentum plane, batch size and moving average in a real browser: a control moves, the picture follows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.parts import (
    Visit,
    awaited,
    click_on,
    fits,
    keyed,
    metric,
    no_error,
    plot,
    plotted,
    settle,
    step_right,
)


def drawn(page: Page, key: str) -> Any:
    """The x and y of every trace of a figure, as the browser has them."""
    read = "plot => plot._fullData.map(trace => [Array.from(trace.x), Array.from(trace.y)])"
    return plotted(page, key, read)


def changed(page: Page, key: str, before: Any) -> Any:
    """What a figure shows as soon as it is another."""
    return awaited(page, lambda: drawn(page, key), lambda now: now != before)


def click_cell(page: Page, lr: float, momentum: float, label: str | re.Pattern[str]) -> None:
    """Choose a cell of the plane of 40 learning rates (0.1 to 4) and 50 momenta (0 to 0.98)."""
    figure = plot(page, "optim_plane_chart_cells")
    click_on(figure, (lr * 10 - 0.5) / 40, 1 - (momentum * 50 + 0.5) / 50, label)


def the_same_elsewhere(
    page: Page, new_page: Callable[..., Page], text: str | re.Pattern[str], key: str
) -> Page:
    """The address of the page, opened by somebody else, shows `text` and the figure `key` too."""
    other = new_page()
    other.goto(page.url)
    expect(settle(other).get_by_text(text)).to_be_visible()
    awaited(other, lambda: drawn(other, key), lambda there: there == drawn(page, key))
    return other


def test_a_click_on_the_plane_shows_that_descent_and_its_link_brings_it_back(
    page: Page, visit: Visit, new_page: Callable[..., Page]
) -> None:
    visit(page, "/optimizers?optim_view=plane")
    expect(page.get_by_role("heading", name="The chosen cell: α = 1, β = 0.9")).to_be_visible()
    before = drawn(page, "optim_plane_chart_path")
    click_cell(page, 3.0, 0.3, re.compile(r"α 3\.0, β 0\.30.*measured 1\.\d{4}.*theory 1\.\d{4}"))
    expect(page.get_by_role("heading", name="The chosen cell: α = 3, β = 0.3")).to_be_visible()
    expect(page.get_by_text(re.compile("^Diverged: after"))).to_be_visible()
    expect(page).to_have_url(re.compile("optim_plane_lr=3.0"))
    changed(page, "optim_plane_chart_path", before)
    no_error(the_same_elsewhere(page, new_page, re.compile("^Diverged: after"), "optim_plane_chart_path"))


def test_other_batch_sizes_change_the_paths_and_the_link(
    page: Page, visit: Visit, new_page: Callable[..., Page]
) -> None:
    visit(page, "/optimizers?optim_view=batches")
    assert len(drawn(page, "optim_batches_chart_noise")) == 4
    field = keyed(page, "optim_batches_batches").get_by_role("textbox")
    field.fill("50-10-2")
    field.press("Enter")
    expect(page.get_by_text(re.compile("batches of 2 .* ms for 2,500 updates"))).to_be_visible()
    expect(page).to_have_url(re.compile("optim_batches_batches=50-10-2"))
    awaited(page, lambda: drawn(page, "optim_batches_chart_noise"), lambda now: len(now) == 5)
    said = re.compile("batches of 2 .* ms for 2,500 updates")
    the_same_elsewhere(page, new_page, said, "optim_batches_chart_paths")


def test_a_larger_beta_smooths_the_average_and_is_in_the_link(
    page: Page, visit: Visit, new_page: Callable[..., Page]
) -> None:
    visit(page, "/optimizers?optim_view=ema")
    before = drawn(page, "optim_ema_chart_series")[0]
    step_right(page, "optim_ema_beta")
    expect(metric(page, "Window")).to_contain_text("20 steps")
    expect(page).to_have_url(re.compile("optim_ema_beta=0.95"))
    awaited(page, lambda: drawn(page, "optim_ema_chart_series")[0], lambda now: now != before)
    the_same_elsewhere(page, new_page, "20 steps", "optim_ema_chart_series")


@pytest.mark.parametrize("view", ["plane", "batches", "ema"])
def test_nothing_is_wider_than_a_phone(new_page: Callable[..., Page], visit: Visit, view: str) -> None:
    phone = visit(new_page("phone", dark=True), f"/optimizers?optim_view={view}")
    expect(phone.locator(".js-plotly-plot").first).to_be_visible()
    fits(phone)
    no_error(phone)
