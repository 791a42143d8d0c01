"""Optimizer comparison: on a surface, on a network, by batch size, and what momentum averages."""

from ui.frame import views
from ui.frame.page import open_page
from ui.optimizers.views import VIEWS

with open_page("optimizers"):
    views.show("optim", VIEWS)
