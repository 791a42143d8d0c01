"""What stands in for training in tests of pages: a lab that trains nothing, few pictures, ready results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch

from dashlab.data.images import ImageSet
from dashlab.jobs import JobState, Progress
from dashlab.settings.run import RunConfig
from dashlab.store import studies
from dashlab.training.engine import resolved
from dashlab.training.results import EndState, EpochRow, Evaluation, Result, Seconds, Started, StepRow
from dashlab.training.study import Study

CLASSES = tuple("0123456789")
TEST_COUNT = 40


class FakeLab:
    """Stands in for `dashlab.jobs`: keeps what it is asked for, and shows what it is told."""

    def __init__(self) -> None:
        self.submitted: list[Any] = []  # RunConfigs and studies
        self.stopped: list[str] = []
        self.warmed = 0
        self.known: dict[str, Progress] = {}

    def submit(self, config: RunConfig | Study) -> str:
        config = _settled(config)
        self.submitted.append(config)
        stored = studies.load(config) if isinstance(config, Study) else None
        if stored is not None:
            self.show(config, JobState.FINISHED, rows=stored.rows)
        self.known.setdefault(config.key(), Progress(key=config.key(), config=config, sentence="Waiting."))
        return config.key()

    def progress(self, key: str) -> Progress | None:
        return self.known.get(key)

    def batch(self, keys: Iterable[str]) -> tuple[Progress, ...]:
        return tuple(self.known[key] for key in keys if key in self.known)

    def stop(self, key: str) -> None:
        self.stopped.append(key)

    def active(self) -> tuple[Progress, ...]:
        return tuple(progress for progress in self.known.values() if not progress.is_over)

    def warm_up(self) -> None:
        self.warmed += 1

    def show(
        self, config: RunConfig | Study, state: JobState, sentence: str = "", **more: object
    ) -> Progress:
        """Make the run with this config, or the study, stand as told."""
        config = _settled(config)
        progress = Progress(key=config.key(), config=config, state=state, sentence=sentence)
        self.known[config.key()] = replace(progress, **more)  # type: ignore[arg-type]
        return self.known[config.key()]


def _settled(config: RunConfig | Study) -> Any:
    return config.check() if isinstance(config, Study) else resolved(config)


def few_pictures(*, test_count: int = TEST_COUNT) -> ImageSet:
    """Grey squares whose shade tells their class; quick to draw."""
    labels = torch.arange(60) % 10
    test_labels = torch.arange(test_count) % 10
    return ImageSet(
        name="mnist",
        title="MNIST",
        source="full",
        origin="All of MNIST, as a test has it.",
        train_x=(labels * 25).to(torch.uint8)[:, None, None, None].expand(-1, 1, 28, 28).contiguous(),
        train_y=labels,
        test_x=(test_labels * 25).to(torch.uint8)[:, None, None, None].expand(-1, 1, 28, 28).contiguous(),
        test_y=test_labels,
        classes=CLASSES,
    )


def started(config: RunConfig) -> Started:
    """What a run of `config` on these pictures reports first."""
    return Started(
        epochs=config.loop.epochs, steps_per_epoch=10, parameters=12_345, train_count=60, val_count=0,
        test_count=TEST_COUNT, classes=CLASSES, shape=(1, 28, 28), mean=(0.5,), std=(0.5,),
        origin="All of MNIST, as a test has it.", device="CPU (a test)",
    )  # fmt: skip


def steps(count: int) -> tuple[StepRow, ...]:
    """Rows whose loss falls."""
    return tuple(
        StepRow(step=k, window=1, loss=2 / k, accuracy=1 - 1 / k, lr=0.1, added_loss=0.5 / k)
        for k in range(1, count + 1)
    )


def epoch_row(number: int, val: float | None = None) -> EpochRow:
    """The row of one epoch, with a share `val` of the pictures that were held back read right."""
    return EpochRow(
        epoch=number, step=10 * number, train_loss=0.3, train_accuracy=0.9,
        val_loss=None if val is None else 1 - val, val_accuracy=val, lr=0.1, seconds=1.5 * number,
        added_loss=0.0,
    )  # fmt: skip


def result(
    config: RunConfig, state: EndState = "finished", note: str = "", *, wrong: int = 3, val: float = 0.9
) -> Result:
    """A run of `config` that is over; the first `wrong` pictures of class 4 are read as 9."""
    config = resolved(config)
    evaluation = _evaluation(wrong) if state == "finished" else None
    return Result(
        config=config,
        state=state,
        note=note,
        started=started(config),
        steps=steps(20),
        epochs=tuple(epoch_row(k, val if config.data.val_fraction else None) for k in (1, 2)),
        evaluation=evaluation,
        weights={} if state == "diverged" else {"1.weight": torch.zeros(3, 4)},
        seconds=Seconds(load=0.5, train=2.25, evaluate=0.125),
        environment={"device": "CPU (a test)", "torch": "2.15"},
    )


def _evaluation(wrong: int) -> Evaluation:
    labels = few_pictures().test_y
    read = labels.clone()
    read[(labels == 4).nonzero().squeeze(1)[:wrong]] = 9
    probabilities = torch.full((len(labels), 10), 0.01)
    probabilities[torch.arange(len(labels)), read] = 0.91
    confusion = torch.zeros(10, 10, dtype=torch.int64)
    for truth, predicted in zip(labels.tolist(), read.tolist(), strict=True):
        confusion[truth, predicted] += 1
    return Evaluation(
        loss=0.25,
        accuracy=float((read == labels).float().mean()),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        probabilities=probabilities,
    )
