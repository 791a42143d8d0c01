"""Collects a run's figures on the device and turns them into rows without a wait per step."""

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor

from dashlab.training.results import MOST_STEP_ROWS, EpochRow, Row, StepRow

_READ_EVERY_S = 0.1
"""The device is asked for its figures no more often than this; asking makes a GPU wait."""


def figures_of(steps: int, *runs: int, adds: bool, device: torch.device) -> Tensor:
    """Room for the figures of each step, float32 [steps, *runs, F]; F is 3 where something `adds`, else 2."""
    return torch.zeros(steps, *runs, 3 if adds else 2, device=device)


class Recorder:
    """Figures of each step, kept in tensors and read in batches.

    What the rows hold depends on the steps alone, not on when they were read.

    Args:
        steps: of the whole run.
        device: where the figures arise.
        on_row: called with each row.
        adds: whether what is made small is more than the plain loss, which then is a third figure.
        figures: [steps, (loss made small, share of right answers, plain loss)] into which others write, where
            several runs are trained at once; they call `note` instead of `record`.
    """

    def __init__(
        self,
        steps: int,
        *,
        device: torch.device,
        on_row: Callable[[Row], None],
        adds: bool = False,
        figures: Tensor | None = None,
    ) -> None:
        self._window = max(1, -(-steps // MOST_STEP_ROWS))
        self._figures = figures_of(steps, adds=adds, device=device) if figures is None else figures
        self._lrs: list[float] = []
        self._sizes: list[int] = []
        self._figures_read: list[tuple[float, float, float]] = []  # plain loss, share right, what is added
        self._rowed = 0  # steps that are in a StepRow
        self._epoch_start = 0
        self._on_row = on_row
        self._last_read = time.monotonic()
        self.steps: list[StepRow] = []
        self.epochs: list[EpochRow] = []
        self.diverged_at: int | None = None  # first step whose loss is not finite, 1-based

    @property
    def step(self) -> int:
        """Steps recorded so far."""
        return len(self._lrs)

    def record(
        self, loss: Tensor, right: Tensor, *, size: int, lr: float, plain: Tensor | None = None
    ) -> None:
        """Note one step; its tensors are scalar, stay on the device and are not read here.

        Args:
            loss: the one that is made small.
            right: share of right answers, 0 to 1.
            size: pictures of the batch.
            lr: learning rate.
            plain: the loss without label smoothing and penalties, if the recorder was told that it `adds`.
        """
        figures = self._figures[self.step]
        figures[0] = loss
        figures[1] = right
        if plain is not None:
            figures[2] = plain
        self.note(size=size, lr=lr)

    def note(self, *, size: int, lr: float) -> None:
        """Note one step whose figures stand in their place already."""
        self._lrs.append(lr)
        self._sizes.append(size)
        if time.monotonic() - self._last_read >= _READ_EVERY_S:
            self.read()

    def read(self, *, last: bool = False) -> None:
        """Ask the device for the figures since the last reading and report the windows that are full.

        `last` also reports the steps left over after the last full window.
        """
        done = len(self._figures_read)
        for loss, right, *rest in self._figures[done : self.step].tolist():
            plain = rest[0] if rest else loss
            self._figures_read.append((plain, right, loss - plain))
            if self.diverged_at is None and not math.isfinite(loss):
                self.diverged_at = len(self._figures_read)
        self._last_read = time.monotonic()
        finite = self.step if self.diverged_at is None else self.diverged_at - 1
        while self._rowed + self._window <= finite:
            self._report_steps(self._window)
        if self._rowed < finite and (last or self.diverged_at is not None):
            self._report_steps(finite - self._rowed)

    def end_epoch(self, *, val: tuple[float, float] | None, seconds: float) -> EpochRow:
        """Report the epoch that the last step ended; `val` is its validation loss and accuracy."""
        self.read()
        steps = slice(self._epoch_start, self.step)
        sizes, figures = self._sizes[steps], self._figures_read[steps]
        total = sum(sizes)

        def mean(place: int) -> float:
            return sum(n * figure[place] for n, figure in zip(sizes, figures, strict=True)) / total

        row = EpochRow(
            epoch=len(self.epochs) + 1,
            step=self.step,
            train_loss=mean(0),
            train_accuracy=mean(1),
            val_loss=val[0] if val else None,
            val_accuracy=val[1] if val else None,
            lr=self._lrs[-1],
            seconds=seconds,
            added_loss=mean(2),
        )
        self._epoch_start = self.step
        self.epochs.append(row)
        self._on_row(row)
        return row

    def _report_steps(self, count: int) -> None:
        figures = self._figures_read[self._rowed : self._rowed + count]
        self._rowed += count
        row = StepRow(
            step=self._rowed,
            window=count,
            loss=sum(loss for loss, _, _ in figures) / count,
            accuracy=sum(right for _, right, _ in figures) / count,
            lr=self._lrs[self._rowed - 1],
            added_loss=sum(added for _, _, added in figures) / count,
        )
        self.steps.append(row)
        self._on_row(row)
