"""The telling cases of activations, in the order of a lesson."""

from dashlab.experiments.activations.entries import Chosen, write_curves
from dashlab.experiments.activations.settings import CurvesConfig, LayersConfig, SoftmaxConfig, UnitsConfig
from dashlab.settings.presets import Preset, by_name


def _curves(*names: str | Chosen) -> str:
    return write_curves(Chosen(name) if isinstance(name, str) else name for name in names)


CURVES = by_name(
    Preset(
        "classics",
        "ReLU, tanh and GELU",
        "Three that are in use everywhere. Look where each slope is 0 and where it is 1: by the slope the "
        "gradient is multiplied on its way back.",
        CurvesConfig(),
    ),
    Preset(
        "saturation",
        "Sigmoid and tanh saturate",
        "Beyond about 4.6 (sigmoid) and 3.0 (tanh) the slope is below 0.01: of a gradient less than a "
        "hundredth is left. Softsign comes to its ends so slowly that it does not saturate here at all.",
        CurvesConfig(curves=_curves("Sigmoid", "Tanh", "Softsign"), reach=8.0),
    ),
    Preset(
        "leaks",
        "What is left below 0",
        "ReLU has slope 0 there, and a unit that is always below 0 is dead. Leaky ReLU and PReLU leave a "
        "slope, ELU levels off.",
        CurvesConfig(
            curves=_curves("ReLU", Chosen("LeakyReLU", (("negative_slope", "0.1"),)), "PReLU", "ELU"),
            point=-1.0,
        ),
    ),
    Preset(
        "random",
        "RReLU in train mode",
        "Every number below 0 gets a slope of its own, so that the curve is ragged. In eval mode it is "
        "straight.",
        CurvesConfig(curves=_curves("RReLU"), mode="train", point=-2.0),
    ),
    Preset(
        "smooth",
        "Smooth ones: GELU, SiLU, Mish, softplus",
        "None has a kink, and all but softplus fall a little before they rise. GELU exact and by tanh lie "
        "on top of each other.",
        CurvesConfig(
            curves=_curves("GELU", Chosen("GELU", (("approximate", "tanh"),)), "SiLU", "Mish", "Softplus")
        ),
    ),
    Preset(
        "pieces",
        "Made of straight pieces",
        "Hardtanh, Hardsigmoid and Hardswish need no exp. Each kink is named with the slopes to both sides.",
        CurvesConfig(curves=_curves("Hardtanh", "Hardsigmoid", "Hardswish")),
    ),
)

LAYERS = by_name(
    Preset(
        "throughlayers",
        "ReLU, tanh and GELU through 10 layers",
        "Each with the gain that keeps the mean square of the first layer at 1. ReLU's holds at every size "
        "of its input; tanh and GELU drift, because theirs depends on it.",
        LayersConfig(),
    ),
    Preset(
        "selfnormal",
        "SELU through 30 layers",
        "With weights from N(0, 1/n) SELU keeps a standard deviation near 1 for as long as you like; ReLU "
        "halves the mean square in every layer, and sigmoid answers the same to all inputs.",
        LayersConfig(curves=_curves("SELU", "ReLU", "Sigmoid"), layers=30, layer=30, gain="one"),
    ),
    Preset(
        "owngain",
        "The same with gains of their own",
        "With its own gain each keeps the mean square of the first layer at 1. ReLU then holds through all "
        "30 layers: its gain is √2, as He et al. 2015 found.",
        LayersConfig(curves=_curves("SELU", "ReLU", "Tanh"), layers=30, layer=30),
    ),
)

UNITS = by_name(
    Preset(
        "alive",
        "ReLU at a usual learning rate",
        "Few units are dead. About half of all values are 0 all the same: a unit is silent for some pictures "
        "and speaks for others, and that is what it learns from.",
        UnitsConfig(),
    ),
    Preset(
        "dying",
        "ReLU at ten times that rate",
        "One step too far, and a unit is below 0 for every picture. Its slope is 0 there, so that no step "
        "brings it back: most units are dead, and the network hardly classifies better than by guessing.",
        UnitsConfig(example="dying"),
    ),
    Preset(
        "stuck",
        "Tanh that saturates",
        "Large weights push tanh to its ends. Its slope is hardly ever exactly 0 there, but nearly: the "
        "deeper the layer, the more units are saturated.",
        UnitsConfig(example="saturated"),
    ),
)

SOFTMAX = by_name(
    Preset(
        "warm",
        "Softmax at temperature 1",
        "Four numbers become probabilities. Raise one and all others fall: see the slopes.",
        SoftmaxConfig(),
    ),
    Preset(
        "cold",
        "Cold: the largest takes all",
        "At T = 0.1 nearly all of the probability is with the largest number, and the slopes are nearly 0: "
        "softmax saturates too.",
        SoftmaxConfig(temperature=0.1),
    ),
    Preset(
        "hot",
        "Hot: all are alike",
        "At T = 10 the four are nearly alike, and their order is all that is left.",
        SoftmaxConfig(temperature=10.0),
    ),
)

BY_VIEW = {"curves": CURVES, "layers": LAYERS, "units": UNITS, "softmax": SOFTMAX}
"""Those of every view, under the name that it has in a link."""
