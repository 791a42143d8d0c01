"""Signals through a stack of equal linear layers: how far outputs and gradients spread, layer by layer."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from dashlab.experiments.initialization.rows import LayerStat, StackStats
from dashlab.experiments.initialization.settings import Setting, StackConfig
from dashlab.training.device import stream
from dashlab.training.histograms import histograms

TOGETHER = 1 << 19
"""So many values are looked at together."""
PIECE = 1 << 20
"""So many weights are sent backward through in one go, which is quicker than layer by layer."""
SMALLEST, LARGEST = 2.0**-149, 3.4028235e38
"""Of float32, above 0."""
SAFE = 1e-30, 1e36
"""Between these norms of a gradient no number in it that counts is rounded to 0 or to infinity."""
ALIKE = 1e-5
"""Outputs that lie no further apart than this share of the largest are one value, but for rounding."""


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
        draw: gives a layer's weights, [width, width], in place of `draw_weight`, whose draws it may keep.
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
    pieces: list[tuple[Tensor, list[Tensor], list[tuple[Tensor, Tensor]]]] = []  # see `_down`
    for first in range(0, config.depth, stride):
        x = x.detach().requires_grad_()
        pieces.append((x, [], []))
        for index in range(first, min(first + stride, config.depth)):
            x = block(x, draw(config, index).to(device).detach(), config, linear=pieces[-1][2])
            pieces[-1][1].append(x)
            tell(index + 1, total)
    gradient = torch.randn(shape, generator=stream(config.seed, "gradient")).to(device)
    seen = _Seen([], [], [])
    layers: list[LayerStat] = []
    while pieces:
        piece, rest = pieces.pop(), len(pieces) * stride
        below, of_outputs, of_weights = _down(*piece, gradient)
        seen.take(piece[1], (*of_outputs, gradient), of_weights)
        gradient = below
        if seen.is_full or not pieces:
            layers = seen.release(first=rest) + layers
        tell(total - rest, total)
    return StackStats(config=config, layers=tuple(layers))


def _down(
    below: Tensor, outputs: Sequence[Tensor], linear: Sequence[tuple[Tensor, Tensor]], gradient: Tensor
) -> tuple[Tensor, Sequence[Tensor], list[float]]:
    """Take the gradient of the outputs of some layers down to their input.

    Args:
        below: the input of the lowest of these layers, [batch, width].
        outputs: of each layer, [batch, width]; the gradient comes in at the last.
        linear: input and output of each linear layer.
        gradient: with respect to the last output.

    Returns:
        The gradients with respect to `below` and to all outputs but the last, and the norms of those with
        respect to the weights.
    """
    after = [made for _, made in linear]
    gradients = torch.autograd.grad(outputs[-1], (below, *outputs[:-1], *after), gradient)
    norms = weight_gradient_norms(
        torch.stack([x.detach() for x, _ in linear]), torch.stack(gradients[-len(after) :])
    )
    return gradients[0], gradients[1 : len(outputs)], norms


def weight_gradient_norms(x: Tensor, of_linear: Tensor) -> list[float]:
    """Norm of the gradient of the weights of linear layers, from their inputs and their outputs' gradients.

    Both are [layers, batch, width]. A layer's gradient is G = dᵀx, so that |G|² = Σ (x xᵀ) ∘ (d dᵀ): two
    products [batch, batch] instead of one [width, width], which takes a fifth of the time. Where float32
    rounds G to 0 or to infinity, as in training, that is the norm.
    """
    layers, batch, width = x.shape
    if batch >= width:
        return [_norm(of_linear[at].mT @ x[at]) for at in range(layers)]
    one, other = x.double(), of_linear.double()
    first, second = one @ one.mT, other @ other.mT
    norms = (first * second).sum((1, 2)).clamp_min_(0).sqrt_().tolist()
    # No sum of products is larger than this, as absolute values (Cauchy and Schwarz).
    bounds = (_trace(first) * _trace(second)).sqrt_().tolist()
    in_float32 = []
    for at, (norm, bound) in enumerate(zip(norms, bounds, strict=True)):
        if bound < SMALLEST / 2:
            in_float32.append(0.0)
        elif SAFE[0] < norm < SAFE[1] or not math.isfinite(norm):
            in_float32.append(norm)
        elif norm > width * LARGEST:  # then one of the width² numbers is above the largest
            in_float32.append(math.inf)
        else:
            in_float32.append(_norm(of_linear[at].mT @ x[at]))
    return in_float32


def _trace(products: Tensor) -> Tensor:
    return products.diagonal(dim1=1, dim2=2).sum(1)


def _norm(values: Tensor) -> float:
    return float(torch.linalg.vector_norm(values, dtype=torch.float64))


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
    linear: list[tuple[Tensor, Tensor]] | None = None,
) -> Tensor:
    """One layer with its cure and activation: [batch, width] -> [batch, width].

    Args:
        x: its input.
        weight: of the linear layer, [width, width].
        setting: activation and cure.
        running: BatchNorm's mean and variance, each [width]; in training they become those of this batch.
        training: whether BatchNorm uses the batch's own mean and variance.
        linear: gets the input and the output of the linear layer.
    """
    before = functional.layer_norm(x, x.shape[-1:]) if setting.cure == "residual_layernorm" else x
    inner = functional.linear(before, weight)
    if linear is not None:
        linear.append((before, inner))
    if setting.cure == "batchnorm":
        mean, variance = running or (None, None)
        inner = functional.batch_norm(inner, mean, variance, training=training, momentum=1.0)
    elif setting.cure == "layernorm":
        inner = functional.layer_norm(inner, inner.shape[-1:])
    inner = activate(inner, setting)
    return x + inner if setting.cure in ("residual", "residual_layernorm") else inner


def activate(x: Tensor, setting: Setting) -> Tensor:
    """The activation of a setting on `x` [...], elementwise."""
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
        self, outputs: Sequence[Tensor], of_outputs: Sequence[Tensor], of_weights: Sequence[float]
    ) -> None:
        """Some layers below those before, in their order; gradients of the outputs, norms of the weights'."""
        self.output += [output.detach() for output in reversed(outputs)]
        self.gradient += reversed(of_outputs)
        self.gradient_of_weight += reversed(of_weights)

    @property
    def is_full(self) -> bool:
        return len(self.output) * self.output[0].numel() >= TOGETHER

    def release(self, first: int) -> list[LayerStat]:
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


def _numbers(values: Tensor) -> list[float | None]:
    return [_finite(value) for value in values.tolist()]


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
