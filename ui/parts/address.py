"""What the address of a page asks for, and which of its changes are people's and which our own."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import streamlit as st

from dashlab.settings.fields import Value

BROWSER_LAG_S = 2.0
"""For so long after a change the browser may still send the address from before it."""

Query = tuple[tuple[str, str], ...]


@dataclass
class Address:
    """The page's part of the address.

    Attributes:
        notes: what had to be changed in the link that brought people here.
        asked: settings that a link has set and that were not yet held against what there is.
    """

    notes: tuple[str, ...] = ()
    asked: set[str] = field(default_factory=set)
    _seen: set[Query] = field(default_factory=set)
    _last: Query = ()
    _changed_at: float = 0.0

    def taken(self, query: Mapping[str, str], names: Iterable[str], notes: tuple[str, ...]) -> None:
        """A link was taken over: the settings that it names, and what it could not have."""
        self.notes, self.asked = notes, set(names)
        self._remember(_frozen(query))

    def settled(self, name: str, value: Value, instead: str | None) -> None:
        """See `PageState.settled`."""
        if instead is not None and name in self.asked:
            note = f"The link asked for {name}={value}; {instead}."
            self.notes = (*self.notes, note)  # on top of the page from the next run on
            st.warning(note.replace("_", "\\_"), icon=":material/link_off:")
        self.asked.discard(name)

    def is_news(self, query: Mapping[str, str]) -> bool:
        """Whether the address was changed by people (Back, a link) rather than by us."""
        asked = _frozen(query)
        if asked == self._last:
            return False
        return asked not in self._seen or time.monotonic() - self._changed_at > BROWSER_LAG_S

    def wants(self, query: Mapping[str, str]) -> None:
        """From now on the page wants this address, and changes it itself."""
        if _frozen(query) != self._last:
            self._changed_at = time.monotonic()
            self._remember(_frozen(query))

    def _remember(self, query: Query) -> None:
        self._last = query
        self._seen.add(query)


def _frozen(query: Mapping[str, str]) -> Query:
    return tuple(sorted(query.items()))
