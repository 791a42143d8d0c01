"""What the page of activations is set to; needs no torch, but for the check of a curve's settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dashlab.errors import ConfigError
from dashlab.experiments.activations.entries import RANDOM, Chosen, read_curves, write_curves
from dashlab.settings.fields import Spec, Value, choice, flag, integer, number, text
from dashlab.settings.flat import FlatConfig

MOST_CURVES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvesSpec(Spec):
    """A setting that holds a list of activations with their settings as text."""

    def problem(self, value: object) -> str | None:
        """What is wrong with `value`, as the end of a sentence, or None."""
        from dashlab.experiments.activations.catalogue import checked

        if not isinstance(value, str):
            return "must be text"
        try:
            curves = read_curves(value)
            if not 1 <= len(curves) <= MOST_CURVES:
                return f"must have 1 to {MOST_CURVES} activations"
            for curve in curves:
                checked(curve)
        except ConfigError as error:
            return f"has one that is not possible: {str(error).rstrip('.')}"
        return None

    def parse(self, text: str) -> Value:
        """The text itself, once its form is known to be sound; raises `ConfigError`."""
        read_curves(text)
        return text.strip()

    def format(self, value: Value) -> str:
        """The text that `parse` takes."""
        return str(value)

    def shown(self, value: Value) -> str:
        """The names of the activations."""
        return " · ".join(curve.activation for curve in read_curves(str(value)))

    def clamp(self, value: Value, default: Value) -> Value:
        """The activations that there are, each setting brought to the nearest allowed one."""
        found = [curve for curve in map(_clamped, read_curves(str(value))) if curve is not None]
        text = write_curves(found[:MOST_CURVES])
        return text if self.problem(text) is None else default


def _clamped(curve: Chosen) -> Chosen | None:
    """The nearest sound curve; None where torch has no such activation."""
    from dashlab.experiments.activations.catalogue import catalogue

    offer = catalogue().get(curve.activation)
    return (
        None
        if offer is None
        else Chosen(curve.activation, tuple(_settled(curve, offer.specs, offer.defaults)))
    )


def _settled(
    curve: Chosen, specs: Mapping[str, Spec], defaults: Mapping[str, Value]
) -> Iterator[tuple[str, str]]:
    for name, written in curve.arguments:
        if name not in specs:
            continue
        try:
            value = specs[name].clamp(specs[name].parse(written), defaults[name])
        except ConfigError:
            continue  # unreadable: its default stays
        yield name, specs[name].format(value)


def _curves(default: tuple[Chosen, ...], label: str, help: str) -> str:
    spec = CurvesSpec(kind="text", label=label, help=help, longest=MOST_CURVES)
    made: str = field(default=write_curves(default), metadata={"spec": spec})
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions(FlatConfig):
    """Activations side by side, and what RReLU alone asks for."""

    curves: str = _curves(
        (Chosen("ReLU"), Chosen("Tanh"), Chosen("GELU")),
        "Activations",
        "The functions that are drawn over one another, each with its settings.",
    )
    mode: str = choice(
        "eval",
        "Mode",
        "Only RReLU makes a difference: in train mode it draws a slope for every number below 0, in eval "
        "mode the slope is the middle of both ends.",
        {"eval": "model.eval()", "train": "model.train()"},
    )

    def entries(self) -> tuple[Chosen, ...]:
        """The activations in their order."""
        return read_curves(self.curves)

    def is_random(self) -> bool:
        """Whether one of them draws numbers, so that mode and seed make a difference."""
        return any(curve.activation == RANDOM for curve in self.entries())


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvesConfig(Functions):
    """Activations over one another: value, slope, and a point on them."""

    reach: float = number(
        5.0, "From −x to x", "The curves are drawn so far to both sides of 0.", low=1.0, high=20.0, step=1.0
    )
    point: float = number(
        1.0, "x", "The point at which value and slope are told.", low=-20.0, high=20.0, step=0.1,
        shown_only=True,
    )  # fmt: skip
    derivative: bool = flag(
        True, "Derivative", "Draw the slope of each curve below it, as autograd has it.", shown_only=True
    )
    seed: int = integer(0, "Seed", "Of RReLU's slopes in train mode.", low=0, high=99_999)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersConfig(Functions):
    """What N(0, 1) becomes layer after layer, each a linear one and an activation."""

    shown: str = choice(
        "std",
        "What is drawn over the layers",
        "Spread: the standard deviation of all outputs. Spread over the inputs: that of each unit alone; "
        "near 0, the layer answers the same to every input. Slope: its root mean square, by which (and by g) "
        "a layer multiplies a gradient on its way back.",
        {
            "std": "Spread",
            "between": "Spread over the inputs",
            "mean": "Mean",
            "zeros": "Share of zeros",
            "saturated": "Share saturated",
            "gradient": "Slope",
        },
        shown_only=True,
    )
    layers: int = integer(
        10, "Layers", "Through so many layers the numbers from N(0, 1) go.", low=1, high=100
    )
    width: int = integer(
        256, "Width n", "Units in each layer; its weights are n × n.", low=16, high=512, step=16
    )
    gain: str = choice(
        "own",
        "Weights",
        "Drawn from N(0, g²/n). own: g is what keeps the activation's mean square at 1 when N(0, 1) comes "
        "in. one: g = 1, as Xavier's has it for n inputs and outputs. relu: g = √2, which is right for ReLU.",
        {"own": "own gain", "one": "g = 1", "relu": "g = √2"},
    )
    layer: int = integer(
        10, "Layer looked at", "The layer whose values are shown as a histogram.", low=1, high=100,
        shown_only=True,
    )  # fmt: skip
    seed: int = integer(0, "Seed", "Of inputs, weights and RReLU's slopes.", low=0, high=99_999)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsConfig(FlatConfig):
    """Which trained network's units are looked at."""

    run: str = text(
        "",
        "Network",
        "Any run that was trained here, or one of the three small networks of this page.",
        longest=64,
    )
    example: str = choice(
        "relu",
        "Small network",
        "Three hidden layers of 64 units, trained for 3 epochs on 4,000 digits while you wait. They differ "
        "in activation and learning rate alone.",
        {
            "relu": "ReLU, learning rate 0.05",
            "dying": "ReLU, learning rate 0.5",
            "saturated": "Tanh, learning rate 1",
        },
    )
    pictures: int = integer(
        1000,
        "Test pictures",
        "A unit counts as dead if its slope is exactly 0 for every one of them.",
        low=100, high=10_000, step=100,
    )  # fmt: skip
    layer: int = integer(
        1,
        "Layer looked at",
        "The layer whose units are sorted by how often they are flat.",
        low=1, high=100, shown_only=True,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftmaxConfig(FlatConfig):
    """Four numbers and the probabilities that softmax makes of them."""

    first: float = number(2.0, "z₁", "The first number.", low=-10.0, high=10.0, step=0.1)
    second: float = number(1.0, "z₂", "The second number.", low=-10.0, high=10.0, step=0.1)
    third: float = number(0.0, "z₃", "The third number.", low=-10.0, high=10.0, step=0.1)
    fourth: float = number(-1.0, "z₄", "The fourth number.", low=-10.0, high=10.0, step=0.1)
    temperature: float = number(
        1.0,
        "Temperature T",
        "The numbers are divided by it first: p = softmax(z / T).",
        low=0.05,
        high=20.0,
        log=True,
    )

    def numbers(self) -> tuple[float, float, float, float]:
        """z₁ to z₄."""
        return self.first, self.second, self.third, self.fourth
