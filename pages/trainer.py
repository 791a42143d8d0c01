"""Trainer: choose, train, watch, and look at the mistakes."""

from ui.frame.page import open_page
from ui.parts.layout import beside
from ui.trainer import page as training

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
