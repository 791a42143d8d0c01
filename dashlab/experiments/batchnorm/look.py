"""Twins that somebody looks at: what is trained, and which part of it the pictures show."""

from dataclasses import dataclass

from dashlab.experiments.batchnorm.rows import TwinsConfig
from dashlab.settings.fields import choice, flag, integer


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinsLook(TwinsConfig):
    """What is trained, and which part of it is looked at."""

    at: int = integer(15, "Epoch", "The epoch that is looked at.", low=0, high=500, shown_only=True)
    log: bool = flag(False, "Logarithmic loss", "Equal factors take equal heights.", shown_only=True)
    pane: str = choice(
        "values",
        "Look inside",
        "What the pictures at the bottom show.",
        {
            "values": "Activations",
            "statistics": "Running statistics",
            "gradients": "Gradients",
            "classes": "Classes",
        },
        shown_only=True,
    )
    which: str = choice(
        "entering",
        "Values",
        "Those that enter the activation, or those that leave the layer.",
        {"entering": "entering", "leaving": "leaving"},
        used_when=(("pane", ("values",)),),
        shown_only=True,
    )
    layer: int = integer(
        2, "Layer", "The layer that is looked at, counted from the input.", low=1, high=21, shown_only=True
    )
    channel: int = integer(
        1,
        "Channel",
        "The unit whose statistics are shown; the first six are followed.",
        low=1,
        high=6,
        used_when=(("pane", ("statistics",)),),
        shown_only=True,
    )
