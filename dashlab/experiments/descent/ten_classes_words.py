"""What softmax regression came to, in sentences and as rows of tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dashlab.experiments.descent.ten_classes_settings import TenClassesRow

if TYPE_CHECKING:  # that imports torch
    from dashlab.experiments.descent.ten_classes import TwoSoftmaxes


def same_words(rows: Sequence[TenClassesRow]) -> str:
    """How far the two ways lie apart at the steps that are kept."""
    apart = max(row.apart for row in rows)
    if not math.isfinite(apart):
        return _DIVERGED
    losses = max(abs(row.loss - row.torch_loss) for row in rows)
    return _SAME.format(count=len(rows), apart=f"{apart:.1e}", losses=f"{losses:.1e}")


_SAME = (
    "By hand and by torch.nn: at {count} steps that were kept, weights and biases differ by at most {apart}, "
    "losses by {losses}."
)
_DIVERGED = "The loss is no finite number any more: take a smaller learning rate."


def result_words(row: TenClassesRow) -> str:
    """What the regression came to; "" while it goes on."""
    if row.train_accuracy is None or row.test_accuracy is None:
        return ""
    return _RESULT.format(
        step=f"{row.step:,}",
        loss=f"{row.loss:.3f}",
        train=f"{100 * row.train_accuracy:.2f}",
        test=f"{100 * row.test_accuracy:.2f}",
    )


_RESULT = (
    "After {step} steps the loss is {loss}. Of the pictures that were learned from, {train} % are classified "
    "correctly; the test accuracy is {test} %."
)


def error_words(name: str, answer: str, share: float, step: int) -> str:
    """What is predicted for the picture at a step, and what p − y does."""
    return (_RIGHT if name == answer else _WRONG).format(
        name=name, answer=answer, share=f"{100 * share:.1f}", step=f"{step:,}"
    )


_RIGHT = (
    "At step {step} the picture, {name}, is predicted correctly, with {share} %. p − y is below 0 there "
    "alone: a step on this picture raises that class and lowers all others."
)
_WRONG = (
    "At step {step} the picture is taken for {answer}, with {share} %; it shows {name}. p − y is largest "
    "where too much is believed, and below 0 at {name} alone: a step on this picture moves both towards y."
)


def overflow_words(two: TwoSoftmaxes) -> str:
    """What becomes of the naive softmax."""
    highest = float(two.outputs.max())
    template = _FITS if math.isfinite(float(two.exponentials.sum())) else _OVERFLOWS
    return template.format(highest=f"{highest:.4g}", largest=f"{two.largest:.2f}")


_FITS = (
    "The largest z is {highest}. Up to z = {largest} e^z fits into a float32, so that both softmaxes give "
    "the same."
)
_OVERFLOWS = (
    "The largest z is {highest}, and from z = {largest} on e^z does not fit into a float32: the naive "
    "softmax divides ∞ by ∞. The stable one, of z − max z, gives the same as before."
)


def step_rows(rows: Sequence[TenClassesRow]) -> Iterator[dict[str, Any]]:
    """One row for each step that was kept."""
    for row in rows:
        yield {
            "step": row.step,
            "loss_by_hand": row.loss,
            "loss_by_torch": row.torch_loss,
            "weights_apart": row.apart,
        }
