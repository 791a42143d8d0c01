"""The transforms of the installed torchvision, found by looking into `torchvision.transforms.v2`.

Which transforms there are, their arguments and their defaults come from there; ranges from `transform_table`.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from dashlab.errors import ConfigError
from dashlab.experiments.augmentation.numbers import NumbersSpec
from dashlab.experiments.augmentation.table import ABOUT, ARGUMENTS, BATCH, EXCLUDED, GROUPS, LEFT_AT_DEFAULT
from dashlab.settings.fields import Spec, Value

MOST_BY_GUESS = 4
"""A number whose range nobody wrote down may go up to this many times its default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One transform that can be put into a pipeline.

    Attributes:
        name: its class in `torchvision.transforms.v2`.
        group: of the menu.
        about: one sentence.
        specs: description of each argument that can be set, in the order of the signature.
        defaults: the value of each at first.
        of_batch: whether it takes a batch with labels rather than a picture.
    """

    name: str
    group: str
    about: str
    specs: Mapping[str, Spec]
    defaults: Mapping[str, Value]
    of_batch: bool = False


@functools.cache
def catalogue() -> Mapping[str, Offered]:
    """Every transform that is offered, by name, in the order of the groups."""
    from torchvision.transforms import v2

    classes = (getattr(v2, name) for name in dir(v2) if name not in EXCLUDED)
    return offered_among(
        entry for entry in classes if inspect.isclass(entry) and issubclass(entry, v2.Transform)
    )


def offered_among(classes: Iterable[type]) -> Mapping[str, Offered]:
    """Those of `classes` that can be built from what can be set, by name, in the order of the groups."""
    offers = [offered for entry in classes if (offered := describe(entry)) is not None]
    known = list(ABOUT)
    offers.sort(
        key=lambda entry: (
            GROUPS.index(entry.group),
            known.index(entry.name) if entry.name in known else len(known),
        )
    )
    return {entry.name: entry for entry in offers}


def describe(transform: type) -> Offered | None:
    """What can be set of one class; None where it needs an argument that nobody can set."""
    name = transform.__name__
    group, about = ABOUT.get(name, ("Other", _first_line(transform)))
    specs: dict[str, Spec] = {}
    defaults: dict[str, Value] = {}
    for argument in inspect.signature(transform).parameters.values():
        if (
            argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD)
            or argument.name in LEFT_AT_DEFAULT
        ):
            continue
        described = _argument(name, argument)
        if described is not None:
            specs[argument.name], defaults[argument.name] = described
        elif argument.default is argument.empty:
            return None
    return Offered(
        name=name, group=group, about=about, specs=specs, defaults=defaults, of_batch=name in BATCH
    )


def offered(name: str) -> Offered:
    """The transform of that name; raises `ConfigError` where the installed torchvision offers none."""
    if name not in catalogue():
        reason = EXCLUDED.get(name)
        raise ConfigError(
            f"{name} cannot be used here: it {reason}."
            if reason
            else f"torchvision has no transform {name!r}."
        )
    return catalogue()[name]


def _first_line(transform: type) -> str:
    return (inspect.getdoc(transform) or "").strip().partition("\n")[0] or "Not described."


def _argument(transform: str, argument: inspect.Parameter) -> tuple[Spec, Value] | None:
    """Its description and default, as written down or as its own default tells; else None."""
    written = ARGUMENTS.get(f"{transform}.{argument.name}") or ARGUMENTS.get(argument.name)
    if written is None:
        return _guessed(argument.name, argument.default)
    spec, default = written
    own = _as_value(spec, argument.default)
    # An argument that is written down for this very transform also has a default worth starting from.
    is_own = f"{transform}.{argument.name}" in ARGUMENTS
    return spec, default if own is None or is_own else own


def _as_value(spec: Spec, default: object) -> Value | None:
    """torchvision's default in the form in which a setting holds it; None where it does not fit."""
    value: Any = default
    if isinstance(spec, NumbersSpec) and default is not inspect.Parameter.empty:
        many = default if isinstance(default, tuple | list) else (default,)
        value = spec.text_of(tuple(many)) if None not in many else spec.empty
    elif spec.kind == "number" and isinstance(default, int) and not isinstance(default, bool):
        value = float(default)
    return cast(Value, value) if spec.problem(value) is None else None


def _guessed(name: str, default: object) -> tuple[Spec, Value] | None:
    label = name.replace("_", " ").capitalize()
    described: dict[str, Any] = {"label": label, "help": f"torchvision's argument {name}."}
    if isinstance(default, bool):
        return Spec(kind="flag", **described), default
    if isinstance(default, int | float):
        reach = MOST_BY_GUESS * abs(default) or 1
        low = 0 if default >= 0 else -reach
        if isinstance(default, int):
            return Spec(kind="integer", low=low, high=reach, **described), default
        return Spec(kind="number", low=float(low), high=float(reach), **described), default
    if isinstance(default, tuple) and default and all(isinstance(v, int | float) for v in default):
        reach = MOST_BY_GUESS * max(map(abs, default)) or 1
        low = 0 if min(default) >= 0 else -reach
        spec = NumbersSpec(kind="text", low=low, high=reach, counts=(len(default),), **described)
        return spec, spec.text_of(default)
    return None


def argument(transform: str, name: str, value: Value) -> Any:
    """What torchvision takes for a setting: numbers as tuples, enums and dtypes by their name."""
    import torch
    from torchvision.transforms import v2

    spec = offered(transform).specs[name]
    if isinstance(spec, NumbersSpec):
        numbers = spec.numbers(value)
        nothing = None if spec.empty == "none" else spec.empty
        return (numbers[0] if len(numbers) == 1 and not spec.many else numbers) if numbers else nothing
    converted: dict[str, Callable[[Any], Any]] = {
        "interpolation": v2.InterpolationMode,
        "policy": v2.AutoAugmentPolicy,
        "dtype": lambda name: getattr(torch, name),
        "mode": lambda name: None if name == "auto" else name,
    }
    return converted.get(name, lambda same: same)(value)


def build(transform: str, values: Mapping[str, Value], **more: Any) -> Any:
    """The torchvision object with these settings; raises what torchvision raises."""
    from torchvision.transforms import v2

    arguments = {name: argument(transform, name, value) for name, value in values.items()}
    return getattr(v2, transform)(**arguments, **more)
