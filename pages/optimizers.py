"""Optimizer comparison: on a surface, on a network, by batch size, and what momentum averages."""

from ui import views
from ui.optimizers import VIEWS
from ui.page import open_page

with open_page("optimizers"):
    views.show("optim", VIEWS)
