"""Optimizer comparison: its views, in the order of the switch between them."""

from ui import optim_surface

VIEWS = (optim_surface.VIEW,)
