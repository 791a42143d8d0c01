"""Initialization: how far a signal gets through a deep stack, and whether the stack can learn."""

from ui.frame import views
from ui.frame.page import open_page
from ui.initialization import views as initialization

with open_page("initialization", title="Initialization and exploding gradients"):
    views.show("init", initialization.VIEWS)
