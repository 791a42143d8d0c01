"""Gradient descent: lines, boundaries and networks being fitted, step by step."""

from ui.frame.views import open_views

open_views("descent")
