"""Where pictures come from: uploaded zips of class folders, and full data sets fetched on request."""

import logging
import threading
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from dashlab.data.images import IMAGE_SETS, adopt, available_source, download, list_own
from dashlab.errors import DashlabError
from ui.parts.state import PageState
from ui.parts.text import as_text

logger = logging.getLogger(__name__)

Upload = Any
"""What `st.file_uploader` gives; streamlit has no public name for it in all its versions."""


def picker(state: PageState) -> None:
    """Stands for the setting `path`: upload a set, or choose one of those that are kept."""
    prefix = state.prefix
    upload = st.file_uploader(
        "Upload a zip of class folders",
        "zip",
        key=f"{prefix}_upload",
        help="One folder of pictures per class, or folders `train` and `test` with such folders inside.",
    )
    if upload is not None:
        _take_once(state, upload)
    sets = [own for own in list_own() if not own.problem]
    names = {own.name: f"{own.title}: {own.train_count + own.test_count:,} pictures" for own in sets}
    path = str(state.values["path"])
    if path not in names:  # never a path of this machine: a link could name any folder
        if path:
            st.warning(
                f"The set of pictures ‘{as_text(path[:40])}’ is not here. Upload it, or add a folder with "
                "`python -m dashlab data add FOLDER`.",
                icon=":material/folder_off:",
            )
        path = ""
    key = f"{prefix}_path"
    if st.session_state.get(key) != path:
        st.session_state[key] = path or None
    chosen = st.selectbox(
        state.specs["path"].label,
        list(names),
        format_func=lambda name: names.get(name, name),
        key=key,
        index=None,
        placeholder="Choose an uploaded set",
        help="A set that was uploaded before, or added with `python -m dashlab data add FOLDER`.",
    )
    state.values["path"] = str(chosen or "")


def _take_once(state: PageState, upload: Upload) -> None:
    """Check a new upload; what was wrong with it stays on the page until another comes."""
    key = f"{state.prefix}__upload"
    seen, problem = st.session_state.get(key, ("", ""))
    if seen != upload.file_id:
        problem = _take(state, upload)
        st.session_state[key] = (upload.file_id, problem)
    if problem:
        st.error(as_text(problem), icon=":material/folder_off:")


def _take(state: PageState, upload: Upload) -> str:
    """Keep an upload as a data set and choose it; else say what is wrong with it."""
    bar = st.progress(0.0, text="Checking every picture …")

    def show(done: int, total: int | None) -> None:
        bar.progress(min(1.0, done / total) if total else 0.0, text=f"Checking picture {done:,} …")

    try:
        adopted = adopt(
            upload.getvalue(),
            title=upload.name.removesuffix(".zip"),
            side=int(str(state.values["side"])),
            grey=bool(state.values["grey"]),
            on_progress=show,
        )
    except DashlabError as error:
        return str(error)
    finally:
        bar.empty()
    state.put({"path": adopted.name})
    st.success(as_text(f"{adopted.title}: {adopted.contents}."), icon=":material/check_circle:")
    if adopted.notes:
        st.info(as_text(" ".join(adopted.notes)), icon=":material/info:")
    return ""


@dataclass(frozen=True, slots=True)
class Fetch:
    """How far the download of a full set has come; replaced whole."""

    name: str
    done: int = 0
    total: int = 1
    is_over: bool = False
    problem: str = ""


_fetches: dict[str, Fetch] = {}
_threads: dict[str, threading.Thread] = {}
_lock = threading.Lock()


def fetching() -> Fetch | None:
    """The download that goes on in this server, if any."""
    with _lock:
        return next((fetch for fetch in _fetches.values() if not fetch.is_over), None)


def start_fetch(name: str) -> None:
    """Download a full set in the background; nothing happens while it is being downloaded."""
    with _lock:
        if name in _fetches and not _fetches[name].is_over:
            return
        _fetches[name] = Fetch(name)
        thread = threading.Thread(target=_fetch, args=(name,), daemon=True, name=f"fetch-{name}")
        _threads[name] = thread
        try:
            thread.start()
        except RuntimeError:  # the system gives no more threads
            logger.exception("The download of %s could not be started", name)
            _fetches[name] = Fetch(name, is_over=True, problem=_unexpected(name))


def wait_for_fetch() -> None:
    """Return once no download goes on; for tests, not for pages."""
    with _lock:
        threads = list(_threads.values())
    for thread in threads:
        thread.join()


def _fetch(name: str) -> None:
    def show(done: int, total: int | None) -> None:
        with _lock:
            _fetches[name] = replace(_fetches[name], done=done, total=total or 1)

    problem = _unexpected(name)  # unless it ends in one of the ways that are foreseen
    try:
        download(name, on_progress=show)
        problem = ""
    except DashlabError as error:
        problem = str(error)
    except Exception:
        logger.exception("The download of %s failed", name)
    finally:
        with _lock:
            _fetches[name] = replace(_fetches[name], is_over=True, problem=problem)


def _unexpected(name: str) -> str:
    return (
        f"{IMAGE_SETS[name].title} could not be fetched: an unexpected error, which the server's log "
        "shows. The bundled pictures stay in use; try again."
    )


def source_line(state: PageState) -> None:
    """Which pictures are used, and a button that fetches the full set where only a sample is there."""
    name = str(state.values["dataset"])
    info = IMAGE_SETS.get(name)
    if info is None or available_source(name) == "full":
        return
    train, test = info.bundled_counts
    full = sum(info.full_counts)
    st.caption(f"The bundled sample is in use: {train:,} pictures to train on and {test:,} to test.")
    st.button(
        f"Fetch all {full:,} ({info.download_bytes / 1e6:.0f} MB)",
        key=f"{state.prefix}_fetch",
        icon=":material/cloud_download:",
        on_click=start_fetch,
        args=(name,),
        disabled=fetching() is not None,
    )
    with _lock:
        fetch = _fetches.get(name)
    if fetch is not None and fetch.problem:
        st.error(as_text(fetch.problem), icon=":material/cloud_off:")


@st.fragment(run_every=0.5)
def watch_fetch() -> None:
    """Progress of the download; the page runs once more when it ends."""
    fetch = fetching()
    if fetch is None:
        st.rerun()
    info = IMAGE_SETS[fetch.name]
    st.progress(
        min(1.0, fetch.done / fetch.total),
        text=f"Fetching {info.title}: {fetch.done / 1e6:.0f} of {fetch.total / 1e6:.0f} MB",
    )
