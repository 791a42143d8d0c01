"""Over- and underfitting in a real browser: sliders, new samples, and a training that begins by itself."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.parts import (
    RUN_MS,
    Visit,
    address,
    button,
    fits,
    keyed,
    no_error,
    plot,
    plotted,
    settle,
    step_right,
)

FAINT = "plot => plot._fullData.length"


def test_a_slider_moves_the_fit_and_new_samples_stay_as_faint_lines(
    page: Page, new_page: Callable[..., Page], visit: Visit
) -> None:
    visit(page, "/fitting?fit_curve_degree=14")
    plot(page, "fit_curve_chart")
    step_right(page, "fit_curve_degree")
    expect(page.get_by_text("Degree 15 is overfitted")).to_be_visible()
    settle(page)
    before = plotted(page, "fit_curve_chart", FAINT)
    button(page, "fit_curve_new").click()
    expect(page).to_have_url(re.compile("fit_curve_seed=1"))
    settle(page)
    assert int(str(plotted(page, "fit_curve_chart", FAINT))) == int(str(before)) + 1
    other = visit(new_page(), address(page))
    expect(other.get_by_text("Degree 15 is overfitted")).to_be_visible()
    no_error(other)


def test_what_there_is_to_cure_is_trained_without_a_press(page: Page, visit: Visit) -> None:
    visit(page, "/fitting?fit_view=network")
    expect(page.get_by_text(re.compile("^No cure: Overfitted"))).to_be_visible(timeout=RUN_MS)
    plot(page, "fit_network_chart_loss")
    expect(button(page, "fit_network_start")).to_be_enabled()
    no_error(page)


def test_votes_are_counted_anew_for_another_picture_on_a_phone(
    new_page: Callable[..., Page], visit: Visit
) -> None:
    page = visit(new_page("phone"), "/fitting?fit_view=votes&fit_votes_votes=30")
    expect(page.get_by_text("of 30 masks vote for")).to_be_visible(timeout=RUN_MS)
    words = page.get_by_text("of 30 masks vote for").inner_text()
    keyed(page, "fit_votes_picture").get_by_role("spinbutton").press("ArrowUp")
    keyed(page, "fit_votes_picture").get_by_role("spinbutton").press("Enter")
    expect(page.get_by_text(words, exact=True)).to_have_count(0)
    settle(page)
    plot(page, "fit_votes_chart")
    fits(page)
