"""Optimizer comparison: on a surface, on a network, by batch size, and what momentum averages."""

from ui.frame.views import open_views

open_views("optimizers")
