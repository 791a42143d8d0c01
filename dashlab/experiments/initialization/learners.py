"""The stacks of "Which ones learn" in training, from the same draws and on the same batches."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from dashlab.data.images import load_images
from dashlab.experiments.initialization.settings import Setting
from dashlab.experiments.initialization.signals import block, draw_weight
from dashlab.experiments.initialization.training import CLASSES, PIXELS, TEST_COUNT, StackTraining, TrainedRow
from dashlab.settings.optim import OptimConfig
from dashlab.training.device import pick_device, stream
from dashlab.training.optim import make_optimizer
from dashlab.training.study import Tick

TRAIN_COUNT = 20_000
MOST_ROWS = 100
"""Per setting."""


def train_settings(study: StackTraining) -> Iterator[TrainedRow | Tick]:
    """The settings take turns, so that their curves grow together; see `Study.rows`."""
    device = pick_device()
    yield Tick(done=0, total=1, doing="Reading the digits")
    digits = Digits.load(device)
    order = stream(study.seed, "batches")
    racers = [StackLearner(study, at, setting, device) for at, setting in enumerate(study.entries())]
    for step in range(1, study.steps + 1):
        chosen = torch.randint(len(digits.train_y), (study.batch,), generator=order).to(device)
        x, y = digits.train_x[chosen], digits.train_y[chosen]
        for racer in racers:
            if not racer.diverged:
                racer.step(x, y)
                yield from racer.report(step, digits)
            done = (step - 1) * len(racers) + racer.position + 1
            yield Tick(done=done, total=study.steps * len(racers), doing=f"Step {step:,} of {study.steps:,}")


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


class StackLearner:
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
