"""Signals through a stack of equal linear layers: how far outputs and gradients spread, layer by layer."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from dashlab.device import stream
from dashlab.experiments.stack_settings import Setting, StackConfig

BINS = 40
TOGETHER = 1 << 19
"""So many values are looked at together."""
PIECE = 1 << 20
"""So many weights are sent backward through in one go, which is quicker than layer by layer."""
ALIKE = 1e-5
"""Outputs that lie no further apart than this share of the largest are one value, but for rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Counts in equal bins from `low` to `high`; no bins where no value is finite."""

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerStat:
    """One layer; a number is None where a value that it is made of is infinite or NaN."""

    index: int  # from 0
    std: float | None  # of all outputs [batch, width]
    between: float | None  # std of a unit's outputs over the inputs: root mean square over the units
    mean: float | None
    largest: float | None  # absolute value
    zeros: float  # share of the outputs that are exactly 0
    alike: bool  # for each input, all units give the same output
    gradient_std: float | None  # of the gradient with respect to the outputs
    weight_gradient: float | None  # Euclidean norm of the gradient with respect to the weights
    outputs: Histogram
    gradients: Histogram


@dataclass(frozen=True, slots=True, kw_only=True)
class StackStats:
    """What was measured in one stack, layer by layer."""

    config: StackConfig
    layers: tuple[LayerStat, ...]

    @property
    def first_not_finite(self) -> int | None:
        """Index of the first layer with an output that is infinite or NaN."""
        return next((layer.index for layer in self.layers if layer.std is None), None)

    @property
    def first_zero(self) -> int | None:
        """Index of the layer from which on all outputs are exactly 0."""
        zeros = _leading(layer.zeros == 1 for layer in reversed(self.layers))
        return len(self.layers) - zeros if zeros else None

    @property
    def gradient_not_finite(self) -> int | None:
        """Index of the layer at and below which the gradient of the outputs is infinite or NaN."""
        return _last(layer.gradient_std is None for layer in self.layers)

    @property
    def gradient_zero(self) -> int | None:
        """Index of the layer at and below which no gradient arrives: it is exactly 0."""
        return _last(layer.gradient_std == 0 for layer in self.layers)


def layer_stats(
    config: StackConfig,
    *,
    device: torch.device | str = "cpu",
    draw: Callable[[StackConfig, int], Tensor] | None = None,
    on_layer: Callable[[int, int], None] | None = None,
) -> StackStats:
    """Send N(0, 1) inputs forward through a stack without bias, and N(0, 1) gradients back.

    The gradient that comes in at the top stands for any loss; autograd takes it down. All is computed in
    float32, as in training; only what is said about it is float64.

    Args:
        config: depth, width, batch, initializer, activation, cure and seed.
        device: where it is computed; the draws are made on the CPU and are the same for every device.
        draw: gives the weights of a layer in place of `draw_weight`, whose draws it may keep.
        on_layer: called after each layer, forward and back, with how many are done and how many there are.

    Returns:
        One row per layer, the one next to the input first.

    Source:
        Glorot and Bengio 2010, equations 5 and 6; He et al. 2015, section 2.2.
    """
    config.check()
    tell, draw = on_layer or (lambda _done, _total: None), draw or draw_weight
    shape, total = (config.batch, config.width), 2 * config.depth
    x = torch.randn(shape, generator=stream(config.seed, "input")).to(device)
    stride = max(1, PIECE // config.width**2)
    pieces: list[tuple[Tensor, list[Tensor], list[Tensor]]] = []  # input, outputs and weights of some layers
    for first in range(0, config.depth, stride):
        x = x.detach().requires_grad_()
        pieces.append((x, [], []))
        for index in range(first, min(first + stride, config.depth)):
            weight = draw(config, index).to(device).detach().requires_grad_()
            x = block(x, weight, config)
            pieces[-1][1].append(x)
            pieces[-1][2].append(weight)
            tell(index + 1, total)
    gradient = torch.randn(shape, generator=stream(config.seed, "gradient")).to(device)
    seen = _Seen([], [], [])
    layers: list[LayerStat] = []
    while pieces:
        below, outputs, weights = pieces.pop()
        found = torch.autograd.grad(outputs[-1], (below, *outputs[:-1], *weights), gradient)
        of_outputs = (*found[1 : len(outputs)], gradient)
        seen.take(outputs, of_outputs, found[len(outputs) :])
        gradient, rest = found[0], len(pieces) * stride
        if seen.is_full or not pieces:
            layers = seen.told(first=rest) + layers
        tell(total - rest, total)
    return StackStats(config=config, layers=tuple(layers))


def draw_weight(stack: StackConfig, index: int) -> Tensor:
    """The weights [width, width] of one layer, from `torch.nn.init`.

    Every layer has a stream of its own: a deeper stack begins with the layers of a shallower one, and
    settings that draw from the same distribution differ by a factor alone.
    """
    weight = torch.empty(stack.width, stack.width)
    _DRAWS[stack.initializer](weight, stack, stream(stack.seed, f"weight {index}"))
    return weight


def gain_of(setting: Setting) -> float:
    """`calculate_gain` of the activation; GELU, which it does not know, takes ReLU's."""
    name = {"none": "linear", "gelu": "relu"}.get(setting.activation, setting.activation)
    slope = setting.slope if setting.activation == "leaky_relu" else None
    return float(nn.init.calculate_gain(name, slope))  # type: ignore[arg-type]


def scale_of(setting: Setting) -> float:
    """What Xavier's and orthogonal weights are multiplied by."""
    return {"one": 1.0, "activation": gain_of(setting), "own": setting.gain}[setting.gain_from]


def block(
    x: Tensor,
    weight: Tensor,
    setting: Setting,
    *,
    running: tuple[Tensor, Tensor] | None = None,
    training: bool = True,
) -> Tensor:
    """One layer with its cure and activation: [batch, width] -> [batch, width].

    Args:
        x: its input.
        weight: of the linear layer, [width, width].
        setting: activation and cure.
        running: BatchNorm's mean and variance, each [width]; in training they become those of this batch.
        training: whether BatchNorm uses the batch's own mean and variance.
    """
    inner = functional.layer_norm(x, x.shape[-1:]) if setting.cure == "residual_layernorm" else x
    inner = functional.linear(inner, weight)
    if setting.cure == "batchnorm":
        mean, variance = running or (None, None)
        inner = functional.batch_norm(inner, mean, variance, training=training, momentum=1.0)
    elif setting.cure == "layernorm":
        inner = functional.layer_norm(inner, inner.shape[-1:])
    inner = activate(inner, setting)
    return x + inner if setting.cure in ("residual", "residual_layernorm") else inner


def activate(x: Tensor, setting: Setting) -> Tensor:
    """The activation of a setting, elementwise."""
    if setting.activation == "leaky_relu":
        return functional.leaky_relu(x, setting.slope)
    return _ACTIVATIONS[setting.activation](x)


_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda x: x,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "gelu": functional.gelu,
    "selu": functional.selu,
}


def _kaiming(weight: Tensor, setting: Setting, generator: torch.Generator) -> None:
    name = {"none": "linear", "gelu": "relu"}.get(setting.activation, setting.activation)
    draw: Any = getattr(nn.init, f"{setting.initializer}_")
    slope = setting.slope if setting.activation == "leaky_relu" else 0.0
    draw(weight, a=slope, mode=setting.fan, nonlinearity=name, generator=generator)


_DRAWS: dict[str, Callable[[Tensor, Setting, torch.Generator], object]] = {
    "normal": lambda w, setting, g: nn.init.normal_(w, std=setting.std, generator=g),
    "normal_fan": lambda w, _setting, g: nn.init.normal_(w, std=w.shape[1] ** -0.5, generator=g),
    "uniform": lambda w, setting, g: nn.init.uniform_(w, -setting.bound, setting.bound, generator=g),
    "xavier_uniform": lambda w, s, g: nn.init.xavier_uniform_(w, gain=scale_of(s), generator=g),
    "xavier_normal": lambda w, s, g: nn.init.xavier_normal_(w, gain=scale_of(s), generator=g),
    "kaiming_uniform": _kaiming,
    "kaiming_normal": _kaiming,
    "orthogonal": lambda w, s, g: nn.init.orthogonal_(w, gain=scale_of(s), generator=g),
    "pytorch": lambda w, _setting, g: nn.init.kaiming_uniform_(w, a=math.sqrt(5), generator=g),  # nn.Linear's
    "constant": lambda w, setting, _g: nn.init.constant_(w, setting.constant),
    "zeros": lambda w, _setting, _g: nn.init.zeros_(w),
}


@dataclass(slots=True)
class _Seen:
    """What was seen of some layers, from the top down; looked at together, because that is quicker."""

    output: list[Tensor]
    gradient: list[Tensor]
    gradient_of_weight: list[float]

    def take(
        self, outputs: Sequence[Tensor], of_outputs: Sequence[Tensor], of_weights: Sequence[Tensor]
    ) -> None:
        """Some layers below those before, in their order; gradients of the outputs and of the weights."""
        self.output += [output.detach() for output in reversed(outputs)]
        self.gradient += reversed(of_outputs)
        norms = [torch.linalg.vector_norm(one, dtype=torch.float64) for one in reversed(of_weights)]
        self.gradient_of_weight += torch.stack(norms).tolist()

    @property
    def is_full(self) -> bool:
        return len(self.output) * self.output[0].numel() >= TOGETHER

    def told(self, first: int) -> list[LayerStat]:
        """The rows of these layers, the lowest of which has the index `first`; forgets them."""
        outputs, gradients = torch.stack(self.output[::-1]), torch.stack(self.gradient[::-1])
        columns = _columns(outputs) | {  # both [layers, batch, width]
            "gradient_std": _numbers(_variance(gradients.double().flatten(1), 1).sqrt()),
            "weight_gradient": [_finite(norm) for norm in reversed(self.gradient_of_weight)],
            "outputs": histograms(outputs.flatten(1)),
            "gradients": histograms(gradients.flatten(1)),
        }
        for column in (self.output, self.gradient, self.gradient_of_weight):
            column.clear()
        rows = zip(*columns.values(), strict=True)
        return [
            LayerStat(index=first + at, **dict(zip(columns, row, strict=True))) for at, row in enumerate(rows)
        ]


def _columns(outputs: Tensor) -> dict[str, list[Any]]:
    """What is said about the outputs [layers, batch, width]; float64 holds the square of any float32."""
    flat, exact = outputs.flatten(1), outputs.double()
    largest = _numbers(flat.abs().amax(dim=1))
    apart = (outputs - outputs[:, :, :1]).abs().flatten(1).amax(dim=1).tolist()
    return {
        "std": _numbers(_variance(exact.flatten(1), 1).sqrt()),
        "between": _numbers(_variance(exact, 1).mean(dim=1).sqrt()),
        "mean": _numbers(exact.flatten(1).mean(dim=1)),
        "largest": largest,
        "zeros": ((flat == 0).sum(dim=1) / flat.shape[1]).tolist(),
        "alike": [most is not None and gap <= ALIKE * most for gap, most in zip(apart, largest, strict=True)],
    }


def _variance(values: Tensor, dim: int) -> Tensor:
    """`values.var(dim)` in two passes, which take a tenth of its time."""
    centred = values - values.mean(dim, keepdim=True)
    return centred.square_().sum(dim) / (values.shape[dim] - 1)


def histograms(values: Tensor, bins: int = BINS) -> list[Histogram]:
    """Of each row of `values`: counts of the finite ones between the smallest and the largest of them."""
    low, high = values.amin(dim=1, keepdim=True), values.amax(dim=1, keepdim=True)
    finite: Any = slice(None)
    if not torch.isfinite(torch.cat((low, high))).all():
        finite = torch.isfinite(values)
        low = values.where(finite, torch.inf).amin(dim=1, keepdim=True)
        high = values.where(finite, -torch.inf).amax(dim=1, keepdim=True)
    # Halves, because the whole range may be more than float32 has.
    share = (values * 0.5).sub_(low * 0.5).div_((high * 0.5).sub_(low * 0.5))
    place = share.mul_(bins).nan_to_num_(0, 0, 0).clamp_(0, bins - 1).int()
    place += torch.arange(len(values), device=values.device, dtype=torch.int32)[:, None] * bins
    counts = torch.bincount(place[finite].flatten(), minlength=len(values) * bins).view(-1, bins)
    ends = zip(low.flatten().tolist(), high.flatten().tolist(), counts.tolist(), strict=True)
    return [_histogram(*end) for end in ends]


def _histogram(low: float, high: float, counts: list[int]) -> Histogram:
    if low > high:
        return Histogram(low=0.0, high=0.0, counts=())
    return Histogram(low=low, high=high, counts=(sum(counts),) if low == high else tuple(counts))


def _numbers(values: Tensor) -> list[float | None]:
    return [_finite(value) for value in values.tolist()]


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _leading(flags: Iterable[bool]) -> int:
    """How many of the first flags are set, before one is not."""
    count = 0
    for flag in flags:
        if not flag:
            break
        count += 1
    return count


def _last(flags: Iterable[bool]) -> int | None:
    """Position of the last of the leading flags that are set."""
    return _leading(flags) - 1 if (flags := tuple(flags)) and flags[0] else None
