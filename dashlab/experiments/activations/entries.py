"""A list of activations, each with its settings, and the text that stands for it; needs no torch."""

from collections.abc import Iterable
from dataclasses import dataclass

from dashlab.errors import ConfigError
from dashlab.settings.lists import read_entries, write_entries

RANDOM = "RReLU"
"""The one that draws in train mode."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One activation and what is set of it, as texts; what is not named has its default."""

    activation: str
    arguments: tuple[tuple[str, str], ...] = ()


def write_curves(curves: Iterable[Chosen]) -> str:
    """The text that stands for the curves: `activation~ELU~alpha~2~~activation~Tanh`."""
    return write_entries({"activation": curve.activation, **dict(curve.arguments)} for curve in curves)


def read_curves(text: str) -> tuple[Chosen, ...]:
    """The curves that `write_curves` wrote.

    Raises:
        ConfigError: the text is no list of them; whether torch has them is not asked here.
    """
    return tuple(map(_curve, read_entries(text)))


def _curve(entry: dict[str, str]) -> Chosen:
    if "activation" not in entry:
        raise ConfigError("A curve does not say which activation it is.")
    rest = tuple((name, text) for name, text in entry.items() if name != "activation")
    return Chosen(entry["activation"], rest)
