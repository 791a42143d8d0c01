"""Initialization and exploding gradients: its views, in the order of the switch between them."""

from ui.initialization import gain as initialization_gain
from ui.initialization import signals as initialization_signals
from ui.initialization import training as initialization_training

VIEWS = (initialization_signals.VIEW, initialization_gain.VIEW, initialization_training.VIEW)
