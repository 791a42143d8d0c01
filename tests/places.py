"""Every page and view of the app; what is asked of all of them is asked of these."""

from __future__ import annotations

from ui.frame.pages import PAGES
from ui.frame.views import views_of

PLACES: list[tuple[str, dict[str, str]]] = [
    (page.path, {f"{page.prefix}_view": view.name} if view else {})
    for page in PAGES
    for view in views_of(page) or (None,)
]
"""The page's script, and the query that opens the view."""


def address_of(place: tuple[str, dict[str, str]]) -> str:
    """Where a browser finds it: `/optimizers?optim_view=net`."""
    path, query = place
    slug = next(page.slug for page in PAGES if page.path == path)
    start = "/" if slug == "home" else f"/{slug}"
    return f"{start}?{'&'.join(f'{name}={value}' for name, value in query.items())}".rstrip("?")
