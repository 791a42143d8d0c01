"""Faults of dashlab's own: the log has them in full under a number, and the page shows that number."""

import logging
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import streamlit as st
from streamlit import error_util
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

log = logging.getLogger(__name__)

T = TypeVar("T")

_WAITING = "__unexpected"
"""In the session: the number of a fault in a callback, until the page that follows has shown it."""


def sentence(number: str) -> str:
    """What people read of a fault."""
    return (
        "Something went wrong here that dashlab did not expect. The rest of the page can be used; change a "
        f"setting or reload the page to try again. It is number {number} in the server's log."
    )


def show(error: BaseException) -> None:
    """Log what was raised under a new number, and say the number on the page."""
    st.error(sentence(_logged(error)), icon=":material/bug_report:")


def show_waiting() -> None:
    """Say on top of the page what went wrong in a callback: without its body it could not be said there."""
    if number := st.session_state.pop(_WAITING, ""):
        st.error(sentence(number), icon=":material/bug_report:")


class DownloadFailed(Exception):
    """A file could not be made; the sentence names the number of what was raised."""


def numbered(make: Callable[[], T]) -> Callable[[], T]:
    """`make`, which Streamlit calls when somebody presses a download, far from any page.

    What it raises is logged under a number; the browser says that the file could not be made.
    """

    @wraps(make)
    def made() -> T:
        try:
            return make()
        except Exception as error:
            raise DownloadFailed(sentence(_logged(error))) from error

    return made


def take_over() -> None:
    """Have Streamlit say it in our way where we cannot catch it: in callbacks, fragments and imports."""
    error_util.show_uncaught_app_exception = _show_uncaught


def _show_uncaught(ex: BaseException) -> None:
    """A callback's fault ends the run before the page is drawn: it is drawn once more, with the number."""
    context = get_script_run_ctx()
    if context is None or context.has_script_started or context.script_requests is None:
        show(ex)
        return
    st.session_state[_WAITING] = _logged(ex)
    context.script_requests.request_rerun(_whole_page(context))


def _whole_page(context: Any) -> RerunData:
    return RerunData(
        query_string=context.query_string,
        page_script_hash=context.page_script_hash,
        context_info=context.context_info,
    )


def _logged(error: BaseException) -> str:
    number = secrets.token_hex(3)
    log.error("Fault %s", number, exc_info=error)
    return number
