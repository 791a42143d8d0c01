"""Curves of two twins over epochs, and over learning rates or batch sizes.

Vega-Lite, as in `charts.training`: they grow while a study goes on. The colour says which twin, the dashes
how it was measured.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dashlab.charts.style import thinned
from dashlab.charts.vega import Point, VegaChart, under_the_pointer
from dashlab.experiments.batchnorm.rows import Score, Twin, TwinsEpoch
from dashlab.experiments.batchnorm.sweeps import Trial

PLAIN, NORMED = "Without BatchNorm", "With BatchNorm"
TRAINING, BY_RUNNING, BY_BATCH = "training batches", "test data in eval mode", "test data in train mode"
KNOWN_BY_RUNNING, KNOWN_BY_BATCH = "training data in eval mode", "training data in train mode"
DASHES = [[1, 0], [7, 3], [2, 2]]
WAYS = (
    f"Solid: {TRAINING}, in train mode while the twins learn from them. Dashed: {BY_RUNNING}. "
    f"Dotted: {BY_BATCH}."
)
KNOWN_WAYS = f"Solid: {KNOWN_BY_RUNNING}. Dotted: {KNOWN_BY_BATCH}."
SWEPT_WAYS = f"Solid: {BY_RUNNING}. Dotted: {BY_BATCH}."
CUT = 5.0
"""Losses above so many times that of guessing are left out: one of them would flatten all others."""


def cut_loss(classes: int) -> float:
    """The largest loss that is drawn."""
    return CUT * math.log(classes)


def loss(
    rows: Sequence[TwinsEpoch], *, epochs: int, classes: int, log: bool = False, known: bool = False
) -> VegaChart:
    """Loss of both twins over epochs, on the training batches and on the test data in both modes.

    `known` asks for what was measured after each epoch on the training data instead, in both modes.
    """
    points = [point for point in _points(rows, "loss", 1.0, known) if _drawn(point["value"], classes)]
    scale = {"type": "log"} if log else {"zero": True}
    return VegaChart(_spec("Loss (cross-entropy)", epochs, scale, ".4f", known), points)


def accuracy(rows: Sequence[TwinsEpoch], *, epochs: int, known: bool = False) -> VegaChart:
    """The same for accuracy, in per cent."""
    points = [point for point in _points(rows, "accuracy", 100.0, known) if _drawn(point["value"])]
    return VegaChart(_spec("Accuracy in %", epochs, {"zero": False}, ".2f", known), points)


def cut_off(rows: Sequence[TwinsEpoch], classes: int) -> tuple[int, float] | None:
    """Epoch and value of the largest finite loss that `loss` leaves out; None if there is none."""
    left_out = [
        (float(point["value"]), int(point["epoch"]))
        for known in (False, True)
        for point in _points(rows, "loss", 1.0, known)
        if math.isfinite(float(point["value"])) and not _drawn(point["value"], classes)
    ]
    return (max(left_out)[1], max(left_out)[0]) if left_out else None


def _drawn(value: str | float, classes: int | None = None) -> bool:
    return math.isfinite(float(value)) and (classes is None or float(value) <= cut_loss(classes))


def _points(rows: Sequence[TwinsEpoch], what: str, factor: float, known: bool) -> Iterator[Point]:
    for row in thinned(rows, 250):
        for name, how, score in _known_scores(row) if known else _scores(row):
            value = factor * getattr(score, what)
            yield {"twin": name, "how": how, "epoch": row.epoch, "value": value}


def _scores(row: TwinsEpoch) -> Iterator[tuple[str, str, Score]]:
    for name, twin in ((PLAIN, row.plain), (NORMED, row.normed)):
        yield name, TRAINING, twin.training
        yield name, BY_RUNNING, twin.by_running
    yield NORMED, BY_BATCH, row.normed.by_batch


def _known_scores(row: TwinsEpoch) -> Iterator[tuple[str, str, Score]]:
    for name, twin in twins_of(row):
        if twin.on_training is not None:
            yield name, KNOWN_BY_RUNNING, twin.on_training.by_running
    if row.normed.on_training is not None:
        yield NORMED, KNOWN_BY_BATCH, row.normed.on_training.by_batch


def _spec(title: str, epochs: int, scale: dict[str, Any], shown: str, known: bool) -> dict[str, Any]:
    ways = [KNOWN_BY_RUNNING, KNOWN_BY_BATCH] if known else [TRAINING, BY_RUNNING, BY_BATCH]
    x = {
        "field": "epoch",
        "type": "quantitative",
        "title": "Epoch",
        "scale": {"domain": [0, epochs]},
        "axis": {"grid": False, "tickMinStep": 1},
    }
    y = {"field": "value", "type": "quantitative", "title": title, "scale": scale}
    lines = {"mark": {"type": "line", "strokeWidth": 2, "clip": True}}
    return {
        "height": 360,
        "encoding": _encoding(x, y, ways),
        "layer": [lines, under_the_pointer(*_in_tooltip(title, shown), {"field": "epoch", "title": "Epoch"})],
    }


def _encoding(x: dict[str, Any], y: dict[str, Any], ways: list[str]) -> dict[str, Any]:
    return {
        "x": x,
        "y": y,
        "color": {
            "field": "twin",
            "type": "nominal",
            "title": None,
            "scale": {"domain": [PLAIN, NORMED]},
            "legend": {"orient": "top", "columns": 1, "labelLimit": 300, "symbolOpacity": 1},
        },
        "strokeDash": {
            "field": "how",
            "type": "nominal",
            "title": None,
            "scale": {"domain": ways, "range": [*DASHES[: len(ways) - 1], DASHES[-1]]},
            "legend": None,  # too wide beside the other one: `WAYS` says it in words
        },
    }


def _in_tooltip(title: str, shown: str) -> tuple[dict[str, str], ...]:
    """What is told of every point under the pointer."""
    return (
        {"field": "twin", "title": "Twin"},
        {"field": "how", "title": "Measured on"},
        {"field": "value", "title": title, "format": shown},
    )


def swept(
    trials: Sequence[Trial], *, over: str, title: str, places: Sequence[float], classes: int
) -> VegaChart:
    """Final test accuracy of both twins over a setting, in per cent; a diverged one stands at chance.

    Lines are means over seeds, the band reaches from the worst to the best seed in eval mode.

    Args:
        trials: in any order, possibly not yet all of them.
        over: the field of a `Trial` along the logarithmic axis.
        title: of that axis.
        places: all values along it, ascending; few enough are the axis's ticks.
        classes: chance is one in so many.
    """
    x: dict[str, Any] = {
        "field": "place",
        "type": "quantitative",
        "title": title,
        "scale": {"type": "log", "domain": [places[0], places[-1]], "nice": False},
        "axis": {"grid": False, "format": "~g", "labelOverlap": True},
    }
    if over == "batch_size":
        x["axis"] |= {"values": list(places)}
    ticks = list(range(40, 101, 10)) if classes == 2 else list(range(0, 101, 20))
    y = {
        "field": "value",
        "type": "quantitative",
        "title": "Test accuracy in %",
        "scale": {"domain": [ticks[0] - 8, 101], "nice": False},
        "axis": {"values": ticks},
    }
    band = {
        "transform": [{"filter": f"datum.how == '{BY_RUNNING}'"}],
        "mark": {"type": "area", "opacity": 0.18, "clip": True, "aria": False},
        "encoding": {"y": y | {"field": "worst"}, "y2": {"field": "best"}, "strokeDash": {"value": [1, 0]}},
    }
    pointer = under_the_pointer(
        *_in_tooltip("Accuracy in %", ".1f"),
        {"field": "place", "title": title, "format": "~g"},
        {"field": "diverged", "title": "Diverged"},
    )
    marks: list[dict[str, Any]] = [
        band,
        {"mark": {"type": "line", "strokeWidth": 2, "clip": True}},
        {
            "transform": [{"filter": f"datum.how == '{BY_RUNNING}'"}],
            "mark": {"type": "point", "filled": True, "size": 45, "opacity": 1, "aria": False},
        },
        pointer,
    ]
    spec = {"height": 400, "encoding": _encoding(x, y, [BY_RUNNING, BY_BATCH]), "layer": marks}
    return VegaChart(spec, list(_places(trials, over, classes)))


def _places(trials: Sequence[Trial], over: str, classes: int) -> Iterator[Point]:
    for name, batchnorm in ((PLAIN, False), (NORMED, True)):
        of_twin: dict[float, list[Trial]] = {}
        for trial in trials:
            if trial.batchnorm == batchnorm:
                of_twin.setdefault(getattr(trial, over), []).append(trial)
        for how, field in ((BY_RUNNING, "by_running"), (BY_BATCH, "by_batch")):
            if how == BY_BATCH and not batchnorm:
                continue  # the same without BatchNorm
            for place, here in sorted(of_twin.items()):
                yield {"twin": name, "how": how, "place": place, **_summed_up(here, field, classes)}


def _summed_up(trials: Iterable[Trial], field: str, classes: int) -> Point:
    trials = list(trials)
    accuracies = [100 / classes if trial.diverged else 100 * getattr(trial, field) for trial in trials]
    diverged = sum(trial.diverged > 0 for trial in trials)
    return {
        "value": math.fsum(accuracies) / len(accuracies),
        "worst": min(accuracies),
        "best": max(accuracies),
        "diverged": f"{diverged} of {len(accuracies)}",
    }


def twins_of(row: TwinsEpoch) -> tuple[tuple[str, Twin], tuple[str, Twin]]:
    """Both twins with their names."""
    return (PLAIN, row.plain), (NORMED, row.normed)
