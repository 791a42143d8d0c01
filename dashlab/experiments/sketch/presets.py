"""Drawings worth looking at, as a link holds them."""

from dashlab.experiments.sketch.settings import SketchConfig
from dashlab.settings.presets import Preset, by_name

PRESETS = by_name(
    Preset(
        "four-or-nine",
        "A 4 or a 9?",
        "The top of this 4 nearly closes. Close it with a stroke, and see the bars change places.",
        SketchConfig(
            ink="QVZOKSzTlSJWRSQY7SmayTldOUleYV-fGYvfmbtfgdffMgCd_kyaU.QlmLvlMb8j-0Q",
            map="sensitivity",
            about="9",
            pen=16,
        ),
    ),
    Preset(
        "one-or-seven",
        "A 1 or a 7?",
        "Many people write a 1 with a flag; in MNIST few do. Make the flag longer or shorter.",
        SketchConfig(ink="QXeSOmDLvdJ0Q", pen=16),
    ),
    Preset(
        "seven",
        "A 7 with a bar",
        "Is the bar taken as evidence for the 7 or against it? Undo takes it away.",
        SketchConfig(ink="STMOmo9N3bLyI.SZAgAoOfR", about="7"),
    ),
    Preset(
        "tiny",
        "Tiny, in a corner",
        "40 pixels high and near a corner. Follow the steps below: place and size are lost.",
        SketchConfig(ink="E1P1e024t2l4F3m4W4t5V446x4I8I3D861Z820e8F.E1P1e4x1U", pen=4),
    ),
    Preset(
        "broad",
        "A broad pen",
        "The pen is so broad that the holes of the 8 are hardly wider than its lines. Which other "
        "digits does it resemble now?",
        SketchConfig(
            ink="oolPyi8Lrg-K0gDKqeEK1axL5X5NmWqO7WEQhV-TeWsWhYDZGaVbMlVitoMlDo6l6pzn0qSrYp2vCpGxGn8ymlK0Mht1Ge"
            "W1Ua70yXazkUrxwUHxDTavWTQsJTqp5UcnxVnl8WclHfMfJk9ainMYPoIWqokU7olPy",
            pen=40,
        ),
    ),
    Preset(
        "letter",
        "Not a digit",
        "A network that knows ten digits finds one of them in anything. How sure is it of this letter?",
        SketchConfig(ink="SSIxEfMMzsPxE.SXNkAnKkA"),
    ),
)
BY_VIEW = {"": PRESETS}
"""The sketch pad has one view, which has no name."""
