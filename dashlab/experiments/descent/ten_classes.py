"""Softmax regression written by hand, step by step beside the same in `torch.nn`.

By hand: p = softmax(XWᵀ + b), ∂L/∂W = (p − y)ᵀX / B, ∂L/∂b = the mean of p − y, and W ← W − α ∂L/∂W. Both are
computed in float64.

Source:
    Zhang et al. 2023, "Dive into Deep Learning", chapter 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from dashlab.experiments.descent.ten_classes_settings import TenClassesConfig, TenClassesRow, pack_weights
from dashlab.settings.run_parts import DataConfig, ModelConfig
from dashlab.training.device import stream
from dashlab.training.engine import load
from dashlab.training.models import build
from dashlab.training.study import Tick

Array = NDArray[np.float64]

FRAMES = 24
"""So many steps are kept, close together at first."""
PORTION = 2000
TICK_STEPS = 20


def kept_steps(total: int) -> tuple[int, ...]:
    """Which steps are kept of so many: 0, 1, 2, 4 … and the last, evenly on a logarithmic scale."""
    return tuple(sorted({0, *np.geomspace(1, total, FRAMES - 1).round().astype(int).tolist()}))


def regress(config: TenClassesConfig) -> Iterator[TenClassesRow | Tick]:
    """Train by hand and by `torch.nn`, on the same batches from the same weights.

    Raises:
        DataError: the pictures cannot be read.
    """
    images = load(DataConfig(dataset=config.dataset))
    count = min(config.train_size or len(images.train_y), len(images.train_y))
    x, y = images.train_x[:count].flatten(1), images.train_y[:count]
    hand = ByHand.of(config, x.shape[1], len(images.classes))
    twin = ByTorch(_twin(hand), config.lr)
    total = config.epochs * -(-count // config.batch_size)
    wanted = set(kept_steps(total))
    losses: list[float] = []
    for step, (pixels, labels) in enumerate(_batches(config, x, y)):
        outputs, theirs = hand.outputs(pixels), twin.loss(pixels, labels)
        loss = cross_entropy(outputs, labels)
        if step in wanted:
            yield _row(step, hand, twin, (loss, theirs.item()), losses)
            losses = []
        losses.append(loss)
        hand.take(pixels, labels, outputs, config.lr)
        twin.take(theirs)
        if step % TICK_STEPS == 0:
            yield Tick(done=step, total=total, doing=f"Step {step + 1:,} of {total:,}")
    last = cross_entropy(hand.outputs(pixels), labels), twin.loss(pixels, labels).item()
    counts = torch.bincount(images.test_y)
    yield replace(
        _row(total, hand, twin, last, losses),
        train_accuracy=hand.accuracy(x, y),
        test_accuracy=hand.accuracy(images.test_x.flatten(1), images.test_y),
        largest_share=int(counts.max()) / len(images.test_y),
    )


def _pixels(x: Tensor) -> Tensor:
    """Pictures uint8 [B, D] as float64 [B, D], from 0 to 1."""
    return x.double() / 255


def _batches(config: TenClassesConfig, x: Tensor, y: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """All batches of all epochs, float64 [B, D] and int64 [B]; each epoch in the trainer's order."""
    order = stream(config.seed, "order")
    for _ in range(config.epochs):
        for chosen in torch.split(torch.randperm(len(y), generator=order), config.batch_size):
            yield _pixels(x[chosen]), y[chosen]


@dataclass(slots=True)
class ByHand:
    """The regression without autograd."""

    weight: Tensor  # [K, D]
    bias: Tensor  # [K]

    @staticmethod
    def of(config: TenClassesConfig, inputs: int, classes: int) -> ByHand:
        """As it begins: from the weights that the trainer begins with at the same seed."""
        start = ModelConfig(model="softmax", init="normal", init_std=config.std)
        network = build(start, shape=(1, 1, inputs), classes=classes, seed=config.seed)
        weight, bias = (tensor.detach().double() for tensor in network.parameters())
        return ByHand(weight, bias)

    def outputs(self, x: Tensor) -> Tensor:
        """z of x [B, D]: [B, K]."""
        return x @ self.weight.T + self.bias

    def take(self, x: Tensor, y: Tensor, outputs: Tensor, lr: float) -> None:
        """One step on x [B, D] with labels [B], whose z are `outputs` [B, K]."""
        error = stable_softmax(outputs)
        error[torch.arange(len(y)), y] -= 1  # p − y
        self.weight = self.weight - lr * (error.T @ x) / len(y)
        self.bias = self.bias - lr * error.mean(0)

    def accuracy(self, x: Tensor, y: Tensor) -> float:
        """The share of pictures uint8 [N, D] whose class, [N], is predicted."""
        starts = range(0, len(y), PORTION)
        right = (
            (self.outputs(_pixels(x[at : at + PORTION])).argmax(1) == y[at : at + PORTION]).sum()
            for at in starts
        )
        return sum(map(int, right)) / len(y)


@dataclass(slots=True)
class ByTorch:
    """The same by `torch.nn`, autograd and `torch.optim`."""

    layer: nn.Linear
    lr: float
    optimizer: torch.optim.Optimizer = field(init=False)

    def __post_init__(self) -> None:
        self.optimizer = torch.optim.SGD(self.layer.parameters(), self.lr)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """The mean cross-entropy of x [B, D] for labels [B], a scalar []."""
        return functional.cross_entropy(self.layer(x), y)

    def take(self, loss: Tensor) -> None:
        """One step down this loss, a scalar []."""
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()


def _twin(start: ByHand) -> nn.Linear:
    """A linear layer with the same weights."""
    classes, inputs = start.weight.shape
    layer = nn.Linear(inputs, classes, device="meta", dtype=torch.float64).to_empty(device="cpu")
    with torch.no_grad():
        layer.weight.copy_(start.weight)
        layer.bias.copy_(start.bias)
    return layer


def _row(
    step: int, hand: ByHand, twin: ByTorch, both: tuple[float, float], losses: list[float]
) -> TenClassesRow:
    weight, bias = twin.layer.weight.detach(), twin.layer.bias.detach()
    return TenClassesRow(
        step=step,
        loss=both[0],
        torch_loss=both[1],
        apart=max(float((hand.weight - weight).abs().max()), float((hand.bias - bias).abs().max())),
        weights=pack_weights(hand.weight.float().numpy()),
        biases=tuple(hand.bias.tolist()),
        losses=tuple(losses),
    )


def cross_entropy(outputs: Tensor, y: Tensor) -> float:
    """The mean of log Σ e^z − z of the right class, for z [B, K] and labels [B]."""
    highest = outputs.amax(1, keepdim=True)
    log_sum = highest[:, 0] + (outputs - highest).exp().sum(1).log()
    return float((log_sum - outputs[torch.arange(len(y)), y]).mean())


def naive_softmax(z: Tensor) -> Tensor:
    """e^z / Σ e^z along the last axis, [..., K]: too large a z overflows, and ∞ / ∞ is no number."""
    e = z.exp()
    return e / e.sum(-1, keepdim=True)


def stable_softmax(z: Tensor) -> Tensor:
    """The same of z − max z, [..., K]: no exponent is above 0, so that nothing overflows."""
    return naive_softmax(z - z.amax(-1, keepdim=True))


@dataclass(frozen=True, slots=True)
class TwoSoftmaxes:
    """The same outputs in float32 through the naive and through the stable softmax."""

    outputs: Array  # [K]: z, scaled
    exponentials: Array  # [K]: e^z in float32
    naive: Array  # [K]
    stable: Array  # [K]
    largest: float  # z whose e^z is the largest float32


def two_softmaxes(outputs: Array, scale: float) -> TwoSoftmaxes:
    """Outputs z [K], times `scale`, both ways in float32."""
    z = torch.from_numpy(outputs).float() * scale
    return TwoSoftmaxes(
        outputs=z.double().numpy(),
        exponentials=z.exp().double().numpy(),
        naive=naive_softmax(z).double().numpy(),
        stable=stable_softmax(z).double().numpy(),
        largest=math.log(torch.finfo(torch.float32).max),
    )
