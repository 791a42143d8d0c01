"""All pages of the app in a real browser, one after the other."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.parts import no_error, settle
from tests.browser.servers import Server
from ui.frame.pages import PAGES


def test_every_page_opens_from_the_sidebar_and_asks_nothing_of_a_network(
    page: Page, visit: Callable[..., Page], server: Server
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit(page, "/")
    for info in PAGES:
        page.get_by_test_id("stSidebar").get_by_role("link", name=info.title, exact=True).click()
        expect(page).to_have_title(f"{info.title} · dashlab")
        no_error(settle(page))
    own = (server.url, "data:", "blob:")
    assert server.url in asked[0]
    assert [url for url in asked if not url.startswith(own)] == []
