"""Augmentation: build a pipeline of transforms, and see what it makes of a picture."""

from ui.frame.views import open_views

open_views("augmentation")
