"""A line through points in a real browser: replayed, clicked, edited, and opened elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.parts import (
    Visit,
    awaited,
    button,
    click_on,
    fits,
    keyed,
    no_error,
    plot,
    plotted,
    press,
    settle,
    step_right,
    still,
)

MAP = "descent_line_map"
ADDRESS = "/descent?descent_view=line"


def picture(page: Page) -> Locator:
    return plot(page, MAP)


def bar(page: Page, label: str) -> None:
    """Press a button of the bar below the picture."""
    picture(page).locator(".updatemenu-button").filter(has_text=re.compile(f"^{label}$")).click()


def stands(page: Page) -> list[float]:
    """What the three panels show: the end of the line, the place on the surface, the step of the loss."""
    read = (
        "plot => { const last = plot._fullData.slice(-6);"
        " return [last[1].y[1], last[4].x[0], last[4].y[0], last[5].x[0]] }"
    )
    values: list[float] = plotted(page, MAP, read)
    return values


def test_one_bar_moves_line_surface_and_loss(page: Page, visit: Visit) -> None:
    visit(page, ADDRESS)
    last = stands(page)
    assert last[3] == 80
    bar(page, "Rewind")
    expect(picture(page)).to_contain_text("Step 0 · w 2.28")
    first = awaited(page, lambda: stands(page), lambda now: now[3] == 0)
    assert all(one != other for one, other in zip(first, last, strict=True))
    bar(page, "Step")
    expect(picture(page)).to_contain_text("Step 1 · ")
    bar(page, "Step")
    expect(picture(page)).to_contain_text("Step 2 · ")
    awaited(page, lambda: stands(page)[3], lambda step: step == 2)
    bar(page, "Fast")
    expect(picture(page)).to_contain_text("Step 80 · ")
    awaited(page, lambda: stands(page), lambda now: now == last)
    no_error(page)


def test_a_click_on_the_surface_is_the_new_start_and_the_link_has_it(
    page: Page, new_page: Callable[..., Page], visit: Visit
) -> None:
    visit(page, ADDRESS)
    click_on(picture(page), 0.75, 0.3, "start at w", panel=1)
    expect(page).to_have_url(re.compile("descent_line_start=chosen"))
    settle(page)
    bar(page, "Rewind")
    expect(picture(page)).to_contain_text("Step 0 · ")
    start = awaited(page, lambda: stands(page), lambda now: now[3] == 0)
    assert f"descent_line_start_w={start[1]:.2f}"[:-1] in page.url
    other = new_page()
    other.goto(page.url)
    settle(other)
    bar(other, "Rewind")
    awaited(other, lambda: stands(other), lambda now: now == start)


def test_a_click_beside_the_points_is_one_more(page: Page, visit: Visit) -> None:
    visit(page, ADDRESS)
    click_on(picture(page), 0.2, 0.15, "a new point")
    expect(page).to_have_url(re.compile("descent_line_data=own"))
    settle(page)
    read = "plot => plot._fullData.find(trace => trace.name === 'points').x.length"
    awaited(page, lambda: plotted(page, MAP, read), lambda count: count == 21)
    no_error(page)


def first_y(page: Page, value: str) -> None:
    """Type another y of the first point into the table."""
    grid = page.get_by_test_id("stDataFrame").filter(has=page.locator("canvas")).first
    box = still(grid)
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 52)
    page.wait_for_timeout(200)  # the grid draws its cells itself, and says nothing of its focus
    page.keyboard.type(value)
    expect(page.locator("#portal input")).to_have_value(value)
    page.wait_for_timeout(200)
    page.keyboard.press("Enter")


def test_a_point_is_changed_in_the_table_and_a_bad_one_is_refused(page: Page, visit: Visit) -> None:
    visit(page, f"{ADDRESS}&descent_line_data=own&descent_line_stop=steps&descent_line_steps=50")
    page.get_by_text("Table and file").click()
    read = "plot => plot._fullData.find(trace => trace.name === 'points').y[0]"
    first_y(page, "4")
    expect(page).to_have_url(re.compile("descent_line_points=0_4"))
    settle(page)
    awaited(page, lambda: plotted(page, MAP, read), lambda y: y == 4)
    first_y(page, "9999999")
    refused = page.get_by_text("The points of the table must lie between")
    expect(refused).to_be_visible()
    settle(page)
    assert plotted(page, MAP, read) == 4  # nothing is lost
    first_y(page, "5")
    expect(refused).to_have_count(0)
    awaited(page, lambda: plotted(page, MAP, read), lambda y: y == 5)
    no_error(page)


def test_a_file_of_points_is_fitted(page: Page, visit: Visit, tmp_path: Path) -> None:
    visit(page, ADDRESS)
    page.get_by_text("Table and file").click()
    file = tmp_path / "own.csv"
    file.write_text("x,y\n0,1\n1,3\n2,5\n", encoding="utf-8")
    page.locator("input[type=file]").set_input_files(file)
    expect(page).to_have_url(re.compile("descent_line_points=0_1"))
    settle(page)
    no_error(page)


def test_above_the_largest_stable_rate_it_is_said_to_diverge(page: Page, visit: Visit) -> None:
    visit(page, f"{ADDRESS}&descent_line_stop=steps&descent_line_steps=60")
    press(page, "descent_line_rate_2")
    expect(page.get_by_text("the descent diverges")).to_be_visible()
    expect(page).to_have_url(re.compile("descent_line_lr=0.0583"))
    step_right(page, "descent_line_lr")
    expect(page).to_have_url(re.compile("descent_line_lr=0.07"))
    expect(button(page, "descent_line_rate_0")).to_be_enabled()


def test_the_step_slider_moves_the_picture_by_keyboard(page: Page, visit: Visit) -> None:
    visit(page, f"{ADDRESS}&descent_line_step=10")
    expect(picture(page)).to_contain_text("Step 10 · ")
    step_right(page, "descent_line_step")
    expect(picture(page)).to_contain_text("Step 11 · ")
    awaited(page, lambda: stands(page)[3], lambda step: step == 11)


def test_it_fits_a_telephone_with_all_buttons(new_page: Callable[..., Page], visit: Visit) -> None:
    page = visit(new_page("phone", touch=True), ADDRESS)
    fits(page)
    boxes = [one.bounding_box() for one in picture(page).locator(".updatemenu-button").all()]
    assert len(boxes) == 6
    assert max(box["x"] + box["width"] for box in boxes if box) <= 390
    expect(keyed(page, MAP)).to_be_visible()
    no_error(page)
