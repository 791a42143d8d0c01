"""The settings that stand side by side, and the depth and width that they share."""

from collections.abc import Sequence

import streamlit as st

from dashlab.experiments.initialization.settings import MOST_SETTINGS, Setting
from ui.frame.views import View
from ui.parts.controls import control
from ui.parts.entries import Place, entries
from ui.parts.fields import Fields
from ui.parts.sliders import along
from ui.parts.state import PageState
from ui.parts.text import as_text

WIDTHS = (8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024)


def editor(state: PageState, view: View) -> None:
    """Draw the settings of a view, one under the other, and take over what is changed in them."""
    listed = entries(state, view.full("settings"), Setting)
    listed.draw(_entry)
    listed.add_button(
        "Add a setting",
        lambda settings: settings[-1],
        type="tertiary",
        help=f"A copy of the last one, to be changed; up to {MOST_SETTINGS} stand side by side.",
    )


def _entry(place: Place[Setting], entry: Setting) -> Setting:
    key = f"{place.key}_box"
    st.session_state[key] = bool(st.session_state.get(key))  # its title changes, which would fold it up
    box = st.expander(f"**{place.number + 1}** · {as_text(entry.title)}", key=key, on_change="rerun")
    drawn = f"{place.key}__drawn"
    was_drawn, st.session_state[drawn] = st.session_state.get(drawn, False), bool(box.open)
    # What is folded up need not be drawn, which halves the widgets of the page; but once more when it has
    # just been folded up, for a change that came with that.
    if not (box.open or was_drawn):
        return entry
    with box:
        own = Fields(place.key, Setting.specs(), dict(entry.flat()))
        for field in Setting.specs():
            if Setting().change(**own.values).is_used(field):
                control(own, field)
        if place.count > 1:
            place.remove_button("Remove", icon=":material/delete:")
    return Setting().change(**own.values).without_unused()


def folded(state: PageState, view: View, title: str, icon: str, fields: Sequence[str]) -> None:
    """Some settings of a view under a heading, drawn when it is unfolded."""
    key = f"{state.prefix}_{view.full(fields[0])}__box"
    with st.expander(title, icon=icon, key=key, on_change="rerun") as box:
        if box.open:
            for field in fields:
                view.control(state, field)


def depth_slider(state: PageState, view: View) -> None:
    """How many layers the stack has."""
    spec = view.config.spec_of("depth")
    along(state, view.full("depth"), range(int(spec.low), int(spec.high) + 1))


def width_slider(state: PageState, view: View) -> None:
    """The width of the stack, in steps that halve and double, and the width that a link has asked for."""
    name = view.full("width")
    most = view.config.spec_of("width").high
    along(state, name, sorted({int(str(state.values[name])), *(width for width in WIDTHS if width <= most)}))
