"""What happens inside the twins: values of a layer, statistics of a channel, gradients, classes."""

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from dashlab.charts.batchnorm.curves import NORMED, PLAIN, twins_of
from dashlab.charts.style import figure, thinned
from dashlab.experiments.batchnorm.rows import BINS, SPAN, Moments, TwinsEpoch

MOST_SHARE = 0.3
"""The share of a bin from which it has the strongest colour."""


def values(rows: Sequence[TwinsEpoch], *, batchnorm: bool, layer: int, which: str) -> go.Figure:
    """Histograms of a hidden layer's values over epochs, as columns of colour.

    Args:
        rows: of the training; those without histograms are passed over.
        batchnorm: of which twin.
        layer: 0-based, among the hidden layers.
        which: "entering" the activation, or "leaving" to the next layer.
    """
    columns = []
    for row in rows:
        twin = row.normed if batchnorm else row.plain
        if twin.layers:
            counts = getattr(twin.layers[layer], which)
            columns.append((row.epoch, [count / max(1, sum(counts)) for count in counts]))
    z = [[shares[cell] for _, shares in columns] for cell in range(BINS)]
    heat = go.Heatmap(
        x=[epoch for epoch, _ in columns], y0=-SPAN + SPAN / BINS, dy=2 * SPAN / BINS, z=z, zmin=0,
        zmax=MOST_SHARE, showscale=False,
        hovertemplate="epoch %{x}, value near %{y:.2f}: %{z:.1%}<extra></extra>",
    )  # fmt: skip
    drawn = figure([heat], x_title="Epoch", y_title="Value", height=260, legend=False)
    drawn.update_layout(hovermode="closest")
    drawn.update_yaxes(range=[-SPAN, SPAN])
    return drawn


def statistics(moments: Sequence[Moments], *, channel: int, what: str) -> go.Figure:
    """A channel's mean or variance over steps: that of each batch, and the running one.

    Args:
        moments: of one layer, in order.
        channel: 0-based.
        what: "mean" or "var".
    """
    shown = thinned(moments)
    steps = [row.step for row in shown]
    batch = [getattr(row, what)[channel] for row in shown]
    traces = [
        go.Scatter(
            x=steps, y=_finite(batch), name="of the batch", mode="lines+markers", marker={"size": 4},
            line={"width": 1}, hovertemplate="%{y:.4g}",
        )
    ]  # fmt: skip
    if shown and shown[0].running_mean:
        running = [getattr(row, f"running_{what}")[channel] for row in shown]
        traces.append(
            go.Scatter(
                x=steps, y=_finite(running), name="running", mode="lines", line={"width": 3},
                hovertemplate="%{y:.4g}",
            )
        )  # fmt: skip
    title = "Mean" if what == "mean" else "Variance"
    return figure(traces, x_title="Step", y_title=title, height=280)


def gradients_by_layer(row: TwinsEpoch) -> go.Figure:
    """Norm of each layer's weight gradient at one epoch, first layer to last, on a logarithmic axis."""
    traces = [
        go.Scatter(
            x=list(range(1, len(twin.gradients) + 1)), y=_positive(twin.gradients), name=name,
            mode="lines+markers", hovertemplate="%{y:.3g}",
        )
        for name, twin in twins_of(row)
    ]  # fmt: skip
    drawn = figure(traces, x_title="Layer (the last is the output)", y_title="Gradient norm", height=280)
    return _on_a_log_axis(drawn.update_xaxes(dtick=1 if len(row.normed.gradients) < 12 else 2))


def gradients_by_epoch(rows: Sequence[TwinsEpoch], *, layer: int) -> go.Figure:
    """Norm of one layer's weight gradient over epochs; `layer` is 0-based among the linear layers."""
    traces: list[Any] = []
    for side, name in enumerate((PLAIN, NORMED)):
        by_epoch = [(row.epoch, twins_of(row)[side][1].gradients) for row in thinned(rows)]
        norms = [(epoch, norms[layer]) for epoch, norms in by_epoch if len(norms) > layer]
        traces.append(
            go.Scatter(
                x=[epoch for epoch, _ in norms], y=_positive([norm for _, norm in norms]), name=name,
                mode="lines", hovertemplate="%{y:.3g}",
            )
        )  # fmt: skip
    return _on_a_log_axis(figure(traces, x_title="Epoch", y_title="Gradient norm", height=280))


def classes(row: TwinsEpoch, names: Sequence[str], *, known: bool = False) -> go.Figure:
    """Accuracy within each class, in per cent, of both twins in eval mode and of BatchNorm in train mode.

    On the test data; `known` asks for the training data, where they were measured.
    """
    plain, normed = (twin.on_training if known else twin for _, twin in twins_of(row))
    bars = (
        (f"{PLAIN}", plain.classes_by_running if plain else ()),
        (f"{NORMED}, eval mode", normed.classes_by_running if normed else ()),
        (f"{NORMED}, train mode", normed.classes_by_batch if normed else ()),
    )
    traces = [
        go.Bar(x=list(names), y=[100 * share for share in shares], name=name, hovertemplate="%{y:.2f} %")
        for name, shares in bars
    ]
    title = "Training accuracy in %" if known else "Test accuracy in %"
    drawn = figure(traces, x_title="Class", y_title=title, height=320)
    shares = [100 * share for _, of_classes in bars for share in of_classes]
    low = max(0.0, math.floor((min(shares, default=0.0) - 2) / 10) * 10)
    drawn.update_xaxes(type="category")
    return drawn.update_yaxes(range=[low, 100])


def _on_a_log_axis(drawn: go.Figure) -> go.Figure:
    return drawn.update_yaxes(type="log", exponentformat="power")


def _finite(numbers: Sequence[float]) -> list[float | None]:
    return [number if math.isfinite(number) else None for number in numbers]


def _positive(numbers: Sequence[float]) -> list[float | None]:
    """What a logarithmic axis has a place for."""
    return [number if math.isfinite(number) and number > 0 else None for number in numbers]
