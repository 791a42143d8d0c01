"""Convolution and pooling: real layers on a picture, and the receptive field through a stack."""

from ui.frame.views import open_views

open_views("convolution")
