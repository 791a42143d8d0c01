"""The settings of one page: kept for the session, read from the link on arrival, written back to it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from dashlab.settings.fields import Spec, Value
from ui.parts import links
from ui.parts.address import Address
from ui.parts.fields import Fields

Start = Callable[[str], Mapping[str, Value] | None]


@dataclass(kw_only=True)
class PageState(Fields):
    """The fields of a page, the preset that they start from, and the address that holds both.

    Attributes:
        start: values of a preset by name, None if there is no such preset; `""` gives the defaults.
        home: the preset that stands for an empty link; `""` for the defaults.
        preset: the preset that was chosen last, `""` for none; values may have been changed since.
        address: what the link says, and what could not be had of it.
    """

    start: Start
    home: str
    preset: str
    address: Address = field(default_factory=Address)

    def nearest(self, name: str, there: Sequence[int]) -> int:
        """What the setting `name` comes to among the numbers that there are now.

        The setting itself keeps what was wished; what a link asked for and cannot have is said.
        """
        wished = int(str(self.values[name]))
        chosen = wished if wished in there else min(there, key=lambda number: (abs(number - wished), number))
        self.settled(name, None if chosen == wished else f"here the nearest is {chosen}")
        return chosen

    def settled(self, name: str, instead: str | None) -> None:
        """A setting has been held against what there is; say what a link gets `instead` of its wish."""
        self.address.settled(name, self.values[name], instead)

    def put_preset(self, preset: str, names: Iterable[str] | None = None) -> None:
        """Set everything, or just `names`, as the preset has it; an unknown preset changes nothing."""
        if (values := self.start(preset)) is not None:
            self.put(values if names is None else {name: values[name] for name in names})
            self.preset = preset
            self.address.notes = ()

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
        values = dict(start(home) or {})
        state = PageState(prefix, specs, values, start=start, home=home, preset=home)
        st.session_state[key] = state
        _take(state, asked)
    elif just_opened:
        if asked:  # without a query people come back to what they left
            _take(state, asked)
    elif state.address.is_news(asked):
        _take(state, asked)
    return state


def opened(prefix: str) -> None:
    """Remember that people have just come to this page from another one."""
    st.session_state[f"{prefix}__opened"] = True


def share(state: PageState) -> None:
    """Bring the address of the page in line with the state; call once per run, after the widgets."""
    wanted = state.query()
    everything = st.query_params.to_dict()
    state.address.wants(wanted)
    if links.of_prefix(everything, state.prefix) != wanted:
        others = {name: text for name, text in everything.items() if not name.startswith(f"{state.prefix}_")}
        st.query_params.from_dict(others | wanted)


def query_of(prefix: str) -> dict[str, str]:
    """The link to a page as this session left it; empty when it has not been there."""
    state = st.session_state.get(f"{prefix}__state")
    return state.query() if state is not None else {}


def _take(state: PageState, asked: Mapping[str, str]) -> None:
    arrived = links.read(asked, state.prefix, state.specs, state.start)
    preset = arrived.preset if arrived.known else state.home
    state.put(arrived.values if arrived.known else state.start(state.home) or {})
    state.preset = preset
    names = {name.removeprefix(f"{state.prefix}_") for name in asked} & state.specs.keys()
    state.address.taken(asked, names, arrived.notes)
