"""What a page shows and does not compute itself: asked for, waited for, given up when nobody wants it."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from dashlab import jobs

A = TypeVar("A")
T = TypeVar("T")

AT_ONCE_S = 0.2
"""What takes no longer needs no word that it is under way."""

_LOOK_EVERY_S = 0.1


def computed(function: Callable[..., T], *arguments: Any, doing: str, **keywords: Any) -> T:
    """What `function(*arguments, **keywords)` returns, computed beside the server; see `jobs.ask` for both.

    A newer setting ends the wait and gives the computation up.

    Args:
        function: at the top of a module.
        arguments: hashable, as are `keywords`.
        doing: a few words that stand there while it takes long, such as "Training the twins …".
    """
    with jobs.ask(function, *arguments, **keywords) as ticket:
        if not ticket.wait(AT_ONCE_S):
            with st.spinner(doing):
                while not ticket.wait(_LOOK_EVERY_S):
                    _make_way()
        return ticket.result()


def computed_each(function: Callable[[A], T], arguments: Sequence[A], *, doing: str) -> list[T]:
    """What `function` returns for each of `arguments`, computed side by side.

    Args:
        function: at the top of a module.
        arguments: hashable.
        doing: stands beside the bar that shows how many are there, where it takes long.
    """
    with contextlib.ExitStack() as tickets:
        each = [tickets.enter_context(jobs.ask(function, argument)) for argument in arguments]
        if not all(ticket.wait(AT_ONCE_S / len(each)) for ticket in each):
            place = st.empty()
            while waiting := [ticket for ticket in each if not ticket.wait(0)]:
                place.progress(1 - len(waiting) / len(each), doing)
                waiting[0].wait(_LOOK_EVERY_S)
            place.empty()
        return [ticket.result() for ticket in each]


def _make_way() -> None:
    """Let Streamlit end this run of the page if there is a newer one: it does so when the session is read."""
    st.session_state.get("__page")
