"""What the line through points is set to; needs no torch."""

from collections.abc import Iterator
from dataclasses import dataclass

from dashlab.experiments.descent.points import own_points
from dashlab.settings.fields import choice, flag, integer, number
from dashlab.settings.flat import FlatConfig

MOST_STEPS = 3000
"""Of one descent: what takes up to about half a second."""
DATA = {"line": "Line", "plane": "Plane", "own": "Own"}
INPUTS = {"uniform": "0 to 10", "normal": "N(0, 1)"}
LOSSES = {"squared": "Squared", "absolute": "Absolute", "huber": "Huber"}
BATCHES = {"full": "Full", "mini": "Mini", "single": "Single"}
STOPS = {"steps": "after so many steps", "loss": "once the loss is low", "epochs": "after so many epochs"}
STARTS = {"drawn": "drawn", "chosen": "chosen"}
DETAILS = {
    "rates": "Learning rates",
    "round": "Steep and flat",
    "losses": "Three losses",
    "step": "One step",
}
MULTIPLES = {"a tenth": 0.1, "just below": 0.99, "at": 1.0, "just above": 1.01}
"""Of the largest stable learning rate 2/λmax, by what they are called."""
FEW = ((0.0, 1.0), (1.0, 2.5), (2.0, 6.0), (3.0, 6.5), (4.0, 9.5), (5.0, 10.0))
"""What stands for points of one's own before there are any."""

_RECIPE = (("data", ("line", "plane")),)
_PLANE = (("data", ("plane",)),)
_CHOSEN = (("start", ("chosen",)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineConfig(FlatConfig):
    """A line, or a plane, that gradient descent fits to points."""

    data: str = choice(
        "line",
        "Points",
        "Line: drawn around y = slope · x + intercept. Plane: the same with two inputs. Own: your points, "
        "from the table, a click or a file.",
        DATA,
    )
    points: str = own_points(FEW, "Own points", "x and y of each.", used_when=(("data", ("own",)),))
    count: int = integer(20, "How many", "How many points are drawn.", low=3, high=1000, used_when=_RECIPE)
    inputs: str = choice(
        "uniform",
        "Inputs x",
        "0 to 10: evenly at random. N(0, 1): around 0, with standard deviation 1.",
        INPUTS,
        used_when=_RECIPE,
    )
    slope: float = number(
        2.0, "Slope", "The true weight w of x.", low=-10.0, high=10.0, step=0.1, used_when=_RECIPE
    )
    slope2: float = number(
        -3.4, "Slope 2", "The true weight of the second input.", low=-10.0, high=10.0, step=0.1,
        used_when=_PLANE,
    )  # fmt: skip
    intercept: float = number(
        5.0, "Intercept", "The true b.", low=-10.0, high=10.0, step=0.1, used_when=_RECIPE
    )
    noise: float = number(
        1.0, "Noise σ", "Standard deviation of the normal noise on every y.", low=0.0, high=10.0, step=0.01,
        used_when=_RECIPE,
    )  # fmt: skip
    seed: int = integer(10, "Seed", "Which points, first weights and batches are drawn.", low=0, high=99_999)
    standardise: bool = flag(
        False,
        "Standardise the inputs",
        "Each x becomes (x − mean) / standard deviation, so that w and b are equally steep. What is learned "
        "is turned back for the tables.",
    )
    loss: str = choice(
        "squared",
        "Loss",
        "Of an error e = ŷ − y. Squared: ½ e². Absolute: |e|. Huber: ½ e² up to δ, from there on "
        "δ (|e| − ½ δ). The mean over the points is made small.",
        LOSSES,
    )
    delta: float = number(
        1.0, "Huber's δ", "Errors larger than this count as in the absolute loss.", low=0.1, high=10.0,
        step=0.1, used_when=(("loss", ("huber",)),),
    )  # fmt: skip
    batch: str = choice(
        "full",
        "Batch",
        "How many points make one gradient. Full: all of them. Mini: some. Single: one.",
        BATCHES,
    )
    batch_size: int = integer(
        10, "Batch size", "Points in a mini-batch.", low=2, high=500, used_when=(("batch", ("mini",)),)
    )
    lr: float = number(
        0.05,
        "Learning rate α",
        "How far a step goes: w ← w − α ∂L/∂w, and the same for b.",
        low=1e-4,
        high=10.0,
        log=True,
    )
    stop: str = choice("loss", "It stops", "What ends the descent.", STOPS)
    stop_loss: float = number(
        1.0, "Loss below", "It stops once the loss is below this.", low=1e-6, high=100.0, log=True,
        used_when=(("stop", ("loss",)),),
    )  # fmt: skip
    every: int = integer(
        20, "Looked at every … steps", "Whether the loss is low enough is looked at so often.", low=1,
        high=100, used_when=(("stop", ("loss",)),),
    )  # fmt: skip
    epochs: int = integer(
        3, "Epochs", "An epoch shows every point once.", low=1, high=100, used_when=(("stop", ("epochs",)),)
    )
    steps: int = integer(
        1000, "Steps at most", "It ends after so many steps, whatever the loss.", low=1, high=MOST_STEPS,
        used_when=(("stop", ("steps", "loss")),),
    )  # fmt: skip
    start: str = choice(
        "drawn",
        "Start",
        "Drawn: w at random, b = 0. Chosen: where you click on the surface, or what you type.",
        STARTS,
    )
    start_std: float = number(
        1.0, "Spread of the first w", "w is drawn from N(0, σ²) with this σ.", low=0.0, high=5.0, step=0.01,
        used_when=(("start", ("drawn",)),),
    )  # fmt: skip
    start_w: float = number(
        0.0, "Start w", "Where w starts.", low=-1000.0, high=1000.0, step=0.1, used_when=_CHOSEN
    )
    start_w2: float = number(
        0.0, "Start w₂", "Where the second weight starts.", low=-1000.0, high=1000.0, step=0.1,
        used_when=(*_CHOSEN, *_PLANE),
    )  # fmt: skip
    start_b: float = number(
        0.0, "Start b", "Where b starts.", low=-1000.0, high=1000.0, step=0.1, used_when=_CHOSEN
    )
    step: int = integer(
        MOST_STEPS,
        "Step",
        "Which step the picture stands at, and is given in numbers below.",
        low=0,
        high=MOST_STEPS,
        shown_only=True,
    )
    detail: str = choice("rates", "Look at", "What is shown below the picture.", DETAILS, shown_only=True)

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        """Points that are too few for a plane, and epochs that are too many."""
        size = {"full": self.count, "mini": self.batch_size, "single": 1}[self.batch]
        steps = self.epochs * -(-self.count // size)
        yield (
            self.stop == "epochs" and self.data != "own" and steps > MOST_STEPS,
            f"{self.epochs} epochs of {self.count:,} points are {steps:,} steps; at most {MOST_STEPS:,} are "
            "taken. Choose fewer epochs, fewer points or larger batches.",
        )
