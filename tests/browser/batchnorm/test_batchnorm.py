"""BatchNorm against none in a real browser: controls move, pictures follow, links bring them back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.parts import (
    RUN_MS,
    Visit,
    address,
    awaited,
    button,
    fits,
    keyed,
    no_error,
    plotted,
    press,
    settle,
    step_right,
)

SMALL = "bn_twins_points=200&bn_twins_hidden=16-8&bn_twins_epochs=12"


def boundary(page: Page) -> Locator:
    """The plane under both twins."""
    return keyed(page, "bn_twins_chart_boundary").locator(".js-plotly-plot").last


def cells(page: Page) -> Any:
    """What the twin with BatchNorm makes of some cells, as the browser has them."""
    expect(boundary(page).locator(".heatmaplayer image").first).to_be_visible()
    return plotted(page, "bn_twins_chart_boundary", "plot => Array.from(plot._fullData[3].z[20])")


def test_a_slider_moves_the_boundary_and_its_link_brings_it_back(
    page: Page, visit: Visit, new_page: Callable[..., Page]
) -> None:
    visit(page, f"/batchnorm?{SMALL}")
    expect(boundary(page)).to_contain_text("epoch 12", timeout=RUN_MS)
    before = cells(page)
    step_right(page, "bn_twins_lr")
    expect(page).to_have_url(re.compile("bn_twins_lr=0.2"))
    settle(page)
    awaited(page, lambda: cells(page), lambda now: now != before)
    keyed(page, "bn_twins_at").get_by_role("slider").press("Home")
    expect(page).to_have_url(re.compile("bn_twins_at=0"))
    settle(page)
    expect(boundary(page)).to_contain_text("epoch 0")
    no_error(page)
    other = visit(new_page(), address(page))
    expect(boundary(other)).to_contain_text("epoch 0", timeout=RUN_MS)
    awaited(other, lambda: cells(other), lambda now: now == cells(page))
    expect(keyed(other, "bn_twins_lr")).to_contain_text("0.2")


def test_the_replay_runs_in_the_browser_and_ends_where_the_slider_stands(page: Page, visit: Visit) -> None:
    visit(page, f"/batchnorm?{SMALL}&bn_twins_at=3")
    expect(boundary(page)).to_contain_text("epoch 3", timeout=RUN_MS)
    at_three = cells(page)
    boundary(page).get_by_text("Replay").click()
    expect(boundary(page)).to_contain_text(re.compile("epoch [012]"))
    expect(boundary(page)).to_contain_text("epoch 3")
    awaited(page, lambda: cells(page), lambda now: now == at_three)
    no_error(page)


def test_a_long_training_grows_stops_and_keeps_what_it_has(page: Page, visit: Visit) -> None:
    visit(page, "/batchnorm?bn_twins_points=2000&bn_twins_batch_size=2&bn_twins_epochs=100")
    press(page, "bn_start")
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible(timeout=RUN_MS)
    press(page, "bn_stop")
    expect(page.get_by_text(re.compile("^Stopped"))).to_be_visible(timeout=RUN_MS)
    settle(page)
    expect(boundary(page)).to_be_visible()
    expect(button(page, "bn_start")).to_be_enabled()
    no_error(page)


def test_it_fits_a_phone(new_page: Callable[..., Page], visit: Visit) -> None:
    page = visit(new_page("phone", touch=True), f"/batchnorm?{SMALL}")
    expect(boundary(page)).to_be_visible(timeout=RUN_MS)
    fits(page)
    keyed(page, "bn_twins_pane").get_by_text("Classes").tap()
    expect(keyed(page, "bn_twins_chart_classes").locator(".js-plotly-plot")).to_be_visible()
    no_error(page)


def test_a_sweep_opens_from_its_link(page: Page, visit: Visit) -> None:
    visit(page, "/batchnorm?bn_view=rates&bn_rates_points=100&bn_rates_hidden=8&bn_rates_count=5")
    expect(page.get_by_text(re.compile("^With BatchNorm: "))).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible()
    no_error(page)
