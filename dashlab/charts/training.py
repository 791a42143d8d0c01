"""Loss, accuracy and learning rate over a run, alone or beside other runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from dashlab.charts.style import figure, thinned
from dashlab.results import EpochRow, StepRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What a run has reported so far."""

    name: str = ""
    steps: tuple[StepRow, ...] = ()
    epochs: tuple[EpochRow, ...] = ()
    steps_per_epoch: int = 1
    total_epochs: int = 1

    def at(self, row: StepRow | EpochRow) -> float:
        """Where on the epoch axis a row stands."""
        return row.step / self.steps_per_epoch


def loss(curve: Curve, *, log: bool = False) -> go.Figure:
    """Training loss over epochs, and the validation loss where pictures are held back."""
    traces = [_steps(curve, "Training", [row.loss for row in thinned(curve.steps)], "%{y:.4f}")]
    if any(row.val_loss is not None for row in curve.epochs):
        traces.append(_epochs(curve, "Validation", [row.val_loss for row in curve.epochs], "%{y:.4f}"))
    drawn = _over_epochs(traces, curve, "Loss")
    drawn.update_yaxes(type="log" if log else "linear", rangemode="normal" if log else "tozero")
    return drawn


def accuracy(curve: Curve) -> go.Figure:
    """Training accuracy over epochs in per cent, and the validation accuracy where pictures are held back."""
    traces = [_steps(curve, "Training", [100 * row.accuracy for row in thinned(curve.steps)], "%{y:.2f} %")]
    if any(row.val_accuracy is not None for row in curve.epochs):
        shares = [None if row.val_accuracy is None else 100 * row.val_accuracy for row in curve.epochs]
        traces.append(_epochs(curve, "Validation", shares, "%{y:.2f} %"))
    return _over_epochs(traces, curve, "Accuracy in %")


def learning_rate(curve: Curve) -> go.Figure:
    """The learning rate over epochs."""
    traces = [_steps(curve, "Learning rate", [row.lr for row in thinned(curve.steps)], "%{y:.3g}")]
    drawn = _over_epochs(traces, curve, "Learning rate", height=170)
    drawn.update_layout(showlegend=False, margin={"t": 12})
    drawn.update_yaxes(rangemode="tozero")
    return drawn


def compared_loss(curves: Sequence[Curve], *, log: bool = False) -> go.Figure:
    """Training loss of several runs over epochs."""
    traces = [
        _steps(curve, curve.name, [r.loss for r in thinned(curve.steps)], "%{y:.4f}") for curve in curves
    ]
    drawn = _over_epochs(traces, max(curves, key=lambda curve: curve.total_epochs), "Training loss")
    drawn.update_yaxes(type="log" if log else "linear", rangemode="normal" if log else "tozero")
    return drawn


def compared_accuracy(curves: Sequence[Curve]) -> go.Figure:
    """Training accuracy of several runs over epochs, in per cent."""
    traces = [
        _steps(curve, curve.name, [100 * r.accuracy for r in thinned(curve.steps)], "%{y:.2f} %")
        for curve in curves
    ]
    return _over_epochs(traces, max(curves, key=lambda curve: curve.total_epochs), "Training accuracy in %")


def _steps(curve: Curve, name: str, values: list[float], shown: str) -> go.Scatter:
    rows = thinned(curve.steps)
    return go.Scatter(
        x=[curve.at(row) for row in rows],
        y=values,
        customdata=[row.step for row in rows],
        name=name,
        mode="lines",
        line={"width": 2},
        hovertemplate=f"{shown} (step %{{customdata:,}})",
    )


def _epochs(curve: Curve, name: str, values: Sequence[float | None], shown: str) -> go.Scatter:
    return go.Scatter(
        x=[curve.at(row) for row in curve.epochs],
        y=list(values),
        name=name,
        mode="lines+markers",
        line={"width": 2},
        marker={"size": 7},
        hovertemplate=f"{shown} (epoch %{{x:.0f}})",
    )


def _over_epochs(traces: list[Any], curve: Curve, y_title: str, height: int = 300) -> go.Figure:
    drawn = figure(traces, x_title="Epoch", y_title=y_title, height=height)
    drawn.update_xaxes(
        range=[0, curve.total_epochs], hoverformat=".2f", unifiedhovertitle={"text": "Epoch %{x}"}
    )
    return drawn
