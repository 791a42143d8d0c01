"""What the two classes are set to; needs no torch."""

from collections.abc import Iterator
from dataclasses import dataclass

from dashlab.settings.fields import choice, flag, integer, number
from dashlab.settings.flat import FlatConfig

MOST_STEPS = 2000
"""Of one descent: what takes up to about a second."""
SHAPES = {"clouds": "Clouds", "circles": "Circles", "moons": "Moons"}
DETAILS = {"growth": "How the weights grow", "step": "One step"}

_CLOUDS = (("data", ("clouds",)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassesConfig(FlatConfig):
    """A logistic regression that is fitted to points of two classes."""

    data: str = choice(
        "clouds",
        "Points",
        "Clouds: two normal distributions. Circles: one around the other. Moons: two half circles that reach "
        "into each other.",
        SHAPES,
    )
    count: int = integer(100, "Points of each class", "How many are drawn.", low=5, high=300)
    mean: float = number(
        1.7,
        "Distance m",
        "Class 0 is drawn around (m, m) and class 1 around (−m, −m), each with standard deviation 1; then "
        "both are shifted.",
        low=0.0,
        high=5.0,
        step=0.1,
        used_when=_CLOUDS,
    )
    shift: float = number(
        1.0,
        "Shift",
        "Is added to every coordinate, so that the boundary needs a b.",
        low=-3.0,
        high=3.0,
        step=0.5,
        used_when=_CLOUDS,
    )
    noise: float = number(
        0.1,
        "Noise σ",
        "Standard deviation of the normal noise on each coordinate.",
        low=0.01,
        high=1.0,
        step=0.01,
        used_when=(("data", ("circles", "moons")),),
    )
    seed: int = integer(10, "Seed", "Which points and first weights are drawn.", low=0, high=99_999)
    lr: float = number(0.01, "Learning rate α", "How far a step goes.", low=1e-4, high=100.0, log=True)
    momentum: float = number(
        0.9,
        "Momentum",
        "How much of the last step is taken again: v ← μ v + gradient, w ← w − α v.",
        low=0.0,
        high=0.99,
    )
    stops: bool = flag(
        True,
        "Stop at a good accuracy",
        "It ends once more than a share of the points is classified correctly, at the threshold 0.5.",
    )
    stop_accuracy: float = number(
        0.99,
        "Accuracy above",
        "The share that must be exceeded.",
        low=0.5,
        high=1.0,
        step=0.005,
        used_when=(("stops", (True,)),),
    )
    every: int = integer(
        20,
        "Looked at every … steps",
        "Whether the accuracy is high enough is looked at so often.",
        low=1,
        high=100,
        used_when=(("stops", (True,)),),
    )
    steps: int = integer(
        1000, "Steps at most", "It ends after so many steps, whatever the accuracy.", low=1, high=MOST_STEPS
    )
    threshold: float = number(
        0.5,
        "Threshold",
        "A point is put into class 1 where the probability of class 1 is at least this.",
        low=0.01,
        high=0.99,
        step=0.01,
        shown_only=True,
    )
    step: int = integer(
        MOST_STEPS,
        "Step",
        "Which step the picture stands at, and is given in numbers below.",
        low=0,
        high=MOST_STEPS,
        shown_only=True,
    )
    detail: str = choice("growth", "Look at", "What is shown below the picture.", DETAILS, shown_only=True)

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        """A share that nothing can exceed."""
        yield (
            self.stops and self.stop_accuracy >= 1,
            "No accuracy is above 1: choose a share below it, or let it go on to the last step.",
        )
