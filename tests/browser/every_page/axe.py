"""What axe, which looks for hindrances, says of a page that is all drawn."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.parts import settle


def drawn(page: Page) -> Page:
    """Wait until the pictures stand that the page has places for, and the letters of the formulas."""
    settle(page)
    page.evaluate("document.fonts.ready")  # in other letters a formula may be too long for its place
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stPlotlyChart]')]"
        ".every(place => place.querySelector('.main-svg')) && "
        "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')]"
        ".every(place => place.querySelector('canvas, svg'))"
    )
    return page


def in_theme(page: Page, theme: Any) -> Page:
    """The page follows the browser's preference at once."""
    page.emulate_media(color_scheme=theme)
    page.wait_for_function(
        "theme => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === theme",
        arg=theme,
    )
    return page


def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds serious or critical, and headings out of order; or what it finds by these rules."""
    options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:200]} {[why['message'] for why in node['any']]}"
        for rule in found
        if rule["impact"] in ("serious", "critical") or rule["id"] == "heading-order"
        for node in rule["nodes"]
    ]
