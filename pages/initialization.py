"""Initialization: how far a signal gets through a deep stack, and whether the stack can learn."""

from ui.frame.views import open_views

open_views("initialization")
