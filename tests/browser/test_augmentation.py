"""The augmentation page in a real browser: a control moves the pictures, and a link brings them back."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import settle

Visit = Callable[..., Page]
START = "/augmentation?aug_preset=randaugment&aug_draws=2"


def picture(page: Page, place: int) -> str:
    """The address of a picture in the grid, which names its content."""
    address = page.locator(".st-key-aug_grid img").nth(place).get_attribute("src")
    assert address
    return address


def pictures(page: Page) -> list[str]:
    """The original and the draws."""
    expect(page.locator(".st-key-aug_grid img").last).to_be_visible()
    return [picture(page, place) for place in range(page.locator(".st-key-aug_grid img").count())]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    wide: int = page.evaluate(
        "(() => { const main = document.querySelector('[data-testid=stMain]');"
        " return main.scrollWidth - main.clientWidth })()"
    )
    return wide


def test_a_moved_control_moves_the_pictures_and_the_link_brings_them_back(
    visit: Visit, new_page: Callable[..., Page]
):
    page = visit(new_page(), START)
    before = pictures(page)
    page.locator(".st-key-aug_open1 summary").click()
    slider = page.locator(".st-key-aug_step1_chance").get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")  # in no picture at all
    expect(page).to_have_url(re.compile("chance~0.0"))
    settle(page)
    after = pictures(page)
    assert after[0] == before[0]
    assert after[1] != before[1]
    assert after[1] == after[2]  # resized only

    other = new_page()
    other.goto(page.url)
    settle(other)
    # The content of a picture is in its address, so that equal addresses are equal pictures.
    assert [re.sub(r"^.*/media/", "", address) for address in pictures(other)] == [
        re.sub(r"^.*/media/", "", address) for address in after
    ]
    expect(other.get_by_test_id("stException")).to_have_count(0)


def test_steps_are_added_and_moved_on_a_telephone(visit: Visit, new_page: Callable[..., Page]):
    page = visit(new_page("phone", dark=True, touch=True), START)
    assert overflow(page) <= 0
    pictures(page)
    page.wait_for_function("[...document.images].every(image => image.complete)")  # they move what is below
    menu = page.get_by_role("combobox", name="Add a step")
    menu.focus()
    menu.press_sequentially("RandomInvert")  # as a person types: filling it in does not always open the list
    expect(page.get_by_role("option")).to_have_count(1)
    menu.press("Enter")
    expect(page.locator(".st-key-aug_box2")).to_contain_text("3. RandomInvert")
    settle(page)
    page.locator(".st-key-aug_earlier2").get_by_role("button").click()
    expect(page.locator(".st-key-aug_box1")).to_contain_text("2. RandomInvert")
    settle(page)
    expect(page).to_have_url(re.compile("RandomInvert~~transform~RandAugment"))
    assert overflow(page) <= 0
    expect(page.get_by_test_id("stException")).to_have_count(0)
