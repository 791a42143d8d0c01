"""What each optimizer makes of a gradient, term by term, from the memory that `optimizer.state` had.

Gradients, memories and points are those of the real run; what torch computes on the way without keeping it
(corrections, denominators) is computed again by the catalogue of formulas, and the last term must be the step
that was really taken. No torch in here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashlab.experiments.optimizers.formula_lines import Array, Kind, Line, Moment
from dashlab.experiments.optimizers.formulas import lines
from dashlab.settings.optim import SurfaceOptimConfig


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Term:
    """One quantity in every step.

    Attributes:
        kind: what it is for; a rate is what a coordinate of the direction is multiplied with.
        name: for people.
        formula: LaTeX, with its symbol at the left.
        values: in both coordinates, [steps, 2].
        remembered: the optimizer has it in its memory when the next step begins.
    """

    kind: Kind
    name: str
    formula: str
    values: Array
    remembered: bool = False


def terms(
    racer: SurfaceOptimConfig,
    points: Array,
    gradients: Array,
    state: Mapping[str, Array],
    *,
    noisy: bool = False,
) -> list[Term]:
    """The terms of every step in the order in which they are computed; the last is the step itself.

    Where L-BFGS rests (`resting`) its direction, its length and its step are 0.

    Args:
        racer: the optimizer.
        points: where it was, [steps + 1, 2]; the first is the start.
        gradients: what it was given, [steps, 2], noise included.
        state: the optimizer's memory after each step, [steps, 2], by torch's names.
        noisy: noise was added to the gradients.
    """
    shown = lines(racer, noisy=noisy)
    rests = resting(racer, points)
    t = np.arange(1.0, len(gradients) + 1)[:, None]
    memories = {line.symbol: _memory(line, racer, state, rests) for line in shown if line.memory}
    before = {line.symbol: _before(line, memories[line.symbol]) for line in shown if line.memory}
    moment = Moment(of=racer, t=t, w=points[:-1], now={"g": gradients}, before=before)
    computed = []
    with np.errstate(all="ignore"):  # of a racer that broke down, terms are not finite either
        for line in shown:
            values = memories[line.symbol] if line.memory or line.value is None else line.value(moment)
            moment.now[line.symbol] = values
            computed.append(_term(line, values))
    return computed


def _term(line: Line, values: Array) -> Term:
    kept = bool(line.memory)
    return Term(kind=line.kind, name=line.name, formula=line.latex, values=values, remembered=kept)


def resting(racer: SurfaceOptimConfig, points: Array) -> npt.NDArray[np.bool_]:
    """In which steps L-BFGS took none, [steps], by its points [steps + 1, 2].

    Torch ends such a step before it moves, where the gradient or the slope along the direction is below its
    tolerance, and leaves in its memory the direction and the length of a step that was taken before, or of
    one that never was.
    """
    still = (np.diff(points, axis=0) == 0).all(axis=1)
    return np.asarray(still & (racer.optimizer == "lbfgs"))


def _memory(
    line: Line, racer: SurfaceOptimConfig, state: Mapping[str, Array], rests: npt.NDArray[np.bool_]
) -> Array:
    # Where L-BFGS starts at a minimum it has nothing in its memory.
    values = state.get(line.memory, np.zeros((len(rests), 2)))
    return np.where(rests[:, None], 0.0, racer.lr * values if line.per_rate else values)


def _before(line: Line, values: Array) -> Array:
    return np.concatenate([np.full((1, 2), line.start), values[:-1]])
