"""Settings to and from the query of a link; no streamlit in here.

A page with the prefix `train` writes the setting `lr` as `train_lr=0.1`. Only settings that differ from where
the link starts are written: a preset (`train_preset=s1`) or, without one, the defaults. Whatever a link asks
for that cannot be had is brought to the nearest thing that can, and said in a note.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from dashlab.errors import ConfigError
from dashlab.settings.fields import Spec, Value, starting

PRESET = "preset"
"""Name, behind the prefix, under which a link carries the preset that it starts from."""
PLAIN = "none"
"""The plain defaults in the place of a preset: an empty link may open a page as another one."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a link asks for, once it is known to be possible.

    `known` is False for a link that says nothing about this page.
    """

    values: dict[str, Value]
    preset: str
    notes: tuple[str, ...]
    known: bool


def read(
    query: Mapping[str, str],
    prefix: str,
    specs: Mapping[str, Spec],
    start: Callable[[str], Mapping[str, Value] | None],
) -> Arrived:
    """The settings that `query` asks for.

    Args:
        query: names and texts as they stand in the address.
        prefix: of the page; names without it belong to others and are left alone.
        specs: description of every setting of the page.
        start: the values of a preset by name, None if there is no such preset; `""` gives the defaults.
    """
    asked = {
        name.removeprefix(f"{prefix}_"): text for name, text in query.items() if name.startswith(f"{prefix}_")
    }
    notes: list[str] = []
    preset = asked.pop(PRESET, "")
    known = bool(asked or preset)
    if preset == PLAIN:
        preset = ""
    values = start(preset)
    if values is None:
        notes.append(f"The link asked for the preset {_quoted(preset)}, which does not exist.")
        preset, values = "", start("")
    assert values is not None
    settled = dict(values)
    for name, text in asked.items():
        if name not in specs:
            notes.append(f"The link has a setting {_quoted(name)}, which this page does not have.")
            continue
        settled[name], note = read_one(name, text, specs[name], settled[name])
        notes.extend(note)
    settled |= {name: value for name, value in starting(specs, values, settled).items() if name not in asked}
    return Arrived(settled, preset, tuple(notes), known)


def read_one(name: str, text: str, spec: Spec, fallback: Value) -> tuple[Value, tuple[str, ...]]:
    """The value that `text` asks for, or the nearest possible one and a note that says so."""
    asked = f"The link asked for {name}={_shortened(text)}"
    try:
        value = spec.parse(text)
    except ConfigError:
        return fallback, (f"{asked}, which cannot be read; {_shortened(spec.format(fallback))} is used.",)
    problem = spec.problem(value)
    if problem is None:
        return value, ()
    nearest = spec.clamp(value, fallback)
    if isinstance(value, int | float) and spec.kind in ("number", "integer"):
        if value > spec.high:
            return nearest, (f"{asked}; the most is {plain(spec.high)}.",)
        if value < spec.low:
            return nearest, (f"{asked}; the least is {plain(spec.low)}.",)
    return nearest, (f"{asked}, which {problem}; {_shortened(spec.format(nearest)) or 'nothing'} is used.",)


def write(
    values: Mapping[str, Value],
    prefix: str,
    specs: Mapping[str, Spec],
    start: Mapping[str, Value],
    preset: str = "",
) -> dict[str, str]:
    """The query that `read` turns back into `values`, given what the link starts from."""
    query = {f"{prefix}_{PRESET}": preset} if preset else {}
    unsaid = starting(specs, start, values)
    changed = {name: value for name, value in values.items() if value != unsaid[name]}
    return query | {f"{prefix}_{name}": specs[name].format(value) for name, value in changed.items()}


def write_plain(prefix: str) -> dict[str, str]:
    """The query of the plain defaults, for a page that opens as a preset."""
    return {f"{prefix}_{PRESET}": PLAIN}


def plain(value: float) -> str:
    """A number as people write it: 1000 rather than 1000.0, 1e-07 where that is shorter."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:g}"


def of_prefix(query: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The part of a query that belongs to one page."""
    return dict(_own(query, prefix))


def _own(query: Mapping[str, str], prefix: str) -> Iterator[tuple[str, str]]:
    return ((name, text) for name, text in query.items() if name.startswith(f"{prefix}_"))


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def _quoted(text: str) -> str:
    return f"‘{_shortened(text)}’"
