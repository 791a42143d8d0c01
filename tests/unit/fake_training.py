"""A stand-in for the engine: it trains nothing, and does what the config's path tells it to."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from dashlab.errors import DataError
from dashlab.settings.run import RunConfig
from dashlab.training.results import EndState, EpochRow, Evaluation, Result, Row, Seconds, Started, StepRow

STEPS_PER_EPOCH = 10


def order(what: str, *, epochs: int = 3, seed: int = 0) -> RunConfig:
    """A config that makes `train` do `what`: quick, slow, diverge, error or bug."""
    return RunConfig().change(dataset="own", path=what, epochs=epochs, seed=seed)


def counted(file: Path, *, epochs: int = 3) -> RunConfig:
    """A config whose slow training adds a line to `file` when it begins."""
    return order(f"slow {file}", epochs=epochs)


def train(
    config: RunConfig,
    *,
    on_row: Callable[[Row], None],
    should_stop: Callable[[], bool],
    start_weights: Mapping[str, torch.Tensor] | None = None,
) -> Result:
    """As `dashlab.training.engine.train`."""
    what, _, file = config.data.path.partition(" ")
    if file:
        with Path(file).open("a") as lines:
            lines.write("begun\n")
    if what == "error":
        raise DataError("There is no such folder: choose another.")
    on_row(started := _started(config))
    if what == "bug":
        raise ZeroDivisionError("division by zero")
    steps, epochs, state = _steps(config, on_row, should_stop)
    weights = dict(start_weights or {"0.weight": torch.arange(6.0).reshape(2, 3)})
    return Result(
        config=config,
        state=state,
        note={"stopped": "Stopped.", "diverged": "Diverged.", "finished": ""}[state],
        started=started,
        steps=tuple(steps),
        epochs=tuple(epochs),
        evaluation=_evaluation() if state == "finished" else None,
        weights=weights if state != "diverged" else {},
        seconds=Seconds(train=0.1),
        environment={"process": str(os.getpid()), "threads": str(torch.get_num_threads())},
    )


def _steps(
    config: RunConfig, on_row: Callable[[Row], None], should_stop: Callable[[], bool]
) -> tuple[list[StepRow], list[EpochRow], EndState]:
    steps: list[StepRow] = []
    epochs: list[EpochRow] = []
    for step in range(1, config.loop.epochs * STEPS_PER_EPOCH + 1):
        if should_stop():
            return steps, epochs, "stopped"
        if config.data.path.startswith("slow"):
            time.sleep(0.02)
        if config.data.path == "diverge" and step == 15:
            return steps, epochs, "diverged"
        steps.append(StepRow(step=step, window=1, loss=1 / step, accuracy=0.5, lr=0.1))
        on_row(steps[-1])
        if step % STEPS_PER_EPOCH == 0:
            epochs.append(_epoch(step))
            on_row(epochs[-1])
    return steps, epochs, "finished"


def _epoch(step: int) -> EpochRow:
    return EpochRow(
        epoch=step // STEPS_PER_EPOCH,
        step=step,
        train_loss=1 / step,
        train_accuracy=0.5,
        val_loss=None,
        val_accuracy=None,
        lr=0.1,
        seconds=0.1,
    )


def _started(config: RunConfig) -> Started:
    return Started(
        epochs=config.loop.epochs,
        steps_per_epoch=STEPS_PER_EPOCH,
        parameters=6,
        train_count=10,
        val_count=0,
        test_count=4,
        classes=("cat", "dog"),
        shape=(1, 2, 2),
        mean=(0.5,),
        std=(0.5,),
        origin="Ten pictures.",
        device="CPU",
    )


def _evaluation() -> Evaluation:
    return Evaluation(
        loss=0.5, accuracy=0.75, confusion=((2, 0), (1, 1)), probabilities=torch.full((4, 2), 0.5)
    )
