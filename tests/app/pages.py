"""What tests of pages without a browser do on any page: run it, read it, press on it, open it by its link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element


def ran(step: Any) -> AppTest:
    """The app after a run, with what was done to one of its widgets."""
    app: AppTest = step.run()
    assert not app.exception, app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    return ran(app.button(key=key).click())


def elements(app: AppTest | Block, kind: str) -> list[Element]:
    """What the page has of a kind for which `AppTest` has no name of its own."""
    return [node for node in app.get(kind) if isinstance(node, Element)]


def texts(app: AppTest) -> str:
    """Everything that is written on the page."""
    alerts = (app.info, app.warning, app.error, app.success)
    kinds = (app.markdown, app.caption, *alerts, app.header, app.title, app.metric, app.latex)
    words = [f"{getattr(element, 'label', '')} {element.value}" for kind in kinds for element in kind]
    return "\n".join(words).replace("\\", "")


def link(app: AppTest) -> dict[str, str]:
    """The query of the page's address, as plain texts."""
    return {name: value if isinstance(value, str) else value[0] for name, value in app.query_params.items()}


def view_link(prefix: str, view: str, settings: Mapping[str, str]) -> dict[str, str]:
    """The query that opens one view of a page with settings of that view."""
    own = {f"{prefix}_{view}_{name}": text for name, text in settings.items()}
    return {f"{prefix}_view": view, **own}
