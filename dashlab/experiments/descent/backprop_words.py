"""What a step of backpropagation does, in sentences, in formulas with the numbers put in, and as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dashlab.experiments.descent.backprop_settings import BackpropConfig
from dashlab.settings.plurals import counted

if TYPE_CHECKING:  # that imports torch
    from dashlab.experiments.descent.backprop import ChainPath, Checked, StepNumbers

MOST_PATHS = 12
"""So many paths are written out."""


def phase_title(config: BackpropConfig, phase: int) -> str:
    """What a phase is called: inputs, forward layer by layer, loss, backward layer by layer, update."""
    layers = config.layers
    if phase <= 0:
        return "Inputs"
    if phase <= layers:
        return f"Forward, layer {phase}"
    if phase == layers + 1:
        return "Loss"
    if phase <= 2 * layers + 1:
        return f"Backward, layer {2 * layers + 2 - phase}"
    return "Update"


def forward_at(layer: int) -> int:
    """The phase in which z and a of a layer are known."""
    return layer


def backward_at(config: BackpropConfig, layer: int) -> int:
    """The phase in which δ of a layer, and the derivatives of its weights, are known."""
    return 2 * config.layers + 2 - layer


def phase_words(step: StepNumbers, phase: int) -> str:
    """What happens in a phase, and to what it comes."""
    config, layers = step.config, step.config.layers
    if phase <= 0:
        return _INPUTS
    if phase <= layers:
        return _FORWARD.format(layer=phase, before=phase - 1, out=_OUT[_kind(step, phase)])
    if phase == layers + 1:
        return counted(
            config.batch,
            "The loss is {loss}: how far the answer is from its target.",
            "The loss is {loss}: how far the answers are from their targets, a mean over {count} examples.",
            loss=number(step.loss),
        )
    if phase <= 2 * layers + 1:
        layer = 2 * layers + 2 - phase
        return (_BACKWARD_LAST if layer == layers else _BACKWARD).format(layer=layer, following=layer + 1)
    return _UPDATE.format(lr=f"{config.lr:g}")


_INPUTS = "The inputs stand there; nothing is computed yet."
_FORWARD = "Layer {layer}: each z is the sum of the a of layer {before}, each times its weight, plus b. {out}"
_OUT = {
    "softmax": "Softmax makes probabilities of them.",
    "none": "a is z itself.",
    "g": "g makes a of it.",
}
_BACKWARD_LAST = (
    "δ of layer {layer} says how the loss answers to each z there. Times the a before a weight it is that "
    "weight's derivative."
)
_BACKWARD = (
    "Each δ of layer {layer} gathers the δ of layer {following}, each times the weight that leads there, and "
    "multiplies the sum by the slope g′(z)."
)
_UPDATE = "Every weight and bias goes against its derivative, α = {lr} times as far."


def _kind(step: StepNumbers, layer: int) -> str:
    from dashlab.experiments.descent.backprop import activation_at

    kind = activation_at(step.config, layer)
    return kind if kind in _OUT else "g"


def loss_words(step: StepNumbers, following: float, drawn: float | None) -> str:
    """The loss now and after the step; and, where numbers were put in by hand, without them."""
    said = _LOSS.format(loss=number(step.loss), after=number(following))
    return said if drawn is None else f"{said} {_BY_HAND.format(drawn=number(drawn))}"


_LOSS = "**Loss {loss}**; after this step {after}."
_BY_HAND = "Without the numbers by hand it would be {drawn}."


def number(value: float) -> str:
    """Four digits, with a minus as wide as a plus."""
    return f"{value:.4g}".replace("-", "−")


def title_of(config: BackpropConfig, name: str) -> str:
    """What people read of a unit, weight or bias."""
    kind, places = name[0], [int(part) for part in name[1:].split(".")]
    if kind == "w":
        return (
            f"w{places[0]}.{places[1]}.{places[2]}: layer {places[0]}, from unit {places[2]} to {places[1]}"
        )
    if kind == "b":
        return f"b{places[0]}.{places[1]}: bias of layer {places[0]}, unit {places[1]}"
    where = "input" if not places[0] else "output" if places[0] == config.layers else "hidden layer"
    layer = f" {places[0]}" if where == "hidden layer" else ""
    return f"a{places[0]}.{places[1]}: {where}{layer}, unit {places[1]}"


# -- formulas ---------------------------------------------------------------------------------------------


def formulas(step: StepNumbers, name: str, example: int, phase: int) -> list[str]:
    """The chain rule for a unit, weight or bias, in TeX: as far as the phase has come.

    Args:
        step: all numbers.
        name: such as "a1.2", "w1.2.1", "b1.2".
        example: from 1.
        phase: up to which things are known.
    """
    layer, *places = (int(part) for part in name[1:].split("."))
    known = _of_unit(step, layer, places[0], example) if name[0] == "a" else _of_parameter(step, name)
    return [tex for at, tex in known if at <= phase]


def _of_unit(step: StepNumbers, layer: int, unit: int, example: int) -> Iterator[tuple[int, str]]:
    row = example - 1
    if layer == 0:
        yield 0, rf"a^{{(0)}}_{{{unit}}} = x_{{{unit}}} = {_tex(step.a[0][row, unit - 1])}"
        return
    yield forward_at(layer), _z(step, layer, unit, row)
    yield forward_at(layer), _a(step, layer, unit, row)
    is_last = layer == step.config.layers
    yield backward_at(step.config, layer), (_last_delta if is_last else _delta)(step, layer, unit, row)


def _symbol(layer: int, unit: int) -> str:
    return rf"^{{({layer})}}_{{{unit}}}"


def _z(step: StepNumbers, layer: int, unit: int, row: int) -> str:
    weights, inner = step.start.weights[layer - 1][unit - 1], step.a[layer - 1][row]
    terms = [rf"w^{{({layer})}}_{{{unit}{k}}} a^{{({layer - 1})}}_{{{k}}}" for k in range(1, len(inner) + 1)]
    products = [rf"{_factor(w)} \cdot {_factor(x)}" for w, x in zip(weights, inner, strict=True)]
    bias, symbol = step.start.biases[layer - 1][unit - 1], _symbol(layer, unit)
    z = _tex(step.z[layer - 1][row, unit - 1])
    return _lines(f"z{symbol}", [f"{_sum(terms)} + b{symbol}", f"{_sum(products)} + {_factor(bias)}", z])


def _a(step: StepNumbers, layer: int, unit: int, row: int) -> str:
    symbol = _symbol(layer, unit)
    formula = {
        "softmax": rf"\frac{{e^{{z{symbol}}}}}{{\sum_k e^{{z^{{({layer})}}_k}}}}",
        "none": f"z{symbol}",
        "g": f"g(z{symbol}) = g({_tex(step.z[layer - 1][row, unit - 1])})",
    }[_kind(step, layer)]
    return _lines(f"a{symbol}", [formula, _tex(step.a[layer][row, unit - 1])])


def _last_delta(step: StepNumbers, layer: int, unit: int, row: int) -> str:
    from dashlab.experiments.descent.backprop import slope_of

    symbol, a, y = _symbol(layer, unit), step.a[layer][row, unit - 1], step.start.y[row, unit - 1]
    slope = numbers = ""
    if _kind(step, layer) == "g":
        slope = rf" \cdot g'(z{symbol})"
        numbers = rf" \cdot {_factor(slope_of(step.config, layer)(step.z[layer - 1][row, unit - 1]))}"
    return _lines(
        rf"\delta{symbol}",
        [
            f"(a{symbol} - y_{{{unit}}}){slope}",
            f"({_tex(a)} - {_factor(y)}){numbers}",
            _tex(step.delta[layer - 1][row, unit - 1]),
        ],
    )


def _delta(step: StepNumbers, layer: int, unit: int, row: int) -> str:
    from dashlab.experiments.descent.backprop import slope_of

    symbol, following = _symbol(layer, unit), layer + 1
    weights, deltas = step.start.weights[layer][:, unit - 1], step.delta[layer][row]
    terms = [
        rf"w^{{({following})}}_{{{k}{unit}}} \delta^{{({following})}}_{{{k}}}"
        for k in range(1, len(deltas) + 1)
    ]
    products = [rf"{_factor(w)} \cdot {_factor(d)}" for w, d in zip(weights, deltas, strict=True)]
    slope = slope_of(step.config, layer)(step.z[layer - 1][row, unit - 1])
    return _lines(
        rf"\delta{symbol}",
        [
            rf"g'(z{symbol}) \bigl({_sum(terms)}\bigr)",
            rf"{_factor(slope)} \bigl({_sum(products)}\bigr)",
            _tex(step.delta[layer - 1][row, unit - 1]),
        ],
    )


def _of_parameter(step: StepNumbers, name: str) -> Iterator[tuple[int, str]]:
    layer, unit, *source = (int(part) for part in name[1:].split("."))
    count, deltas = len(step.start.x), step.delta[layer - 1][:, unit - 1]
    mean, over, lower = ("", "", "") if count == 1 else (rf"\frac{{1}}{{{count}}}", r"\sum_i ", ",i")
    formula = rf"\delta^{{({layer})}}_{{{unit}{lower}}}"
    terms = [_factor(d) for d in deltas]
    symbol = rf"b{_symbol(layer, unit)}"
    if source:
        symbol = rf"w^{{({layer})}}_{{{unit}{source[0]}}}"
        formula += rf" a^{{({layer - 1})}}_{{{source[0]}{lower}}}"
        inner = step.a[layer - 1][:, source[0] - 1]
        terms = [rf"{term} \cdot {_factor(a)}" for term, a in zip(terms, inner, strict=True)]
    total = _sum(terms) if count == 1 else rf"\bigl({_sum(terms)}\bigr)"
    derivative = rf"\frac{{\partial L}}{{\partial {symbol}}}"
    yield (
        backward_at(step.config, layer),
        _lines(derivative, [f"{mean}{over}{formula}", f"{mean}{total}", _tex(step.gradient(name))]),
    )
    taken = rf"{_tex(step.value(name))} - {step.config.lr:g} \cdot {_factor(step.gradient(name))}"
    yield (
        step.config.phases,
        _lines(
            symbol, [rf"{symbol} - \alpha {derivative}", taken, _tex(step.updated(name))], sign=r"\leftarrow"
        ),
    )


def _lines(left: str, right: Iterable[str], sign: str = "=") -> str:
    first, *more = right
    rows = [rf"{left} &{sign} {first}", *(f"&= {one}" for one in more)]
    return r"\begin{aligned}" + r" \\ ".join(rows) + r"\end{aligned}"


def _sum(terms: Sequence[str]) -> str:
    """Terms in rows of two, so that they fit on a phone."""
    rows = [" + ".join(terms[at : at + 2]) for at in range(0, len(terms), 2)]
    return r" \\ &\quad + ".join(rows) if len(rows) > 1 else rows[0]


def _tex(value: Any) -> str:
    text = f"{float(value):.4g}"
    if "e" not in text:
        return text
    mantissa, _, power = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}"


def _factor(value: Any) -> str:
    return _tex(value) if value >= 0 else f"({_tex(value)})"


# -- tables -----------------------------------------------------------------------------------------------


def path_lines(ways: Sequence[ChainPath]) -> Iterator[str]:
    """Each path with its factors and their product."""
    for path in list(ways)[:MOST_PATHS]:
        factors = " · ".join(number(factor) for factor in path.factors)
        yield _PATH.format(
            units=" → ".join((*path.units, "L")), factors=factors, product=number(path.product)
        )


_PATH = "{units}: {factors} = {product}"


def paths_words(ways: Sequence[ChainPath], name: str) -> str:
    """What the products of all paths add up to."""
    return counted(
        len(ways),
        "From {name} one path leads to the loss.",
        "From {name} {count} paths lead to the loss; their products add up to its δ = {total}.",
        name=name,
        total=number(sum(path.product for path in ways)),
    )


def check_words(checked: Sequence[Checked]) -> str:
    """How far the three ways of finding a derivative lie apart."""
    return _CHECK.format(
        count=len(checked),
        autograd=f"{max(abs(one.by_hand - one.autograd) for one in checked):.1e}",
        difference=f"{max(abs(one.by_hand - one.difference) for one in checked):.1e}",
    )


_CHECK = (
    "Over all {count} weights and biases the derivatives by hand differ from autograd's by at most "
    "{autograd}, and from central differences, (L(θ + ε) − L(θ − ε)) / 2ε, by at most {difference}."
)


def check_rows(checked: Sequence[Checked]) -> list[dict[str, Any]]:
    """One row for each parameter."""
    return [
        {
            "name": one.name,
            "value": one.value,
            "by hand": one.by_hand,
            "autograd": one.autograd,
            "differences": one.difference,
            "after the step": one.updated,
        }
        for one in checked
    ]


def matrices(step: StepNumbers, phase: int) -> Iterator[str]:
    """The matrices of every layer with their shapes, in TeX, as far as the phase has come."""
    count = len(step.start.x)
    for layer in range(1, step.config.layers + 1):
        if phase < forward_at(layer):
            return
        out, before = step.start.weights[layer - 1].shape
        inner = "X" if layer == 1 else f"A^{{({layer - 1})}}"
        yield _lines(
            rf"\underset{{{count}\times{out}}}{{Z^{{({layer})}}}}",
            [
                rf"\underset{{{count}\times{before}}}{{{inner}}}\,\underset{{{before}\times{out}}}"
                rf"{{W^{{({layer})\top}}}} + \underset{{{out}}}{{b^{{({layer})}}}}",
                _matrix(step.z[layer - 1]),
            ],
        )
        if phase >= backward_at(step.config, layer):
            yield _lines(
                rf"\underset{{{out}\times{before}}}{{\frac{{\partial L}}{{\partial W^{{({layer})}}}}}}",
                [
                    rf"\tfrac{{1}}{{{count}}}\,\underset{{{out}\times{count}}}{{\Delta^{{({layer})\top}}}}\,"
                    rf"\underset{{{count}\times{before}}}{{{inner}}}",
                    _matrix(step.weights[layer - 1]),
                ],
            )


def _matrix(values: Any) -> str:
    rows = (" & ".join(f"{float(value):.3g}" for value in row) for row in values)
    return r"\begin{bmatrix}" + r" \\ ".join(rows) + r"\end{bmatrix}"
