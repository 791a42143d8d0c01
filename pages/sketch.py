"""Sketch a digit: draw, and watch a trained network read it."""

from ui.frame.views import open_views

open_views("sketch")
