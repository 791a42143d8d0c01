"""A place among what there is: recorded epochs and steps, layers, racers, whose number changes with the rest.

The slider ends at what there is. The setting keeps the place that people wished: when what there is becomes
less the nearest place is shown, and when it becomes more again the wish comes back.
"""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from ui.parts.state import PageState


def along(state: PageState, name: str, there: Sequence[int]) -> int | None:
    """A slider over the places that there are, for the setting `name`.

    Args:
        state: of the page.
        name: of the setting, as the state has it: the place that is wished.
        there: the places, ascending; they may have gaps, as kept epochs do.

    Returns:
        The place that is shown, always one of `there`; None if there is none. One place alone needs no
        slider, and none is drawn.
    """
    if not there:
        return None
    spec, key = state.specs[name], f"{state.prefix}_{name}"
    nearest, is_told = _held(state, name, there)
    if len(there) == 1:
        st.session_state.pop(key, None)  # not drawn: it would pass for a wish
        return nearest
    start: dict[str, Any] = {"value": nearest} if is_told else {}
    chosen = st.select_slider(spec.label, there, key=key, help=spec.help, **start)
    return _shown(state, name, int(chosen), nearest)


def menu(state: PageState, name: str, there: Sequence[int], title: Callable[[int], str]) -> int | None:
    """The same as `along` for places that have a title each: a menu, drawn for one place too."""
    if not there:
        return None
    spec, key = state.specs[name], f"{state.prefix}_{name}"
    nearest, is_told = _held(state, name, there)
    place: dict[str, Any] = {"index": there.index(nearest)} if is_told else {}
    chosen = st.selectbox(spec.label, there, format_func=title, key=key, help=spec.help, **place)
    return _shown(state, name, int(chosen), nearest)


def _held(state: PageState, name: str, there: Sequence[int]) -> tuple[int, bool]:
    """What the wish comes to among what there is; and whether the browser knows it, as `controls.kept` says.

    What differs from what was shown last is a new wish. What does not is no wish: it may be the nearest to
    one that cannot be had.
    """
    key = f"{state.prefix}_{name}"
    now = st.session_state.get(key)
    if now is not None and now != st.session_state.get(f"{key}__shown"):
        state.values[name] = int(now)
    nearest = state.nearest(name, there)
    if now != nearest:
        st.session_state[key] = nearest
    st.session_state[f"{key}__shown"] = nearest  # before it is drawn: a run may end there
    return nearest, now == nearest


def _shown(state: PageState, name: str, chosen: int, nearest: int) -> int:
    st.session_state[f"{state.prefix}_{name}__shown"] = chosen
    if chosen != nearest:
        state.values[name] = chosen
    return chosen
