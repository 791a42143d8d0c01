"""Loss, accuracy and learning rate over a run, alone or beside other runs."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dashlab.charts.style import thinned
from dashlab.charts.vega import LEGEND_ROW, MOST_LETTERS, Point, VegaChart, under_the_pointer
from dashlab.training.losses import with_words
from dashlab.training.results import EpochRow, StepRow

VALIDATION = "Validation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What a run has reported so far."""

    name: str = ""
    steps: tuple[StepRow, ...] = ()
    epochs: tuple[EpochRow, ...] = ()
    steps_per_epoch: int = 1
    total_epochs: int = 1
    validated: bool = False  # whether pictures are held back
    held: tuple[str, ...] = ()  # what the training loss holds beside the loss itself, as `losses.held` says

    def at(self, row: StepRow | EpochRow) -> float:
        """Where on the epoch axis a row stands."""
        return row.step / self.steps_per_epoch


def loss(curve: Curve, *, log: bool = False) -> VegaChart:
    """Training loss over epochs, and the validation loss where pictures are held back.

    Both are the same quantity; a training loss that is another one is called by what it holds besides.
    """
    training = f"Training{with_words(curve.held)}"
    rows = [
        *_points(training, curve, ((row, row.loss) for row in thinned(curve.steps))),
        *_points(VALIDATION, curve, ((row, row.val_loss) for row in curve.epochs)),
    ]
    series = _series(curve, training)
    title = "Loss" if curve.validated else f"Loss{with_words(curve.held)}"  # a lone curve has no legend
    return VegaChart(_spec(title, series, curve.total_epochs, shown=".4f", log=log, zero=True), rows)


def accuracy(curve: Curve) -> VegaChart:
    """Training accuracy over epochs in per cent, and the validation accuracy where pictures are held back."""
    rows = [
        *_points("Training", curve, ((row, 100 * row.accuracy) for row in thinned(curve.steps))),
        *_points(VALIDATION, curve, ((row, _percent(row.val_accuracy)) for row in curve.epochs)),
    ]
    return VegaChart(_spec("Accuracy in %", _series(curve), curve.total_epochs, shown=".2f"), rows)


def learning_rate(curve: Curve) -> VegaChart:
    """The learning rate over epochs."""
    rows = list(_points("Learning rate", curve, ((row, row.lr) for row in thinned(curve.steps))))
    spec = _spec("Learning rate", ["Learning rate"], curve.total_epochs, shown=".3g", zero=True, height=150)
    return VegaChart(spec, rows)


def compared_loss(curves: Sequence[Curve], *, log: bool = False) -> VegaChart:
    """Training loss of several runs over epochs; one that is another quantity says what it holds besides."""
    names = [f"{curve.name}{with_words(curve.held)}" for curve in curves]
    rows = [
        point
        for name, curve in zip(names, curves, strict=True)
        for point in _points(name, curve, ((row, row.loss) for row in thinned(curve.steps)))
    ]
    spec = _spec("Training loss", names, _longest(curves), shown=".4f", log=log, zero=True)
    return VegaChart(spec, rows)


def compared_accuracy(curves: Sequence[Curve]) -> VegaChart:
    """Training accuracy of several runs over epochs, in per cent."""
    rows = [
        point
        for curve in curves
        for point in _points(curve.name, curve, ((row, 100 * row.accuracy) for row in thinned(curve.steps)))
    ]
    return VegaChart(_spec("Training accuracy in %", _names(curves), _longest(curves), shown=".2f"), rows)


def _points(
    series: str, curve: Curve, values: Iterable[tuple[StepRow | EpochRow, float | None]]
) -> Iterator[Point]:
    """One point per row; what is not finite cannot be drawn and is left out."""
    for row, value in values:
        if value is not None and math.isfinite(value):
            yield {"series": series, "epoch": curve.at(row), "step": row.step, "value": value}


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _series(curve: Curve, training: str = "Training") -> list[str]:
    return [training, VALIDATION] if curve.validated else [training]


def _names(curves: Sequence[Curve]) -> list[str]:
    return [curve.name for curve in curves]


def _longest(curves: Sequence[Curve]) -> int:
    return max((curve.total_epochs for curve in curves), default=1)


def _spec(
    title: str,
    series: list[str],
    epochs: int,
    *,
    shown: str,
    log: bool = False,
    zero: bool = False,
    height: int = 290,
) -> dict[str, Any]:
    scale = {"type": "log"} if log else {"zero": zero}
    in_one_row = sum(map(len, series)) <= MOST_LETTERS
    legend = {"orient": "top", "columns": 0 if in_one_row else 1, "labelLimit": 400}
    return {
        "height": height
        if in_one_row
        else height + LEGEND_ROW * len(series),  # the legend takes its rows of it
        "encoding": {
            "x": {
                "field": "epoch",
                "type": "quantitative",
                "title": "Epoch",
                "scale": {"domain": [0, epochs]},
                "axis": {"grid": False, "tickMinStep": 1 if epochs >= 5 else 0.25},
            },
            "y": {"field": "value", "type": "quantitative", "title": title, "scale": scale},
            "color": {
                "field": "series",
                "type": "nominal",
                "title": None,
                "scale": {"domain": series},
                "legend": legend if len(series) > 1 else None,
            },
        },
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 2, "clip": True}},
            *([_DOTS] if VALIDATION in series else []),
            under_the_pointer(
                {"field": "series", "title": "Curve"},
                {"field": "value", "title": title, "format": shown},
                {"field": "epoch", "title": "Epoch", "format": ".2f"},
                {"field": "step", "title": "Step", "format": ","},
            ),
        ],
    }


_DOTS: dict[str, Any] = {
    "transform": [{"filter": f"datum.series == '{VALIDATION}'"}],
    "mark": {"type": "point", "filled": True, "size": 50, "aria": False},
}
