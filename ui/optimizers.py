"""Optimizer comparison: its views, in the order of the switch between them."""

from ui import optim_batches, optim_ema, optim_network, optim_plane, optim_surface

VIEWS = (
    optim_surface.VIEW,
    optim_network.VIEW,
    optim_plane.VIEW,
    optim_batches.VIEW,
    optim_ema.VIEW,
)
