"""Drawings worth looking at: presets of the sketch pad, as a link holds them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashlab.settings.fields import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A drawing, what to look for in it, and the settings that show it best."""

    title: str
    about: str
    ink: str  # as `dashlab.experiments.sketch.ink.encode` writes it
    settings: Mapping[str, Value] = field(default_factory=dict)

    def values(self) -> dict[str, Value]:
        """The settings of the page that differ from its defaults."""
        return {"ink": self.ink, **self.settings}


EXAMPLES: Mapping[str, Example] = {
    "four-or-nine": Example(
        title="A 4 or a 9?",
        about="The top of this 4 nearly closes. Close it with a stroke, and see the bars change places.",
        ink="QVZOKSzTlSJWRSQY7SmayTldOUleYV-fGYvfmbtfgdffMgCd_kyaU.QlmLvlMb8j-0Q",
        settings={"map": "sensitivity", "about": "9", "pen": 16},
    ),
    "one-or-seven": Example(
        title="A 1 or a 7?",
        about="Many people write a 1 with a flag; in MNIST few do. Make the flag longer or shorter.",
        ink="QXeSOmDLvdJ0Q",
        settings={"pen": 16},
    ),
    "seven": Example(
        title="A 7 with a bar",
        about="Is the bar taken as evidence for the 7 or against it? Undo takes it away.",
        ink="STMOmo9N3bLyI.SZAgAoOfR",
        settings={"about": "7"},
    ),
    "tiny": Example(
        title="Tiny, in a corner",
        about="40 pixels high and near a corner. Follow the steps below: place and size are lost.",
        ink="E1P1e024t2l4F3m4W4t5V446x4I8I3D861Z820e8F.E1P1e4x1U",
        settings={"pen": 4},
    ),
    "broad": Example(
        title="A broad pen",
        about="The pen is so broad that the holes of the 8 are hardly wider than its lines. Which other "
        "digits does it resemble now?",
        ink="oolPyi8Lrg-K0gDKqeEK1axL5X5NmWqO7WEQhV-TeWsWhYDZGaVbMlVitoMlDo6l6pzn0qSrYp2vCpGxGn8ymlK0Mht1Ge"
        "W1Ua70yXazkUrxwUHxDTavWTQsJTqp5UcnxVnl8WclHfMfJk9ainMYPoIWqokU7olPy",
        settings={"pen": 40},
    ),
    "letter": Example(
        title="Not a digit",
        about="A network that knows ten digits finds one of them in anything. How sure is it of this letter?",
        ink="SSIxEfMMzsPxE.SXNkAnKkA",
    ),
}
