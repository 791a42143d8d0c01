"""What is set on the sketch pad, the drawing among it."""

from dataclasses import dataclass

from dashlab.experiments.sketch.ink import SIDE
from dashlab.settings.fields import choice, integer, text
from dashlab.settings.flat import FlatConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class SketchConfig(FlatConfig):
    """A picture of a digit, the networks that read it, and what is asked about what they read."""

    source: str = choice(
        "draw",
        "Picture",
        "Draw, or upload a picture of one digit.",
        {"draw": "Draw", "upload": "Upload"},
    )
    pen: int = integer(18, "Pen width", f"In pixels, of a sheet of {SIDE}.", low=4, high=40)
    ink: str = text("", "Drawing", "The strokes on the sheet, as letters.")
    runs: str = text("", "Networks", "The trained networks that classify the picture.")
    map: str = choice(
        "evidence",
        "Colour the pixels by",
        "evidence: what the ink that is there contributed. sensitivity: what more ink would do.",
        {"evidence": "Evidence", "sensitivity": "Sensitivity"},
        shown_only=True,
    )
    about: str = choice(
        "read",
        "For the class",
        "Ask why a network did or did not predict this class.",
        {"read": "The predicted one"} | {digit: digit for digit in "0123456789"},
        shown_only=True,
    )
