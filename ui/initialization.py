"""Initialization and exploding gradients: its views, in the order of the switch between them."""

from ui import initialization_gain, initialization_signals, initialization_training

VIEWS = (initialization_signals.VIEW, initialization_gain.VIEW, initialization_training.VIEW)
