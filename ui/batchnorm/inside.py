"""A look inside the twins: values of a layer, running statistics, gradients, classes."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from dashlab.charts.batchnorm import inside as charts
from dashlab.charts.batchnorm.curves import NORMED, PLAIN, twins_of
from dashlab.experiments.batchnorm.rows import BINS, SPAN, BothModes, Moments, Twin, TwinsConfig, TwinsEpoch
from ui.batchnorm.parts import numbers
from ui.frame.views import View
from ui.parts.controls import one_of
from ui.parts.plots import plot
from ui.parts.sliders import along
from ui.parts.state import PageState

Rows = Sequence[TwinsEpoch]
RUNNING = (
    r"\hat\mu \leftarrow (1 - m)\,\hat\mu + m\,\mu_B \qquad"
    r"\hat\sigma^2 \leftarrow (1 - m)\,\hat\sigma^2 + m\,\frac{n}{n - 1}\,\sigma_B^2"
)
LARGE_EPS = 0.001
"""From this ε on it is said that the variance is not 1."""
BESSEL = (
    "The running variance gets that of the batch of n inputs divided by n − 1; what normalises the batch "
    "itself is σ²_B, divided by n."
)


def draw(state: PageState, view: View, study: TwinsConfig, rows: Rows, at: TwinsEpoch) -> None:
    """The switch between panes, and the chosen one."""
    spec = state.specs[view.full("pane")]
    chosen = one_of(state, view.full("pane"), spec.names, label=spec.label, help=spec.help)
    if chosen == "classes":
        _classes(study, at)
    elif chosen == "gradients":
        _gradients(state, view, study, rows, at)
    elif chosen == "values":
        _values(state, view, study, rows)
    else:
        _statistics(state, view, study, rows)


def _chosen(state: PageState, name: str, count: int) -> int:
    """Which of `count` layers or channels is looked at; 0-based, with at least one there."""
    chosen = along(state, name, range(1, count + 1))
    assert chosen is not None
    return chosen - 1


def _values(state: PageState, view: View, study: TwinsConfig, rows: Rows) -> None:
    st.caption(
        "How the values of one layer are spread, over epochs: each column is a histogram, and the stronger "
        f"its colour the more values are there. {_held(study)} The outermost rows also count what lies "
        "beyond."
    )
    one, other = st.columns(2)
    with one:
        layer = _chosen(state, view.full("layer"), len(study.hidden))
    with other:
        which = str(view.control(state, "which"))
    for place, name in zip(st.columns(2), (PLAIN, NORMED), strict=True):
        with place:
            st.markdown(f"**{name}**, layer {layer + 1}")
            figure = charts.values(rows, batchnorm=name == NORMED, layer=layer, which=which)
            alt = f"Histograms of the values {which} layer {layer + 1}, {name.lower()}"
            plot(figure, f"bn_twins_chart_values_{name == NORMED}", alt)
    with st.expander("Numbers behind this picture", icon=":material/table:"):
        numbers(list(_spread_rows(rows, layer, which)), "batchnorm-values.csv", "bn_twins_csv_values")


def _held(study: TwinsConfig) -> str:
    """What BatchNorm holds steady, and where it stands."""
    what = "what enters the activation" if study.order == "before" else "what leaves the activation"
    if study.activated == "first":
        what += " (above the first layer, where there is none, what enters the next layer)"
    verb = "brings" if study.affine else "holds"
    to = "to" if study.affine else "at"
    held = f"BatchNorm {verb} {what} {to} mean 0 and variance 1, whatever the layers below do"
    if study.eps >= LARGE_EPS:
        held += f" (with ε = {study.eps:g} the variance is σ²/(σ² + ε), which is less than 1)"
    if not study.affine:
        return f"{held}."
    return f"{held}; its γ and β, which start at 1 and 0, are learned and move it from there."


def _spread_rows(rows: Rows, layer: int, which: str) -> Iterator[dict[str, Any]]:
    width = 2 * SPAN / BINS
    for row in rows:
        for name, twin in twins_of(row):
            if not twin.layers:
                continue
            spread = twin.layers[layer]
            figures = {"epoch": row.epoch, "twin": name, "mean": spread.mean, "std": spread.std}
            counts = getattr(spread, which)
            bins = {f"from {width * cell - SPAN:g}": count for cell, count in enumerate(counts)}
            yield figures | {"silent": spread.silent} | bins


def _statistics(state: PageState, view: View, study: TwinsConfig, rows: Rows) -> None:
    if not study.track:
        st.caption("Only statistics of batches: none are kept for eval mode.")
    else:
        st.latex(RUNNING)
        st.caption(f"{_memory(study.momentum)} {BESSEL}")
    one, other = st.columns(2)
    with one:
        layer = _chosen(state, view.full("layer"), len(study.hidden))
    with other:
        channel = _chosen(state, view.full("channel"), min(6, study.hidden[layer]))
    moments = [moment for row in rows for moment in row.moments if moment.layer == layer]
    if not moments:
        st.caption("It diverged before any statistics were noted.")
        return
    for place, what in zip(st.columns(2), ("mean", "var"), strict=True):
        with place:
            figure = charts.statistics(moments, channel=channel, what=what)
            alt = f"{what} of channel {channel + 1} in layer {layer + 1}: of each batch and running"
            plot(figure, f"bn_twins_chart_{what}", alt)
    with st.expander("Numbers behind this picture", icon=":material/table:"):
        listed = [_moment_row(moment, channel) for moment in moments]
        numbers(listed, "batchnorm-statistics.csv", "bn_twins_csv_statistics")


def _memory(momentum: float) -> str:
    if momentum >= 1:
        return "With m = 1 the running statistics are those of the last batch."
    steps = math.log(0.5) / math.log(1 - momentum)
    return (
        f"They start at mean 0 and variance 1. With m = {momentum:g} a difference is halved every "
        f"{steps:.3g} steps; meanwhile the batch statistics move on, because the network learns."
    )


def _moment_row(moment: Moments, channel: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "step": moment.step,
        "batch_mean": moment.mean[channel],
        "batch_var": moment.var[channel],
    }
    if moment.running_mean:
        row |= {"running_mean": moment.running_mean[channel], "running_var": moment.running_var[channel]}
    return row


def _gradients(state: PageState, view: View, study: TwinsConfig, rows: Rows, at: TwinsEpoch) -> None:
    st.caption(
        "How strongly the loss pulls at each layer's weights: the norm of their gradient in the last step of "
        "an epoch. Where it is tiny the layer hardly learns, and where it differs by orders of magnitude no "
        "learning rate suits all layers."
    )
    layer = _chosen(state, view.full("layer"), len(study.hidden) + 1)
    left, right = st.columns(2)
    shown = at if at.epoch > 0 or len(rows) < 2 else rows[1]
    with left:
        st.markdown(f"**Layer by layer**, epoch {shown.epoch}")
        plot(charts.gradients_by_layer(shown), "bn_twins_chart_gradients", "Gradient norm of each layer")
    with right:
        st.markdown(f"**Layer {layer + 1}**, over epochs")
        figure = charts.gradients_by_epoch(rows, layer=layer)
        plot(figure, "bn_twins_chart_gradient", f"Gradient norm of layer {layer + 1} over epochs")
    with st.expander("Numbers behind this picture", icon=":material/table:"):
        numbers(list(_gradient_rows(rows)), "batchnorm-gradients.csv", "bn_twins_csv_gradients")


def _gradient_rows(rows: Rows) -> Iterator[dict[str, Any]]:
    for row in rows:
        for name, twin in twins_of(row):
            if twin.gradients:
                norms = {f"layer {number}": norm for number, norm in enumerate(twin.gradients, 1)}
                yield {"epoch": row.epoch, "twin": name} | norms


def _classes(study: TwinsConfig, at: TwinsEpoch) -> None:
    names = [str(label) for label in range(study.widths[-1])]
    if study.measured == "both":
        st.caption(
            f"The share of each class's training data that is classified correctly, after epoch {at.epoch}."
        )
        chart = charts.classes(at, names, known=True)
        plot(chart, "bn_twins_chart_known_classes", "Accuracy within each class of the training data")
    st.caption(f"The share of each class's test data that is classified correctly, after epoch {at.epoch}.")
    plot(charts.classes(at, names), "bn_twins_chart_classes", "Accuracy within each class")
    listed: list[dict[str, Any]] = [{"class": label} for label in names]
    for title, (plain, normed) in _class_columns(study, at):
        ways = (
            (f"plain{title}", plain.classes_by_running if plain else ()),
            (f"batchnorm{title}_eval_mode", normed.classes_by_running if normed else ()),
            (f"batchnorm{title}_train_mode", normed.classes_by_batch if normed else ()),
        )
        for name, shares in ways:
            for row, share in zip(listed, shares or (math.nan,) * len(names), strict=True):
                row[name] = share
    with st.expander("Numbers behind this picture", icon=":material/table:"):
        numbers(listed, "batchnorm-classes.csv", "bn_twins_csv_classes")


def _class_columns(
    study: TwinsConfig, at: TwinsEpoch
) -> Iterator[tuple[str, tuple[Twin | BothModes | None, Twin | BothModes | None]]]:
    """What the columns of both twins' accuracies are called, and where these stand."""
    yield "", (at.plain, at.normed)
    if study.measured == "both":
        yield "_training_data", (at.plain.on_training, at.normed.on_training)
