"""Trainer: choose, train, watch, and look at the mistakes."""

from ui.frame.views import open_views

open_views("trainer")
