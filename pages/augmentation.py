"""Augmentation: build a pipeline of transforms, and see what it makes of a picture."""

from ui.augmentation import page as augmentation
from ui.frame.page import open_page

LEAD = (
    "Augmentation shows a network each picture a little different every time, under the same label. Build a "
    "pipeline, look at what comes out of it, and ask of every draw: would you still give it this label? The "
    "order of the steps matters, and so does what each of them leaves of the numbers."
)

with open_page("augmentation", LEAD):
    augmentation.page()
