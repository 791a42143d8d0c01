"""Telling cases of descent, in the order of a lesson."""

from dashlab.experiments.descent.settings import LineConfig
from dashlab.settings.presets import Preset, by_name

PLANE = LineConfig(
    data="plane",
    count=1000,
    inputs="normal",
    intercept=4.2,
    noise=0.01,
    batch="mini",
    lr=0.03,
    stop="epochs",
    start_std=0.01,
    seed=0,
)
"""Of the recipe with two weights in S12."""

LINES = by_name(
    Preset(
        "s12",
        "S12: twenty points, until the loss is below 1",
        "y = 2x + 5 with noise of σ = 1, learning rate 0.05, stopped once the loss is below 1. The line "
        "turns to the slope at once, and then creeps up to the intercept: it stops long before it is there.",
        LineConfig(),
    ),
    Preset(
        "s12plane",
        "S12: a thousand points, three epochs",
        "Two inputs, w = (2, −3.4), b = 4.2, batches of 10. After three epochs all three values are right to "
        "0.01. See the table after each epoch.",
        PLANE,
    ),
)

BY_VIEW = {"line": LINES}
"""Those of every view, under the name that it has in a link."""
