"""What a step of backpropagation is set to, and the numbers that were put in by hand; needs no torch."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from dashlab.errors import ConfigError
from dashlab.settings.fields import Spec, Value, choice, integer, number, sizes, text
from dashlab.settings.flat import FlatConfig
from dashlab.settings.plurals import counted

FARTHEST = 100.0
"""No number that is put in by hand is farther from 0."""
MOST_BY_HAND = 160
"""More numbers than any of these networks has, its inputs and targets among them."""
ACTIVATIONS = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "ReLU", "leaky": "Leaky ReLU", "none": "None"}
LOSSES = {"squared": "Squared error", "softmax": "Softmax, cross-entropy"}
NAME = re.compile(r"w[1-4]\.[1-4]\.[1-4]|b[1-4]\.[1-4]|x[1-8]\.[1-4]|y[1-8]\.[1-4]")
"""A weight by layer, unit that it leads to, unit that it comes from; a bias; input and target by example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersByHandSpec(Spec):
    """Numbers by their names as one text: `w1.1.2_0.5~b1.1_-1`."""

    def problem(self, value: object) -> str | None:
        """What is wrong with `value`, as the end of a sentence, or None."""
        if not isinstance(value, str):
            return "must be text"
        try:
            numbers_of(value)
        except ConfigError as error:
            return f"cannot be read: {str(error).rstrip('.')}"
        return None

    def parse(self, text: str) -> Value:
        """The text itself, once its form is known to be sound; raises `ConfigError`."""
        numbers_of(text)
        return text.strip()

    def shown(self, value: Value) -> str:
        """How many there are."""
        count = len(numbers_of(str(value)))
        return counted(count, "{count} number", "{count} numbers") if count else "none"


def text_of_numbers(numbers: Mapping[str, float]) -> str:
    """The text that stands for the numbers."""
    return "~".join(f"{name}_{value:.9g}" for name, value in numbers.items())


def numbers_of(text: str) -> dict[str, float]:
    """The numbers that `text_of_numbers` wrote, by name.

    Raises:
        ConfigError: the text is no list of names with numbers, or one of them is too large.
    """
    parts = [part for part in text.strip().split("~") if part]
    if len(parts) > MOST_BY_HAND:
        raise ConfigError(f"There are {len(parts)} numbers, and {MOST_BY_HAND} are the most.")
    return dict(map(_number_of, parts))


def _number_of(part: str) -> tuple[str, float]:
    name, _, written = part.partition("_")
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not NAME.fullmatch(name) or not abs(value) <= FARTHEST:
        raise ConfigError(
            f"{part[:40]!r} is no name with a number from −{FARTHEST:g} to {FARTHEST:g}, such as w1.2.1_0.5."
        )
    return name, value


def _by_hand(label: str, help: str) -> Any:
    spec = NumbersByHandSpec(kind="text", label=label, help=help)
    return field(default="", metadata={"spec": spec})


@dataclass(frozen=True, slots=True, kw_only=True)
class BackpropConfig(FlatConfig):
    """A network small enough that every number of a step can be looked at."""

    hidden: tuple[int, ...] = sizes(
        (2,), "Hidden layers", "Units of each hidden layer, 1 to 4, joined by '-': 3-2.", high=4, longest=3
    )
    inputs: int = integer(2, "Inputs", "Numbers in each example.", low=1, high=4)
    outputs: int = integer(
        2, "Outputs", "Numbers that the network answers with; with softmax, classes.", low=1, high=4
    )
    activation: str = choice("sigmoid", "Activation g", "What each hidden unit makes of its z.", ACTIVATIONS)
    loss: str = choice(
        "squared",
        "Loss",
        "Squared error: ½ Σ (a − y)² over the outputs. Softmax with cross-entropy: −log of the probability "
        "of the right class. Both as means over the batch.",
        LOSSES,
    )
    output: str = choice(
        "same",
        "Outputs are",
        "a = g(z), as in the hidden layers; or a = z, as for values that may be any number.",
        {"same": "g(z)", "plain": "z"},
        used_when=(("loss", ("squared",)),),
    )
    batch: int = integer(
        1, "Batch", "Examples in the batch: each derivative is a mean over them.", low=1, high=8
    )
    lr: float = number(0.5, "Learning rate α", "θ ← θ − α ∂L/∂θ.", low=0.001, high=10.0, log=True)
    taken: int = integer(
        0, "Steps taken", "So many steps have been taken before the one that is shown.", low=0, high=500
    )
    seed: int = integer(0, "Seed", "Of inputs, targets and first weights.", low=0, high=99_999)
    by_hand: str = _by_hand("By hand", "Numbers that were put in by hand, before the first step.")
    phase: int = integer(
        99, "Shown until", "How far the step has come: forward, backward, update.", low=0, high=99,
        shown_only=True,
    )  # fmt: skip
    example: int = integer(1, "Example", "Which of the batch is shown.", low=1, high=8, shown_only=True)
    chosen: str = text("w1.1.1", "Unit or weight", "Whose part of the chain rule is shown.", shown_only=True)

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of every layer, inputs and outputs among them."""
        return (self.inputs, *self.hidden, self.outputs)

    @property
    def layers(self) -> int:
        """Layers with weights."""
        return len(self.widths) - 1

    @property
    def phases(self) -> int:
        """The last phase: forward through each layer, the loss, backward through each, the update."""
        return 2 * self.layers + 2

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        """See `FlatConfig.conflicts`."""
        yield (
            not self.hidden,
            "Without a hidden layer nothing is passed back: name one to three, such as 3-2.",
        )
        yield (
            self.loss == "softmax" and self.outputs < 2,
            "Softmax tells at least two classes apart: take two outputs or more.",
        )

    def parameters(self) -> Iterator[str]:
        """The names of all weights and biases, layer by layer."""
        for layer, (before, after) in enumerate(pairwise(self.widths), 1):
            for to in range(1, after + 1):
                yield from (f"w{layer}.{to}.{source}" for source in range(1, before + 1))
                yield f"b{layer}.{to}"

    def units(self) -> Iterator[str]:
        """The names of all units, as `a<layer>.<unit>`; layer 0 has the inputs."""
        for layer, width in enumerate(self.widths):
            yield from (f"a{layer}.{unit}" for unit in range(1, width + 1))

    def hand(self) -> dict[str, float]:
        """The numbers by hand that this network has a place for."""
        places = {*self.parameters(), *self._data()}
        return {name: value for name, value in numbers_of(self.by_hand).items() if name in places}

    def _data(self) -> Iterable[str]:
        for example in range(1, self.batch + 1):
            yield from (f"x{example}.{place}" for place in range(1, self.inputs + 1))
            yield from (f"y{example}.{place}" for place in range(1, self.outputs + 1))
