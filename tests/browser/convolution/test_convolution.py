"""Convolution in a real browser: a click on an output, a slider, and a field that grows."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.parts import Visit, address, click_on, fits, no_error, plot, settle, step_right


def test_a_click_on_an_output_shows_its_window_and_the_link_has_it(
    page: Page, new_page: Callable[..., Page], visit: Visit
) -> None:
    visit(page, "/convolution?conv_preset=bynumbers")
    expect(page.get_by_text("The output at row 2, column 2 is 8")).to_be_visible()
    click_on(plot(page, "conv_layer_chart"), 0.58, 0.58, "row", panel=1)
    expect(page.get_by_text(re.compile(r"The output at row 3, column 3 is "))).to_be_visible()
    settle(page)
    words = page.get_by_text(re.compile(r"The output at row \d, column \d is ")).inner_text()
    other = visit(new_page(), address(page))
    expect(other.get_by_text(words)).to_be_visible()
    no_error(other)


def test_a_slider_moves_the_output_and_the_formula(page: Page, visit: Visit) -> None:
    visit(page, "/convolution?conv_layer_side=32")
    expect(page.get_by_text("Out: 1 × 32 × 32")).to_be_visible()
    step_right(page, "conv_layer_stride")
    expect(page.get_by_text("Out: 1 × 16 × 16")).to_be_visible()
    no_error(page)


def test_the_field_grows_on_a_phone(new_page: Callable[..., Page], visit: Visit) -> None:
    page = visit(new_page("phone"), "/convolution?conv_view=field&conv_field_up_to=2")
    expect(page.get_by_text("one output sees 5 × 5 pixels")).to_be_visible()
    step_right(page, "conv_field_up_to")
    expect(page.get_by_text("one output sees 6 × 6 pixels")).to_be_visible()
    plot(page, "conv_field_chart")
    fits(page)
