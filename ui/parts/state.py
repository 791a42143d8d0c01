"""The settings of one page: kept for the session, read from the link on arrival, written back to it.

A widget's own value is lost as soon as the widget is not drawn, so the truth is kept here, under a key that
belongs to no widget; `controls` copies it in and out.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from dashlab.settings.fields import Spec, Value
from ui.parts import links

Start = Callable[[str], Mapping[str, Value] | None]

BROWSER_LAG_S = 2.0
"""For so long after a change the browser may still send the address from before it."""


@dataclass
class PageState:
    """What is set on a page.

    Attributes:
        prefix: of the page's widgets and of its names in a link.
        specs: description of each setting.
        start: values of a preset by name, None if there is no such preset; `""` gives the defaults.
        home: the preset that stands for an empty link; `""` for the defaults.
        values: of every setting; always allowed by its spec.
        preset: the preset that was chosen last, `""` for none; values may have been changed since.
        notes: what had to be changed in the link that brought people here.
        problems: sentences about widgets whose text cannot be read, by setting.
        asked: settings that a link has set and that were not yet held against what there is.
    """

    prefix: str
    specs: Mapping[str, Spec]
    start: Start
    home: str
    values: dict[str, Value]
    preset: str = ""
    notes: tuple[str, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    _seen: set[tuple[tuple[str, str], ...]] = field(default_factory=set)
    _last: tuple[tuple[str, str], ...] = ()
    _changed_at: float = 0.0

    def put(self, values: Mapping[str, Value], preset: str | None = None) -> None:
        """Set some or all settings; call before their widgets are drawn, or from a callback."""
        for name, value in values.items():
            self.values[name] = value
            self.problems.pop(name, None)
            st.session_state.pop(f"{self.prefix}_{name}", None)
        if preset is not None:
            self.preset = preset

    def nearest(self, name: str, there: Sequence[int]) -> int:
        """What the setting `name` comes to among the numbers that there are now.

        The setting itself keeps what was wished; what a link asked for and cannot have is said.
        """
        wished = int(str(self.values[name]))
        found = wished if wished in there else min(there, key=lambda number: (abs(number - wished), number))
        self.settled(name, None if found == wished else f"here the nearest is {found}")
        return found

    def settled(self, name: str, instead: str | None) -> None:
        """A setting has been held against what there is; say what a link gets `instead` of its wish."""
        if instead is not None and name in self.asked:
            note = f"The link asked for {name}={self.values[name]}; {instead}."
            self.notes = (*self.notes, note)  # on top of the page from the next run on
            st.warning(note.replace("_", "\\_"), icon=":material/link_off:")
        self.asked.discard(name)

    def put_preset(self, preset: str, names: Iterable[str] | None = None) -> None:
        """Set everything, or just `names`, as the preset has it; an unknown preset changes nothing."""
        if (values := self.start(preset)) is not None:
            self.put(values if names is None else {name: values[name] for name in names}, preset)
            self.notes = ()

    def is_changed(self) -> bool:
        """Whether anything differs from the chosen preset (or from the defaults)."""
        return self.values != dict(self.start(self.preset) or {})

    def query(self) -> dict[str, str]:
        """The part of a link that restores exactly this state."""
        if self.preset == self.home and not self.is_changed():
            return {}
        start = self.start(self.preset)
        assert start is not None
        query = links.write(self.values, self.prefix, self.specs, start, self.preset)
        return query or links.write_plain(self.prefix)


def arrive(prefix: str, specs: Mapping[str, Spec], start: Start, home: str = "") -> PageState:
    """The page's state: from the link when one has just been opened, else as the session has it.

    Call once per run, at the top of the page, before any of its widgets.
    """
    key = f"{prefix}__state"
    state = st.session_state.get(key)
    just_opened = st.session_state.pop(f"{prefix}__opened", False)
    asked = links.of_prefix(st.query_params.to_dict(), prefix)
    if state is None:
        state = PageState(prefix, specs, start, home, dict(start(home) or {}), preset=home)
        st.session_state[key] = state
        _take(state, asked)
    elif just_opened:
        if asked:  # without a query people come back to what they left
            _take(state, asked)
    elif _is_news(state, _frozen(asked)):
        _take(state, asked)
    return state


def opened(prefix: str) -> None:
    """Remember that people have just come to this page from another one."""
    st.session_state[f"{prefix}__opened"] = True


def share(state: PageState) -> None:
    """Bring the address of the page in line with the state; call once per run, after the widgets."""
    wanted = state.query()
    everything = st.query_params.to_dict()
    if _frozen(wanted) != state._last:
        state._changed_at = time.monotonic()
        _remember(state, wanted)
    if links.of_prefix(everything, state.prefix) != wanted:
        others = {name: text for name, text in everything.items() if not name.startswith(f"{state.prefix}_")}
        st.query_params.from_dict(others | wanted)


def query_of(prefix: str) -> dict[str, str]:
    """The link to a page as this session left it; empty when it has not been there."""
    state = st.session_state.get(f"{prefix}__state")
    return state.query() if state is not None else {}


def _take(state: PageState, asked: Mapping[str, str]) -> None:
    arrived = links.read(asked, state.prefix, state.specs, state.start)
    if arrived.known:
        state.put(arrived.values, arrived.preset)
    else:
        state.put(state.start(state.home) or {}, state.home)
    state.notes = arrived.notes
    state.asked = {name.removeprefix(f"{state.prefix}_") for name in asked} & state.specs.keys()
    _remember(state, asked)


def _is_news(state: PageState, asked: tuple[tuple[str, str], ...]) -> bool:
    """Whether the address was changed by people (Back, a link) rather than by us."""
    if asked == state._last:
        return False
    return asked not in state._seen or time.monotonic() - state._changed_at > BROWSER_LAG_S


def _remember(state: PageState, query: Mapping[str, str]) -> None:
    state._last = _frozen(query)
    state._seen.add(state._last)


def _frozen(query: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(query.items()))
