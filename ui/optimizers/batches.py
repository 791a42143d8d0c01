"""Batch size: full batch, mini-batch and one sample, on the true loss of a line through points."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from dashlab import jobs
from dashlab.charts.optimizers import batch_size as charts
from dashlab.errors import ConfigError
from dashlab.experiments.optimizers import batch_size as experiment
from dashlab.experiments.optimizers.batch_size import BatchComparison, Summary
from dashlab.experiments.optimizers.presets import BATCHES
from dashlab.experiments.optimizers.settings import BatchConfig
from ui.frame.views import View
from ui.parts.computed import computed
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.state import PageState
from ui.parts.tables import csv_download

LEAD = (
    "The same line is fitted to the same points from the same start, with batches of several sizes. See how "
    "few updates the full batch makes and how straight its path is, how many one sample at a time makes and "
    "how it wanders about the lowest point, and where the mini-batch lies between the two."
)

EVERY = ("full", "batches", "lr", "decay", "epochs", "samples", "noise", "shuffle", "seed")


def draw(state: PageState, view: View) -> None:
    """Controls at the left, paths at the right, the three comparisons and the table below."""
    left, right = beside("optim_batches")
    with left:
        _controls(state, view)
    with right:
        try:
            config = view.config_of(state).check()
        except ConfigError as error:
            st.info(str(error), icon=":material/tune:")
            return
        result = computed(experiment.compare, config, doing="Fitting the line …")
        rows = [experiment.summary(config, result.problem, run) for run in result.runs]
        _pictures(result, rows)
        _say_diverged(config, result)
    _comparisons(result, rows)
    _table(config, result, rows)
    _explain(config, result)


def _controls(state: PageState, view: View) -> None:
    view.preset_picker(state)
    st.latex(r"p \leftarrow p - \alpha\,\frac{1}{B}\sum_{i \in \text{batch}} \nabla \ell_i(p)")
    for name in EVERY[:5]:
        view.control(state, name)
    with st.expander("Samples", icon=":material/scatter_plot:"):
        for name in EVERY[5:]:
            view.control(state, name)
    st.button(
        "Measure again",
        key=f"{state.prefix}_{view.name}_again",
        icon=":material/timer:",
        help="Runs everything again: only the wall times change.",
        on_click=jobs.forget,
        args=(experiment.compare,),
    )
    view.changed_from_preset(state)


def _pictures(result: BatchComparison, rows: Sequence[Summary]) -> None:
    plot(charts.paths(result), "optim_batches_chart_paths", "Paths over the loss of all samples")
    rest()
    plot(
        charts.noise(rows, len(result.problem.x)),
        "optim_batches_chart_noise",
        "Noise of the gradient by batch",
    )


def _say_diverged(config: BatchConfig, result: BatchComparison) -> None:
    for run in result.runs:
        if run.left_at is not None:
            name = charts.name_of(run.batch, config.samples)
            st.warning(
                f"{name[0].upper()}{name[1:]} diverged: at update {run.left_at:,} the loss was more than a "
                f"million times that of the start. {_why(config, result, run.batch)} Its curve ends there.",
                icon=":material/call_missed_outgoing:",
            )


def _why(config: BatchConfig, result: BatchComparison, batch: int) -> str:
    if config.lr >= result.problem.largest_lr:
        return (
            f"Even all samples together tolerate only learning rates below 2/λ = "
            f"{result.problem.largest_lr:.3g}, "
            "where λ is the largest curvature of the loss."
        )
    if batch == 1:
        return (
            f"From α = 1/(1 + x²) = {result.problem.largest_lr_of_one:.3g} on, a step on the sample with the "
            "largest x makes that sample's own error larger."
        )
    return "The curvature of single batches is larger than that of all samples together."


def _comparisons(result: BatchComparison, rows: Sequence[Summary]) -> None:
    st.markdown("**The same runs against updates, against samples seen, and against the clock.**")
    for axis, place in zip(charts.AXES, st.columns(3), strict=True):
        with place:
            plot(
                charts.losses(result, axis),
                f"optim_batches_chart_{axis}",
                f"Loss against {charts.AXES[axis].lower()}",
            )
    each = ", ".join(
        f"{charts.name_of(row.batch, len(result.problem.x))} {1000 * row.seconds:.3g} ms for {row.updates:,} "
        f"update{'s' if row.updates > 1 else ''}"
        for row in rows
    )
    st.caption(
        "Wall time was measured on this machine while these runs were made, for each update the fastest of "
        "up to three times; it is noisy, and differs from one measurement to the next. Here: "
        f"{each}. An update with many samples takes far less than many times as long as one with a single "
        "sample, for torch computes them at once; it is the number of updates that costs time."
    )


def _table(config: BatchConfig, result: BatchComparison, rows: Sequence[Summary]) -> None:
    listed = [_row(config, row) for row in rows]
    st.dataframe(
        listed,
        hide_index=True,
        column_config={
            "Batch size": None,  # the name says it
            "Time in ms": st.column_config.NumberColumn(format="%.1f"),
            "µs / update": st.column_config.NumberColumn(
                format="%.1f", help="Shuffling the samples before each epoch is included."
            ),
            "Updates": st.column_config.NumberColumn(format="localized"),
            "Samples seen": st.column_config.NumberColumn(format="localized"),
            "Loss": st.column_config.NumberColumn(
                format="%.5g", help="Of all samples, after the last update."
            ),
            "Above lowest": st.column_config.NumberColumn(
                format="%.2e", help="Of the loss, on average over the last epoch."
            ),
            "Noise": st.column_config.NumberColumn(
                format="%.3f",
                help="Root mean square distance of the batch's gradient from that of all samples, over the "
                "second half of the updates.",
            ),
            "Predicted": st.column_config.NumberColumn(
                format="%.3f", help="The noise in theory, at the lowest point."
            ),
        },
        alt="What each batch size did",
    )
    with st.container(horizontal=True):
        csv_download("Table as CSV", lambda: listed, "batch-sizes.csv", "optim_batches_csv")
        csv_download(
            "Every update as CSV",
            lambda: _every_update(result),
            "batch-size-updates.csv",
            "optim_batches_updates_csv",
        )


def _row(config: BatchConfig, row: Summary) -> dict[str, Any]:
    return {
        "Run": charts.name_of(row.batch, config.samples),
        "Batch size": row.batch,
        "Per epoch": row.per_epoch,
        "Updates": row.updates,
        "Samples seen": row.samples,
        "Time in ms": 1000 * row.seconds,
        "µs / update": 1e6 * row.seconds / max(row.updates, 1),
        "Loss": row.loss,
        "Above lowest": row.above,
        "Noise": row.noise,
        "Predicted": row.predicted,
    }


def _every_update(result: BatchComparison) -> list[dict[str, Any]]:
    return [
        {
            "batch_size": run.batch,
            "update": update,
            "w": w,
            "b": b,
            "loss": loss,
            "samples": seen,
            "seconds": at,
        }
        for run in result.runs
        for update, ((w, b), loss, seen, at) in enumerate(
            zip(
                run.points.tolist(),
                run.losses.tolist(),
                run.samples.tolist(),
                run.seconds.tolist(),
                strict=True,
            )
        )
    ]


def _explain(config: BatchConfig, result: BatchComparison) -> None:
    with st.expander("Why the paths differ", icon=":material/function:"):
        st.markdown(
            "The gradient of a batch is that of all samples plus noise. For $B$ of $n$ samples, drawn "
            "without replacement, its variance is"
        )
        st.latex(
            r"\mathrm{E}\,\lVert g_B - g \rVert^2 = \frac{S^2}{B}\cdot\frac{n - B}{n - 1},\qquad "
            r"S^2 = \frac1n \sum_i \lVert \nabla \ell_i - g \rVert^2"
        )
        single = np.sqrt(result.problem.sample_variance)
        st.markdown(
            f"With these samples $S$ = {single:.3g} at the lowest point. Four times the batch halves the "
            f"noise and costs four times the samples. At a constant learning rate the weights do not come "
            f"to rest but wander about the lowest point, the wider the larger $\\alpha / B$; only a falling "
            f"learning rate ends that. All samples together tolerate learning rates below "
            f"$2/\\lambda_{{\\max}}$ = {result.problem.largest_lr:.3g}. The lowest loss, "
            f"{result.problem.lowest:.4g}, is at w = {result.problem.best[0]:.3f}, "
            f"b = {result.problem.best[1]:.3f}; the points were made with w = {experiment.TRUTH[0]:g}, "
            f"b = {experiment.TRUTH[1]:g} and noise {config.noise:g}."
        )
        st.caption(
            "Each update is that of `torch.optim.SGD` with the gradient of the squared error written out, "
            "two calls of torch; autograd and an optimizer object would add work of their own to each."
        )


VIEW = View(
    name="batches",
    title="Batch size",
    icon=":material/stacks:",
    lead=LEAD,
    config=BatchConfig,
    draw=draw,
    presets=BATCHES,
)
