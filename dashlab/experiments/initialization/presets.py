"""The telling cases of initialization."""

from collections.abc import Sequence

from dashlab.experiments.initialization.settings import GainConfig, Setting, StackView
from dashlab.experiments.initialization.training import StackTraining
from dashlab.settings.fields import Value
from dashlab.settings.lists import text_of
from dashlab.settings.presets import Preset, by_name


def _stacks(
    name: str, title: str, about: str, settings: Sequence[Setting], **more: Value
) -> Preset[StackView]:
    return Preset(name, title, about, StackView(settings=text_of(settings)).change(**more))


def _trained(
    name: str, title: str, about: str, settings: Sequence[Setting], **more: Value
) -> Preset[StackTraining]:
    return Preset(name, title, about, StackTraining(settings=text_of(settings)).change(**more))


XAVIER_TANH = Setting(initializer="xavier_uniform", gain_from="activation", activation="tanh")
KAIMING_RELU = Setting(initializer="kaiming_normal", activation="relu")
XAVIER_RELU = Setting(initializer="xavier_normal", activation="relu")
PYTORCH_RELU = Setting(initializer="pytorch", activation="relu")
CURED = tuple(
    PYTORCH_RELU.change(cure=cure)
    for cure in ("none", "batchnorm", "layernorm", "residual", "residual_layernorm")
)
SIGMOIDS = (
    Setting(initializer="xavier_normal", activation="sigmoid"),
    Setting(initializer="xavier_normal", activation="tanh"),
    Setting(initializer="kaiming_normal", activation="relu"),
)
ALIKE = (
    Setting(initializer="zeros"),
    Setting(initializer="constant", constant=0.004, activation="tanh"),
    Setting(initializer="uniform", bound=0.108, activation="none"),
)

SIGNALS = by_name(
    _stacks(
        "s9",
        "S9: N(0, 1), no activation",
        "Each layer multiplies the spread by √256 = 16. The material finds the first std that is not finite "
        "at about the 31st layer.",
        [Setting()],
        layer=31,
    ),
    _stacks(
        "s10a",
        "S10: N(0, 1/n)",
        "Weights of variance 1/n keep the spread of order 1 through 100 linear layers.",
        [Setting(initializer="normal_fan")],
    ),
    _stacks(
        "s10b",
        "S10: Xavier uniform × gain, tanh",
        "With tanh's gain of 5/3 the spread settles at about 0.65. Without the gain it falls about tenfold "
        "over the 100 layers.",
        [XAVIER_TANH, XAVIER_TANH.change(gain_from="one")],
    ),
    _stacks(
        "s10c",
        "S10: Kaiming normal, ReLU",
        "Twice the variance makes up for the half that ReLU cuts off.",
        [KAIMING_RELU],
    ),
    _stacks(
        "relu",
        "Kaiming against Xavier under ReLU",
        "Xavier does not know that ReLU drops half of the signal: each layer loses a factor of √2.",
        [KAIMING_RELU, XAVIER_RELU],
    ),
    _stacks(
        "sigmoid",
        "Vanishing gradients of the sigmoid",
        "The outputs look healthy, yet the slope of the sigmoid is at most 1/4: on its way down the gradient "
        "falls until float32 rounds it to 0. Between inputs nothing is left either.",
        SIGMOIDS,
    ),
    _stacks(
        "pytorch",
        "PyTorch's own default in a 100-layer ReLU net",
        "nn.Linear draws from U(−1/√n, 1/√n), whose variance is 1/(3n): under ReLU the spread falls by √6 a "
        "layer. It is meant for shallow networks.",
        [PYTORCH_RELU, KAIMING_RELU],
    ),
    _stacks(
        "cures",
        "Cures: BatchNorm, LayerNorm, residual",
        "The same weights, too small for 100 layers of ReLU, with each cure. Look at the gradients too: "
        "BatchNorm keeps the outputs steady and makes the gradients explode.",
        CURED,
    ),
    _stacks(
        "alike",
        "Zeros and constants",
        "Zeros pass nothing on. Equal weights make all units of a layer copies of each other; random ones "
        "from U(−a, a) do not.",
        ALIKE,
        layer=2,
    ),
)

GAINS = by_name(
    Preset(
        "s11",
        "S11: gain of tanh",
        "10,000 samples from N(0, 1): the material measures about 1.6, and PyTorch's table says 5/3.",
        GainConfig(),
    ),
    Preset(
        "selu",
        "SELU keeps the spread by itself",
        "Its constants are made so that mean 0 and std 1 stay: gain 1. calculate_gain says 3/4 all the same, "
        "which trades that for steadier gradients in rectangular layers.",
        GainConfig(activation="selu"),
    ),
    Preset(
        "large",
        "Saturation: tanh of a wide signal",
        "A spread of 10 drives tanh to its ends: the gain is about 10, and for most of the values almost no "
        "slope is left.",
        GainConfig(std=10.0),
    ),
)

TRAININGS = by_name(
    Preset(
        "learn",
        "Six ways to start",
        "30 layers, the same digits in the same order, one learning rate.",
        StackTraining(),
    ),
    _trained(
        "learn_relu",
        "Kaiming against Xavier under ReLU",
        "What a factor of √2 a layer means for learning.",
        [KAIMING_RELU, XAVIER_RELU],
    ),
    _trained(
        "learn_sigmoid",
        "Sigmoid against tanh",
        "The spread of the sigmoid's outputs looks healthy; now see what its gradients are worth.",
        [SIGMOIDS[0], XAVIER_TANH, XAVIER_TANH.change(gain_from="one")],
    ),
    _trained(
        "learn_alike",
        "Zeros and constants",
        "Nothing starts from zeros; from equal weights all units of a layer stay equal, but for those of the "
        "top one.",
        [
            Setting(initializer="zeros", activation="relu"),
            Setting(initializer="constant", constant=0.01, activation="relu"),
            KAIMING_RELU,
        ],
        depth=5,
    ),
    _trained(
        "learn_cures",
        "Cures: BatchNorm, LayerNorm, residual",
        "PyTorch's own weights in a ReLU net, with each cure. LayerNorm alone keeps the spread, but lets "
        "inputs become alike; residual connections alone let it grow.",
        CURED,
    ),
    _trained(
        "learn_pytorch",
        "PyTorch's own default in a 100-layer ReLU net",
        "With PyTorch's own weights next to nothing arrives at the bottom. Kaiming keeps the signal of order "
        "1, yet inputs come out far more alike than they went in. Orthogonal weights with tanh, and a "
        "residual net with LayerNorm, keep them apart. Which of the four learn?",
        [PYTORCH_RELU, KAIMING_RELU, CURED[-1], Setting(initializer="orthogonal", activation="tanh")],
        depth=100,
        lr=0.001,
    ),
)

BY_VIEW = {"stack": SIGNALS, "gain": GAINS, "learn": TRAININGS}
"""Those of every view, under the name that it has in a link."""
