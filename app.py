"""Home: what there is, and where to start."""

from ui.page import open_page

with open_page("home", "Train real networks on real pictures, and see what every setting does."):
    pass
