"""The trainer in a real browser, training real networks on real digits."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.parts import (
    TRAIN_MS,
    Visit,
    address,
    button,
    choose,
    click_on,
    fits,
    keyed,
    metric,
    no_error,
    plot,
    press,
    rerun,
    settle,
)

QUICK = "/trainer?train_train_size=2000&train_epochs=1&train_batch_size=16&train_momentum=0.9"
LONG = "/trainer?train_epochs=500&train_seed=1"


@pytest.fixture
def trained(page: Page, visit: Visit) -> Page:
    """The trainer with a finished run; trained by the first test that asks."""
    visit(page, QUICK)
    if metric(page, "Test accuracy").count() == 0:
        press(page, "train_start")
        expect(metric(page, "Test accuracy")).to_be_visible(timeout=TRAIN_MS)
        visit(page, QUICK)  # at the end of a training the page is drawn anew, under a hand that is quick
    return page


def test_a_network_is_trained_before_ones_eyes(page: Page, visit: Visit) -> None:
    visit(page, QUICK + "&train_seed=7")
    press(page, "train_start")
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible(timeout=TRAIN_MS)
    expect(metric(page, "Test accuracy")).to_be_visible(timeout=TRAIN_MS)
    expect(keyed(page, "train_stop")).to_have_count(0)
    expect(metric(page, "Test accuracy")).to_contain_text(re.compile(r"[789]\d\.\d\d %"))
    expect(keyed(page, "train_chart_matrix").locator(".heatmaplayer image")).to_be_visible()
    no_error(page)


def test_the_same_run_is_there_at_once_for_another_visitor(
    trained: Page, new_page: Callable[..., Page], visit: Visit
) -> None:
    accuracy = metric(trained, "Test accuracy").inner_text()
    other = visit(new_page(), QUICK)
    expect(metric(other, "Test accuracy")).to_have_text(accuracy, use_inner_text=True)
    with rerun(other):
        press(other, "train_start")
    expect(button(other, "train_start")).to_have_accessible_name("Train")
    expect(keyed(other, "train_stop")).to_have_count(0)
    expect(metric(other, "Test accuracy")).to_have_text(accuracy, use_inner_text=True)


def test_a_click_on_a_cell_shows_its_pictures(trained: Page) -> None:
    click_on(plot(trained, "train_chart_matrix"), 0.35, 0.35, "true 3, predicted as 3")
    expect(trained.get_by_text(re.compile(r"pictures of 3 were predicted as 3: correctly"))).to_be_visible()
    expect(trained.get_by_role("img", name=re.compile("true class 3")).first).to_be_visible()
    settle(trained)
    expect(trained.get_by_text(re.compile(r"pictures of 3 were predicted as 3: correctly"))).to_be_visible()
    no_error(trained)


def test_a_cell_can_be_chosen_with_the_keyboard_alone(trained: Page) -> None:
    for key, said in (
        ("train_true", r"pictures of 5 were predicted as \d"),
        ("train_read", "pictures of 5 were predicted as 5: correctly"),
    ):
        choose(trained, key, "5")
        expect(keyed(trained, key).get_by_role("combobox")).to_have_value("5")
        expect(trained.get_by_text(re.compile(said))).to_be_visible()
        settle(trained)


def test_every_tab_opens(trained: Page) -> None:
    for name, said in (
        ("Worst mistakes", "These are the ones it was most confident about."),
        ("Network", "A picture of 1 × 28 × 28 passes 6 layers"),
        ("Compare", re.compile("only cached run|Compare with")),
        ("Downloads", "The weights are plain tensors"),
        ("Confusion matrix", "Each row is a true class"),
    ):
        trained.get_by_role("tab", name=name).click()
        expect(trained.get_by_role("tabpanel", name=name)).to_contain_text(said)
        no_error(settle(trained))


def test_weights_come_as_safetensors(trained: Page) -> None:
    from safetensors.torch import load_file

    trained.get_by_role("tab", name="Downloads").click()
    with trained.expect_download() as download:
        press(trained, "train_get_weights")
    weights = load_file(download.value.path())
    assert sum(tensor.numel() for tensor in weights.values()) == 669_706


def test_a_link_restores_the_state_in_another_browser(
    page: Page, new_page: Callable[..., Page], visit: Visit
) -> None:
    visit(page, "/trainer?train_preset=s5")
    keyed(page, "train_group_batch_size").get_by_text("Run").click()
    field = keyed(page, "train_epochs").get_by_role("spinbutton")
    field.fill("3")
    field.press("Enter")
    expect(page).to_have_url(re.compile(r"train_preset=s5&train_epochs=3$"))
    other = visit(new_page(), address(page))
    keyed(other, "train_group_batch_size").get_by_text("Run").click()
    expect(keyed(other, "train_epochs").get_by_role("spinbutton")).to_have_value("3")
    expect(other).to_have_url(page.url)


def test_back_brings_the_settings_before_the_last_change_back(page: Page, visit: Visit) -> None:
    visit(page, "/trainer?train_preset=s5")
    keyed(page, "train_group_batch_size").get_by_text("Run").click()
    field = keyed(page, "train_epochs").get_by_role("spinbutton")
    field.fill("3")
    field.press("Enter")
    expect(page).to_have_url(re.compile("train_epochs=3"))
    page.wait_for_timeout(2_500)  # for so long a change counts as under way
    page.go_back()
    expect(field).to_have_value("20")
    expect(page).not_to_have_url(re.compile("train_epochs"))


def test_settings_survive_a_visit_to_another_page(page: Page, visit: Visit) -> None:
    visit(page, "/trainer?train_preset=s5&train_epochs=3")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Home").click()
    expect(page.get_by_role("heading", name="dashlab", level=1)).to_be_visible()
    settle(page)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Trainer").click()
    expect(page).to_have_url(re.compile(r"/trainer\?train_preset=s5&train_epochs=3$"))
    expect(page.get_by_text(re.compile("Changed from .*: Epochs 3"))).to_be_visible()


def test_what_a_link_asks_for_in_vain_is_said(page: Page, visit: Visit) -> None:
    visit(page, "/trainer?train_epochs=5000")
    expect(page.get_by_text("The link asked for epochs=5000; the most is 1000.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"train_epochs=1000$"))


def test_a_run_can_be_stopped_and_its_curve_grows_in_place_until_then(page: Page, visit: Visit) -> None:
    visit(page, LONG)
    press(page, "train_start")
    chart = page.get_by_test_id("stVegaLiteChart").first
    expect(chart).to_be_visible(timeout=TRAIN_MS)
    expect(page.get_by_text(re.compile("Training: epoch"))).to_be_visible(timeout=TRAIN_MS)
    chart.evaluate("node => { node.marked = true }")
    bar = page.get_by_test_id("stProgress")
    before = bar.inner_text()
    expect(bar).not_to_have_text(before, use_inner_text=True)
    assert chart.evaluate("node => node.marked === true"), "the chart was built anew"
    press(page, "train_stop")
    expect(page.get_by_text(re.compile(r"Stopped after [\d,]+ of [\d,]+ steps"))).to_be_visible()
    expect(keyed(page, "train_stop")).to_have_count(0)
    no_error(page)


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_everything_without_scrolling_sideways(
    trained: Page, new_page: Callable[..., Page], visit: Visit, dark: bool
) -> None:
    no_error(trained)
    for shown in ("/", "/trainer", QUICK):
        phone = visit(new_page("phone", dark=dark, touch=True), shown)
        no_error(phone)
        fits(phone)
