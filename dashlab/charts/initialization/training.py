"""Loss of several stacks over the steps of their training; Vega-Lite, because it grows before one's eyes."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from dashlab.charts.vega import VegaChart, under_the_pointer

HIGHEST_LOSS = 4.0
"""Losses above it are cut off: chance is at ln 10 = 2.3."""

Points = Iterable[tuple[int, float]]


def loss(names: Sequence[str], curves: Sequence[Points], *, steps: int) -> VegaChart:
    """Training loss over steps, one curve per name; chance is drawn as a rule."""
    chance = {
        "data": {"values": [{"chance": math.log(10)}]},
        "mark": {"type": "rule", "strokeDash": [2, 4], "color": "grey"},
        "encoding": {"y": {"field": "chance", "type": "quantitative"}},
    }
    spec = _spec(names, "Training loss", steps, {"domain": [0, HIGHEST_LOSS], "clamp": False}, ".3f")
    spec["layer"].append(chance)
    return VegaChart(spec, list(_rows(names, curves)))


def accuracy(names: Sequence[str], curves: Sequence[Points], *, steps: int) -> VegaChart:
    """Share of the digits that are classified correctly while training, in per cent."""
    percent = [[(step, 100 * value) for step, value in curve] for curve in curves]
    spec = _spec(names, "Training accuracy in %", steps, {"domain": [0, 100]}, ".1f", legend=False)
    return VegaChart(spec, list(_rows(names, percent)))


def _rows(names: Sequence[str], curves: Sequence[Points]) -> Iterable[dict[str, str | float]]:
    for name, curve in zip(names, curves, strict=True):
        for step, value in curve:
            if math.isfinite(value):
                yield {"series": name, "epoch": 0, "step": step, "value": value}


def _spec(
    names: Sequence[str], title: str, steps: int, scale: dict[str, Any], shown: str, *, legend: bool = True
) -> dict[str, Any]:
    return {
        "height": 270 + 32 * len(names) * legend,
        "encoding": {
            "x": {
                "field": "step",
                "type": "quantitative",
                "title": "Step",
                "scale": {"domain": [0, steps]},
                "axis": {"grid": False},
            },
            "color": {
                "field": "series",
                "type": "nominal",
                "title": None,
                "scale": {"domain": list(names)},
                "legend": {"orient": "top", "columns": 1, "labelLimit": 400} if legend else None,
            },
        },
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2, "clip": True},
                "encoding": {"y": _y(title, scale)},
            },
            under_the_pointer(
                {"field": "series", "title": "Setting"},
                {"field": "value", "title": title, "format": shown},
                {"field": "step", "title": "Step", "format": ","},
                y=_y(title, scale),
                clip=True,
            ),
        ],
    }


def _y(title: str, scale: dict[str, Any]) -> dict[str, Any]:
    return {"field": "value", "type": "quantitative", "title": title, "scale": scale}
