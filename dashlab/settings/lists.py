"""Settings that hold a list: racers with their coefficients, stacks side by side, steps of a pipeline.

In a config, a link and a key such a list is one text, `optimizer~adam~lr~0.1~~optimizer~sgd`: entries are
joined by `~~`, and an entry's names and values by `~`. Only what differs from the defaults of a new entry is
written, also where another choice in the entry has a default of its own: those are torch's, and may change,
and a text that is kept in a link has to mean the same then.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dashlab.errors import ConfigError
from dashlab.settings.fields import Spec, Value
from dashlab.settings.flat import FlatConfig

E = TypeVar("E", bound=FlatConfig)

PLAIN = "plain"
"""What stands for an entry that is all defaults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSpec(Spec):
    """A list of `fewest` to `longest` entries, each the settings of one `of`."""

    of: type[FlatConfig]
    fewest: int = 1

    def problem(self, value: object) -> str | None:
        """What is wrong with `value`, as the end of a sentence, or None."""
        if not isinstance(value, str):
            return "must be text"
        try:
            entries = read_entries(value)
            if not self.fewest <= len(entries) <= self.longest:
                return f"must have {self.fewest} to {self.longest} entries"
            for entry in entries:
                _made(self.of, entry).check()
        except ConfigError as error:
            return f"has an entry that is not possible: {str(error).rstrip('.')}"
        return None

    def parse(self, text: str) -> Value:
        """The text itself, once its form is known to be sound; raises `ConfigError`."""
        read_entries(text)
        return text.strip()

    def format(self, value: Value) -> str:
        """The text that `parse` takes."""
        return str(value)

    def shown(self, value: Value) -> str:
        """The titles of the entries, where they have one; else how many there are."""
        titles = [str(getattr(entry, "title", "")) for entry in entries_of(str(value), self.of)]
        return " · ".join(titles) if all(titles) else f"{len(titles)} in the list"

    def clamp(self, value: Value, default: Value) -> Value:
        """The entries with each setting brought to the nearest allowed one; `default` if none is left."""
        entries = [_clamped(self.of, entry) for entry in read_entries(str(value))[: self.longest]]
        text = text_of([entry for entry in entries if entry is not None])
        return text if self.problem(text) is None else default


def items(default: Sequence[FlatConfig], label: str, help: str, *, longest: int, **more: Any) -> Any:
    """A field that holds a list of configs, all of the type of `default`'s first, as text."""
    spec = ListSpec(kind="text", label=label, help=help, of=type(default[0]), longest=longest, **more)
    return field(default=text_of(default), metadata={"spec": spec})


def text_of(entries: Iterable[FlatConfig]) -> str:
    """The text that stands for `entries`."""
    return write_entries(_changes(entry) for entry in entries)


def entries_of(text: str, kind: type[E]) -> tuple[E, ...]:
    """The entries that `text_of` wrote.

    Raises:
        ConfigError: the text or a setting in it cannot be read; ranges are not checked here.
    """
    return tuple(_made(kind, entry) for entry in read_entries(text))


def write_entries(entries: Iterable[Mapping[str, str]]) -> str:
    """Names and texts as one text; neither may be empty or hold a `~`."""
    return "~~".join("~".join(part for pair in entry.items() for part in pair) or PLAIN for entry in entries)


def read_entries(text: str) -> list[dict[str, str]]:
    """What `write_entries` wrote; raises `ConfigError` where the form is not that of a list."""
    return [_pairs(entry) for entry in text.strip().split("~~")] if text.strip() else []


def _pairs(entry: str) -> dict[str, str]:
    if entry == PLAIN:
        return {}
    parts = entry.split("~")
    if len(parts) % 2 or not all(parts):
        raise ConfigError(f"{entry[:60]!r} is not a list of names and values joined by '~'.")
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _changes(entry: FlatConfig) -> dict[str, str]:
    new = type(entry)().flat()
    return {
        name: entry.spec_of(name).format(value) for name, value in entry.flat().items() if value != new[name]
    }


def _made(kind: type[E], entry: Mapping[str, str]) -> E:
    return _with(kind, {name: kind.spec_of(name).parse(text) for name, text in entry.items()})


def _with(kind: type[E], settings: Mapping[str, Value]) -> E:
    """A new entry with these settings and nothing that follows from them."""
    return kind().change(**{**kind().flat(), **settings})


def _clamped(kind: type[E], entry: Mapping[str, str]) -> E | None:
    """The nearest sound config; None where its settings cannot be brought to fit each other."""
    made = _with(kind, dict(_settled(kind, entry))).without_unused()
    try:
        return made.check()
    except ConfigError:
        return None


def _settled(kind: type[FlatConfig], entry: Mapping[str, str]) -> Iterator[tuple[str, Value]]:
    defaults = kind().flat()
    for name, text in entry.items():
        if name not in defaults:
            continue
        spec = kind.spec_of(name)
        try:
            yield name, spec.clamp(spec.parse(text), defaults[name])
        except ConfigError:
            continue  # unreadable: its default stays
