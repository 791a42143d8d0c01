"""Editing a list of things with settings of their own: racers, stacks side by side, steps of a pipeline.

The list is one setting of the page, as text. Its entries are drawn one by one, with the widgets of a topic;
what can be done to a list is done here: add, copy, remove and move, within the limits on how many there are.

Widgets belong to an entry and not to its place: they go by a mark that it keeps for as long as it is there.
A press may come with a change of a field that no run has seen so far, or twice before the list is drawn
again. So a press says which entry it means, changes only which entries there are and in what order, and a
copy is taken from its original when that has been drawn.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

import streamlit as st

from dashlab.settings.flat import FlatConfig
from dashlab.settings.lists import ListSpec, entries_of, text_of
from ui.parts.fields import Fields

E = TypeVar("E")
C = TypeVar("C", bound=FlatConfig)


@dataclass(slots=True)
class _Order(Generic[E]):
    """What the session remembers of a list: `marks` of its entries as `text` has them.

    `new` has the entries that were not drawn so far: what asked for each, and how it is made of those that
    were, by mark.
    """

    text: str
    marks: list[int]
    fresh: int
    added: int | None = None
    new: dict[int, tuple[object, Callable[[Mapping[int, E]], E]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries(Generic[E]):
    """The list that the setting `name` holds.

    Attributes:
        state: of the page, or of another form.
        name: of the setting, as the state has it.
        read: the entries of a text that the setting's spec allows.
        write: the text of entries.
        fewest: so many stay.
        longest: no more than so many can be there.
        stem: what the keys of an entry's widgets begin with, before its mark.
    """

    state: Fields
    name: str
    read: Callable[[str], Sequence[E]]
    write: Callable[[Iterable[E]], str]
    fewest: int
    longest: int
    stem: str

    def now(self) -> Sequence[E]:
        """The entries as the setting has them."""
        return self.read(str(self.state.values[self.name]))

    def draw(self, entry: Callable[["Place[E]", E], E]) -> tuple[E, ...]:
        """Draw every entry and take over what `entry` returns: the entry as its widgets have it."""
        self.state.problems.pop(self.name, None)
        order = self._order()
        drawn: dict[int, E] = {}
        for number, (mark, old) in enumerate(zip(list(order.marks), self.now(), strict=True)):
            _, made = order.new.get(mark, (None, None))
            place = Place(listed=self, mark=mark, number=number, count=len(order.marks))
            drawn[mark] = entry(place, made(drawn) if made else old)
        order.new.clear()
        self._put(order, list(drawn.values()))
        return tuple(drawn.values())

    def add(self, make: Callable[[Sequence[E]], E], at: int | None = None, *, once: bool = False) -> None:
        """From a callback: one more entry, before the one at `at` or at the end.

        Args:
            make: makes it of the entries before it, as they are drawn.
            at: from 0.
            once: do nothing while an entry that was added before has not been drawn.
        """
        order = self._order()
        if once and any(asked == "add" for asked, _ in order.new.values()):
            return
        entries = self.now()
        at = len(entries) if at is None else at
        entry = make(entries[:at])
        self._insert(order, at, entry, "add", lambda drawn: make([*drawn.values()]) if drawn else entry)

    def add_button(self, label: str, make: Callable[[Sequence[E]], E], **look: Any) -> None:
        """A button that adds an entry at the end; `look` as for `st.button`."""
        st.button(
            label,
            key=f"{self.state.prefix}_{self.name}_add",
            icon=":material/add:",
            disabled=len(self.now()) >= self.longest,
            on_click=partial(self.add, make, once=True),
            **look,
        )

    def _order(self) -> _Order[E]:
        """What is remembered of the list; anew where a link, a preset or a button has put another one there.

        `Fields.put` drops what stands under the key of a setting.
        """
        key, text = f"{self.state.prefix}_{self.name}", str(self.state.values[self.name])
        order = st.session_state.get(key)
        if not isinstance(order, _Order) or order.text != text:
            self._forget_widgets()
            count = len(self.read(text))
            order = st.session_state[key] = _Order(text, list(range(count)), count)
        return order

    def _forget_widgets(self) -> None:
        """Those of other entries must not speak; what is folded up or not stays so, place by place."""
        for key in list(st.session_state):
            mark = str(key).removeprefix(self.stem)
            if mark != str(key) and mark[:1].isdigit() and not mark.endswith("_box"):
                del st.session_state[key]

    def _put(self, order: _Order[E], entries: Sequence[E]) -> None:
        self.state.values[self.name] = order.text = self.write(entries)

    def _insert(
        self, order: _Order[E], at: int, entry: E, asked: object, made: Callable[[Mapping[int, E]], E]
    ) -> None:
        entries = list(self.now())
        if len(entries) >= self.longest:
            return
        order.marks.insert(at, order.fresh)
        entries.insert(at, entry)
        order.new[order.fresh] = asked, made
        order.added = order.fresh
        order.fresh += 1
        self._put(order, entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Generic[E]):
    """One entry while it is drawn.

    Attributes:
        listed: the list.
        mark: what its widgets go by, for as long as the entry is there.
        number: how many stand before it.
        count: how many there are.
    """

    listed: Entries[E]
    mark: int
    number: int
    count: int

    @property
    def key(self) -> str:
        """What the keys of the entry's widgets begin with."""
        return f"{self.listed.stem}{self.mark}"

    @property
    def is_added(self) -> bool:
        """Whether it is the last one that was added."""
        return self.listed._order().added == self.mark

    def copy_button(self, label: str, **look: Any) -> None:
        """A button that puts the same once more below it; `look` as for `st.button`, as for all of these."""
        self._button("copy", label, self._copy, self.count >= self.listed.longest, look)

    def remove_button(self, label: str, **look: Any) -> None:
        """A button that takes it out of the list."""
        self._button("remove", label, self._remove, self.count <= self.listed.fewest, look)

    def earlier_button(self, label: str, **look: Any) -> None:
        """A button that changes places with the one before it."""
        self._button("earlier", label, partial(self._move, -1), self.number == 0, look)

    def later_button(self, label: str, **look: Any) -> None:
        """A button that changes places with the one after it."""
        self._button("later", label, partial(self._move, 1), self.number == self.count - 1, look)

    def _button(
        self, what: str, label: str, press: Callable[[], None], disabled: bool, look: Mapping[str, Any]
    ) -> None:
        key = f"{self.key}_{what}"
        st.button(label, key=key, type="tertiary", disabled=disabled, on_click=press, **look)

    def _pressed(self) -> _Order[E] | None:
        """What is remembered of the list; None where the entry is gone, or with it the whole list."""
        listed = self.listed
        order = st.session_state.get(f"{listed.state.prefix}_{listed.name}")
        if not isinstance(order, _Order) or order.text != listed.state.values[listed.name]:
            return None
        return order if self.mark in order.marks else None

    def _copy(self) -> None:
        order, mark = self._pressed(), self.mark
        if order is None or any(asked == mark for asked, _ in order.new.values()):
            return
        at = order.marks.index(mark)
        entry = self.listed.now()[at]
        self.listed._insert(order, at + 1, entry, mark, lambda drawn: drawn.get(mark, entry))

    def _remove(self) -> None:
        order = self._pressed()
        if order is None or len(order.marks) <= self.listed.fewest:
            return
        at = order.marks.index(self.mark)
        entries = list(self.listed.now())
        del order.marks[at], entries[at]
        order.new.pop(self.mark, None)
        self.listed._put(order, entries)

    def _move(self, by: int) -> None:
        order = self._pressed()
        if order is None:
            return
        at = order.marks.index(self.mark)
        to = at + by
        if not 0 <= to < len(order.marks):
            return
        entries = list(self.listed.now())
        order.marks.insert(to, order.marks.pop(at))
        entries.insert(to, entries.pop(at))
        self.listed._put(order, entries)


def entries(state: Fields, name: str, kind: type[C]) -> Entries[C]:
    """The list of configs that the setting `name` holds, as `dashlab.settings.lists.items` declares it."""
    spec = state.specs[name]
    assert isinstance(spec, ListSpec)
    return Entries(
        state=state,
        name=name,
        read=lambda text: entries_of(text, kind),
        write=text_of,
        fewest=spec.fewest,
        longest=spec.longest,
        stem=f"{state.prefix}_{name}_",
    )
