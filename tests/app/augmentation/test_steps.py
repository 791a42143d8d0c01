"""The editor of steps without a browser: added, moved, changed, removed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.augmentation.pipeline import MOST_STEPS, make_step
from dashlab.experiments.augmentation.transforms import catalogue
from tests.app.augmentation.steps import QUICK, names, steps, with_steps
from tests.app.pages import link, press, texts

PAGE = "pages/augmentation.py"


def test_a_transform_that_is_chosen_becomes_a_step(page: AppTest) -> None:
    page.selectbox(key="aug_add").set_value("ColorJitter").run()
    assert names(page) == ["Pad", "RandomRotation", "ColorJitter"]
    assert page.selectbox(key="aug_add").value is None


def test_every_transform_can_be_a_step(open_page: Callable[..., AppTest]) -> None:
    for name in catalogue():
        app = open_page(**with_steps(make_step(name)))
        assert names(app) == [name]
        assert app.checkbox(key="aug_step0_use").value, name


@pytest.mark.parametrize("size", ["1,512", "512,1"])
def test_a_picture_one_pixel_thin_is_shown(open_page: Callable[..., AppTest], size: str) -> None:
    app = open_page(**with_steps(make_step("Resize", size=size)))
    width, height = reversed(size.split(","))
    assert f"{width} × {height}" in texts(app)


def test_a_change_of_the_picture_is_put_before_it_becomes_a_tensor(open_page: Callable[..., AppTest]) -> None:
    app = open_page(**with_steps(make_step("ToImage"), make_step("ToDtype"), make_step("Normalize")))
    app.selectbox(key="aug_add").set_value("RandomPerspective").run()
    app.selectbox(key="aug_add").set_value("RandomErasing").run()
    assert names(app) == ["RandomPerspective", "ToImage", "ToDtype", "RandomErasing", "Normalize"]
    assert app.error == []


def test_a_step_can_be_moved_and_takes_its_settings_along(page: AppTest) -> None:
    page.text_input(key="aug_step0_padding").set_value("3").run()
    press(page, "aug_step0_later")
    assert names(page) == ["RandomRotation", "Pad"]
    assert page.text_input(key="aug_step0_padding").value == "3"
    press(page, "aug_step0_earlier")
    assert names(page) == ["Pad", "RandomRotation"]
    assert page.text_input(key="aug_step0_padding").value == "3"
    assert "padding~3" in link(page)["aug_pipeline"]


def test_the_first_step_cannot_go_earlier_nor_the_last_later(page: AppTest) -> None:
    assert page.button(key="aug_step0_earlier").disabled
    assert page.button(key="aug_step1_later").disabled


def test_steps_can_be_removed_down_to_none(page: AppTest) -> None:
    press(page, "aug_step0_remove")
    assert names(page) == ["RandomRotation"]
    press(page, "aug_step1_remove")
    assert names(page) == []
    assert "No step yet: what comes out is the original." in texts(page)
    assert link(page)["aug_pipeline"] == "none"


def test_a_step_that_is_switched_off_is_left_out_and_stays_in_the_list(page: AppTest) -> None:
    page.checkbox(key="aug_step0_use").uncheck().run()
    assert [step.use for step in steps(page)] == [False, True]
    assert "**1. Pad**" not in texts(page)
    assert "**2. RandomRotation**" in texts(page)


def test_a_step_can_be_done_to_a_share_of_the_pictures(page: AppTest) -> None:
    page.slider(key="aug_step0_chance").set_value(0.0).run()
    assert "left as it is" in texts(page)
    assert "v2.RandomApply([v2.Pad(padding=16)], p=0.0)" in page.get("code")[0].proto.code_text


def test_a_range_is_one_slider(page: AppTest) -> None:
    page.slider(key="aug_step1_degrees").set_value((90, 90)).run()
    assert "angle 90" in texts(page)


def test_height_and_width_can_be_set_apart(open_page: Callable[..., AppTest]) -> None:
    app = open_page(**with_steps(make_step("Resize", size="40")))
    app.toggle(key="aug_step0_size_apart").set_value(True).run()
    app.slider(key="aug_step0_size_1").set_value(70).run()
    assert "RGB, 70 × 40 uint8" in texts(app)


def test_numbers_that_cannot_be_read_are_said_and_the_last_ones_stay(page: AppTest) -> None:
    page.text_input(key="aug_step0_padding").set_value("wide").run()
    assert "Padding: 'wide' is not numbers" in texts(page) or "must be numbers joined by commas" in texts(
        page
    )
    assert names(page) == ["Pad", "RandomRotation"]
    assert "RGB, 417 × 288 uint8" in texts(page)


def test_no_more_than_twelve_steps_can_be_added(open_page: Callable[..., AppTest]) -> None:
    app = open_page(**with_steps(*[make_step("Identity")] * MOST_STEPS))
    assert "A pipeline has at most 12 steps here." in texts(app)
    assert [box.key for box in app.selectbox if box.key == "aug_add"] == []


def test_what_was_changed_can_be_put_back(open_page: Callable[..., AppTest]) -> None:
    app = open_page(**QUICK)
    assert "Changed from RandAugment: Draws 2." in texts(app)
    press(app, "aug_step0_remove")
    assert "Changed from RandAugment: Draws 2, Pipeline RandAugment." in texts(app)
    press(app, "aug_put_back")
    assert link(app) == {"aug_preset": "randaugment"}
    assert app.checkbox(key="aug_step0_use").label == "1. **Resize**"
