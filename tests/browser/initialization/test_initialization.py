"""Initialization in a real browser: sliders move curves, links bring them back, stacks are trained."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dashlab.experiments.initialization.settings import Setting
from dashlab.settings.lists import text_of
from tests.browser.parts import (
    TRAIN_MS,
    Visit,
    awaited,
    fits,
    keyed,
    no_error,
    plotted,
    press,
    settle,
)

SMALL = "/initialization?init_stack_depth=20&init_stack_width=32"
TWO = text_of([Setting(initializer="orthogonal", activation="tanh"), Setting(std=10.0)])
TRAINED = f"/initialization?init_view=learn&init_learn_settings={TWO}&init_learn_depth=20&init_learn_width=32"


def drawn(page: Page, key: str) -> Any:
    """The y of every trace of a figure, as the browser has them."""
    return plotted(page, key, "plot => plot._fullData.map(trace => Array.from(trace.y))")


def press_on(page: Page, key: str, keys: str) -> None:
    """Move a slider by a key of the keyboard."""
    handle = keyed(page, key).locator("input[type=range]").first
    handle.focus()
    handle.press(keys)


def test_a_slider_moves_the_curves_and_the_link_brings_them_back(
    page: Page, new_page: Callable[..., Page], visit: Visit
) -> None:
    visit(page, SMALL)
    before = drawn(page, "init_chart_outputs")
    assert len(before[0]) == 20
    press_on(page, "init_stack_depth", "ArrowRight")
    expect(page).to_have_url(re.compile("init_stack_depth=21"))
    after = awaited(page, lambda: drawn(page, "init_chart_outputs"), lambda now: len(now[0]) == 21)
    # A stack that is one layer deeper begins with the same layers.
    assert after[0][:20] == pytest.approx(before[0])
    other = new_page()
    other.goto(page.url)
    settle(other)
    awaited(other, lambda: drawn(other, "init_chart_outputs"), lambda now: now == after)
    handle = keyed(other, "init_stack_depth").locator("input[type=range]").first
    expect(handle).to_have_attribute("aria-valuetext", "21")
    no_error(page)
    no_error(other)


def test_another_initializer_changes_what_is_said(page: Page, visit: Visit) -> None:
    visit(page, SMALL)
    keyed(page, "init_stack_settings_0_box").get_by_text("N(0, 1), linear").click()
    keyed(page, "init_stack_settings_0_initializer").get_by_role("combobox").click()
    page.get_by_role("option", name="Zeros").click()
    expect(page.get_by_text("Every output is exactly 0 from the first layer on")).to_be_visible()
    # The setting that is being changed stays unfolded.
    expect(keyed(page, "init_stack_settings_0_activation")).to_be_visible()
    no_error(page)


def test_stacks_are_trained_before_ones_eyes_and_kept(
    page: Page, new_page: Callable[..., Page], visit: Visit
) -> None:
    visit(page, TRAINED + "&init_learn_steps=40")
    press(page, "init_learn_start")
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible(timeout=TRAIN_MS)
    expect(keyed(page, "init_learn_start")).to_contain_text("Trained", timeout=TRAIN_MS)
    expect(keyed(page, "init_learn_stop")).to_have_count(0)
    other = new_page()
    other.goto(page.url)
    expect(keyed(settle(other), "init_learn_start")).to_contain_text("Trained")
    no_error(page)
    no_error(other)


def test_the_page_fits_a_phone(new_page: Callable[..., Page], visit: Visit) -> None:
    page = visit(new_page("phone", dark=True, touch=True), SMALL)
    drawn(page, "init_chart_outputs")
    fits(page)
    no_error(page)
