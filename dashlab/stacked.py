"""Several runs that differ in their optimizer alone, trained as one: their layers are computed together.

Eight small networks one after the other spend most of their time between the products of their layers.
Stacked, each layer is one batched product. Every racer keeps an object of `torch.optim` of its own, which
moves that racer's slice of the stacked parameters.
"""

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dashlab.config import RunConfig
from dashlab.data.images import ImageSet
from dashlab.device import pick_device
from dashlab.engine import TURN, End, Run, deterministic, resolved
from dashlab.errors import ConfigError
from dashlab.evaluate import loss_value
from dashlab.models.layers import Dropout
from dashlab.optim_settings import OptimConfig, ScheduleConfig
from dashlab.recorder import Recorder
from dashlab.results import Result, Row
from dashlab.settings import LossConfig

BESIDE = "trained beside"
"""The entry in a result's environment that tells of the other runs."""


def can_stack(configs: Sequence[RunConfig]) -> bool:
    """Whether these runs can be trained as one: fully connected networks that differ in the optimizer alone.

    The schedule of the learning rate counts as the optimizer's. Early stopping, dropout and augmentation are
    no hindrance: every racer sees the same batches and the same masks as it would alone.
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
    return fits and len({_without_optimizer(config) for config in configs}) == 1


def _without_optimizer(config: RunConfig) -> RunConfig:
    return replace(config.without_unused(), optim=OptimConfig(), schedule=ScheduleConfig())


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
            "its schedule can be trained stacked: train these one after the other."
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
        optimizer = run.optimizer
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
        self.figures = torch.zeros(steps, len(runs), 2, device=device)  # [step, racer, (loss, right)]
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
            self.stack = Stack([cast(nn.Sequential, racer.run.network) for racer in self.going], self.layers)
        indices = [racer.index for racer in self.going]
        whole = len(indices) == len(self.racers)
        self.places: Any = slice(None) if whole else torch.tensor(indices, device=self.figures.device)

    @property
    def layers(self) -> list[nn.Module]:
        """The first racer's: its dropout draws for all of them, even after that racer's end."""
        return list(cast(nn.Sequential, self.first.network))

    def _step(self, x: Tensor, y: Tensor) -> None:
        logits = self.stack(x)
        losses = _losses(logits, y, self.first.config.loss) + self.stack.penalties(self.first.config.loss)
        self.stack.backward(losses)
        right = (logits.detach().argmax(2) == y).float().mean(1)
        self.figures[self.step, self.places] = torch.stack((losses.detach(), right), 1)
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


class Stack:
    """R networks of one shape as one: [B, C, H, W] in, logits [R, B, classes] out, in train mode.

    The networks' parameters and buffers become slices of stacked ones, so that what moves the one moves the
    other.

    Args:
        networks: softmax regressions or MLPs as `models.build` makes them.
        layers: of one such network; those without weights are used as they are.
    """

    def __init__(self, networks: Sequence[nn.Sequential], layers: Sequence[nn.Module]) -> None:
        self._layers = layers
        owners = [list(network.parameters()) for network in networks]
        self.parameters = [_stack(same).requires_grad_() for same in zip(*owners, strict=True)]
        self._gradients = [torch.zeros_like(parameter) for parameter in self.parameters]
        for same, gradient in zip(zip(*owners, strict=True), self._gradients, strict=True):
            for parameter, part in zip(same, gradient.unbind(0), strict=True):
                parameter.grad = part
        self._count = len(networks)
        buffers = [list(network.buffers()) for network in networks]
        self._buffers = [_stack(same) for same in zip(*buffers, strict=True)]

    def __call__(self, x: Tensor) -> Tensor:
        """The networks' outputs for the same pictures."""
        parameters = iter(zip(self.parameters, self._gradients, strict=True))
        buffers = iter(self._buffers)
        h = x.flatten(1).expand(self._count, -1, -1)  # [R, B, features] from here on
        for layer in self._layers:
            if isinstance(layer, nn.Linear):
                weight, place = next(parameters)  # [R, out, in]
                bias = None if cast(Tensor | None, layer.bias) is None else next(parameters)[0]
                h = _Linear.apply(h, weight, bias, place)
            elif isinstance(layer, nn.BatchNorm1d):
                affine = [next(parameters)[0] for _ in range(2)]
                h = _normalized(layer, h, affine, [next(buffers) for _ in range(3)])
            elif isinstance(layer, Dropout):
                one_for_all = layer(torch.ones(h.shape[1:], device=h.device))  # each would draw the same
                h = h * one_for_all
            elif not isinstance(layer, nn.Flatten):
                h = _activated(layer, h)
        return h

    def penalties(self, loss: LossConfig) -> Tensor | float:
        """L1 and L2 of each network's weights, [R]."""
        weights = [p.flatten(1) for p in self.parameters if p.dim() > 2]
        total: Tensor | float = 0.0
        if loss.l1:
            total = total + loss.l1 * torch.stack([w.abs().sum(1) for w in weights]).sum(0)
        if loss.l2:
            total = total + loss.l2 * torch.stack([w.square().sum(1) for w in weights]).sum(0)
        return total

    def backward(self, losses: Tensor) -> None:
        """Give every network's parameters the gradients of its own loss, one of the losses [R]."""
        arrived = torch.autograd.grad(losses.sum(), self.parameters)
        for place, gradient in zip(self._gradients, arrived, strict=True):
            if gradient.data_ptr() != place.data_ptr():
                place.copy_(gradient)


def _stack(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors as one [R, ...], of which they become slices."""
    stacked = torch.stack([tensor.detach() for tensor in tensors])
    for tensor, part in zip(tensors, stacked.unbind(0), strict=True):
        tensor.data = part
    return stacked


class _Linear(torch.autograd.Function):
    """[R, B, in] times [R, out, in], plus [R, out]; the weight's gradient is written into `place`.

    New memory in every step for gradients of megabytes would push the weights out of a processor's cache.

    Each product is the one that `nn.Linear` computes, with its operands the same way round: on a CPU the
    results agree to the last bit. That matters where a gradient is nothing but rounding, as that of a weight
    on an always black pixel before a BatchNorm is, because Adam makes full steps of it.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, place: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.has_bias, ctx.place = bias is not None, place
        turned = weight.transpose(1, 2)
        return torch.bmm(x, turned) if bias is None else torch.baddbmm(bias[:, None], x, turned)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor, Tensor | None, None]:
        (grad,) = grads
        x, weight = ctx.saved_tensors
        grad = grad.contiguous()
        return (
            torch.bmm(grad, weight) if ctx.needs_input_grad[0] else None,
            torch.bmm(grad.transpose(1, 2), x, out=ctx.place),
            grad.sum(1) if ctx.has_bias else None,
            None,
        )


_LANES = 16
"""A CPU computes so many numbers at once, and those left over at the end of a row another way, which rounds
otherwise. Where rows are no multiple of it, the racers are taken one by one."""


def _normalized(
    layer: nn.BatchNorm1d, h: Tensor, affine: Sequence[Tensor], buffers: Sequence[Tensor]
) -> Tensor:
    """BatchNorm of [R, B, F], as one of [B, R·F]: it treats every feature by itself."""
    *statistics, count = buffers
    count += 1
    parts = (*statistics, *affine)  # mean, variance, weight, bias, each [R, F]
    racers, batch, features = h.shape
    if features % _LANES:
        return torch.stack([_norm(layer, *each) for each in zip(h, *parts, strict=True)])
    flat = h.transpose(0, 1).reshape(batch, racers * features)
    flat = _norm(layer, flat, *(part.view(-1) for part in parts))
    return flat.view(batch, racers, features).transpose(0, 1)


def _norm(
    layer: nn.BatchNorm1d, x: Tensor, mean: Tensor, var: Tensor, weight: Tensor, bias: Tensor
) -> Tensor:
    return F.batch_norm(x, mean, var, weight, bias, True, cast(float, layer.momentum), layer.eps)


def _activated(layer: nn.Module, h: Tensor) -> Tensor:
    """An activation of [R, B, F]."""
    if isinstance(layer, nn.ReLU):  # does not round
        return F.relu(h)
    if h.shape[2] % _LANES:
        return torch.stack([layer(part) for part in h])
    return layer(h.contiguous())  # type: ignore[no-any-return]  # oneDNN has kernels of its own for these


def _losses(logits: Tensor, labels: Tensor, loss: LossConfig) -> Tensor:
    """`loss_value` of each network: [R] from [R, B, K] and int64 [B]."""
    if loss.loss != "cross_entropy" or loss.label_smoothing:  # rare, and rounded otherwise if done at once
        smoothing = loss.label_smoothing
        return torch.stack([loss_value(one, labels, loss.loss, label_smoothing=smoothing) for one in logits])
    racers, batch, classes = logits.shape
    every = logits.reshape(racers * batch, classes)
    wanted = labels.expand(racers, batch).reshape(-1)
    return F.cross_entropy(every, wanted, reduction="none").view(racers, batch).mean(1)
