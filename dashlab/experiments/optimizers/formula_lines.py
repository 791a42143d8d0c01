"""What a formula of a step is made of: a line to print and the same as arithmetic. No torch in here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Kind = Literal["gradient", "velocity", "squares", "correction", "rate", "update"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Moment:
    """What is known when a line is computed; arrays [2], or [steps, 2] of many steps at once.

    Attributes:
        of: the optimizer's settings.
        t: the number of the step, from 1: [1], or [steps, 1].
        w: where it was before the step.
        now: the lines above, by symbol; "g" is the gradient.
        before: what the lines had in the step before, by symbol; `Line.start` in the first.
    """

    of: Any
    t: Array
    w: Array
    now: dict[str, Array] = field(default_factory=dict)
    before: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Line:
    """One quantity of a step.

    Attributes:
        symbol: by which the lines below find it.
        kind: what it is for; a rate is what a coordinate of the direction is multiplied with.
        name: for people.
        latex: the formula, with its symbol at the left.
        value: the right side, [2] or [steps, 2]; None where only torch has it (the search of L-BFGS).
        start: its value before the first step.
        memory: what `optimizer.state` calls it; empty where torch does not keep it.
        per_rate: torch keeps it divided by the learning rate.
    """

    symbol: str
    kind: Kind
    name: str
    latex: str
    value: Callable[[Moment], Array] | None
    start: float = 0.0
    memory: str = ""
    per_rate: bool = False
