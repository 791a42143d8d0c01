"""A race of optimizers over a loss surface: what is set, and what the racers are called; no torch in here."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dashlab.experiments.optimizers.surfaces import SURFACES, Surface
from dashlab.settings.fields import choice, integer, number
from dashlab.settings.flat import FlatConfig
from dashlab.settings.lists import entries_of, items
from dashlab.settings.optim import OptimConfig, SurfaceOptimConfig

MOST_RACERS = 8
MOST_STEPS = 1000

SHORT = {"momentum": "μ", "weight_decay": "λ"}
RATES = {"own": "Each its own", "equal": "Equal learning rate", "best": "Each at its best"}
DETAILS = {
    "curves": "Curves",
    "state": "Inner state",
    "step": "One step",
    "space": "3-D",
    "basins": "Basins",
    "search": "Search",
}

FIELD = (
    SurfaceOptimConfig(lr=0.02),
    SurfaceOptimConfig(lr=0.02, momentum=0.9),
    SurfaceOptimConfig(lr=0.02, momentum=0.9, nesterov=True),
    SurfaceOptimConfig(optimizer="adagrad", lr=0.5),
    SurfaceOptimConfig(optimizer="rmsprop", lr=0.03),
    SurfaceOptimConfig(optimizer="adam", lr=0.2),
    SurfaceOptimConfig(optimizer="adamw", lr=0.2, weight_decay=0.01),
)
"""The seven that every course names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceConfig(FlatConfig):
    """Everything that is set on the view."""

    surface: str = choice(
        "ravine",
        "Surface",
        "The loss that is descended. Choosing another one sets a start that suits it.",
        {name: surface.title for name, surface in SURFACES.items()},
    )
    x: float = number(-4.5, "Start x", "Where all racers set off. Or click the picture.", low=-6.0, high=6.0)
    y: float = number(1.0, "Start y", "Where all racers set off. Or click the picture.", low=-6.0, high=6.0)
    steps: int = integer(150, "Steps", "How many steps each racer takes.", low=5, high=MOST_STEPS, step=10)
    racers: str = items(FIELD, "Racers", "Optimizers, each with its own coefficients.", longest=MOST_RACERS)
    rates: str = choice(
        "own",
        "Learning rates",
        "Each its own: as set below. Equal: one rate for all, which suits some and not others. "
        "Each at its best: the best of a search on this surface from this start.",
        RATES,
    )
    lr: float = number(
        0.03,
        "Learning rate of all",
        "The same for every racer, which is no equal chance: what a rate means differs by optimizer.",
        low=1e-5,
        high=10.0,
        log=True,
        used_when=(("rates", ("equal",)),),
    )
    noise: float = number(
        0.0,
        "Gradient noise",
        "Standard deviation of the normal noise that is added to each coordinate of each gradient, as a "
        "mini-batch would. All racers get the same noise.",
        low=0.0,
        high=10.0,
        step=0.1,
    )
    seed: int = integer(0, "Seed of the noise", "The same seed gives the same noise.", low=0, high=2**31 - 1)
    tolerance: float = number(
        1e-3,
        "Tolerance",
        "A racer has arrived when its loss is this close to the lowest.",
        low=1e-12,
        high=1.0,
        log=True,
        advanced=True,
        shown_only=True,
    )
    detail: str = choice("curves", "Look at", "What is drawn below the picture.", DETAILS, shown_only=True)
    racer: int = integer(1, "Racer", "Whose inside is shown.", low=1, high=MOST_RACERS, shown_only=True)
    step: int = integer(1, "Step", "Which step is taken apart.", low=1, high=MOST_STEPS, shown_only=True)

    def field(self) -> tuple[SurfaceOptimConfig, ...]:
        """The racers, with the common rate where there is one."""
        racers = entries_of(self.racers, SurfaceOptimConfig)
        return tuple(one.change(lr=self.lr) for one in racers) if self.rates == "equal" else racers

    def course(self) -> "Course":
        """What the racers run on."""
        x, y = SURFACES[self.surface].nearest_inside(self.x, self.y)
        return Course(
            surface=self.surface,
            start=(x, y),
            steps=self.steps,
            noise=self.noise,
            seed=self.seed if self.noise else 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What a racer runs on; with a racer it decides every number."""

    surface: str
    start: tuple[float, float]
    steps: int
    noise: float = 0.0
    seed: int = 0

    @property
    def on(self) -> Surface:
        """The surface itself."""
        return SURFACES[self.surface]


def racer_names(racers: Sequence[OptimConfig]) -> tuple[str, ...]:
    """What each racer is called: optimizer and rate, and what else it takes to tell it from the others."""
    short = [f"{_kind(racer)} {racer.lr:g}" for racer in racers]
    full = [
        f"{name}{_coefficients(racer)}" if short.count(name) > 1 else name
        for name, racer in zip(short, racers, strict=True)
    ]
    return tuple(_numbered(full))


def _kind(racer: OptimConfig) -> str:
    if racer.optimizer == "sgd" and racer.momentum:
        return "Nesterov" if racer.nesterov else "Momentum"
    return racer.spec_of("optimizer").shown(racer.optimizer)


def _coefficients(racer: OptimConfig) -> str:
    defaults = racer.defaults()
    changed = (
        f"{SHORT.get(name, racer.spec_of(name).label)} {value:g}"
        if isinstance(value, float)
        else racer.spec_of(name).label
        for name, value in racer.flat().items()
        if name not in ("optimizer", "lr", "nesterov") and value != defaults[name]
    )
    return "".join(f", {words}" for words in changed)


def _numbered(names: Iterable[str]) -> Iterable[str]:
    """Names, of which those that still are the same are counted."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} #{seen[name]}"
