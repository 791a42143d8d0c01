"""Optimizer comparison: its views, in the order of the switch between them."""

from ui.optimizers import average as optim_ema
from ui.optimizers import batches as optim_batches
from ui.optimizers import network as optim_network
from ui.optimizers import plane as optim_plane
from ui.optimizers import surface as optim_surface

VIEWS = (
    optim_surface.VIEW,
    optim_network.VIEW,
    optim_plane.VIEW,
    optim_batches.VIEW,
    optim_ema.VIEW,
)
