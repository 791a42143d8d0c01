"""Activations: value and slope, layer after layer, units of trained networks, softmax."""

from ui.frame.views import open_views

open_views("activations")
