"""Sketch a digit: draw, and watch a trained network read it."""

from ui.frame.page import open_page
from ui.sketch import page as sketch

LEAD = (
    "Draw a digit, and watch what the network makes of it each time you lift the pen. Look at the 28 × 28 "
    "pixels that are left of your drawing, and at which of them mattered."
)

with open_page("sketch", LEAD):
    sketch.page()
