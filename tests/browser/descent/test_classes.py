"""Two classes in a real browser: the boundary turns, the threshold moves it, the bar moves all."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.parts import Visit, awaited, no_error, plot, plotted, step_right

MAP = "descent_classes_map"
ADDRESS = "/descent?descent_view=classes"


def boundary(page: Page) -> list[float]:
    """Both ends of the boundary, and the step at which the mark on the loss stands."""
    read = (
        "plot => { const line = plot._fullData.find(trace => trace.name === 'boundary');"
        " return [...line.x, ...line.y, plot._fullData.at(-2).x[0]] }"
    )
    values: list[float] = plotted(page, MAP, read)
    return values


def bar(page: Page, label: str) -> None:
    plot(page, MAP).locator(".updatemenu-button").filter(has_text=re.compile(f"^{label}$")).click()


def test_the_bar_moves_boundary_field_and_curves(page: Page, visit: Visit) -> None:
    visit(page, ADDRESS)
    last = boundary(page)
    assert last[-1] == 380
    expect(plot(page, MAP)).to_contain_text("Step 380 · loss 0.0493 · accuracy 0.995")
    fills = "plot => plot._fullData.filter(trace => trace.fill === 'toself').map(trace => trace.x[0])"
    field = plotted(page, MAP, fills)
    bar(page, "Rewind")
    expect(plot(page, MAP)).to_contain_text("Step 0 · ")
    awaited(page, lambda: boundary(page), lambda now: now[-1] == 0 and now != last)
    awaited(page, lambda: plotted(page, MAP, fills), lambda now: now != field)
    bar(page, "Step")
    expect(plot(page, MAP)).to_contain_text("Step 1 · ")
    no_error(page)


def test_the_threshold_moves_the_boundary(page: Page, visit: Visit) -> None:
    visit(page, ADDRESS)
    before = boundary(page)
    step_right(page, "descent_classes_threshold")
    expect(page).to_have_url(re.compile("descent_classes_threshold=0.51"))
    after = awaited(page, lambda: boundary(page), lambda now: now != before)
    assert after[-1] == before[-1]
    no_error(page)
