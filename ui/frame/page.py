"""The frame that every page opens with: title, links to other pages, errors, the link to its settings."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd  # noqa: F401 - whole, before Plotly in another thread takes what is there of it
import streamlit as st
from streamlit.errors import FragmentHandledException

from dashlab import jobs
from dashlab.errors import DashlabError
from ui.frame.collection import run_ended
from ui.frame.pages import PAGES, page_of
from ui.frame.threads import compute_on_one_core
from ui.parts import state as page_state
from ui.parts import unexpected
from ui.parts.state import PageState
from ui.parts.text import show_error

log = logging.getLogger(__name__)

ICON, STYLE = (Path(__file__).with_name(name) for name in ("icon.svg", "page.css"))
"""Files of our own: a Material icon for the browser's tab would be fetched from a network."""


@contextmanager
def open_page(slug: str, lead: str = "") -> Iterator[None]:
    """Draw the frame; the page's body is drawn inside `with`, and the sidebar's foot after it.

    A `DashlabError` that leaves the body is shown as its sentence, any other error as a number in the log;
    the frame stays. `lead` says in two or three sentences what to look for.
    """
    unexpected.take_over()
    page = page_of(slug)
    st.set_page_config(page_title=f"{page.title} · dashlab", page_icon=ICON, layout="wide")
    st.html(STYLE)
    if st.session_state.get("__page") != slug:
        st.session_state["__page"] = slug
        page_state.opened(page.prefix)
    foot = _sidebar()
    st.title(page.heading or page.title, anchor=False)
    if lead:
        st.markdown(lead, width=760)
    unexpected.show_waiting()
    try:
        _warm_up_once()
        yield
    except DashlabError as error:
        show_error(error)
    except FragmentHandledException:
        log.debug("The fragment has shown its fault itself.")
    except Exception as error:  # noqa: BLE001 - the edge of a page: it is logged and shown
        unexpected.show(error)
    _foot(foot)
    compute_on_one_core()
    run_ended()


def link_to(
    slug: str, label: str, query: Mapping[str, str] | None = None, *, icon: str | None = None
) -> None:
    """A link to another page, as this session left it or with a query of its own."""
    page = page_of(slug)
    kept = page_state.query_of(page.prefix) if query is None else dict(query)
    st.page_link(page.path, label=label, icon=icon, query_params=kept or None)


def link_popover(state: PageState) -> None:
    """The link that restores the state of the page, ready to be copied; the address bar has it too."""
    with st.popover(
        "Link to these settings", icon=":material/link:", key=f"{state.prefix}_link", type="tertiary"
    ):
        st.caption("Opened in any browser, it brings back exactly these settings.")
        base = (st.context.url or "").partition("?")[0]
        query = urlencode(state.query())
        st.code(f"{base}?{query}" if query else base or "/", language=None, wrap_lines=True)


def _warm_up_once() -> None:
    """Have the processes that train start while people still read, on whichever page they arrive."""
    if st.session_state.get("__warm"):
        return
    try:
        jobs.warm_up()
    except DashlabError as error:  # a variable that is wrong; what needs no other process can be used
        show_error(error)
    else:
        st.session_state["__warm"] = True


def _sidebar() -> Any:
    with st.sidebar:
        st.markdown("### :material/network_node: dashlab")
        for page in PAGES:
            link_to(page.slug, page.title, icon=page.icon)
        return st.container()


def _foot(place: Any) -> None:
    """Which device trains, and on which pictures: last, because asking for the device imports torch."""
    with place:
        st.space("small")
        st.caption(f":material/memory: {device_name()}")


@st.cache_data(show_spinner=False)
def device_name() -> str:
    """What trains here, for people."""
    from dashlab.training.device import describe, pick_device

    return describe(pick_device())
