"""Everything that decides the result of a training run, as one frozen value with a stable key.

The leaves of `RunConfig` have names that are unique over all its parts, so that a flat name such as `lr` is
enough for the command line, a link, a widget's key and `change`.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from dashlab.errors import ConfigError
from dashlab.settings.fields import Spec, Value
from dashlab.settings.flat import FlatConfig, canonical, hash_of
from dashlab.settings.optim import OptimConfig, ScheduleConfig
from dashlab.settings.run_parts import (
    AugmentConfig,
    DataConfig,
    LoopConfig,
    LossConfig,
    ModelConfig,
)

SCHEMA = 1
"""Raised whenever the same settings would give another result; old keys then no longer match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """One training run: the same config on the same device gives the same numbers."""

    data: DataConfig = field(default_factory=DataConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)

    @classmethod
    def specs(cls) -> dict[str, Spec]:
        """The description of every setting by its flat name, in the order of declaration."""
        return {name: spec for name, (_, spec) in LEAVES.items()}

    @classmethod
    def spec_of(cls, name: str) -> Spec:
        """The description of one setting; raises `ConfigError` if there is none."""
        return spec_of(name)

    def flat(self) -> dict[str, Value]:
        """All settings by their flat names, in the order of declaration."""
        return {leaf: getattr(getattr(self, part), leaf) for leaf, (part, _) in LEAVES.items()}

    def change(self, **settings: Value) -> "RunConfig":
        """A copy with some settings, named flatly, replaced.

        Raises:
            ConfigError: a name is not that of a setting.
        """
        parts: dict[str, dict[str, Value]] = {}
        for name, value in settings.items():
            parts.setdefault(leaf_part(name), {})[name] = value
        changed = {part: getattr(self, part).change(**leaves) for part, leaves in parts.items()}
        return dataclasses.replace(self, **cast(Any, changed))

    def differences(self, other: "RunConfig") -> dict[str, tuple[Value, Value]]:
        """The settings in which `self` and `other` differ, as (self's, other's)."""
        theirs = other.flat()
        return {name: (value, theirs[name]) for name, value in self.flat().items() if value != theirs[name]}

    def is_used(self, name: str) -> bool:
        """Whether the setting has any effect, given the other settings."""
        part: FlatConfig = getattr(self, leaf_part(name))
        return part.is_used(name)

    def without_unused(self) -> "RunConfig":
        """A copy in which every setting that has no effect has its default."""
        defaults = RunConfig().flat()
        return self.change(**{name: value for name, value in defaults.items() if not self.is_used(name)})

    def computed(self) -> "RunConfig":
        """What decides the result, as of a `FlatConfig`: of a run no setting only changes the picture."""
        return self.without_unused()

    def check(self) -> "RunConfig":
        """This config, once it is known to be sound.

        Raises:
            ConfigError: a setting is out of range, has no effect under the others, or two of them do not fit.
        """
        for part in PARTS:
            config: FlatConfig = getattr(self, part)
            config.check()
        return self.check_together()

    def check_together(self) -> "RunConfig":
        """This config, whose parts are each sound, once they are known to fit; raises `ConfigError`."""
        for broken, sentence in _conflicts(self):
            if broken:
                raise ConfigError(sentence)
        return self

    def to_json(self) -> dict[str, Any]:
        """Plain nested values, ready for `json.dumps`."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> "RunConfig":
        """The config that `to_json` wrote; what is missing has its default.

        Raises:
            ConfigError: a part or setting is unknown, or a value is unsound.
        """
        settings: dict[str, Value] = {}
        if not isinstance(values, Mapping):
            raise ConfigError("A run's settings must be an object of parts.")
        for part, leaves in values.items():
            if part not in PARTS or not isinstance(leaves, Mapping):
                raise ConfigError(
                    f"{part!r} is not a part of a run's settings; the parts are {', '.join(PARTS)}."
                )
            for name, value in leaves.items():
                if leaf_part(name) != part:
                    raise ConfigError(f"Setting {name!r} does not belong to {part!r}.")
                settings[name] = tuple(value) if isinstance(value, list) else value
        return RunConfig().change(**settings).check()

    def key(self) -> str:
        """Name of this run in the cache: sha256 over the sorted JSON and the schema number, in hex.

        Equal configs have equal keys: 1 and 1.0, 0.0 and -0.0 are the same number.
        """
        leaves = {name: canonical(value, spec_of(name)) for name, value in self.flat().items()}
        parts = {part: {name: leaves[name] for name in leaves if leaf_part(name) == part} for part in PARTS}
        return hash_of([SCHEMA, parts])


PARTS: dict[str, type[FlatConfig]] = {
    "data": DataConfig,
    "augment": AugmentConfig,
    "model": ModelConfig,
    "optim": OptimConfig,
    "schedule": ScheduleConfig,
    "loss": LossConfig,
    "loop": LoopConfig,
}


def _leaves() -> Iterator[tuple[str, tuple[str, Spec]]]:
    for part, kind in PARTS.items():
        for name, spec in kind.specs().items():
            yield name, (part, spec)


LEAVES: dict[str, tuple[str, Spec]] = dict(_leaves())
"""Flat name of each setting → the part it stands in and its description."""


def leaf_part(name: str) -> str:
    """The part of `RunConfig` in which the setting `name` stands.

    Raises:
        ConfigError: there is no such setting.
    """
    if name not in LEAVES:
        raise ConfigError(f"There is no setting called {name!r}.")
    return LEAVES[name][0]


def spec_of(name: str) -> Spec:
    """The description of the setting `name`; raises `ConfigError` if there is none."""
    leaf_part(name)
    return LEAVES[name][1]


def _conflicts(config: RunConfig) -> Iterator[tuple[bool, str]]:
    """Pairs of a condition that must not hold and the sentence that says what to do about it."""
    data, loop = config.data, config.loop
    yield (
        loop.patience > 0 and data.val_fraction <= 0,
        "Early stopping watches the validation loss: set a validation share (val_fraction) above 0.",
    )
    yield (
        data.dataset == "own" and not data.path,
        "Own pictures need a path: a folder or zip of class folders, or a set that was uploaded before.",
    )
    yield (
        config.model.batchnorm and loop.batch_size < 2,
        "BatchNorm needs at least two pictures in a batch: raise the batch size or switch BatchNorm off.",
    )
