"""Trainer: choose, train, watch, and look at the mistakes."""

from ui import training
from ui.layout import beside
from ui.page import open_page

LEAD = (
    "Choose a preset or set everything yourself, then train. Watch how fast the loss falls and where it "
    "levels off, then look at the pictures that the network still gets wrong."
)

with open_page("trainer", LEAD):
    controls, stage = beside("train")
    with controls:
        config, bar = training.settings()
    with stage:
        training.stage(config, bar)
