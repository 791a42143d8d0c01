"""The frame that every page opens with: title, links to other pages, notes, errors, downloads."""

import csv
import io
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd  # noqa: F401 - whole, before Plotly in another thread takes what is there of it
import streamlit as st
from streamlit.errors import FragmentHandledException

from dashlab import jobs
from dashlab.errors import DashlabError
from ui.frame import unexpected
from ui.frame.collection import run_ended
from ui.parts import state as page_state
from ui.parts.state import PageState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PageInfo:
    """One page; its widgets and its names in a link begin with its prefix."""

    slug: str
    prefix: str
    title: str
    icon: str
    path: str
    about: str


PAGES: tuple[PageInfo, ...] = (
    PageInfo("home", "home", "Home", ":material/home:", "app.py", "What is here, and where to start."),
    PageInfo(
        "optimizers",
        "optim",
        "Optimizer comparison",
        ":material/terrain:",
        "pages/optimizers.py",
        "Race optimizers over loss surfaces and on a network, and take their steps apart.",
    ),
    PageInfo(
        "initialization",
        "init",
        "Initialization",
        ":material/layers:",
        "pages/initialization.py",
        "Follow signals and gradients through a hundred layers, and mend what explodes or vanishes.",
    ),
    PageInfo(
        "batchnorm",
        "bn",
        "BatchNorm against none",
        ":material/align_vertical_center:",
        "pages/batchnorm.py",
        "Train twins that differ in nothing but BatchNorm, and see how far each survives.",
    ),
    PageInfo(
        "augmentation",
        "aug",
        "Augmentation",
        ":material/auto_awesome_motion:",
        "pages/augmentation.py",
        "Build a pipeline of random changes, and see step by step what it makes of a picture.",
    ),
    PageInfo(
        "trainer",
        "train",
        "Trainer",
        ":material/model_training:",
        "pages/trainer.py",
        "Choose data, network and optimizer, watch the network learn, and look at its mistakes.",
    ),
    PageInfo(
        "sketch",
        "sketch",
        "Sketch a digit",
        ":material/draw:",
        "pages/sketch.py",
        "Draw a digit and watch a network that you trained read it, pixel by pixel.",
    ),
)
"""Every page that exists, in the order of the sidebar; nothing else lists them."""

ICON, STYLE = (Path(__file__).with_name(name) for name in ("icon.svg", "page.css"))
"""Files of our own: a Material icon for the browser's tab would be fetched from a network."""


@contextmanager
def open_page(slug: str, lead: str = "", *, title: str = "") -> Iterator[None]:
    """Draw the frame; the page's body is drawn inside `with`, and the sidebar's foot after it.

    A `DashlabError` that leaves the body is shown as its sentence, any other error as a number in the log;
    the frame stays. `lead` says in two or three sentences what to look for.
    """
    unexpected.take_over()
    page = next(info for info in PAGES if info.slug == slug)
    st.set_page_config(page_title=f"{page.title} · dashlab", page_icon=ICON, layout="wide")
    st.html(STYLE)
    if st.session_state.get("__page") != slug:
        st.session_state["__page"] = slug
        page_state.opened(page.prefix)
    foot = _sidebar()
    st.title(title or page.title, anchor=False)
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
    run_ended()


def show_notes(notes: Sequence[str]) -> None:
    """Say what had to be changed in the link that brought people here."""
    if notes:
        st.warning("  \n".join(map(as_text, notes)), icon=":material/link_off:")


def show_error(error: DashlabError) -> None:
    """An error that is meant for people, as the sentence it carries."""
    st.error(as_text(str(error)), icon=":material/error:")


def csv_download(
    label: str, rows: Callable[[], Iterable[Mapping[str, Any]]], file_name: str, key: str
) -> None:
    """A button that hands out what `rows` returns as a CSV file; its columns are the names in the first row.

    It is asked and written only when somebody presses the button: thousands of lines take their time.
    """
    download(label, lambda: csv_text(rows()), file_name, "text/csv", key)


def download(label: str, make: Callable[[], str | bytes], file_name: str, kind: str, key: str) -> None:
    """A button that hands out what `make` returns as a file of the MIME type `kind`; see `csv_download`."""
    st.download_button(
        label,
        unexpected.numbered(make),
        file_name,
        kind,
        key=key,
        icon=":material/download:",
        on_click="ignore",
    )


def csv_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """`rows` as CSV with a header line; empty when there are no rows."""
    rows = list(rows)
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def as_text(text: str) -> str:
    """`text` with every character that Markdown would read as markup made plain."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()<>#+|~$:" else c for c in text)


def link_to(
    slug: str, label: str, query: Mapping[str, str] | None = None, *, icon: str | None = None
) -> None:
    """A link to another page, as this session left it or with a query of its own."""
    page = next(info for info in PAGES if info.slug == slug)
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
