"""Which stacks learn: the same stack, data and batches under several initializers, activations and cures."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from dashlab.data.images import load_images
from dashlab.device import pick_device, stream
from dashlab.experiments.stack import block, draw_weight
from dashlab.experiments.stack_settings import MOST_SETTINGS, Setting, StackConfig
from dashlab.fields import choice, integer, number
from dashlab.lists import entries_of, items
from dashlab.optim import make_optimizer
from dashlab.optim_settings import OptimConfig
from dashlab.settings import FLOP_PER_S
from dashlab.study import Study, Tick

PIXELS, CLASSES = 28 * 28, 10
TRAIN_COUNT, TEST_COUNT = 20_000, 1_000
LEARNS, SLOWLY = 0.5, 0.2
"""Test accuracies from which a stack learns, and learns slowly; chance is 0.1."""
LARGEST_CLASS = 0.126
"""The test accuracy of always answering 1: no other digit has as many of these test pictures."""
LAYER_S = 0.000_08
"""Measured time of a training step in a layer that has next to nothing to compute."""
MOST_WEIGHTS = 200 * 256**2
MOST_ROWS = 100
"""Per setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedRow:
    """How one setting does; loss and accuracy are means over the training batches since the row before."""

    setting: int  # position in the list
    step: int  # from 1
    loss: float
    accuracy: float
    first_gradient: float  # norm of the gradient of the stack's lowest weights in this step
    last_gradient: float  # and of its highest
    test_accuracy: float | None = None  # only in the last row of a setting that came to its end
    diverged: bool = False  # the loss or a gradient is no longer finite: the last row of this setting


@dataclass(frozen=True, slots=True, kw_only=True)
class StackTraining(Study):
    """The same stack trained on handwritten digits under up to six settings, from the same draws."""

    KIND: ClassVar[str] = "dashlab.experiments.stack_training:StackTraining"
    ROW: ClassVar[type] = TrainedRow
    TITLE: ClassVar[str] = "Which ones learn"

    settings: str = items(
        (
            Setting(initializer="kaiming_normal", activation="relu"),
            Setting(initializer="pytorch", activation="relu"),
            Setting(activation="relu"),
            Setting(initializer="pytorch", activation="relu", cure="batchnorm"),
            Setting(initializer="pytorch", activation="relu", cure="residual_layernorm"),
            Setting(initializer="orthogonal", activation="tanh"),
        ),
        "Settings",
        "The stacks side by side, each with its initializer, activation and cure.",
        longest=MOST_SETTINGS,
    )
    depth: int = integer(
        30, "Layers", "Linear layers in the stack, between an input and an output layer.", low=1, high=200
    )
    width: int = integer(128, "Width n", "Units in each layer of the stack.", low=8, high=512)
    steps: int = integer(
        300, "Steps", "How many batches each stack is trained on.", low=20, high=3000, step=100
    )
    batch: int = integer(64, "Batch", "Pictures in a batch.", low=2, high=512)
    optimizer: str = choice(
        "sgd",
        "Optimizer",
        "SGD is with momentum 0.9. Adam divides each gradient by its usual size and so forgives gradients "
        "that are merely small.",
        ("sgd", "adam"),
        names={"sgd": "SGD", "adam": "Adam"},
    )
    lr: float = number(
        0.003,
        "Learning rate",
        "The same for all settings. Adam moves each weight by about this much a step, whatever the size of "
        "its gradient.",
        low=1e-5,
        high=1.0,
        log=True,
    )
    seed: int = integer(0, "Seed", "Of weights and batches; all settings share both.", low=0, high=99_999)

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        """See `FlatConfig.conflicts`."""
        weights = self.depth * self.width**2
        yield (
            weights > MOST_WEIGHTS,
            f"{self.depth} layers of {self.width} × {self.width} are {weights:,} weights, and at most "
            f"{MOST_WEIGHTS:,} are trained here: take fewer layers or a smaller width.",
        )

    def entries(self) -> tuple[Setting, ...]:
        """The settings in their order."""
        return entries_of(self.settings, Setting)

    @property
    def seconds(self) -> float:
        """About how long it takes on one core; to be said beforehand."""
        weights = self.depth * self.width**2 + self.width * (PIXELS + CLASSES)
        step = LAYER_S * self.depth + 6 * self.batch * weights / FLOP_PER_S
        return len(self.entries()) * self.steps * step

    def stack(self, setting: Setting) -> StackConfig:
        """The stack that is trained under a setting."""
        return StackConfig().change(**setting.flat(), depth=self.depth, width=self.width, seed=self.seed)

    def rows(self) -> Iterator[TrainedRow | Tick]:
        """See `Study.rows`: the settings take turns, so that their curves grow together."""
        device = pick_device()
        yield Tick(done=0, total=1, doing="Reading the digits")
        digits = Digits.load(device)
        order = stream(self.seed, "batches")
        racers = [_Racer(self, at, setting, device) for at, setting in enumerate(self.entries())]
        for step in range(1, self.steps + 1):
            chosen = torch.randint(len(digits.train_y), (self.batch,), generator=order).to(device)
            x, y = digits.train_x[chosen], digits.train_y[chosen]
            for racer in racers:
                if not racer.diverged:
                    racer.step(x, y)
                    yield from racer.report(step, digits)
                done = (step - 1) * len(racers) + racer.position + 1
                yield Tick(
                    done=done, total=self.steps * len(racers), doing=f"Step {step:,} of {self.steps:,}"
                )


@dataclass(frozen=True, slots=True)
class Digits:
    """MNIST, standardised: pictures [N, 784], labels [N]."""

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor

    @classmethod
    def load(cls, device: torch.device | str) -> "Digits":
        """The first 20,000 training and 1,000 test pictures of MNIST on `device`."""
        mnist = load_images("mnist", source="bundled")

        def flat(pictures: Tensor) -> Tensor:
            return ((pictures.flatten(1).float() / 255 - 0.1307) / 0.3081).to(device)

        return cls(
            flat(mnist.train_x[:TRAIN_COUNT]),
            mnist.train_y[:TRAIN_COUNT].to(device),
            flat(mnist.test_x[:TEST_COUNT]),
            mnist.test_y[:TEST_COUNT].to(device),
        )


class StackNet(nn.Module):
    """784 → width, the stack, width → 10, without biases.

    The first and the last layer start as N(0, 1/n) under every setting: only the stack differs.
    """

    def __init__(self, study: StackTraining, setting: Setting) -> None:
        super().__init__()
        self.setting = setting
        self.inlet = nn.Parameter(_outer(study.width, PIXELS, study.seed, "inlet"))
        self.layers = nn.ParameterList(
            nn.Parameter(draw_weight(study.stack(setting), index)) for index in range(study.depth)
        )
        self.outlet = nn.Parameter(_outer(CLASSES, study.width, study.seed, "outlet"))
        self.running = [(torch.zeros(study.width), torch.ones(study.width)) for _ in range(study.depth)]

    def forward(self, x: Tensor, *, running: bool = False) -> Tensor:
        """Logits [batch, 10] of pictures [batch, 784]; `running` writes or uses BatchNorm's statistics."""
        x = functional.linear(x, self.inlet)
        for weight, (mean, variance) in zip(self.layers, self.running, strict=True):
            kept = (mean, variance) if running else None
            x = block(x, weight, self.setting, running=kept, training=self.training)
        logits: Tensor = functional.linear(x, self.outlet)
        return logits


def _outer(out: int, inner: int, seed: int, purpose: str) -> Tensor:
    return torch.randn(out, inner, generator=stream(seed, purpose)) / math.sqrt(inner)


class _Racer:
    """One setting in training."""

    def __init__(self, study: StackTraining, position: int, setting: Setting, device: torch.device) -> None:
        self.position, self.diverged = position, False
        self._study = study
        self._net = StackNet(study, setting).to(device)
        self._net.running = [(mean.to(device), var.to(device)) for mean, var in self._net.running]
        momentum = 0.9 if study.optimizer == "sgd" else 0.0
        optim = OptimConfig(optimizer=study.optimizer, lr=study.lr, momentum=momentum)
        self._optimizer = make_optimizer(optim, self._net.parameters())
        self._window: list[tuple[float, float]] = []
        self._gradients = (0.0, 0.0)

    def step(self, x: Tensor, y: Tensor) -> None:
        """One batch: x [batch, 784], y [batch]. Nothing is stepped along a gradient that is not finite."""
        self._optimizer.zero_grad()
        logits = self._net(x)
        loss = functional.cross_entropy(logits, y)
        loss.backward()  # type: ignore[no-untyped-call]
        accuracy = (logits.argmax(dim=1) == y).float().mean()
        self._window.append((loss.item(), accuracy.item()))
        self._gradients = _norm(self._net.layers[0]), _norm(self._net.layers[-1])
        self.diverged = not all(map(math.isfinite, (loss.item(), *self._gradients)))
        if not self.diverged:
            self._optimizer.step()

    def report(self, step: int, digits: Digits) -> Iterator[TrainedRow]:
        """A row, where one is due after this step."""
        every, is_last = math.ceil(self._study.steps / MOST_ROWS), step == self._study.steps
        if not (self.diverged or is_last or step == 1 or step % every == 0):
            return
        losses, accuracies = zip(*self._window, strict=True)
        self._window.clear()
        yield TrainedRow(
            setting=self.position,
            step=step,
            loss=sum(losses) / len(losses),
            accuracy=sum(accuracies) / len(accuracies),
            first_gradient=self._gradients[0],
            last_gradient=self._gradients[1],
            test_accuracy=self._test(digits) if is_last and not self.diverged else None,
            diverged=self.diverged,
        )

    @torch.no_grad()
    def _test(self, digits: Digits) -> float:
        """Accuracy on the test pictures; BatchNorm uses what it finds on as many training pictures."""
        self._net(digits.train_x[: len(digits.test_x)], running=True)
        self._net.eval()
        read = self._net(digits.test_x, running=True).argmax(dim=1)
        return float((read == digits.test_y).double().mean())


def _norm(weight: Tensor) -> float:
    assert weight.grad is not None
    return float(torch.linalg.vector_norm(weight.grad, dtype=torch.float64))


def verdict(rows: Sequence[TrainedRow]) -> str:
    """What became of one setting, in a few words; `rows` are its own."""
    if not rows:
        return "not yet begun"
    last = rows[-1]
    if last.diverged:
        return f"diverged at step {last.step:,}"
    if last.test_accuracy is None:
        return f"at step {last.step:,}"
    if last.test_accuracy >= LEARNS:
        return "learns"
    return "learns slowly" if last.test_accuracy >= SLOWLY else "does not learn"
