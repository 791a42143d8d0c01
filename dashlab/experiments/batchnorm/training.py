"""Training of twins, step by step on the same batches."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dashlab.experiments.batchnorm import network as networks
from dashlab.experiments.batchnorm.network import Task, Watched
from dashlab.experiments.batchnorm.rows import (
    PROBE,
    Moments,
    Score,
    Twin,
    TwinsConfig,
    TwinsEpoch,
    frames_of,
    marks_of,
)
from dashlab.experiments.batchnorm.settings import TwinSettings
from dashlab.experiments.batchnorm.sweeps import Sweep, Trial
from dashlab.training.study import Tick

NOTHING = Score(loss=math.nan, accuracy=math.nan)
TICK_STEPS = 20


@dataclass(slots=True)
class TwinLearner:
    """One twin while it learns: a plain network under plain SGD.

    The step is that of `torch.optim.SGD`, bit for bit, in four fifths of the time: of layers this small most
    of a step goes to what surrounds the arithmetic, and a sweep takes thousands while somebody waits.
    """

    network: nn.Sequential
    lr: float
    weights: tuple[nn.Parameter, ...]  # all that it learns, in the network's order
    diverged: int = 0
    _gradients: tuple[Tensor, ...] = ()  # of the last step: [M, D] or [M] as its weight
    _losses: list[float] = field(default_factory=list)  # of the epoch so far, times inputs
    _right: list[Tensor] = field(default_factory=list)  # correct answers of each batch, int64 [1]
    _seen: int = 0

    @staticmethod
    def of(config: TwinSettings, task: Task, *, batchnorm: bool, lr: float) -> "TwinLearner":
        """The twin as it begins: weights by the config's seed, which are those of the other twin, too."""
        network = networks.build_twin(config, batchnorm=batchnorm).to(task.train_y.device)
        return TwinLearner(network, lr, tuple(network.parameters()))

    def step(self, x: Tensor, y: Tensor, number: int) -> None:
        """One step of gradient descent; none any more once the loss is not a finite number.

        Args:
            x: what the network takes, float32 [B, D].
            y: classes, int64 [B].
            number: of the step, from 1.
        """
        if self.diverged:
            return
        logits = self.network(x)
        loss = F.cross_entropy(logits, y)
        value = loss.item()
        if not math.isfinite(value):
            self.diverged = number
            return
        self._gradients = torch.autograd.grad(loss, self.weights)
        with torch.no_grad():
            for weight, gradient in zip(self.weights, self._gradients, strict=True):
                weight.add_(gradient, alpha=-self.lr)
        self._losses.append(value * len(y))
        self._right.append((logits.argmax(1) == y).sum(0, keepdim=True))
        self._seen += len(y)

    def training(self) -> Score:
        """The mean over the batches since this was last asked."""
        seen = self._seen if not self.diverged else 0
        score = NOTHING
        if seen:
            right = int(torch.cat(self._right).sum())
            score = Score(loss=math.fsum(self._losses) / seen, accuracy=right / seen)
        self._losses, self._right, self._seen = [], [], 0
        return score

    def gradients(self) -> tuple[float, ...]:
        """Norm of the gradient of each linear layer's weights, from the last step."""
        linear = {id(module.weight) for module in self.network if isinstance(module, nn.Linear)}
        of_weights = zip(self.weights, self._gradients, strict=False)  # before the first step there are none
        return tuple(gradient.norm().item() for weight, gradient in of_weights if id(weight) in linear)


@dataclass(frozen=True, slots=True)
class Examiner:
    """Measures twins after an epoch."""

    config: TwinsConfig
    task: Task
    grid: Tensor | None  # [GRID², 2], the cells whose class is drawn; None for pictures
    frames: frozenset[int]

    @staticmethod
    def of(config: TwinsConfig, task: Task) -> "Examiner":
        """The one for these settings: it draws a boundary for points in the plane, none for pictures."""
        grid = networks.cells(networks.load_points(config).x) if config.dataset != "mnist" else None
        return Examiner(config, task, grid, frozenset(frames_of(config.epochs)))

    def twin(self, learner: TwinLearner, epoch: int) -> Twin:
        """What is reported of a twin."""
        training = learner.training()
        if learner.diverged:
            return Twin(
                training=NOTHING, by_batch=NOTHING, by_running=NOTHING, classes_by_batch=(),
                classes_by_running=(), gradients=(), diverged=learner.diverged,
            )  # fmt: skip
        network = learner.network
        size, framed = self.config.batch_size, epoch in self.frames
        on_test = networks.on_test(network, self.task, size)
        both = self.config.measured == "both"
        return Twin(
            training=training,
            by_batch=on_test.by_batch,
            by_running=on_test.by_running,
            classes_by_batch=on_test.classes_by_batch,
            classes_by_running=on_test.classes_by_running,
            gradients=learner.gradients(),
            layers=networks.spreads(network, self._probe()) if framed else (),
            boundary=networks.boundary(network, self.grid) if framed and self.grid is not None else "",
            on_training=networks.on_training(network, self.task, size) if both else None,
        )

    def _probe(self) -> Tensor:
        return self.task.vectors(self.task.train_x[:PROBE])


def train_twins(config: TwinsConfig) -> Iterator[TwinsEpoch | Tick]:
    """Train both twins in lockstep and report them after each epoch, from epoch 0 on, with ticks between."""
    task = networks.load_task(config)
    plain, normed = (TwinLearner.of(config, task, batchnorm=bn, lr=config.lr) for bn in (False, True))
    examiner, watched = Examiner.of(config, task), Watched(normed.network)
    total = config.epochs * config.steps_of(config.batch_size)
    marks, step = marks_of(total), 0
    yield _row(examiner, 0, step, plain, normed, [])
    for epoch, chosen in enumerate(networks.batches(config, task, config.batch_size, config.epochs), 1):
        moments: list[Moments] = []
        for indexes in chosen:
            if step % TICK_STEPS == 0 or len(chosen) == 1:
                yield Tick(done=step, total=total, doing=f"Epoch {epoch} of {config.epochs}")
            step += 1
            x, y = task.batch(indexes)
            plain.step(x, y, step)
            normed.step(x, y, step)
            if step in marks and not normed.diverged:
                moments += watched.moments(step)
        yield _row(examiner, epoch, step, plain, normed, moments)
        if plain.diverged and normed.diverged:
            return


def _row(
    examiner: Examiner, epoch: int, step: int, plain: TwinLearner, normed: TwinLearner, moments: list[Moments]
) -> TwinsEpoch:
    return TwinsEpoch(
        epoch=epoch,
        step=step,
        plain=examiner.twin(plain, epoch),
        normed=examiner.twin(normed, epoch),
        moments=tuple(moments),
    )


def sweep(config: Sweep) -> Iterator[Trial | Tick]:
    """Train each twin at each setting from each seed: a row for each, and ticks between."""
    settings = tuple(config.settings())
    work = [steps for _, _, steps in settings for _ in range(2 * config.seeds)]
    total, done = sum(work), 0
    tasks = {seed: networks.load_task(config.change(seed=seed)) for seed in _seeds(config)}
    for lr, size, steps in settings:
        for seed in _seeds(config):
            for batchnorm in (False, True):
                trial = _Trial(config.change(seed=seed), tasks[seed], lr, size, steps, batchnorm)
                for step in trial.train():
                    yield Tick(done=done + step, total=total, doing=trial.title)
                yield trial.result()
                done += steps


def _seeds(config: Sweep) -> range:
    return range(config.seed, config.seed + config.seeds)


@dataclass(slots=True)
class _Trial:
    """One twin alone at one setting."""

    config: Sweep
    task: Task
    lr: float
    size: int  # 0 for all
    steps: int
    batchnorm: bool
    learner: TwinLearner = field(init=False)

    def __post_init__(self) -> None:
        self.learner = TwinLearner.of(self.config, self.task, batchnorm=self.batchnorm, lr=self.lr)

    @property
    def title(self) -> str:
        twin = "with BatchNorm" if self.batchnorm else "without"
        size = self.size or self.config.train_count
        return f"Learning rate {self.lr:g}, batch size {size}, {twin}"

    def train(self) -> Iterator[int]:
        """Take all steps; gives their number now and then. Ends early where the twin diverges."""
        epochs = -(-self.steps // self.config.steps_of(self.size))
        order = networks.batches(self.config, self.task, self.size, epochs)
        chosen = (indexes for epoch in order for indexes in epoch)
        for step, indexes in enumerate(islice(chosen, self.steps), 1):
            if step == self.steps - self.steps // 10 + 1:
                self.learner.training()  # what follows is the last tenth
            self.learner.step(*self.task.batch(indexes), step)
            if step % TICK_STEPS == 0:
                yield step
            if self.learner.diverged:
                return

    def result(self) -> Trial:
        """The figures once it is trained."""
        training, diverged = self.learner.training(), self.learner.diverged
        by_batch = by_running = math.nan
        if not diverged:
            on_test = networks.on_test(self.learner.network, self.task, self.size)
            by_batch, by_running = on_test.by_batch.accuracy, on_test.by_running.accuracy
        return Trial(
            lr=self.lr,
            batch_size=self.size or self.config.train_count,
            batchnorm=self.batchnorm,
            seed=self.config.seed,
            steps=self.steps,
            training_loss=training.loss,
            by_batch=by_batch,
            by_running=by_running,
            diverged=diverged,
        )
