"""One step of gradient descent by hand, every number of it; beside it autograd and central differences.

Source:
    Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from dashlab.experiments.descent.backprop_settings import BackpropConfig

Array = NDArray[np.float64]
Layers = tuple[Array, ...]

SLOPE = 0.1
"""Of leaky ReLU below 0."""
NUDGE = 1e-5
"""Central differences move a parameter by so much to both sides."""


@dataclass(frozen=True, slots=True)
class Start:
    """A network and its batch."""

    weights: Layers  # of each layer [out, in]
    biases: Layers  # of each layer [out]
    x: Array  # [B, inputs]
    y: Array  # [B, outputs]: targets; with softmax 1 at the right class and 0 elsewhere


@dataclass(frozen=True, slots=True)
class StepNumbers:
    """Every number of one step.

    Derivatives with a δ are those of an example's own loss; those of weights and biases are means over the
    batch, as the loss is.
    """

    config: BackpropConfig
    start: Start
    z: Layers  # of each layer [B, out]
    a: Layers  # of the inputs and each layer [B, units]
    losses: Array  # [B]
    delta: Layers  # of each layer [B, out]: ∂ℓ/∂z
    passed: (
        Layers  # of the inputs and each layer [B, units]: ∂ℓ/∂a; with softmax, for the outputs that of ∂ℓ/∂z
    )
    weights: Layers  # of each layer [out, in]: ∂L/∂W
    biases: Layers  # of each layer [out]: ∂L/∂b

    @property
    def loss(self) -> float:
        """The mean over the batch."""
        return float(self.losses.mean())

    def value(self, name: str) -> float:
        """A weight or bias by its name."""
        return _at(name, self.start.weights, self.start.biases)

    def gradient(self, name: str) -> float:
        """∂L/∂θ of a weight or bias."""
        return _at(name, self.weights, self.biases)

    def updated(self, name: str) -> float:
        """What the step makes of a weight or bias."""
        return self.value(name) - self.config.lr * self.gradient(name)


def _at(name: str, weights: Layers, biases: Layers) -> float:
    layer, *place = (int(part) - 1 for part in name[1:].split("."))
    return float((weights if name[0] == "w" else biases)[layer][tuple(place)])


def begin(config: BackpropConfig) -> Start:
    """The network and batch before the first step: drawn, and then what was put in by hand.

    Inputs, targets and weights have one or two digits, so that they can be followed with a pencil.

    Raises:
        ConfigError: a setting is unsound.
    """
    config.check()
    draw = np.random.default_rng([config.seed, 1986])
    weights, biases = [], []
    for before, after in pairwise(config.widths):
        weights.append(np.round(draw.normal(size=(after, before)) / np.sqrt(before), 2))
        biases.append(np.round(0.1 * draw.normal(size=after), 2))
    x = np.round(draw.normal(size=(config.batch, config.inputs)), 1)
    if config.loss == "softmax":
        y = np.eye(config.outputs)[draw.integers(config.outputs, size=config.batch)]
    else:
        y = np.round(draw.uniform(0.1, 0.9, size=(config.batch, config.outputs)), 1)
    for name, value in config.hand().items():
        place = tuple(int(part) - 1 for part in name[1:].split("."))
        kind, where = name[0], place[1:]
        if kind in "wb":
            (weights if kind == "w" else biases)[place[0]][where] = value
        else:
            (x if kind == "x" else y)[place] = value
    return Start(tuple(weights), tuple(biases), x + 0.0, y)  # no −0


def take(config: BackpropConfig) -> StepNumbers:
    """The step that comes after `config.taken` others; raises `ConfigError` where a setting is unsound."""
    start = begin(config)
    for _ in range(config.taken):
        start = after(one_step(config, start))
    return one_step(config, start)


def history(config: BackpropConfig) -> tuple[float, ...]:
    """The loss before each step, up to the one that is shown."""
    start, losses = begin(config), []
    for _ in range(config.taken + 1):
        step = one_step(config, start)
        losses.append(step.loss)
        start = after(step)
    return tuple(losses)


def after(step: StepNumbers) -> Start:
    """The network that the step leaves."""
    lr, start = step.config.lr, step.start
    return replace(
        start,
        weights=tuple(w - lr * g for w, g in zip(start.weights, step.weights, strict=True)),
        biases=tuple(b - lr * g for b, g in zip(start.biases, step.biases, strict=True)),
    )


def one_step(config: BackpropConfig, start: Start) -> StepNumbers:
    """Forward, backward and the derivatives of all parameters, by hand."""
    z, a, losses = forward(config, start)
    delta, passed = _backward(config, start, z, a)
    count = len(start.x)
    return StepNumbers(
        config=config,
        start=start,
        z=z,
        a=a,
        losses=losses,
        delta=delta,
        passed=passed,
        weights=tuple(d.T @ inner / count for d, inner in zip(delta, a[:-1], strict=True)),
        biases=tuple(d.mean(0) for d in delta),
    )


def forward(config: BackpropConfig, start: Start) -> tuple[Layers, Layers, Array]:
    """z of each layer [B, out], a of the inputs and each layer [B, units], the loss of each example [B]."""
    z: list[Array] = []
    a = [start.x]
    for layer, (weight, bias) in enumerate(zip(start.weights, start.biases, strict=True), 1):
        z.append(a[-1] @ weight.T + bias)
        a.append(_function_of(config, layer)(z[-1]))
    if config.loss == "softmax":
        shifted = z[-1] - z[-1].max(1, keepdims=True)  # or exp would overflow
        log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        losses = -(start.y * log_p).sum(1)
    else:
        losses = 0.5 * np.square(a[-1] - start.y).sum(1)
    return tuple(z), tuple(a), losses


def _backward(config: BackpropConfig, start: Start, z: Layers, a: Layers) -> tuple[Layers, Layers]:
    """∂ℓ/∂z of each layer, and ∂ℓ/∂a of the inputs and each layer."""
    passed = [a[-1] - start.y]
    delta: list[Array] = []
    for layer in range(config.layers, 0, -1):
        # Softmax and cross-entropy together have the slope p − y with respect to z.
        is_joint = layer == config.layers and config.loss == "softmax"
        slope = np.ones_like(z[layer - 1]) if is_joint else slope_of(config, layer)(z[layer - 1])
        delta.insert(0, passed[0] * slope)
        passed.insert(0, delta[0] @ start.weights[layer - 1])
    return tuple(delta), tuple(passed)


def _softmax(z: Array) -> Array:
    e = np.exp(z - z.max(1, keepdims=True))
    p: Array = e / e.sum(1, keepdims=True)
    return p


def _sigmoid(z: Array) -> Array:
    a: Array = 0.5 * (1 + np.tanh(z / 2))  # never overflows
    return a


_FUNCTIONS: Mapping[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "sigmoid": (_sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0.0), lambda z: (z > 0).astype(float)),
    "leaky": (lambda z: np.where(z > 0, z, SLOPE * z), lambda z: np.where(z > 0, 1.0, SLOPE)),
    "none": (lambda z: z, np.ones_like),
}
"""Each activation and its derivative; at a kink the slope is that of the left, as torch has it."""


def activation_at(config: BackpropConfig, layer: int) -> str:
    """What the layer's z goes through: an activation of `ACTIVATIONS`, or "softmax"."""
    if layer < config.layers:
        return config.activation
    if config.loss == "softmax":
        return "softmax"
    return config.activation if config.output == "same" else "none"


def _function_of(config: BackpropConfig, layer: int) -> Callable[[Array], Array]:
    kind = activation_at(config, layer)
    return _softmax if kind == "softmax" else _FUNCTIONS[kind][0]


def slope_of(config: BackpropConfig, layer: int) -> Callable[[Array], Array]:
    """g′ of a layer's activation, elementwise on [...]; softmax has none."""
    return _FUNCTIONS[activation_at(config, layer)][1]


# -- checked ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checked:
    """One parameter's derivative, three ways."""

    name: str
    value: float
    by_hand: float
    autograd: float
    difference: float  # (L(θ + ε) − L(θ − ε)) / 2ε
    updated: float


def checks(step: StepNumbers) -> tuple[Checked, ...]:
    """Every parameter's derivative by hand, by autograd and by central differences."""
    config, start = step.config, step.start
    weights, biases = autograd(config, start)
    return tuple(
        Checked(
            name,
            step.value(name),
            step.gradient(name),
            _at(name, weights, biases),
            difference(config, start, name),
            step.updated(name),
        )
        for name in config.parameters()
    )


def difference(config: BackpropConfig, start: Start, name: str) -> float:
    """(L(θ + ε) − L(θ − ε)) / 2ε for one parameter, with ε = `NUDGE`."""
    layer, *place = (int(part) - 1 for part in name[1:].split("."))
    ends = []
    for nudge in (NUDGE, -NUDGE):
        weights, biases = ([array.copy() for array in each] for each in (start.weights, start.biases))
        (weights if name[0] == "w" else biases)[layer][tuple(place)] += nudge
        moved = replace(start, weights=tuple(weights), biases=tuple(biases))
        ends.append(float(forward(config, moved)[2].mean()))
    return (ends[0] - ends[1]) / (2 * NUDGE)


def autograd(config: BackpropConfig, start: Start) -> tuple[Layers, Layers]:
    """∂L/∂W [out, in] and ∂L/∂b [out] of each layer, as torch's autograd has them, in float64."""
    weights, biases = (
        [torch.tensor(v).requires_grad_() for v in each] for each in (start.weights, start.biases)
    )
    a, y = torch.tensor(start.x), torch.tensor(start.y)
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True), 1):
        a = functional.linear(a, weight, bias)
        if activation_at(config, layer) != "softmax":
            a = _TORCH[activation_at(config, layer)](a)
    if config.loss == "softmax":
        loss = functional.cross_entropy(a, y)
    else:
        loss = 0.5 * functional.mse_loss(a, y, reduction="sum") / len(y)
    gradients = [each.numpy() for each in torch.autograd.grad(loss, [*weights, *biases])]
    return tuple(gradients[: len(weights)]), tuple(gradients[len(weights) :])


_TORCH: Mapping[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky": lambda z: functional.leaky_relu(z, SLOPE),
    "none": lambda z: z,
}


# -- paths ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChainPath:
    """One way from a unit to the loss, and the product of the derivatives along it."""

    units: tuple[str, ...]
    factors: tuple[float, ...]  # ∂a/∂z and weights in turn, and ∂ℓ/∂a (with softmax ∂ℓ/∂z) of the output last

    @property
    def product(self) -> float:
        """What comes back along this path."""
        return float(np.prod(self.factors))


def paths(step: StepNumbers, layer: int, unit: int, example: int) -> Iterator[ChainPath]:
    """All ways from z of a unit (layer from 1, unit from 1) to the loss of an example (from 1).

    Their products add up to the unit's δ.
    """
    config = step.config
    is_joint = layer == config.layers and config.loss == "softmax"
    z = step.z[layer - 1][example - 1, unit - 1]
    slope = 1.0 if is_joint else float(slope_of(config, layer)(np.array(z)))
    name = f"a{layer}.{unit}"
    if layer == config.layers:
        out = float(step.passed[layer][example - 1, unit - 1])
        yield ChainPath((name,), (out,) if is_joint else (slope, out))
        return
    for following in range(1, config.widths[layer + 1] + 1):
        weight = float(step.start.weights[layer][following - 1, unit - 1])
        for path in paths(step, layer + 1, following, example):
            yield ChainPath((name, *path.units), (slope, weight, *path.factors))
