"""Several runs that differ in their optimizer, penalties and early stopping alone, trained as one.

Their layers are computed together.

`dashlab.training.stacked_layers` computes their layers. Every racer keeps an object of `torch.optim` of its
own, which moves that racer's slice of the stacked parameters.
"""

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from dashlab.data.images import ImageSet
from dashlab.errors import ConfigError
from dashlab.settings.optim import OptimConfig, ScheduleConfig
from dashlab.settings.run import RunConfig
from dashlab.settings.run_parts import LossConfig
from dashlab.training.device import pick_device
from dashlab.training.engine import TURN, End, Run, deterministic, resolved
from dashlab.training.evaluate import loss_value
from dashlab.training.optim import make_optimizer, make_schedule
from dashlab.training.recorder import Recorder, figures_of
from dashlab.training.results import Result, Row
from dashlab.training.stacked_layers import Movable, Stack

BESIDE = "trained beside"
"""The entry in a result's environment that tells of the other runs."""


def can_stack(configs: Sequence[RunConfig]) -> bool:
    """Whether these runs can be trained as one: fully connected networks that differ in little.

    They may differ in the optimizer and the schedule of its learning rate, in L1 and L2, and in their
    patience. Dropout and augmentation are no hindrance: every racer sees the same batches and the same masks
    as it would alone.
    """
    if not configs:
        return False
    first = configs[0]
    fits = (
        first.model.model in ("mlp", "softmax")
        and first.loop.precision == "full"
        and not first.loop.compile
        and not first.loop.start_from
    )
    return fits and len({_in_common(config) for config in configs}) == 1


def _in_common(config: RunConfig) -> RunConfig:
    plain = replace(config.without_unused(), optim=OptimConfig(), schedule=ScheduleConfig())
    return plain.change(l1=0.0, l2=0.0, patience=0)


def train_stacked(
    configs: Sequence[RunConfig],
    *,
    on_row: Callable[[int, Row], None] = lambda _index, _row: None,
    should_stop: Callable[[int], bool] = lambda _index: False,
    device: str = "auto",
    images: ImageSet | None = None,
) -> list[Result]:
    """Train several runs at once, each as `engine.train` would train it alone.

    On a CPU the weights are those of `engine.train` but for rounding. A run that diverges or is stopped ends
    there, and the others go on. The seconds of each are its share: an equal part of what is computed for all,
    and its own optimizer's steps.

    Args:
        configs: such that `can_stack(configs)`.
        on_row: called with the index of a run and its row, as `engine.train` calls its own.
        should_stop: asked for each run that goes on, before every step.
        device: as for `engine.train`.
        images: as for `engine.train`.

    Returns:
        The results, in the order of the configs.

    Raises:
        ConfigError: the runs cannot be stacked, or a setting is unsound.
        DataError: the pictures cannot be read.
    """
    configs = [resolved(config) for config in configs]
    if not can_stack(configs):
        raise ConfigError(
            "Only fully connected networks at full precision that differ in nothing but the optimizer and "
            "its schedule, L1, L2 and patience can be trained stacked: train these one after the other."
        )
    with TURN:
        return _Race(configs, pick_device(device), images, on_row).train(should_stop)


class _Racer:
    """One of the runs."""

    def __init__(self, index: int, run: Run) -> None:
        self.index = index
        self.run = run
        self.seconds = 0.0
        self.end: End | None = None
        self.network = cast(nn.Sequential, run.network)
        self.movable = Movable(self.network)
        config = run.config
        optimizer = run.optimizer = make_optimizer(config.optim, self.movable.parameters)
        run.schedule = make_schedule(
            config.schedule, optimizer, steps_per_epoch=len(run.batches), epochs=config.loop.epochs
        )
        # The step itself, without what torch puts around it for profilers and hooks: eight times that counts.
        # A schedule has a hook of its own there.
        plain = partial(inspect.unwrap(type(optimizer).step), optimizer)
        self._step: Callable[[], object] = plain if run.schedule is None else optimizer.step

    def move(self, *, size: int) -> None:
        """One step of its optimizer along the gradients that its parameters have."""
        lr = float(self.run.optimizer.param_groups[0]["lr"])
        self._step()
        if self.run.schedule is not None:
            self.run.schedule.step()
        self.run.recorder.note(size=size, lr=lr)


class _Race:
    """The runs, and what they have in common."""

    def __init__(
        self,
        configs: Sequence[RunConfig],
        device: torch.device,
        images: ImageSet | None,
        on_row: Callable[[int, Row], None],
    ) -> None:
        def reporter(index: int) -> Callable[[Row], None]:
            return lambda row: on_row(index, row)

        runs = [Run(config, device, images, None, reporter(index)) for index, config in enumerate(configs)]
        self.racers = [_Racer(index, run) for index, run in enumerate(runs)]
        self.first = runs[0]
        steps = len(self.first.batches) * self.first.config.loop.epochs
        self.adds = any(run.adds for run in runs)
        self.figures = figures_of(steps, len(runs), adds=self.adds, device=device)
        for index, run in enumerate(runs):
            run.recorder = Recorder(steps, device=device, on_row=run.on_row, figures=self.figures[:, index])
        self.step = 0
        self.since = 0.0  # up to here the time is accounted for
        self._restack()

    def train(self, should_stop: Callable[[int], bool]) -> list[Result]:
        for racer in self.racers:
            racer.run.begin()
        with deterministic(), self.first.precision.for_process():
            self._epochs(should_stop)
        return [self._result(racer) for racer in self.racers]

    def _epochs(self, should_stop: Callable[[int], bool]) -> None:
        self.since = time.perf_counter()
        for _ in range(self.first.config.loop.epochs):
            for x, y in self.first.batches:
                self._part_with(lambda racer: racer.run.stopped() if should_stop(racer.index) else None)
                if not self.going:
                    return
                self._step(x, y)
                self._part_with(lambda racer: racer.run.diverged())
                if not self.going:
                    return
            self._part_with(self._end_epoch)
        self._part_with(lambda racer: racer.run.finished())

    def _part_with(self, end_of: Callable[[_Racer], End | None]) -> None:
        """End the racers for which `end_of` has an end; the others are stacked without them."""
        for racer in self.going:
            racer.end = end_of(racer)
        if any(racer.end for racer in self.going):
            self._restack()

    def _restack(self) -> None:
        self.going = [racer for racer in self.racers if racer.end is None]
        if self.going:
            networks = [racer.network for racer in self.going]
            # The first racer's layers: its dropout draws for all of them, even after that racer's end.
            self.stack = Stack(
                networks, [racer.movable for racer in self.going], list(self.racers[0].network)
            )
        indices = [racer.index for racer in self.going]
        whole = len(indices) == len(self.racers)
        self.places: Any = slice(None) if whole else torch.tensor(indices, device=self.figures.device)

    def _step(self, x: Tensor, y: Tensor) -> None:
        config = self.first.config.loss
        logits = self.stack.forward(x)
        losses, gradient = _losses(logits, y, config)
        self.stack.backward(gradient)
        made_small = losses + self.stack.penalties([racer.run.config.loss for racer in self.going])
        right = (logits.detach().argmax(2) == y).float().mean(1)
        plain = [_plain(logits, y, losses, config)] if self.adds else []
        self.figures[self.step, self.places] = torch.stack((made_small, right, *plain), 1)
        self.step += 1
        shared_s = self._passed() / len(self.going)
        with torch.no_grad():
            for racer in self.going:
                racer.move(size=len(y))
                racer.seconds += shared_s + self._passed()

    def _passed(self) -> float:
        """Seconds since this was last asked."""
        before, self.since = self.since, time.perf_counter()
        return self.since - before

    def _end_epoch(self, racer: _Racer) -> End | None:
        before = racer.seconds + self._passed()

        end = racer.run.end_epoch(lambda: before + time.perf_counter() - self.since)
        racer.seconds = before + self._passed()
        return end

    def _result(self, racer: _Racer) -> Result:
        assert racer.end is not None
        result = racer.run.result(*racer.end, train_s=racer.seconds)
        others = len(self.racers) - 1
        beside = f"{others} other run{'s' if others != 1 else ''}; the seconds are this run's share"
        return replace(result, environment=result.environment | {BESIDE: beside})


def _losses(logits: Tensor, labels: Tensor, loss: LossConfig) -> tuple[Tensor, Tensor]:
    """`loss_value` of each network, [R], and its gradient, for [R, B, K] logits and int64 [B] labels."""
    if loss.loss == "cross_entropy" and not loss.label_smoothing:
        return _cross_entropies(logits, labels)
    logits.requires_grad_()
    smoothing = loss.label_smoothing
    losses = [loss_value(one, labels, loss.loss, label_smoothing=smoothing) for one in logits]
    (gradient,) = torch.autograd.grad(losses, logits)
    return torch.stack(losses).detach(), gradient


def _plain(logits: Tensor, labels: Tensor, losses: Tensor, loss: LossConfig) -> Tensor:
    """The losses without label smoothing, [R]; `losses` are those with it."""
    if not loss.label_smoothing:
        return losses
    return torch.stack([loss_value(one, labels, loss.loss) for one in logits.detach()])


def _cross_entropies(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The usual case of `_losses`, with the gradient written out."""
    log_p = torch.log_softmax(logits, 2)
    labels = labels.expand(len(logits), -1)[:, :, None]  # [R, B, 1]
    of_log_p = torch.zeros_like(log_p).scatter_(2, labels, -1 / labels.shape[1])
    gradient = torch._log_softmax_backward_data(of_log_p, log_p, 2, log_p.dtype)
    return -log_p.gather(2, labels).mean((1, 2)), gradient
