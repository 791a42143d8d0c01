"""Frozen dataclasses of settings: checks, JSON and the key follow from the `Spec` that each field carries."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, TypeVar, cast

from dashlab.errors import ConfigError
from dashlab.settings.fields import UNSET, Condition, Spec, Value, following, starting

C = TypeVar("C", bound="FlatConfig")


class FlatConfig:
    """Base of such a dataclass; subclasses are `@dataclass(frozen=True, slots=True, kw_only=True)`.

    ```
    class StackConfig(FlatConfig):
        depth: int = integer(100, "Depth", "How many layers.", low=1, high=200)
    ```
    """

    __slots__ = ()

    SCHEMA: ClassVar[int] = 1
    """Raised whenever the same settings would give another result; old keys then no longer match."""
    ADDED: ClassVar[frozenset[str]] = frozenset()
    """Settings that came later, whose defaults do what was done before: at these they are not in the key."""

    def __post_init__(self) -> None:
        """Give each setting whose default depends on a sibling the default under that one."""
        for name, spec in _dependent(type(self)).items():
            if getattr(self, name) is UNSET:
                assert spec.default_by is not None
                object.__setattr__(self, name, spec.default_under(getattr(self, spec.default_by[0])))

    @classmethod
    def specs(cls) -> dict[str, Spec]:
        """The description of every setting, in the order of declaration."""
        return dict(_specs(cls))

    @classmethod
    def spec_of(cls, name: str) -> Spec:
        """The description of one setting; raises `ConfigError` if there is none."""
        specs = _specs(cls)
        if name not in specs:
            raise ConfigError(f"There is no setting called {name!r}.")
        return specs[name]

    def flat(self) -> dict[str, Value]:
        """All settings by name, in the order of declaration."""
        return {name: getattr(self, name) for name in _specs(type(self))}

    def defaults(self) -> dict[str, Value]:
        """The default of every setting, given the choices that this config has made."""
        return starting(_specs(type(self)), type(self)().flat(), self.flat())

    def change(self: C, **settings: Value) -> C:
        """A copy with some settings replaced; raises `ConfigError` for a name that is not one.

        Settings whose default depends on one of these follow it, as `fields.following` says.
        """
        for name in settings:
            self.spec_of(name)
        if _dependent(type(self)):
            settings = following(_dependent(type(self)), self.flat(), settings) | settings
        return cast(C, dataclasses.replace(cast(Any, self), **settings))

    def is_used(self, name: str) -> bool:
        """Whether the setting has any effect, given the others."""
        return self._unmet(name) is None

    def without_unused(self: C) -> C:
        """A copy in which every setting that has no effect has its default."""
        return self.reset(*(name for name in _specs(type(self)) if not self.is_used(name)))

    def reset(self: C, *names: str) -> C:
        """A copy in which these settings have their defaults."""
        usual = type(self)()
        return self.change(**{name: getattr(usual, name) for name in names})

    def computed(self) -> Any:
        """What of this config is computed: all that only changes the picture, or nothing, is at its default.

        Returns:
            A config of the same class; or of the one that this class was made from by adding nothing but
            settings that change the picture. Configs whose results are the same give the same.
        """
        plain = self.reset(*_shown_only(type(self))).without_unused()
        kind = _computing(type(self))
        return plain if kind is type(self) else kind(**{name: getattr(plain, name) for name in _specs(kind)})

    def seen_as(self: C, other: "FlatConfig") -> C:
        """A copy that is looked at as `other`, of the same class, is: with its settings of the picture."""
        return self.change(**{name: getattr(other, name) for name in _shown_only(type(self))})

    def check(self: C) -> C:
        """This config, once it is known to be sound.

        Raises:
            ConfigError: a setting is out of range, has no effect under the others, or two of them do not fit.
        """
        self.check_each()
        for broken, sentence in self.conflicts():
            if broken:
                raise ConfigError(sentence)
        return self

    def check_each(self) -> None:
        """Check every setting by itself; raises `ConfigError`."""
        defaults = type(self)().flat()
        for name, value in self.flat().items():
            spec = self.spec_of(name)
            if problem := spec.problem(value):
                raise ConfigError(f"{spec.label} ({name}) {problem}; it is {value!r}.")
            if value != defaults[name] and not self.is_used(name):
                raise ConfigError(self._unused_sentence(name))

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        """Pairs of a condition that must not hold and the sentence that says what to do about it."""
        yield from ()

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for `json.dumps`."""
        return dict(self.flat())

    @classmethod
    def from_json(cls: type[C], values: Mapping[str, Any]) -> C:
        """The config that `to_json` wrote; what is missing has its default.

        Raises:
            ConfigError: a setting is unknown, or a value is unsound.
        """
        plain = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        return cls().change(**plain).check()

    def key(self) -> str:
        """Name of its result in a cache: sha256 over its kind, its sorted JSON and `SCHEMA`, in hex.

        Equal configs have equal keys: 1 and 1.0, 0.0 and -0.0 are the same number.
        """
        defaults = type(self)().flat()
        leaves = {
            name: canonical(value, self.spec_of(name))
            for name, value in self.flat().items()
            if name not in self.ADDED or value != defaults[name]
        }
        return hash_of([type(self).__name__, self.SCHEMA, leaves])

    def _unmet(self, name: str) -> Condition | None:
        """The first condition that keeps the setting from having an effect."""
        conditions = self.spec_of(name).used_when
        return next((one for one in conditions if getattr(self, one[0]) not in one[1]), None)

    def _unused_sentence(self, name: str) -> str:
        unmet = self._unmet(name)
        assert unmet is not None
        label, (sibling, values) = self.spec_of(name).label, unmet
        return (
            f"{label} ({name}) has no effect when {sibling} is {getattr(self, sibling)!r}: "
            f"it belongs to {', '.join(map(str, values))}. Leave it at its default or change {sibling}."
        )


def _read_specs(kind: Any) -> dict[str, Spec]:
    return {leaf.name: leaf.metadata["spec"] for leaf in dataclasses.fields(kind)}


def _read_dependent(kind: Any) -> dict[str, Spec]:
    return {name: spec for name, spec in _specs(kind).items() if spec.default_by is not None}


def _read_shown_only(kind: Any) -> tuple[str, ...]:
    return tuple(name for name, spec in _specs(kind).items() if spec.shown_only)


def _find_computing(kind: Any) -> Any:
    """The class that `kind` was made from by adding settings of the picture alone; else `kind`."""
    added = set(_shown_only(kind))
    for base in kind.__mro__[1:]:
        if added and dataclasses.is_dataclass(base) and set(_specs(base)) == set(_specs(kind)) - added:
            return base
    return kind


_dependent: Callable[[Any], dict[str, Spec]] = cache(_read_dependent)
"""The settings whose default depends on a sibling."""

_shown_only: Callable[[Any], tuple[str, ...]] = cache(_read_shown_only)
_computing: Callable[[Any], Any] = cache(_find_computing)

_specs: Callable[[Any], dict[str, Spec]] = cache(_read_specs)
"""Kept, because a page asks for them thousands of times while it is drawn."""


def canonical(value: Value, spec: Spec) -> Value:
    """`value` in the one form in which it enters a key."""
    return float(cast(float, value)) + 0.0 if spec.kind == "number" else value  # -0.0 + 0.0 is 0.0


def hash_of(described: object) -> str:
    """sha256, in hex, over what JSON makes of `described`; stable across processes and machines."""
    return hashlib.sha256(json.dumps(described, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
