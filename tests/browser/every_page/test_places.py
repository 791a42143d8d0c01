"""Every page and view, opened once: where things stand in each window, and axe in both themes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import VIEWPORTS
from tests.browser.every_page.axe import drawn, in_theme, violations
from tests.browser.parts import RUN_MS, WAIT_MS, fits, no_error, settle
from tests.browser.servers import Server
from tests.places import PLACES, address_of

WITHOUT = ("/", "/sketch")
"""Those without controls beside a picture that they move; on the sketch pad people draw the picture."""
WITH_CONTROLS = [address for address in map(address_of, PLACES) if address not in WITHOUT]
ADDRESSES = [*WITH_CONTROLS, *WITHOUT, "/sketch?sketch_preset=four-or-nine"]
"""The same first, so that both tests of an address come one after the other and it is opened once."""
PICTURES = (
    ".js-plotly-plot .main-svg, [data-testid=stVegaLiteChart] :is(canvas, svg), [data-testid=stImage] img"
)
ONE_BY_ONE = ", ".join(
    f"[data-testid=st{kind}]"
    for kind in (
        *("Slider", "Selectbox", "MultiSelect", "NumberInput", "TextInput"),
        *("Checkbox", "Radio", "ButtonGroup", "Button", "Expander"),
    )
)
"""Controls, and boxes of controls."""
MOST_USED = 2
"""Controls, from the top of their column, that are seen with the picture on a phone."""
RIGHT_UNDER = 70
"""Pixels between a picture and the controls under it, at most: a gap and two lines of words."""
PHONE_HEIGHT = VIEWPORTS["phone"]["height"]
LARGE = ViewportSize(width=1366, height=768)
ZOOMED = ViewportSize(width=683, height=384)
"""What is left of it at 200 %."""


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[Page]:
    """One page for all of them."""
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(WAIT_MS)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def opened(request: pytest.FixtureRequest, reader: Page, server: Server) -> Page:
    """The page at an address, opened on a phone."""
    reader.set_viewport_size(VIEWPORTS["phone"])
    reader.emulate_media(color_scheme="light")
    reader.goto(server.url + request.param)
    return settle(reader)


def first_picture(page: Page) -> tuple[float, float]:
    """Upper and lower edge of the highest picture, from the top of the window."""
    expect(page.get_by_test_id("stMain").locator(PICTURES).first).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=RUN_MS)  # what begins by itself
    settle(page)
    edges: list[float] = page.get_by_test_id("stMain").evaluate(
        "(main, pictures) => [...main.querySelectorAll(pictures)].map(one => one.getBoundingClientRect())"
        ".filter(box => box.height > 20).sort((one, other) => one.top - other.top)"
        ".map(box => [box.top, box.bottom])[0]",
        PICTURES,
    )
    return edges[0], edges[1]


def column(page: Page) -> tuple[float, float, float]:
    """Upper and lower edge of the column of controls, and the lower edge of all that it stands beside."""
    beside = page.locator("[class*=st-key-beside-]")
    box, whole = beside.get_by_test_id("stColumn").first.bounding_box(), beside.bounding_box()
    assert box is not None
    assert whole is not None
    return box["y"], box["y"] + box["height"], whole["y"] + whole["height"]


def scroll(page: Page, to: int) -> None:
    page.get_by_test_id("stMain").evaluate("(main, to) => main.scrollTo(0, to)", to)
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop > 100")


def under_the_bar(page: Page) -> float:
    """The height of the window in which the page is seen: the bar with the menu hides the top."""
    bar, size = page.get_by_test_id("stHeader").bounding_box(), page.viewport_size
    assert bar is not None
    assert size is not None
    return size["height"] - bar["height"]


def together(page: Page) -> tuple[float, float]:
    """How the controls stand under the picture that they move, in a narrow window.

    Returns:
        From the lower edge of the pictures to the first control, in pixels; and from the upper edge of the
        last of those pictures to the lower edge of the `MOST_USED` first controls of the column.
    """
    apart, reach = page.locator("[class*=st-key-beside-]").evaluate(
        "(beside, [pictures, controls, count]) => {"
        " const boxes = (part, what) => [...part.querySelectorAll(what)]"
        "  .map(one => one.getBoundingClientRect())"
        "  .filter(box => box.height > 5).sort((one, other) => one.top - other.top);"
        " const first = boxes(beside, controls)[0], column = beside.querySelector('[data-testid=stColumn]');"
        " const above = boxes(beside, pictures).filter(box => box.bottom <= first.top).at(-1);"
        " return [first.top - above.bottom, boxes(column, controls)[count - 1].bottom - above.top] }",
        [PICTURES, ONE_BY_ONE, MOST_USED],
    )
    return apart, reach


def spans(page: Page) -> dict[str, float]:
    """The controls among the pictures, each with the height that it takes together with the nearest picture.

    Those in a box that opens are left out: what they move stands in it or under it.
    """
    found: dict[str, float] = page.locator("[class*=st-key-beside-]").evaluate(
        "(beside, [pictures, controls]) => {"
        " const seen = box => box.height > 5;"
        " const drawn = [...beside.querySelectorAll(pictures)]"
        "  .map(one => one.getBoundingClientRect()).filter(seen);"
        " const stage = beside.querySelector('[data-testid=stColumn]').nextElementSibling;"
        " const own = [...stage.querySelectorAll(controls)].filter(one => seen(one.getBoundingClientRect())"
        "  && !one.closest('[data-testid=stExpander], [data-testid=stButton]'));"
        " return Object.fromEntries(own.map(one => [one.closest('[class*=st-key-]').className,"
        "  Math.min(...drawn.map(picture => { const box = one.getBoundingClientRect();"
        "   return Math.max(box.bottom, picture.bottom) - Math.min(box.top, picture.top) }))])) }",
        [PICTURES, ONE_BY_ONE],
    )
    return found


@pytest.mark.parametrize("opened", WITH_CONTROLS, indirect=True, scope="module")
def test_picture_and_controls_are_in_sight_together_in_every_window(opened: Page) -> None:
    """On a phone the picture comes first and its controls right under it."""
    page = opened
    top, _ = first_picture(page)
    above, below, end = column(page)
    assert top < PHONE_HEIGHT * 0.85
    assert top < above
    assert below <= end
    apart, reach = together(page)
    assert 0 <= apart <= RIGHT_UNDER
    assert reach <= under_the_bar(page)
    assert {key: span for key, span in spans(page).items() if span > under_the_bar(page)} == {}
    fits(page)
    page.set_viewport_size(LARGE)
    top, _ = first_picture(page)
    above, below, end = column(page)
    assert top < LARGE["height"] * 0.7
    assert above < LARGE["height"] / 2
    assert {key: span for key, span in spans(page).items() if span > under_the_bar(page)} == {}
    scroll(page, 500)
    above, below, end = column(page)
    assert below <= LARGE["height"]
    assert above > 0 or below >= end - 1  # it stays in sight, or all that it stands beside has gone by
    page.set_viewport_size(ZOOMED)
    first_picture(page)
    fits(page)
    no_error(page)


@pytest.mark.parametrize("opened", ADDRESSES, indirect=True, scope="module")
def test_axe_finds_nothing_serious_in_either_theme(opened: Page) -> None:
    opened.set_viewport_size(VIEWPORTS["desktop"])
    drawn(opened)
    assert violations(in_theme(opened, "light")) == []
    assert violations(in_theme(opened, "dark"), "color-contrast") == []  # in nothing else the themes differ
