"""Over- and underfitting: curves, features beyond the points, cures, dropout, a series."""

from ui.frame.views import open_views

open_views("fitting")
