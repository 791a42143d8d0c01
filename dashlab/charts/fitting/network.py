"""What the cures bring, learning curves, and the weights that they leave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from dashlab.charts.style import FIXED, MARGIN, figure
from dashlab.charts.vega import Point, VegaChart, under_the_pointer
from dashlab.experiments.fitting.effects import Combination, Effect
from dashlab.experiments.fitting.network import CURES, title_of
from dashlab.training.results import EpochRow

if TYPE_CHECKING:  # that imports torch
    from dashlab.experiments.fitting.weights import WeightRow

GREY = "rgba(128,128,128,0.75)"
LINE = "#E0572F"
ROW = 26
"""Height of one combination in pixels."""


def combinations(outcome: Sequence[Combination], measured: str, *, chosen: int) -> go.Figure:
    """Accuracy or loss of every combination with its spread over the seeds; the chosen one is ringed."""
    values, spread = _measured(outcome, measured)
    names = [title_of(one.cures) for one in outcome]
    trace = go.Scatter(
        x=values, y=names, mode="markers", customdata=[one.runs for one in outcome],
        error_x={"array": spread, "width": 4, "color": GREY}, hovertemplate="%{y}: %{x:.4g}<extra></extra>",
        marker={"size": 10, "line": {"width": [3 if at == chosen else 0 for at in range(len(outcome))],
                                     "color": LINE}},
    )  # fmt: skip
    plain = next((value for one, value in zip(outcome, values, strict=True) if not one.cures), None)
    rule = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": plain, "x1": plain,
            "line": {"width": 1.5, "dash": "dot", "color": GREY}}  # fmt: skip
    title = "Test accuracy in %" if measured == "accuracy" else "Validation loss"
    return figure(
        [trace], x_title=title, y_title="", height=90 + ROW * len(outcome), legend=False, hovermode="closest",
        shapes=[rule] if plain is not None else [],
        yaxis={"type": "category", "autorange": "reversed", "automargin": True},
    )  # fmt: skip


def effects(outcome: Sequence[Effect], measured: str) -> go.Figure:
    """What each cure brings alone, on top of all others, and on the average; spreads are over the seeds."""
    factor = 100 if measured == "accuracy" else 1
    parts = (("alone", "alone", ""), ("on top of all others", "among_all", "/"), ("average", "average", "x"))
    traces = [
        go.Bar(x=[CURES[one.cure] for one in outcome], name=name,
               y=[factor * getattr(one, what) for one in outcome],
               error_y={"array": [factor * getattr(one, f"{what}_std") for one in outcome], "width": 4,
                        "color": GREY},
               marker={"pattern": {"shape": pattern}}, hovertemplate="%{y:+.3g}")
        for name, what, pattern in parts
    ]  # fmt: skip
    title = "Gain in points" if measured == "accuracy" else "Validation loss lower by"
    return figure(
        traces, x_title="", y_title=title, height=320, barmode="group", xaxis={"type": "category"},
        yaxis={"zeroline": True, "zerolinecolor": GREY, **FIXED}, margin=MARGIN,
    )  # fmt: skip


def epochs(runs: Sequence[tuple[str, Sequence[EpochRow]]], what: str, *, log: bool = False) -> go.Figure:
    """Training (dashed) against validation, epoch by epoch; `what` is "loss" or "accuracy"."""
    factor = 100 if what == "accuracy" else 1
    traces = []
    for name, rows in runs:
        numbers = [row.epoch for row in rows]
        traces += [
            go.Scatter(x=numbers, y=[_scaled(getattr(row, f"val_{what}"), factor) for row in rows],
                       mode="lines", name=f"{name}: validation", line={"width": 2.5},
                       hovertemplate="%{y:.4g}"),
            go.Scatter(x=numbers, y=[_scaled(getattr(row, f"train_{what}"), factor) for row in rows],
                       mode="lines", name=f"{name}: training", line={"width": 2, "dash": "dash"},
                       hovertemplate="%{y:.4g}"),
        ]  # fmt: skip
    scale: dict[str, Any] = {"type": "log", "exponentformat": "power"} if log and what == "loss" else {}
    return figure(
        traces, x_title="Epoch", y_title="Loss" if what == "loss" else "Accuracy in %", height=280,
        xaxis=FIXED, yaxis={**scale, **FIXED}, margin=MARGIN,
    )  # fmt: skip


def growing(runs: Sequence[tuple[str, Sequence[EpochRow]]], *, epochs: int, log: bool = False) -> VegaChart:
    """Training (dashed) and validation loss of runs that go on, epoch by epoch, each under its title."""
    names = list(dict.fromkeys(name for name, _ in runs))
    rows: list[Point] = [
        {"series": name, "what": what, "epoch": row.epoch, "value": value}
        for name, every in runs
        for row in every
        for what, value in (("validation", row.val_loss), ("training", row.train_loss))
        if value is not None and math.isfinite(value) and (value > 0 or not log)
    ]
    scale: dict[str, Any] = {"type": "log"} if log else {"zero": True}
    value_of = {"field": "value", "type": "quantitative", "title": "Loss", "scale": scale}
    legend = {"orient": "top", "columns": 2, "labelLimit": 300, "symbolOpacity": 1}
    spec = {
        "height": 320,
        "encoding": {
            "x": {"field": "epoch", "type": "quantitative", "title": "Epoch",
                  "scale": {"domain": [0, epochs]}, "axis": {"grid": False, "tickMinStep": 1}},
            "y": value_of,
            "color": {"field": "series", "type": "nominal", "title": None, "legend": legend,
                      "scale": {"domain": names}},
            "strokeDash": {"field": "what", "type": "nominal", "title": None, "legend": None,
                           "scale": {"domain": ["validation", "training"], "range": [[1, 0], [6, 4]]}},
        },
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 2, "clip": True}},
            under_the_pointer(
                {"field": "series", "title": "Cures"},
                {"field": "what", "title": "Loss on"},
                {"field": "value", "title": "Loss", "format": ".4f"},
                {"field": "epoch", "title": "Epoch"},
            ),
        ],
    }  # fmt: skip
    return VegaChart(spec, rows)


def learning_curve(outcome: Sequence[Combination], measured: str) -> go.Figure:
    """Accuracy or loss over the number of training pictures, one curve for each combination."""
    traces = []
    for cures in dict.fromkeys(one.cures for one in outcome):
        mine = [one for one in outcome if one.cures == cures]
        values, spread = _measured(mine, measured)
        traces.append(
            go.Scatter(x=[one.pictures for one in mine], y=values, name=title_of(cures), mode="lines+markers",
                       error_y={"array": spread, "width": 4},
                       line={"width": 2.5, "dash": "dash" if cures else None},
                       hovertemplate="%{y:.4g}")
        )  # fmt: skip
    counts = sorted({one.pictures for one in outcome})
    title = "Test accuracy in %" if measured == "accuracy" else "Validation loss"
    return figure(
        traces, x_title="Training pictures", y_title=title, height=340,
        xaxis={"type": "log", "tickvals": counts, **FIXED}, yaxis=FIXED, margin=MARGIN,
    )  # fmt: skip


def weights(runs: Sequence[tuple[str, WeightRow]]) -> go.Figure:
    """Histograms of one layer's weights in several runs, counts on a log axis: the spike of L1 is at 0."""
    traces = []
    for name, row in runs:
        outcome = row.histogram
        width = (outcome.high - outcome.low) / len(outcome.counts)
        traces.append(
            go.Scatter(x=[outcome.low + (at + 0.5) * width for at in range(len(outcome.counts))],
                       y=[count or None for count in outcome.counts], mode="lines",
                       name=f"{name}: {row.near:.1%} near 0", line={"width": 2, "shape": "hvh"},
                       hovertemplate="%{y:,}")
        )  # fmt: skip
    return figure(
        traces, x_title="Weight", y_title="Weights", height=300, xaxis=FIXED,
        yaxis={"type": "log", "exponentformat": "power", **FIXED}, margin=MARGIN,
    )  # fmt: skip


def _measured(outcome: Sequence[Combination], measured: str) -> tuple[list[float], list[float]]:
    """Values as they are drawn, and the standard deviation of each where there is one."""
    if measured == "accuracy":
        return [100 * one.accuracy for one in outcome], [_or_zero(100 * one.accuracy_std) for one in outcome]
    return [one.val_loss for one in outcome], [_or_zero(one.val_loss_std) for one in outcome]


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else factor * value
