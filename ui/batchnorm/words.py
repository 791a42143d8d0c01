"""What happened to the twins, in figures and in sentences."""

from collections.abc import Iterator, Sequence

import streamlit as st

from dashlab.charts.batchnorm.curves import NORMED, PLAIN, twins_of
from dashlab.experiments.batchnorm.rows import PROBE, Twin, TwinsConfig, TwinsEpoch

LOW = 0.1
"""The training loss by which the twins' speed is compared."""
LAG = 0.02
"""From this difference between the modes on something is said about it."""
FEW = 8
"""Batches of no more inputs than this have statistics that are mostly noise."""
MANY = 0.5
"""From this share of silent units on something is said about them."""


def figures(rows: Sequence[TwinsEpoch]) -> None:
    """Final accuracies, and when each twin's loss was low for the first time."""
    last = rows[-1]
    with st.container(horizontal=True, gap="medium"):
        for name, twin in twins_of(last):
            reached = _first_low(rows, batchnorm=name == NORMED)
            when = f"loss below {LOW:g} first in epoch {reached}" if reached else f"loss never below {LOW:g}"
            about = (
                f"Test accuracy in eval mode after epoch {last.epoch}. The training loss is "
                f"{twin.training.loss:.4f}."
            )
            value = "diverged" if twin.diverged else f"{100 * twin.by_running.accuracy:.2f} %"
            label = f"{name}: final test accuracy"
            st.metric(label, value, when, delta_color="off", delta_arrow="off", help=about, width="content")


def _first_low(rows: Sequence[TwinsEpoch], *, batchnorm: bool) -> int:
    """The first epoch whose training loss is low; 0 if there is none."""
    for row in rows:
        twin = row.normed if batchnorm else row.plain
        if twin.training.loss < LOW:
            return row.epoch
    return 0


def what_happened(study: TwinsConfig, rows: Sequence[TwinsEpoch], at: TwinsEpoch) -> Iterator[str]:
    """Sentences, in Markdown, on what can be seen at the epoch `at` and at the end."""
    for name, twin in twins_of(rows[-1]):
        if twin.diverged:
            yield (
                f":material/trending_up: **{name}** diverged at step {twin.diverged}: its loss was no longer "
                f"a finite number, because steps with learning rate {study.lr:g} overshoot further each "
                "time. Its curves end there."
            )
    yield from _known(at)
    yield from _modes(study, at.normed, at.epoch)
    yield from _silent(study, rows[-1])


def _known(at: TwinsEpoch) -> Iterator[str]:
    """What was measured on the training data, where it was."""
    measured = []
    if modes := at.normed.on_training:
        measured += [("with BatchNorm in train mode", modes.by_batch), ("in eval mode", modes.by_running)]
    if modes := at.plain.on_training:
        measured += [("without it in eval mode", modes.by_running)]
    if measured:
        listed = "; ".join(
            f"{how} {100 * score.accuracy:.2f} % at a loss of {score.loss:.4f}" for how, score in measured
        )
        yield f":material/school: On all **training data** after epoch {at.epoch}: {listed}."


def _modes(study: TwinsConfig, twin: Twin, epoch: int) -> Iterator[str]:
    gap = twin.by_batch.accuracy - twin.by_running.accuracy
    if not study.track:
        yield (
            ":material/info: Without running statistics eval mode normalises by whatever batch it gets: the "
            "cells of the picture above were one batch, which is not how the points lie."
            if study.dataset != "mnist"
            else ":material/info: Without running statistics eval mode normalises by whatever batch it gets."
        )
    elif abs(gap) > LAG:
        yield (
            f":material/sync_problem: After epoch {epoch} the twin with BatchNorm classifies "
            f"{100 * twin.by_batch.accuracy:.1f} % of the test data correctly in train mode and "
            f"{100 * twin.by_running.accuracy:.1f} % in eval mode, with the same weights: {_why(study, gap)}"
        )


def _why(study: TwinsConfig, gap: float) -> str:
    if 0 < study.batch_size <= FEW:
        return (
            f"mean and variance of {study.batch_size} inputs are mostly noise, so that the two modes are two "
            "different networks."
        )
    if gap > 0:
        return "its running statistics are not yet those of the network as it is now."
    return "the test batches have means and variances of their own, which are not those of the training data."


def _silent(study: TwinsConfig, row: TwinsEpoch) -> Iterator[str]:
    looked_at = min(PROBE, study.train_count)
    for name, twin in twins_of(row):
        shares = [(spread.silent, number) for number, spread in enumerate(twin.layers, 1)]
        if shares and max(shares)[0] >= MANY:
            share, layer = max(shares)
            yield (
                f":material/bedtime: **{name}**, {100 * share:.0f} % of the units of layer {layer} give the "
                f"same output for each of the {looked_at} inputs that were looked at in the end: they are "
                "dead."
            )


__all__ = ["NORMED", "PLAIN", "figures", "what_happened"]
