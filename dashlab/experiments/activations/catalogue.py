"""The activations of the installed torch that map a number to a number, found by trying.

Which there are, their arguments and defaults come from `torch.nn.modules.activation`; ranges from `table`.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import activation as of_torch

from dashlab.errors import ConfigError
from dashlab.experiments.activations.entries import RANDOM, Chosen
from dashlab.experiments.activations.table import ARGUMENTS, GROUPS, LEFT_OUT, USES, Use
from dashlab.settings.fields import Spec, Value
from dashlab.training.device import stream

MOST_BY_GUESS = 4
"""A number whose range nobody wrote down may go up to this many times its default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedActivation:
    """One activation.

    Attributes:
        name: its class in `torch.nn`.
        use: when it is used.
        specs: description of each argument that can be set, in the order of the signature.
        defaults: the value of each at first.
    """

    name: str
    use: Use
    specs: Mapping[str, Spec]
    defaults: Mapping[str, Value]


@functools.cache
def catalogue() -> Mapping[str, OfferedActivation]:
    """Every activation that is offered, by name, in the order of the groups."""
    return offered_among(getattr(of_torch, name) for name in of_torch.__all__)


def offered_among(classes: Iterable[type]) -> Mapping[str, OfferedActivation]:
    """Those of `classes` that can be built from what can be set and map a number to a number."""
    found = [
        offer
        for kind in classes
        if (offer := describe(kind)) is not None and maps_numbers(kind(**offer.defaults).double().eval())
    ]
    known = list(USES)
    found.sort(
        key=lambda offer: (
            GROUPS.index(offer.use.group),
            known.index(offer.name) if offer.name in known else len(known),
        )
    )
    return {offer.name: offer for offer in found}


def offered(name: str) -> OfferedActivation:
    """The activation of that name; raises `ConfigError` where the installed torch offers none."""
    if name not in catalogue():
        raise ConfigError(
            f"torch.nn has no activation {name!r} that maps a number to a number; there are "
            f"{', '.join(catalogue())}."
        )
    return catalogue()[name]


def describe(kind: type) -> OfferedActivation | None:
    """What can be set of one class; None where it works along an axis, or needs what nobody can set."""
    specs: dict[str, Spec] = {}
    defaults: dict[str, Value] = {}
    for argument in inspect.signature(kind).parameters.values():
        if argument.name == "dim":
            return None
        if argument.name in LEFT_OUT or argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
            continue
        described = ARGUMENTS.get(f"{kind.__name__}.{argument.name}") or _guessed(argument)
        if described is not None:
            specs[argument.name], defaults[argument.name] = described
        elif argument.default is argument.empty:
            return None
    first_line = (inspect.getdoc(kind) or "").strip().partition("\n")[0] or "Not described."
    use = USES.get(kind.__name__, Use("Other", first_line, ""))
    return OfferedActivation(name=kind.__name__, use=use, specs=specs, defaults=defaults)


def maps_numbers(module: nn.Module) -> bool:
    """Whether each number that comes out depends on one that goes in, and on no other."""
    x = torch.linspace(-2.5, 2.5, 24, dtype=torch.float64).view(1, 4, 2, 3)
    try:
        with torch.no_grad():
            together = module(x)
            alone = [module(x.flatten()[at : at + 1].view(1, 1, 1, 1)).flatten() for at in range(x.numel())]
    except (
        TypeError,
        ValueError,
        RuntimeError,
        IndexError,
        AssertionError,
    ):  # what torch raises for a misfit
        return False
    # Not equal: many numbers at once are rounded otherwise than one.
    return together.shape == x.shape and torch.allclose(
        together.flatten(), torch.cat(alone), rtol=0, atol=1e-12
    )


def build(curve: Chosen) -> nn.Module:
    """A module with the settings of a curve, in float64 and eval mode.

    Raises:
        ConfigError: there is no such activation, or a setting does not fit.
    """
    offer = offered(curve.activation)
    values = checked(curve)
    try:
        module: nn.Module = getattr(nn, offer.name)(**values)
    except (ValueError, AssertionError) as error:
        raise ConfigError(f"{offer.name} cannot be made so: {error}") from error
    return module.double().eval().requires_grad_(False)


def checked(curve: Chosen) -> dict[str, Value]:
    """All arguments of a curve, with defaults where it says nothing; raises `ConfigError`."""
    offer = offered(curve.activation)
    values = dict(offer.defaults)
    for name, text in curve.arguments:
        if name not in offer.specs:
            there = ", ".join(offer.specs) or "it has none"
            raise ConfigError(f"{offer.name} has no setting {name!r}: {there}.")
        value = values[name] = offer.specs[name].parse(text)
        if problem := offer.specs[name].problem(value):
            raise ConfigError(f"{offer.specs[name].label} ({offer.name}.{name}) {problem}; it is {value!r}.")
    if offer.name == RANDOM and float(str(values["lower"])) > float(str(values["upper"])):
        raise ConfigError("RReLU: the lower end of its slopes must not be above the upper end.")
    return values


def applied(curve: Chosen, x: Tensor, *, train: bool = False, seed: int = 0) -> Tensor:
    """The activation of x, elementwise; autograd can follow.

    Args:
        curve: which, and its settings.
        x: [...], any shape; the answer has the same.
        train: in train mode RReLU draws a slope for each number, from a stream of its own.
        seed: of these draws.
    """
    module = build(curve).to(x.dtype)
    if train and curve.activation == RANDOM:
        values = checked(curve)
        lower, upper = float(str(values["lower"])), float(str(values["upper"]))
        # What nn.RReLU does in train mode, but that draws from the global generator.
        noise, generator = torch.empty_like(x), stream(seed, "activations: RReLU")
        found: Tensor = torch.ops.aten.rrelu_with_noise(x, noise, lower, upper, True, generator)
        return found
    made: Tensor = module(x)
    return made


def function_of(curve: Chosen) -> Callable[[Tensor], Tensor]:
    """The activation in eval mode, as a function from [...] to [...]: of any shape, elementwise."""
    return functools.partial(applied, curve)


def title_of(curve: Chosen) -> str:
    """What a curve is called: "LeakyReLU, negative_slope 0.2"; settings at their defaults are left out."""
    offer, values = offered(curve.activation), checked(curve)
    named = [
        f"{name} {offer.specs[name].shown(value)}"
        for name, value in values.items()
        if value != offer.defaults[name]
    ]
    return ", ".join([offer.name, *named])


def _guessed(argument: inspect.Parameter) -> tuple[Spec, Value] | None:
    default: Any = argument.default
    label = argument.name.replace("_", " ").capitalize()
    described: dict[str, Any] = {"label": label, "help": f"torch's argument {argument.name}."}
    if isinstance(default, bool):
        return Spec(kind="flag", **described), default
    if isinstance(default, int | float):
        reach = float(MOST_BY_GUESS * abs(default) or 1)
        low = 0.0 if default >= 0 else -reach
        return Spec(kind="number", low=low, high=reach, **described), float(default)
    return None
