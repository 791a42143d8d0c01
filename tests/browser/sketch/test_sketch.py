"""The sketch pad in a real browser: digits drawn with mouse and finger, read by a network trained there.

`pytest tests/browser/sketch/test_sketch.py -rP` shows how many of the 30 digits were read, and how long it
took.
"""

from __future__ import annotations

import io
import re
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, FloatRect, Locator, Page, expect

from tests.browser.conftest import VIEWPORTS
from tests.browser.parts import (
    TRAIN_MS,
    Visit,
    address,
    awaited,
    fits,
    keyed,
    no_error,
    press,
    settle,
    still,
)
from tests.strokes import Hand, Stroke, placed, rasterize, strokes, written

# Height and place of the digits on the sheet of 300 pixels, in pixels, and the width of the pen.
LAYOUTS = {"small": (70, 200, 30, 8), "medium": (140, 30, 130, 14), "large": (230, 90, 35, 18)}


BAR = 60
"""The height of the bar with the menu, in pixels."""


def sheet(page: Page) -> FloatRect:
    """Where the sheet is in the window."""
    return still(page.locator("canvas.upper-canvas"))


def draw(page: Page, glyph: Sequence[Stroke], already: int = 0) -> None:
    """Draw with the mouse, and wait until the app has all strokes."""
    box = sheet(page)
    for stroke in glyph:
        page.mouse.move(box["x"] + stroke[0][0], box["y"] + stroke[0][1])
        page.mouse.down()
        for x, y in (*stroke[1:-1:2], stroke[-1]):
            page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.up()
    await_strokes(page, already + len(glyph))


def await_strokes(page: Page, count: int) -> None:
    """The address holds a drawing of so many strokes: what follows from it has been drawn before."""
    pattern = r"sketch_ink=[\w-]+" + r"\.[\w-]+" * (count - 1) + "(&|$)"
    expect(page).to_have_url(re.compile(pattern))
    settle(page)


def a_digit(
    digit: int, form: str = "", *, height: float = 170, left: float = 80, top: float = 60
) -> tuple[Stroke, ...]:
    return placed(strokes(digit, form), height=height, left=left, top=top)


def verdict(page: Page) -> Locator:
    return page.get_by_role("heading", name=re.compile("^Predicted:"))


def clear(page: Page) -> None:
    press(page, "sketch_canvas_clear")
    expect(verdict(page)).to_have_count(0)
    settle(page)


@pytest.fixture
def pad(page: Page, visit: Visit) -> Page:
    """The sketch pad with the network made for it; trained by the first test that asks."""
    visit(page, "/sketch")
    if keyed(page, "sketch_networks").count() == 0:
        press(page, "sketch_train")
        expect(keyed(page, "sketch_networks")).to_be_visible(timeout=TRAIN_MS)
    return settle(page)


# The first visit


def test_a_digit_drawn_before_there_is_a_network_is_read_as_soon_as_there_is_one(
    page: Page, visit: Visit
) -> None:
    visit(page, "/sketch")
    expect(page.get_by_text("The sheet is empty, so there is no prediction.")).to_be_visible()
    draw(page, a_digit(4))
    expect(page.get_by_role("img", name="The input: 28 × 28 pixels")).to_be_visible()
    expect(verdict(page)).to_have_count(0)
    begun = time.monotonic()
    press(page, "sketch_train")
    expect(keyed(page, "sketch_stop")).to_be_visible()
    expect(verdict(page)).to_have_text("Predicted: 4", timeout=TRAIN_MS)
    sys.stdout.write(f"From the click to the first prediction: {time.monotonic() - begun:.1f} s\n")
    expect(keyed(page, "sketch_stop")).to_have_count(0)
    no_error(page)


def test_drawn_digits_are_read(pad: Page, visit: Visit) -> None:
    """Ten digits by an ordinary hand at three sizes and places; `test_recipe` reads many more."""
    wrong = []
    for place, (name, (height, left, top, pen)) in enumerate(LAYOUTS.items()):
        visit(pad, f"/sketch?sketch_pen={pen}")
        for digit in range(place, 10, len(LAYOUTS)):
            hand = Hand(slant=0.12, wide=1.1, turn=-3, wobble=0.012, seed=digit)
            draw(pad, placed(written(strokes(digit), hand), height=height, left=left, top=top))
            read = verdict(pad).inner_text()
            if read != f"Predicted: {digit}":
                wrong.append(f"{digit} ({name}): {read}")
            clear(pad)
    sys.stdout.write(f"{10 - len(wrong)} of 10 digits read; misread: {wrong}\n")
    assert 10 - len(wrong) >= 9, wrong


# The sheet


def test_on_a_phone_the_sheet_comes_before_the_choice_of_networks(
    pad: Page, new_page: Callable[..., Page], visit: Visit
) -> None:
    phone = visit(new_page("phone", touch=True), "/sketch")
    top = sheet(phone)["y"]
    assert top < VIEWPORTS["phone"]["height"] - 200
    assert still(keyed(phone, "sketch_networks"))["y"] > top + 300
    fits(phone)


def test_an_empty_sheet_predicts_nothing_and_clear_brings_it_back(pad: Page) -> None:
    expect(pad.get_by_text("The sheet is empty, so there is no prediction.")).to_be_visible()
    expect(keyed(pad, "sketch_bars")).to_have_count(0)
    draw(pad, a_digit(7))
    expect(keyed(pad, "sketch_bars").get_by_test_id("stPlotlyChart")).to_be_visible()
    clear(pad)
    expect(pad.get_by_text("The sheet is empty, so there is no prediction.")).to_be_visible()
    expect(keyed(pad, "sketch_bars")).to_have_count(0)
    draw(pad, a_digit(1))
    expect(verdict(pad)).to_have_text("Predicted: 1")


def test_undo_takes_the_last_stroke_back(pad: Page) -> None:
    draw(pad, a_digit(1, left=140))
    expect(verdict(pad)).to_have_text("Predicted: 1")
    draw(pad, (((60.0, 60.0), (150.0, 60.0)), ((90.0, 230.0), (200.0, 230.0))), already=1)
    for left in (2, 1):
        press(pad, "sketch_canvas_undo")
        await_strokes(pad, left)
    expect(verdict(pad)).to_have_text("Predicted: 1")
    draw(pad, (((150.0, 110.0), (230.0, 200.0)),), already=1)  # the component has heard of it


def test_back_takes_the_last_stroke_back(pad: Page) -> None:
    draw(pad, a_digit(1, left=140))
    draw(pad, (((60.0, 60.0), (150.0, 60.0)),), already=1)
    pad.wait_for_timeout(2500)  # for two seconds an older address counts as one that the browser is late with
    pad.go_back()
    await_strokes(pad, 1)
    expect(verdict(pad)).to_have_text("Predicted: 1")
    no_error(pad)


def test_a_drawing_is_still_there_after_another_page(pad: Page) -> None:
    draw(pad, a_digit(3))
    expect(verdict(pad)).to_have_text("Predicted: 3")
    pad.get_by_test_id("stSidebar").get_by_role("link", name="Trainer").click()
    expect(pad.get_by_role("heading", name="Trainer", exact=True)).to_be_visible()
    pad.get_by_test_id("stSidebar").get_by_role("link", name="Sketch a digit").click()
    expect(verdict(pad)).to_have_text("Predicted: 3")
    draw(pad, (((40.0, 250.0), (60.0, 260.0)),), already=1)
    no_error(pad)


def test_a_link_brings_the_drawing_into_another_browser(
    pad: Page, new_page: Callable[..., Page], visit: Visit
) -> None:
    draw(pad, a_digit(5))
    said = pad.get_by_text(re.compile(r"^5 at \d")).inner_text()
    other = visit(new_page(), address(pad))
    expect(verdict(other)).to_have_text("Predicted: 5")
    expect(other.get_by_text(said)).to_be_visible()
    awaited(other, lambda: ink_on(other), lambda ink: ink > 1000)
    expect(other).to_have_url(pad.url)


def ink_on(page: Page) -> int:
    """Dark pixels on the sheet, as it is shown."""
    shot = Image.open(io.BytesIO(page.locator("canvas.dc-canvas.lower-canvas").screenshot())).convert("L")
    return int((np.asarray(shot)[4:-4, 4:-4] < 100).sum())


def test_the_pen_width_slider_changes_the_pen(pad: Page, visit: Visit) -> None:
    line = (((60.0, 150.0), (240.0, 150.0)),)
    visit(pad, "/sketch?sketch_pen=6")
    draw(pad, line)
    thin = awaited(pad, lambda: ink_on(pad), lambda ink: ink > 100)
    visit(pad, "/sketch?sketch_pen=36")
    draw(pad, line)
    awaited(pad, lambda: ink_on(pad), lambda ink: ink > 4 * thin)


def test_an_example_is_put_on_the_sheet_and_can_be_drawn_on(pad: Page) -> None:
    keyed(pad, "sketch_preset").get_by_role("combobox").click()
    pad.get_by_role("option", name="A 7 with a bar").click()
    expect(verdict(pad)).to_have_text("Predicted: 7")
    settle(pad)
    awaited(pad, lambda: ink_on(pad), lambda ink: ink > 1000)
    draw(pad, (((200.0, 250.0), (220.0, 260.0)),), already=2)
    no_error(pad)


# Uploads


def upload(page: Page, name: str, content: bytes) -> None:
    payload = FilePayload(name=name, mimeType="image/png", buffer=content)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(payload)
    expect(keyed(page, "sketch_file")).to_contain_text(name)
    settle(page)


def png(digit: int, *, light_on_dark: bool) -> bytes:
    picture = rasterize(placed(strokes(digit), height=150, left=90, top=60), pen=14)[..., 0]
    out = io.BytesIO()
    Image.fromarray(255 - picture if light_on_dark else picture).save(out, "PNG")
    return out.getvalue()


def test_pictures_dark_on_light_and_light_on_dark_are_read(pad: Page, visit: Visit) -> None:
    for digit, light_on_dark in ((2, False), (6, True)):
        visit(pad, "/sketch?sketch_source=upload")
        upload(pad, f"{digit}.png", png(digit, light_on_dark=light_on_dark))
        expect(verdict(pad)).to_have_text(f"Predicted: {digit}")


def test_a_file_that_is_no_picture_gets_its_sentence(pad: Page, visit: Visit) -> None:
    visit(pad, "/sketch?sketch_source=upload")
    upload(pad, "broken.png", b"this is no picture")
    expect(pad.get_by_text(re.compile("broken.png is not a picture that can be read"))).to_be_visible()
    expect(verdict(pad)).to_have_count(0)
    no_error(pad)


# Telephones, light and dark


@pytest.mark.parametrize("dark", [False, True])
def test_a_finger_draws_on_a_telephone(
    pad: Page, new_page: Callable[..., Page], visit: Visit, dark: bool
) -> None:
    assert keyed(pad, "sketch_networks").count() == 1
    phone = visit(new_page("phone", dark=dark, touch=True), "/sketch")
    finger = phone.context.new_cdp_session(phone)
    glyph = a_digit(8)
    box = sheet(phone)
    for stroke in glyph:
        points = [{"x": box["x"] + x, "y": box["y"] + y} for x, y in stroke]
        finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
        for point in points[1:]:
            finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await_strokes(phone, len(glyph))
    expect(verdict(phone)).to_have_text("Predicted: 8")
    top, read = sheet(phone)["y"], verdict(phone).bounding_box()
    assert read is not None
    assert read["y"] + read["height"] - top < VIEWPORTS["phone"]["height"] - BAR  # seen while one draws
    fits(phone)
    assert box["width"] == 300
    assert box["x"] + 300 <= 390
    shot = Image.open(io.BytesIO(phone.locator("canvas.dc-canvas.lower-canvas").screenshot())).convert("L")
    assert np.asarray(shot)[8, 8] == 255  # paper is white, on a dark page too
    no_error(phone)
