"""Telling cases of the race on a surface."""

from dashlab.experiments.optimizers.race import FIELD, RaceConfig
from dashlab.settings.fields import Value
from dashlab.settings.lists import text_of
from dashlab.settings.optim import SurfaceOptimConfig as Racer
from dashlab.settings.presets import Preset, by_name

EVERYONE = (
    Racer(lr=0.01),
    Racer(lr=0.01, momentum=0.9),
    Racer(lr=0.01, momentum=0.9, nesterov=True),
    Racer(optimizer="adagrad", lr=0.5),
    Racer(optimizer="rmsprop", lr=0.01),
    Racer(optimizer="adam", lr=0.1),
    Racer(optimizer="rprop", lr=0.1),
    Racer(optimizer="lbfgs", lr=1.0),
)


def _preset(
    name: str, title: str, about: str, racers: tuple[Racer, ...] = FIELD, **settings: Value
) -> Preset[RaceConfig]:
    config = RaceConfig(racers=text_of(racers)).change(**settings)
    return Preset(name, title, about, config.check())


SURFACE = by_name(
    _preset(
        "ravine",
        "Ravine: momentum against plain SGD",
        "All three at one rate of 0.025; plain SGD tolerates less than 0.04 on the steep side of the "
        "ravine, and crawls along it. Momentum adds up the small slopes that always point the same way, and "
        "arrives.",
        (Racer(lr=0.025), Racer(lr=0.025, momentum=0.8), Racer(lr=0.025, momentum=0.8, nesterov=True)),
        surface="ravine",
        steps=80,
    ),
    _preset(
        "saddle",
        "Saddle: who gets off it",
        "The start is a hair beside the ridge. Plain SGD is still at the saddle point after 60 steps; "
        "whoever divides by the size of the gradient is on the way down from the first step on.",
        (
            Racer(lr=0.1),
            Racer(lr=0.1, momentum=0.9),
            Racer(optimizer="adagrad", lr=0.1),
            Racer(optimizer="rmsprop", lr=0.02),
            Racer(optimizer="adam", lr=0.1),
        ),
        surface="saddle",
        x=-1.6,
        y=0.0001,
        steps=60,
    ),
    _preset(
        "rosenbrock",
        "Rosenbrock: the bent valley",
        "Everybody finds the floor of the valley; following it to the star is what takes steps. L-BFGS, "
        "which estimates the curvature, shows how few could do.",
        (
            Racer(lr=0.001),
            Racer(lr=0.001, momentum=0.9),
            Racer(optimizer="adagrad", lr=0.5),
            Racer(optimizer="rmsprop", lr=0.01),
            Racer(optimizer="adam", lr=0.1),
            Racer(optimizer="lbfgs", lr=1.0),
        ),
        surface="rosenbrock",
        x=-1.5,
        y=2.0,
        steps=400,
    ),
    _preset(
        "beale",
        "Beale: the wrong side of the wall",
        "On this side of the wall the plateau slopes, ever more gently, away from the minimum: whoever takes "
        "small steps follows it out and never sees the star. One step that is too large decides.",
        (
            Racer(lr=0.01),
            Racer(lr=0.03),
            Racer(lr=0.003, momentum=0.9),
            Racer(optimizer="adagrad", lr=0.5),
            Racer(optimizer="rmsprop", lr=0.02),
            Racer(optimizer="adam", lr=0.1),
        ),
        surface="beale",
        x=-0.5,
        y=1.5,
        steps=300,
    ),
    _preset(
        "rastrigin",
        "Rastrigin: caught in the nearest dent",
        "Small steps end in the dent beside the start. Much momentum or a large rate jumps over some of "
        "them; none of these rules knows that there is a deeper one.",
        (
            Racer(lr=0.002),
            Racer(lr=0.004, momentum=0.95),
            Racer(lr=0.002, momentum=0.98),
            Racer(optimizer="adam", lr=0.3),
            Racer(optimizer="rmsprop", lr=0.3),
        ),
        surface="rastrigin",
        x=3.4,
        y=-2.6,
        steps=150,
    ),
    _preset(
        "himmelblau",
        "Himmelblau: basins with a frayed edge",
        "From which start is which of the four minima reached? With momentum the basins fray: a start moved "
        "by a hair ends elsewhere.",
        (Racer(lr=0.01), Racer(lr=0.01, momentum=0.9), Racer(optimizer="adam", lr=0.5)),
        surface="himmelblau",
        x=-0.5,
        y=-1.0,
        steps=200,
        detail="basins",
        racer=2,
    ),
    _preset(
        "too-large",
        "A learning rate just too large",
        "Across this ravine SGD is stable below 2/50 = 0.04. At 0.039 it swings and arrives, at 0.041 the "
        "same swing grows until it leaves the picture.",
        (Racer(lr=0.02), Racer(lr=0.039), Racer(lr=0.041), Racer(lr=0.06)),
        surface="ravine",
        steps=120,
    ),
    _preset(
        "two-adams",
        "Adam against Adam",
        "The same optimizer four times: two rates, one without memory of the gradient, one with a short "
        "memory of its square.",
        (
            Racer(optimizer="adam", lr=0.02),
            Racer(optimizer="adam", lr=0.3),
            Racer(optimizer="adam", lr=0.3, beta1=0.0),
            Racer(optimizer="adam", lr=0.3, beta2=0.9),
        ),
        surface="beale",
        x=1.0,
        y=1.5,
        steps=200,
        detail="state",
        racer=2,
    ),
    _preset(
        "noise",
        "Noisy gradients, as from mini-batches",
        "With noise nobody comes to rest: ten times the rate gives SGD a wider cloud around the minimum, and "
        "so does momentum. AdaGrad, whose rate falls, takes ever shorter steps.",
        (
            Racer(lr=0.02),
            Racer(lr=0.2),
            Racer(lr=0.02, momentum=0.9),
            Racer(optimizer="adagrad", lr=0.5),
            Racer(optimizer="adam", lr=0.1),
        ),
        surface="bowl",
        x=-2.5,
        y=2.0,
        steps=300,
        noise=1.0,
    ),
    _preset(
        "equal-rate",
        "Unfair: one learning rate for all",
        "A rate of 0.01 is too large for momentum on this surface and next to nothing for AdaGrad: no "
        "ranking can be read from this picture. The next preset asks the same fairly.",
        EVERYONE,
        surface="beale",
        x=1.0,
        y=1.5,
        steps=150,
        rates="equal",
        lr=0.01,
    ),
    _preset(
        "at-its-best",
        "Fair: each at its best learning rate",
        "Each optimizer with the best of sixteen learning rates on this surface, from this start, for this "
        "many steps; the search is drawn below.",
        EVERYONE,
        surface="beale",
        x=1.0,
        y=1.5,
        steps=150,
        rates="best",
        detail="search",
    ),
    _preset(
        "step-apart",
        "One step of Adam, slowly",
        "Adam's third step on the ravine: the gradient points across; divided by its own size in each "
        "coordinate, the step goes about as far along as across.",
        (Racer(optimizer="adam", lr=0.3), Racer(lr=0.03, momentum=0.9)),
        surface="ravine",
        steps=60,
        detail="step",
        step=3,
    ),
)
