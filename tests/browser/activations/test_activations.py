"""Activations in a real browser: a slider and a click move the point, the link brings it back."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.parts import (
    Visit,
    address,
    click_on,
    fits,
    keyed,
    no_error,
    plot,
    plotted,
    settle,
    step_right,
)


def test_a_slider_and_a_click_move_the_point(page: Page, new_page: Callable[..., Page], visit: Visit) -> None:
    visit(page, "/activations?act_curves_point=0.5")
    expect(page.get_by_text("At x = 0.5 ")).to_be_visible()
    step_right(page, "act_curves_point")
    expect(page.get_by_text("At x = 0.6 ")).to_be_visible()
    settle(page)
    click_on(plot(page, "act_curves_chart_values"), 0.25, 0.75, "GELU")
    expect(page.get_by_text(re.compile(r"At x = −2\.\d "))).to_be_visible()
    other = visit(new_page(), address(page))
    expect(other.get_by_text(re.compile(r"At x = −2\.\d "))).to_be_visible()
    no_error(other)


def test_another_layer_is_looked_at_without_going_through_them_anew(page: Page, visit: Visit) -> None:
    visit(page, "/activations?act_view=layers&act_layers_layer=1")
    first = plotted(page, "act_layers_chart_layer", "plot => Array.from(plot._fullData[0].y)")
    keyed(page, "act_layers_layer").locator("input[type=range]").first.press("End")
    expect(page).to_have_url(re.compile("act_view=layers$"))
    settle(page)
    assert plotted(page, "act_layers_chart_layer", "plot => Array.from(plot._fullData[0].y)") != first


def test_units_fit_a_phone(new_page: Callable[..., Page], visit: Visit) -> None:
    page = visit(new_page("phone"), "/activations?act_preset=dying")
    plot(page, "act_units_chart")
    fits(page)
