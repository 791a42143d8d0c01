"""The list of settings that stand side by side: each unfolds, can be copied and removed."""

from collections.abc import Sequence

import streamlit as st

from dashlab.experiments.initialization.settings import MOST_SETTINGS, Setting
from dashlab.settings.lists import entries_of, text_of
from ui.frame.views import View
from ui.parts.controls import control
from ui.parts.sliders import along
from ui.parts.state import PageState
from ui.parts.text import as_text

WIDTHS = (8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024)


def editor(state: PageState, view: View) -> None:
    """Draw the settings of a view, one under the other, and take over what is changed in them."""
    name = view.full("settings")
    _forget_if_stale(state, name)
    entries = entries_of(str(state.values[name]), Setting)
    changed = [_entry(state, name, at, entry, len(entries)) for at, entry in enumerate(entries)]
    _write(state, name, changed)
    st.button(
        "Add a setting",
        key=f"{state.prefix}_{name}_add",
        icon=":material/add:",
        type="tertiary",
        disabled=len(entries) >= MOST_SETTINGS,
        help=f"A copy of the last one, to be changed; up to {MOST_SETTINGS} stand side by side.",
        on_click=_put,
        args=(state, name, [*changed, changed[-1]]),
    )


def _entry(state: PageState, name: str, at: int, entry: Setting, count: int) -> Setting:
    prefix = _prefix(state, name, at)
    key = f"{prefix}__box"
    st.session_state[key] = bool(st.session_state.get(key))  # its title changes, which would fold it up
    box = st.expander(f"**{at + 1}** · {as_text(entry.title)}", key=key, on_change="rerun")
    if not box.open:  # what is folded up need not be drawn, which halves the widgets of the page
        return entry
    with box:
        own = PageState(prefix, Setting.specs(), lambda _preset: Setting().flat(), "", dict(entry.flat()))
        for field in Setting.specs():
            if Setting().change(**own.values).is_used(field):
                control(own, field)
        made = Setting().change(**own.values).without_unused()
        if count > 1:
            st.button(
                "Remove",
                key=f"{prefix}__remove",
                icon=":material/delete:",
                type="tertiary",
                on_click=_remove,
                args=(state, name, at),
            )
    return made


def folded(state: PageState, view: View, title: str, icon: str, fields: Sequence[str]) -> None:
    """Some settings of a view under a heading, drawn when it is unfolded."""
    key = f"{state.prefix}_{view.full(fields[0])}__box"
    with st.expander(title, icon=icon, key=key, on_change="rerun") as box:
        if box.open:
            for field in fields:
                view.control(state, field)


def _remove(state: PageState, name: str, at: int) -> None:
    entries = entries_of(str(state.values[name]), Setting)
    _put(state, name, [entry for position, entry in enumerate(entries) if position != at])


def _put(state: PageState, name: str, entries: Sequence[Setting]) -> None:
    """From a callback: another list, whose widgets start anew."""
    state.values[name] = text_of(entries)


def _write(state: PageState, name: str, entries: Sequence[Setting]) -> None:
    """What the widgets show now; they need not be filled again."""
    text = text_of(entries)
    if text != text_of(entries_of(str(state.values[name]), Setting)):
        state.values[name] = text
    st.session_state[f"{state.prefix}__{name}"] = state.values[name]


def _forget_if_stale(state: PageState, name: str) -> None:
    """Widgets keep what was typed into them; a preset, a link or a button has put other settings there."""
    if st.session_state.get(f"{state.prefix}__{name}") == state.values[name]:
        return
    for at in range(MOST_SETTINGS):
        for field in Setting.specs():
            st.session_state.pop(f"{_prefix(state, name, at)}_{field}", None)


def _prefix(state: PageState, name: str, at: int) -> str:
    return f"{state.prefix}_{name}_{at}"


def depth_slider(state: PageState, view: View) -> None:
    """How many layers the stack has."""
    spec = view.config.spec_of("depth")
    along(state, view.full("depth"), range(int(spec.low), int(spec.high) + 1))


def width_slider(state: PageState, view: View) -> None:
    """The width of the stack, in steps that halve and double, and the width that a link has asked for."""
    name = view.full("width")
    most = view.config.spec_of("width").high
    along(state, name, sorted({int(str(state.values[name])), *(width for width in WIDTHS if width <= most)}))
