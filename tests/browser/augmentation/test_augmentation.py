"""The augmentation page in a real browser: a control moves the pictures, and a link brings them back."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.parts import Visit, awaited, button, choose, fits, keyed, no_error, press, settle

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


def test_a_moved_control_moves_the_pictures_and_the_link_brings_them_back(
    visit: Visit, new_page: Callable[..., Page]
) -> None:
    page = visit(new_page(), START)
    before = pictures(page)
    keyed(page, "aug_step1_open").locator("summary").click()
    keyed(page, "aug_step1_chance").get_by_role("slider").press("Home")  # in no picture at all
    expect(page).to_have_url(re.compile("chance~0.0"))
    after = awaited(page, lambda: pictures(settle(page)), lambda now: now[1] != before[1])
    assert after[0] == before[0]
    assert after[1] == after[2]  # resized only

    other = new_page()
    other.goto(page.url)
    settle(other)
    # The content of a picture is in its address, so that equal addresses are equal pictures.
    assert [re.sub(r"^.*/media/", "", address) for address in pictures(other)] == [
        re.sub(r"^.*/media/", "", address) for address in after
    ]
    no_error(other)


def test_steps_are_added_and_moved_on_a_telephone(visit: Visit, new_page: Callable[..., Page]) -> None:
    page = visit(new_page("phone", dark=True, touch=True), START)
    pictures(page)
    fits(page)  # and has all its pictures: they move what is below
    choose(page, "aug_add", "RandomInvert")
    expect(keyed(page, "aug_step2_box")).to_contain_text("3. RandomInvert")
    settle(page)
    press(page, "aug_step2_earlier")
    expect(keyed(page, "aug_step2_box")).to_contain_text("2. RandomInvert")
    expect(page).to_have_url(re.compile("RandomInvert~~transform~RandAugment"))
    fits(settle(page))
    no_error(page)


def test_a_field_that_is_left_for_a_button_keeps_what_was_typed(
    visit: Visit, new_page: Callable[..., Page]
) -> None:
    steps = "~~".join(f"transform~Pad~padding~{width}" for width in (1, 2, 3))
    page = visit(new_page(), f"/augmentation?aug_draws=1&aug_pipeline={steps}")
    keyed(page, "aug_step0_open").locator("summary").click()
    keyed(page, "aug_step0_padding").get_by_role("textbox").fill("7")
    button(page, "aug_step1_remove").click()  # the field is left, and the button pressed, in one go
    expect(page).to_have_url(re.compile("padding~7~~transform~Pad~padding~3$"))
    expect(keyed(page, "aug_step0_padding").get_by_role("textbox")).to_have_value("7")
    expect(keyed(page, "aug_step2_box")).to_contain_text("2. Pad")
    no_error(settle(page))


def test_a_step_is_moved_by_the_keyboard_as_far_as_it_goes(
    visit: Visit, new_page: Callable[..., Page]
) -> None:
    steps = "~~".join(f"transform~Pad~padding~{width}" for width in (1, 2, 3))
    page = visit(new_page(), f"/augmentation?aug_draws=1&aug_pipeline={steps}")
    button(page, "aug_step2_earlier").focus()
    page.keyboard.press("Enter")
    expect(keyed(page, "aug_step2_box")).to_contain_text("2. Pad")
    settle(page)
    expect(button(page, "aug_step2_earlier")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("=transform~Pad~padding~3~~"))
