"""Charts that grow: what they are before their first row."""

from __future__ import annotations

import pytest

from dashlab.charts.batchnorm import curves as batchnorm
from dashlab.charts.initialization import training as initialization
from dashlab.charts.optimizers import network as optimizers
from dashlab.charts.trainer import curves as trainer
from dashlab.charts.vega import VegaChart

RUN = trainer.Curve(validated=True, total_epochs=3)
EMPTY = {
    "loss": trainer.loss(RUN),
    "accuracy": trainer.accuracy(RUN),
    "learning rate": trainer.learning_rate(RUN),
    "runs compared": trainer.compared_loss([RUN, RUN]),
    "twins": batchnorm.loss([], epochs=3, classes=10),
    "twins swept": batchnorm.swept([], over="lr", title="Learning rate", places=[0.1, 1.0], classes=10),
    "race": optimizers.loss(["a", "b"], [[], []], x="step", steps=5, log=False, banded=True),
    "race ended": optimizers.accuracy(["a", "b"], []),
    "initializations": initialization.loss(["a", "b"], [[], []], steps=5),
}


@pytest.mark.parametrize("chart", EMPTY.values(), ids=EMPTY)
def test_no_mark_without_rows_is_a_picture_without_a_name(chart: VegaChart) -> None:
    """Lines are groups, one for each colour, and groups need no name; so do not what has its own rows."""
    grown = [layer["mark"] for layer in chart.spec["layer"] if "data" not in layer]
    assert [mark for mark in grown if mark["type"] != "line" and mark.get("aria") is not False] == []
    assert len(grown) > 1
