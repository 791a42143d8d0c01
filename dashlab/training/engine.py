"""The training loop: the only one in dashlab."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache

import torch
from torch import Tensor, nn

from dashlab.data.images import ImageSet, available_source, fingerprint, load_folder, load_images
from dashlab.errors import ConfigError
from dashlab.settings.run import RunConfig
from dashlab.settings.run_parts import DataConfig
from dashlab.training.batches import Batches, Split, split
from dashlab.training.device import describe, environment, pick_device
from dashlab.training.evaluate import evaluate, logits_of, loss_and_accuracy, loss_value
from dashlab.training.models import build, memory_format
from dashlab.training.optim import make_optimizer, make_schedule
from dashlab.training.precision import Precision, fast, full
from dashlab.training.recorder import Recorder
from dashlab.training.results import EndState, Evaluation, Result, Row, Seconds, Started
from dashlab.training.weights import Weights, put_weights, weights_of

End = tuple[EndState, str]
"""How a run ended, and a sentence about it."""

TURN = threading.Lock()
"""One training at a time per process: the precision of matrix products is process-wide."""


def resolved(config: RunConfig) -> RunConfig:
    """The config whose key names the run: checked, unused settings at their defaults, the source decided.

    Raises:
        ConfigError: a setting is unsound.
    """
    config = config.without_unused().check()
    if config.data.dataset == "own" or config.data.source != "auto":
        return config
    return config.change(source=available_source(config.data.dataset))


def train(
    config: RunConfig,
    *,
    on_row: Callable[[Row], None] = lambda _row: None,
    should_stop: Callable[[], bool] = lambda: False,
    device: str = "auto",
    start_weights: Mapping[str, Tensor] | None = None,
    images: ImageSet | None = None,
) -> Result:
    """Train one network.

    Args:
        config: everything that decides the result.
        on_row: called in this thread with a `Started`, then with each `StepRow` and `EpochRow` in order.
        should_stop: read before every step; once it says True the run ends as "stopped" with what it has.
        device: "auto", "cpu", "cuda", "mps".
        start_weights: the weights of the run named by `config.loop.start_from`: under the name of each
            parameter and buffer a tensor of its shape, such as [out, in] of a linear layer.
        images: the pictures, where they are at hand already; else they are loaded as `config.data` says.

    Returns:
        The result. Its test figures are there only for a finished run: the test set is read once, at the end.

    Raises:
        ConfigError: a setting is unsound, or does not fit the pictures.
        DataError: the pictures cannot be read.
        WeightsError: `start_weights` belong to another network.
    """
    config = resolved(config)
    if bool(config.loop.start_from) != (start_weights is not None):
        raise ConfigError(
            "A run that starts from another needs that run's weights, and only such a run takes any."
        )
    with TURN:
        return Run(config, pick_device(device), images, start_weights, on_row).train(should_stop)


def load(config: DataConfig) -> ImageSet:
    """The pictures that `config` names; the last sets stay in memory for the next run."""
    if config.dataset == "own":
        return _load_own(config.path, config.side, config.grey, fingerprint(config.path))
    return _load_published(config.dataset, config.source)


@lru_cache(maxsize=2)
def _load_published(name: str, source: str) -> ImageSet:
    return load_images(name, source=source)


@lru_cache(maxsize=1)
def _load_own(path: str, side: int, grey: bool, _fingerprint: str) -> ImageSet:
    """Remembered by content as well, so that a folder that changed is read again.

    The split into training and test does not follow the run's seed: runs on the same pictures are compared on
    the same test set.
    """
    return load_folder(path, side=side, grey=grey)


class Run:
    """One training run: what stands between its steps.

    Args:
        config: as `resolved` gives it.
        device: where it is trained.
        images: the pictures; else they are loaded.
        start_weights: see `train`.
        on_row: see `train`.
    """

    def __init__(
        self,
        config: RunConfig,
        device: torch.device,
        images: ImageSet | None,
        start_weights: Mapping[str, Tensor] | None,
        on_row: Callable[[Row], None],
    ) -> None:
        begun = time.perf_counter()
        self.config = config
        self.device = device
        self.images = images if images is not None else load(config.data)
        self.parts: Split = split(self.images, config, device)
        self.batches = Batches(self.parts.train, self.parts.normalization, config)
        self.network = self._network(start_weights)
        self.step_network = (
            self._compiled() if config.loop.compile and device.type == "cuda" else self.network
        )
        self.precision = self._precision()
        self.layout = memory_format(self.network)
        self.parameters = list(self.network.parameters())
        self.penalised = [p for p in self.parameters if p.dim() > 1]
        self.optimizer = make_optimizer(config.optim, self.parameters)
        self.schedule = make_schedule(
            config.schedule, self.optimizer, steps_per_epoch=len(self.batches), epochs=config.loop.epochs
        )
        self.on_row = on_row
        steps = len(self.batches) * config.loop.epochs
        self.adds = bool(config.loss.added)
        self.recorder = Recorder(steps, device=device, on_row=on_row, adds=self.adds)
        self.best: tuple[float, int, Weights] | None = None  # validation loss, epoch, weights
        self.load_s = time.perf_counter() - begun

    def train(self, should_stop: Callable[[], bool]) -> Result:
        """All of it."""
        self.begin()
        begun = time.perf_counter()
        with deterministic(), self.precision.for_process():
            end = self._epochs(should_stop, begun)
        return self.result(*end, train_s=time.perf_counter() - begun)

    def begin(self) -> None:
        """Tell what there is to do."""
        self.started = self._started()
        self.on_row(self.started)

    def result(self, state: EndState, note: str, *, train_s: float) -> Result:
        """What the run leaves behind, once its steps have ended as `state`, with `note` to say about it."""
        self.recorder.read(last=True)
        if state == "stopped" and self.recorder.diverged_at is not None:  # noticed by the last reading only
            state, note = "diverged", self._diverged_sentence()
        trained = time.perf_counter()
        evaluation = self._evaluation() if state == "finished" else None
        if evaluation is not None and not math.isfinite(evaluation.loss):
            state, note, evaluation = "diverged", self._diverged_sentence("on the test pictures"), None
        return Result(
            config=self.config,
            state=state,
            note=f"{note} {self.precision.words}".strip(),
            started=self.started,
            steps=tuple(self.recorder.steps),
            epochs=tuple(self.recorder.epochs),
            evaluation=evaluation,
            weights=weights_of(self.network) if state != "diverged" else {},
            seconds=Seconds(load=self.load_s, train=train_s, evaluate=time.perf_counter() - trained),
            environment=environment(self.device) | self.precision.as_environment(),
        )

    def _epochs(self, should_stop: Callable[[], bool], begun: float) -> End:
        for _ in range(self.config.loop.epochs):
            for x, y in self.batches:
                if should_stop():
                    return self.stopped()
                self._step(x, y)
                if (end := self.diverged()) is not None:
                    return end
            if (end := self.end_epoch(lambda: time.perf_counter() - begun)) is not None:
                return end
        return self.finished()

    def diverged(self) -> End | None:
        """The end of a run whose loss is known to be no finite number any more."""
        return None if self.recorder.diverged_at is None else ("diverged", self._diverged_sentence())

    def stopped(self) -> End:
        """The end of a run that somebody stopped."""
        return "stopped", self._stopped_sentence()

    def finished(self) -> End:
        """The end of a run that came to its end; early stopping goes back to its best weights."""
        return "finished", self._back_to_best()

    def end_epoch(self, seconds: Callable[[], float]) -> End | None:
        """Validate and report the epoch that the last step ended; the run's end, if this is it.

        `seconds` is asked for the time since the start of training, after the validation.
        """
        self.recorder.read()
        if (end := self.diverged()) is not None:
            return end
        val = self._validate()
        if val is not None and not math.isfinite(val[0]):
            return "diverged", self._diverged_sentence("on the validation pictures")
        row = self.recorder.end_epoch(val=val, seconds=seconds())
        if val is not None and self._is_time_to_stop(row.epoch, val[0]):
            return self.finished()
        return None

    def _step(self, x: Tensor, y: Tensor) -> None:
        config = self.config.loss
        with self.precision.for_forward():
            logits = self.step_network(x.contiguous(memory_format=self.layout))
            loss = loss_value(logits, y, config.loss, label_smoothing=config.label_smoothing)
            plain = loss_value(logits.detach(), y, config.loss) if config.label_smoothing else loss.detach()
        if config.l1:
            loss = loss + config.l1 * torch.stack([w.abs().sum() for w in self.penalised]).sum()
        if config.l2:
            loss = loss + config.l2 * torch.stack([w.square().sum() for w in self.penalised]).sum()
        for parameter in self.parameters:  # `zero_grad` does the same and takes twenty times as long
            parameter.grad = None
        loss.backward()  # type: ignore[no-untyped-call]
        lr = float(self.optimizer.param_groups[0]["lr"])
        self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()
        right = (logits.detach().argmax(1) == y).float().mean()
        self.recorder.record(loss.detach(), right, size=len(y), lr=lr, plain=plain if self.adds else None)

    def _validate(self) -> tuple[float, float] | None:
        part = self.parts.val
        if len(part) == 0:
            return None
        with self.precision.for_forward():
            logits = logits_of(self.network, part.x, self.parts.normalization)
        return loss_and_accuracy(logits, part.y, self.config.loss.loss)

    def _is_time_to_stop(self, epoch: int, val_loss: float) -> bool:
        patience = self.config.loop.patience
        if patience == 0:
            return False
        if self.best is None or val_loss < self.best[0]:
            self.best = (val_loss, epoch, weights_of(self.network))
        return epoch - self.best[1] >= patience

    def _back_to_best(self) -> str:
        """Put the best weights back where early stopping kept them, and say so."""
        if self.best is None:
            return ""
        val_loss, epoch, weights = self.best
        put_weights(self.network, weights)
        ran = len(self.recorder.epochs)
        return (
            f"Early stopping: of {ran} epochs, epoch {epoch} had the lowest validation loss "
            f"({val_loss:.4f}); its weights are kept."
        )

    def _evaluation(self) -> Evaluation:
        """Figures on the test set, at full float32 whatever the precision of the steps was."""
        with deterministic(), full(self.device).for_process():
            return evaluate(
                self.network, self.parts.test, self.parts.normalization, loss=self.config.loss.loss
            )

    def _network(self, start_weights: Mapping[str, Tensor] | None) -> nn.Module:
        shape = _shape_of(self.images)
        network = build(
            self.config.model,
            shape=shape,
            classes=len(self.images.classes),
            seed=self.config.loop.seed,
            device=self.device,
        )
        if start_weights is not None:
            put_weights(network, start_weights)
        return network

    def _precision(self) -> Precision:
        if self.config.loop.precision == "full":
            return full(self.device)
        shape, size = _shape_of(self.images), min(self.config.loop.batch_size, len(self.parts.train))
        return fast(self.network, self.device, shape, size, lambda: self._network(None))

    def _compiled(self) -> nn.Module:
        return torch.compile(self.network)  # type: ignore[return-value]

    def _started(self) -> Started:
        normalization = self.parts.normalization
        return Started(
            epochs=self.config.loop.epochs,
            steps_per_epoch=len(self.batches),
            parameters=sum(p.numel() for p in self.network.parameters()),
            train_count=len(self.parts.train),
            val_count=len(self.parts.val),
            test_count=len(self.parts.test),
            classes=self.images.classes,
            shape=_shape_of(self.images),
            mean=normalization.mean,
            std=normalization.std,
            origin=self.images.origin,
            device=describe(self.device),
        )

    def _stopped_sentence(self) -> str:
        return (
            f"Stopped after {self.recorder.step:,} of {len(self.batches) * self.config.loop.epochs:,} steps. "
            "Curves and weights are kept; the test set was not used."
        )

    def _diverged_sentence(self, where: str = "") -> str:
        """`where` says on which pictures the loss was not finite, if not on those of a step."""
        at = f"after step {self.recorder.step:,} the loss {where}"
        if not where:
            at = f"at step {self.recorder.diverged_at:,} the loss"
        return (
            f"Diverged: {at} was no longer a finite number. "
            f"Try a smaller learning rate than {self.config.optim.lr:g}, or another initializer."
        )


def _shape_of(images: ImageSet) -> tuple[int, int, int]:
    channels, height, width = images.train_x.shape[1:]
    return channels, height, width


@contextmanager
def deterministic() -> Iterator[None]:
    """cuDNN's reproducible algorithms only, for the time of one run."""
    before = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    try:
        yield
    finally:
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = before
