"""Descriptions of the settings: label, help, range, choices.

Each field of the dataclasses in `config` carries one `Spec`. The checks, the command line, the links and the
widgets are all made from it, so a range or a sentence stands in one place only.
"""

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from dashlab.errors import ConfigError

Value = bool | int | float | str | tuple[int, ...]
"""What a setting can hold; all of it survives JSON, the command line and a link."""

Kind = Literal["number", "integer", "flag", "choice", "sizes", "text"]

Condition = tuple[str, tuple[str | bool, ...]]
"""A setting, and the values of it under which something holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One setting, described for people and for the machine.

    `used_when` are conditions, each a sibling choice (or flag) and values of it: the setting has an effect
    where all of them hold, and elsewhere it must keep its default.
    `low` and `high` are inclusive and hold for each entry of `sizes`.
    `names` are the choices as people read them, or single numbers that stand for something else;
    `step` is how far one move of a slider or one press of + goes, where the usual does not do.
    `default_by` names a sibling choice under some values of which the default is another one.
    `shown_only` settings change what is drawn and nothing of what is computed; see `FlatConfig.computed`.
    """

    kind: Kind
    label: str
    help: str
    low: float = -math.inf
    high: float = math.inf
    log: bool = False
    choices: tuple[str, ...] = ()
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    step: float = 0.0
    longest: int = 1
    advanced: bool = False
    shown_only: bool = False
    used_when: tuple[Condition, ...] = ()
    default: Value | None = None
    default_by: tuple[str, Mapping[str, Value]] | None = None

    def default_under(self, choice: Value) -> Value | None:
        """The default where the sibling that `default_by` names has this value."""
        return self.default_by[1].get(str(choice), self.default) if self.default_by else self.default

    def problem(self, value: object) -> str | None:
        """What is wrong with `value`, as the end of a sentence, or None."""
        return _PROBLEMS[self.kind](self, value)

    def parse(self, text: str) -> Value:
        """The value that `text` spells, from a command line or a link; its range is not checked here.

        Raises:
            ConfigError: `text` does not spell a value of this kind.
        """
        try:
            return _PARSERS[self.kind](text)
        except ValueError:
            raise ConfigError(f"{self.label}: {text!r} is not {_KIND_WORDS[self.kind]}.") from None

    def format(self, value: Value) -> str:
        """The text that `parse` turns back into `value`."""
        if isinstance(value, tuple):
            return "-".join(map(str, value)) or "none"
        if isinstance(value, bool):
            return "on" if value else "off"
        return str(value)

    def shown(self, value: Value) -> str:
        """The value as people read it, on a page, under a curve or in a table."""
        if (named := self.names.get(str(value))) is not None:
            return named
        if self.kind == "choice":
            return str(value).capitalize()
        if self.kind == "text":
            return re.sub(r"\b([0-9a-f]{8})[0-9a-f]{56}\b", r"\1…", str(value))  # a key or fingerprint
        if isinstance(value, float):
            return f"{value:g}"
        return f"{value:,}" if self.kind == "integer" else self.format(value)

    def clamp(self, value: Value, default: Value) -> Value:
        """The nearest allowed value, or `default` where there is no nearest one."""
        if self.problem(value) is None:
            return value
        if self.kind == "sizes" and isinstance(value, tuple) and all(map(_is_number, value)):
            return tuple(round(self._nearest(entry)) for entry in value[: self.longest])
        if self.kind in ("number", "integer") and _is_number(value):
            nearest = self._nearest(cast(float, value))
            return round(nearest) if self.kind == "integer" else float(nearest)
        return default

    def _nearest(self, value: float) -> float:
        return min(max(value, self.low), self.high)

    def _bounds(self) -> str:
        pattern = ".10g" if self.kind == "number" else ",.0f"
        return f"between {self.low:{pattern}} and {self.high:{pattern}}"


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return not math.isnan(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _number_problem(spec: Spec, value: object) -> str | None:
    whole = spec.kind == "integer"
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return f"must be {_KIND_WORDS[spec.kind]}"
    if not spec.low <= value <= spec.high:  # also catches NaN
        return f"must lie {spec._bounds()}"
    return None


def _choice_problem(spec: Spec, value: object) -> str | None:
    return None if value in spec.choices else f"must be one of {', '.join(spec.choices)}"


def _flag_problem(spec: Spec, value: object) -> str | None:
    return None if isinstance(value, bool) else f"must be {_KIND_WORDS[spec.kind]}"


def _sizes_problem(spec: Spec, value: object) -> str | None:
    if not isinstance(value, tuple) or any(isinstance(v, bool) or not isinstance(v, int) for v in value):
        return f"must be {_KIND_WORDS['sizes']}"
    if len(value) > spec.longest:
        return f"may have at most {spec.longest} entries"
    if any(not spec.low <= v <= spec.high for v in value):
        return f"entries must lie {spec._bounds()}"
    return None


def _text_problem(spec: Spec, value: object) -> str | None:
    if not isinstance(value, str):
        return f"must be {_KIND_WORDS[spec.kind]}"
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        return "must be one line without control characters"
    return None if len(value) <= 1024 else "may have at most 1,024 characters"


def _parse_flag(text: str) -> bool:
    word = text.strip().lower()
    if word in ("on", "true", "yes", "1"):
        return True
    if word in ("off", "false", "no", "0"):
        return False
    raise ValueError(text)


def _parse_sizes(text: str) -> tuple[int, ...]:
    if text.strip().lower() in ("", "none"):
        return ()
    # A part is empty where the text begins or ends with a separator, as in -5; that is no number either.
    return tuple(int(part) for part in re.split(r"[-,\s]+", text.strip()))


_KIND_WORDS: dict[Kind, str] = {
    "number": "a number",
    "integer": "a whole number",
    "flag": "on or off",
    "choice": "one of the choices",
    "sizes": "whole numbers joined by '-', such as 128-64",
    "text": "text",
}
_PARSERS: dict[Kind, Callable[[str], Value]] = {
    "number": float,
    "integer": int,
    "flag": _parse_flag,
    "choice": str.strip,
    "sizes": _parse_sizes,
    "text": str,
}
_PROBLEMS: dict[Kind, Callable[[Spec, object], str | None]] = {
    "number": _number_problem,
    "integer": _number_problem,
    "flag": _flag_problem,
    "choice": _choice_problem,
    "sizes": _sizes_problem,
    "text": _text_problem,
}


# The makers return Any because a dataclass field's declared type is the value's, not the field object's.


def number(default: float, label: str, help: str, *, low: float, high: float, **more: Any) -> Any:
    """A field that holds a float in [low, high]."""
    return described(default, Spec(kind="number", label=label, help=help, low=low, high=high, **more))


def integer(default: int, label: str, help: str, *, low: int, high: int, **more: Any) -> Any:
    """A field that holds an int in [low, high]."""
    return described(default, Spec(kind="integer", label=label, help=help, low=low, high=high, **more))


def flag(default: bool, label: str, help: str, **more: Any) -> Any:
    """A field that is on or off."""
    return described(default, Spec(kind="flag", label=label, help=help, **more))


def choice(default: str, label: str, help: str, names: Mapping[str, str], **more: Any) -> Any:
    """A field that holds one of the choices in `names`, which says how people read each of them."""
    spec = Spec(kind="choice", label=label, help=help, choices=tuple(names), names=names, **more)
    return described(default, spec)


def sizes(default: tuple[int, ...], label: str, help: str, *, high: int, longest: int, **more: Any) -> Any:
    """A field that holds up to `longest` ints in [1, high]."""
    return described(
        default, Spec(kind="sizes", label=label, help=help, low=1, high=high, longest=longest, **more)
    )


def text(default: str, label: str, help: str, **more: Any) -> Any:
    """A field that holds a short string."""
    return described(default, Spec(kind="text", label=label, help=help, **more))


def following(
    specs: Mapping[str, Spec], settings: Mapping[str, Value], changes: Mapping[str, Value]
) -> dict[str, Value]:
    """What else changes when `changes` are made to `settings`.

    A setting whose default depends on a sibling, and which stands at its default, goes on to the default
    under the sibling's new value; one that was set to something else, or that is in `changes`, stays.
    """
    followers: dict[str, Value] = {}
    for name, spec in specs.items():
        if spec.default_by is None or name in changes or spec.default_by[0] not in changes:
            continue
        sibling = spec.default_by[0]
        before, after = (spec.default_under(one[sibling]) for one in (settings, changes))
        if settings[name] == before and after is not None:
            followers[name] = after
    return followers


def starting(
    specs: Mapping[str, Spec], start: Mapping[str, Value], values: Mapping[str, Value]
) -> dict[str, Value]:
    """`start` with the defaults that follow from the choices in `values`: what need not be written down."""
    siblings = {spec.default_by[0] for spec in specs.values() if spec.default_by}
    return {**start, **following(specs, start, {name: values[name] for name in siblings if name in values})}


UNSET: Any = object()
"""Stands in a field whose default depends on a sibling, until the config is made."""


def described(default: Value, spec: Spec) -> Any:
    """A field that holds whatever `spec` describes, `spec` being of a kind of its own."""
    first = UNSET if spec.default_by else default
    return dataclasses.field(default=first, metadata={"spec": dataclasses.replace(spec, default=default)})
