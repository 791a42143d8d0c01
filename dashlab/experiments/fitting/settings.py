"""What the views of over- and underfitting are set to; needs no torch.

The network and its cures stand in `network`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dashlab.settings.fields import choice, flag, integer, number, sizes, text
from dashlab.settings.flat import FlatConfig

MOST_DEGREE = 25
"""Every curve is fitted with all degrees up to this one at once."""
FUNCTIONS = {
    "sine": "Sine",
    "cubic": "Cubic",
    "bump": "Bump",
    "step": "Step",
    "line": "Line",
}
SPACINGS = {"random": "at random", "even": "evenly"}
PENALTIES = {"none": "None", "l2": "L2 (ridge)", "l1": "L1 (lasso)"}
_PENALISED = (("penalty", ("l2", "l1")),)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveConfig(FlatConfig):
    """Polynomials on noisy points."""

    degree: int = integer(
        3,
        "Degree",
        "The highest power of x in the polynomial. Degree d has d + 1 coefficients.",
        low=0,
        high=MOST_DEGREE,
        shown_only=True,  # all degrees are fitted anyway
    )
    function: str = choice(
        "sine", "True curve", "What lies under the noise. The fit does not know it.", FUNCTIONS
    )
    points: int = integer(20, "Points", "How many points the polynomial is fitted to.", low=5, high=500)
    noise: float = number(
        0.3, "Noise σ", "Standard deviation of the noise on every y.", low=0.0, high=2.0, step=0.05
    )
    spacing: str = choice(
        "random",
        "Points lie",
        "at random: every sample draws its own x. evenly: x stays, and a new sample draws new noise alone.",
        SPACINGS,
    )
    penalty: str = choice(
        "none",
        "Penalty",
        "What is made small beside the mean squared error. L2 adds ½ λ Σ c², L1 adds λ Σ |c|, over all "
        "coefficients but the constant.",
        PENALTIES,
    )
    strength: float = number(
        0.01,
        "Strength λ",
        "How much the penalty counts. The coefficients are those of Legendre polynomials of mean square 1, "
        "so that each counts alike.",
        low=1e-7,
        high=10.0,
        log=True,
        used_when=_PENALISED,
    )
    resamples: int = integer(
        200,
        "Resamples",
        "From so many samples, each with points of its own, bias, variance and error are measured.",
        low=100,
        high=1000,
        step=100,
    )
    seed: int = integer(
        0, "Sample", "Which sample is drawn. The next number is a new sample.", low=0, high=99_999
    )
    faint: int = integer(
        5,
        "Samples kept",
        "The fits of so many samples before this one stay as faint lines.",
        low=0,
        high=20,
    )


TEACHERS = {"linear": "Linear", "sine": "Sine"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturesConfig(FlatConfig):
    """Fits of random ReLU features, from far fewer than there are points to many more."""

    points: int = integer(60, "Points n", "How many points are fitted.", low=10, high=150, step=10)
    inputs: int = integer(
        8,
        "Inputs",
        "Numbers in each x, drawn from N(0, 1). With one or two, random features are nearly copies of each "
        "other, and the peak is no longer a clean one.",
        low=1,
        high=30,
    )
    teacher: str = choice(
        "linear",
        "True function",
        "What lies under the noise, along one direction u of the inputs: u·x, or sin(3/2 · u·x).",
        TEACHERS,
    )
    noise: float = number(
        0.5, "Noise σ", "Standard deviation of the noise on every y.", low=0.0, high=2.0, step=0.1
    )
    ridge: float = number(
        0.02,
        "Ridge λ",
        "The second curve also makes λ Σ c² small, beside the mean squared error.",
        low=1e-6,
        high=10.0,
        log=True,
    )
    most: int = integer(
        10, "Most features / n", "The curve ends at so many features for each point.", low=2, high=15
    )
    seeds: int = integer(
        10,
        "Seeds",
        "Points, noise and features are drawn so often; the curve is the median of the errors.",
        low=1,
        high=20,
    )
    seed: int = integer(0, "First seed", "Of points, noise and features.", low=0, high=99_999)
    at: int = integer(
        60,
        "Features looked at",
        "The fit with about so many features is drawn along the direction u.",
        low=1,
        high=150 * 15,
        shown_only=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DropoutConfig(FlatConfig):
    """Dropout on a table of whole numbers."""

    p: float = number(
        0.5,
        "Dropout p",
        "The probability with which each number is set to 0. Those that stay are divided by 1 − p.",
        low=0.0,
        high=0.95,
        step=0.05,
    )
    rows: int = integer(5, "Rows", "Of the tensor.", low=1, high=10)
    columns: int = integer(6, "Columns", "Of the tensor.", low=1, high=12)
    mode: str = choice(
        "train",
        "Mode",
        "train: numbers are dropped at random. eval: nothing is changed.",
        {"train": "model.train()", "eval": "model.eval()"},
    )
    masks: int = integer(
        200, "Masks", "How many masks are drawn; the mean over them is followed.", low=1, high=5000, step=100
    )
    mask: int = integer(
        1, "Mask looked at", "Which of the masks is shown.", low=1, high=5000, shown_only=True
    )
    seed: int = integer(0, "Seed", "Of the masks.", low=0, high=99_999)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteConfig(FlatConfig):
    """One picture classified many times by one network, each time with other units switched off."""

    run: str = text(
        "",
        "Network",
        "Any run that was trained here, or a small network of this page: two hidden layers of 128 units with "
        "dropout, trained for 5 epochs on 4,000 digits while you wait.",
        longest=64,
    )
    picture: int = integer(
        0, "Picture", "Which of the test pictures is classified, counted from 0.", low=0, high=9_999
    )
    p: float = number(
        0.5,
        "Dropout p",
        "The probability with which a unit is switched off. It may be another than in training.",
        low=0.0,
        high=0.95,
        step=0.05,
    )
    votes: int = integer(100, "Votes", "How many masks classify the picture.", low=1, high=1000, step=50)
    seed: int = integer(0, "Seed", "Of the masks.", low=0, high=99_999)


MODELS = {"linear": "Linear model", "mlp": "Small MLP"}
_MLP = (("model", ("mlp",)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesConfig(FlatConfig):
    """A noisy sine, predicted from its last τ values.

    The defaults are the series and the split of Zhang et al. 2023, "Dive into Deep Learning", section 9.1.
    """

    tau: int = integer(
        4,
        "Values seen τ",
        "From so many values the next one is predicted: Markov's assumption, that older ones do not matter.",
        low=1,
        high=64,
    )
    model: str = choice(
        "linear",
        "Model",
        "linear: one weight for each value and a bias, by least squares. mlp: two hidden layers of ReLUs, "
        "trained by Adam.",
        MODELS,
    )
    hidden: tuple[int, ...] = sizes(
        (10, 10),
        "Hidden layers",
        "Units of each hidden layer, joined by '-': 10-10.",
        high=128,
        longest=3,
        used_when=_MLP,
    )
    steps: int = integer(
        400,
        "Steps",
        "Steps of Adam, each on all training values.",
        low=10,
        high=3000,
        step=100,
        used_when=_MLP,
    )
    lr: float = number(0.01, "Learning rate", "Of Adam.", low=1e-4, high=0.3, log=True, used_when=_MLP)
    length: int = integer(1000, "Length", "How many values the series has.", low=200, high=2000, step=100)
    train_count: int = integer(
        600, "Trained on", "The first so many values are learned from; the rest is new.", low=20, high=1800
    )
    noise: float = number(
        0.2, "Noise σ", "Standard deviation of the noise on every value.", low=0.0, high=1.0, step=0.05
    )
    period: float = number(
        628.3,
        "Period",
        "Steps from one crest of the sine to the next; 2π/0.01 = 628.3 is sin(0.01 t).",
        low=10.0,
        high=2000.0,
        step=10.0,
    )
    ahead: int = integer(
        16,
        "Steps ahead k",
        "How far ahead is predicted, from predictions where the values are not yet known.",
        low=1,
        high=128,
    )
    seed: int = integer(0, "Seed", "Of the noise and of the MLP's first weights.", low=0, high=99_999)
    free_running: bool = flag(
        True,
        "All on its own",
        "Also draw what comes when, after the training values, only predictions are fed back.",
        shown_only=True,
    )

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        """See `FlatConfig.conflicts`."""
        yield (
            self.train_count > self.length - 20,
            f"Of {self.length:,} values at most {self.length - 20:,} can be trained on, so that some are "
            "left to predict: take fewer, or a longer series.",
        )
        yield (
            self.train_count <= self.tau + 1,
            f"To see {self.tau} values before each, more than {self.tau + 1} must be trained on: take a "
            "smaller τ or more values.",
        )
        yield (
            self.train_count + self.ahead > self.length,
            f"After {self.train_count:,} of {self.length:,} values there are no {self.ahead} left: look less "
            "far ahead, or take fewer values to train on.",
        )
        yield (
            self.model == "mlp" and not self.hidden,
            "An MLP needs at least one hidden layer, such as 10-10.",
        )
