"""What a stack of equal linear layers is made of; needs no torch."""

from dataclasses import dataclass

from dashlab.settings.fields import choice, flag, integer, number
from dashlab.settings.flat import FlatConfig
from dashlab.settings.lists import items

MOST_SETTINGS = 6

INITIALIZERS = {
    "normal": "N(0, σ²)",
    "normal_fan": "N(0, 1/n)",
    "uniform": "U(−a, a)",
    "xavier_uniform": "Xavier uniform",
    "xavier_normal": "Xavier normal",
    "kaiming_uniform": "Kaiming uniform",
    "kaiming_normal": "Kaiming normal",
    "orthogonal": "Orthogonal",
    "pytorch": "PyTorch's own",
    "constant": "Constant",
    "zeros": "Zeros",
}
ACTIVATIONS = {
    "none": "none (linear)",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "gelu": "GELU",
    "selu": "SELU",
}
CURES = {
    "none": "None",
    "batchnorm": "BatchNorm",
    "layernorm": "LayerNorm",
    "residual": "Residual",
    "residual_layernorm": "Residual + LayerNorm",
}
_SCALED = ("xavier_uniform", "xavier_normal", "orthogonal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(FlatConfig):
    """How the layers of a stack start, and what stands between them."""

    initializer: str = choice(
        "normal",
        "Initializer",
        "How the weights of every layer are drawn; n is the width.",
        INITIALIZERS,
    )
    std: float = number(
        1.0,
        "σ",
        "Standard deviation of the weights. Without an activation a layer multiplies the spread by σ·√n.",
        low=0.0001,
        high=10.0,
        log=True,
        used_when=(("initializer", ("normal",)),),
    )
    bound: float = number(
        0.1,
        "a",
        "The weights are drawn evenly from −a to a, so that their variance is a²/3.",
        low=0.0001,
        high=10.0,
        log=True,
        used_when=(("initializer", ("uniform",)),),
    )
    constant: float = number(
        0.01,
        "c",
        "Every weight is this number. All units of a layer then do the same.",
        low=0.00001,
        high=1.0,
        log=True,
        used_when=(("initializer", ("constant",)),),
    )
    gain_from: str = choice(
        "one",
        "Gain",
        "What the weights are multiplied by. The activation's gain is torch.nn.init.calculate_gain of it "
        "(GELU, which that does not know, takes ReLU's).",
        {"one": "1", "activation": "activation's", "own": "own"},
        used_when=(("initializer", _SCALED),),
    )
    gain: float = number(
        1.0,
        "Own gain",
        "The weights are multiplied by this number.",
        low=0.1,
        high=10.0,
        log=True,
        used_when=(("initializer", _SCALED), ("gain_from", ("own",))),
    )
    fan: str = choice(
        "fan_in",
        "Fan",
        "fan in keeps the spread of the outputs, fan out that of the gradients. Every layer here is n × n: "
        "both are n and give the same weights.",
        {"fan_in": "fan in", "fan_out": "fan out"},
        used_when=(("initializer", ("kaiming_uniform", "kaiming_normal")),),
    )
    activation: str = choice(
        "none",
        "Activation",
        "The function that follows each linear layer.",
        ACTIVATIONS,
    )
    slope: float = number(
        0.01,
        "Negative slope",
        "What leaky ReLU multiplies negative numbers by.",
        low=0.0,
        high=1.0,
        used_when=(("activation", ("leaky_relu",)),),
    )
    cure: str = choice(
        "none",
        "Cure",
        "BatchNorm and LayerNorm stand between the linear layer and the activation; Residual adds a layer's "
        "input to its output; Residual + LayerNorm normalises the input first and then adds.",
        CURES,
    )

    @property
    def title(self) -> str:
        """What it is called on a page: "Xavier uniform × gain, tanh, BatchNorm"."""
        parts = [self._weights(), self._activation()]
        if self.cure != "none":
            parts.append(CURES[self.cure])
        return ", ".join(parts)

    def _weights(self) -> str:
        own = {
            "normal": f"N(0, {self.std:g}²)" if self.std != 1 else "N(0, 1)",
            "uniform": f"U(−{self.bound:g}, {self.bound:g})",
            "constant": f"Constant {self.constant:g}",
        }
        name = own.get(self.initializer, INITIALIZERS[self.initializer])
        if not self.is_used("gain_from") or self.gain_from == "one":
            return name
        return f"{name} × gain" if self.gain_from == "activation" else f"{name} × {self.gain:g}"

    def _activation(self) -> str:
        if self.activation == "none":
            return "linear"
        name = ACTIVATIONS[self.activation]
        default = Setting().slope
        return f"{name} {self.slope:g}" if self.is_used("slope") and self.slope != default else name


@dataclass(frozen=True, slots=True, kw_only=True)
class StackConfig(Setting):
    """One stack: its size, its setting, and the seed of its weights and inputs."""

    depth: int = integer(100, "Layers", "How many linear layers follow each other.", low=1, high=200)
    width: int = integer(256, "Width n", "Units in each layer; its weights are n × n.", low=8, high=1024)
    batch: int = integer(16, "Batch", "How many inputs, drawn from N(0, 1), go through.", low=2, high=256)
    seed: int = integer(0, "Seed", "Of the weights, the inputs and the gradient.", low=0, high=99_999)


EXPLODING = Setting()
STEADY = Setting(initializer="normal_fan")
SHRINKING = Setting(std=0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackView(FlatConfig):
    """Up to six stacks of one size side by side, and what is looked at."""

    depth: int = integer(100, "Layers", "How many linear layers follow each other.", low=1, high=200)
    width: int = integer(
        256,
        "Width n",
        "Units in each layer; its weights are n × n. Without an activation each layer multiplies the spread "
        "by √(n · variance of the weights).",
        low=8,
        high=1024,
    )
    settings: str = items(
        (EXPLODING, STEADY, SHRINKING),
        "Settings",
        "The stacks side by side, each with its initializer, activation and cure.",
        longest=MOST_SETTINGS,
    )
    batch: int = integer(
        16, "Batch", "How many inputs, drawn from N(0, 1), go through together.", low=2, high=256
    )
    seed: int = integer(
        0,
        "Seed",
        "Of the weights, the inputs and the gradient. The same seed gives all settings the same draws.",
        low=0,
        high=99_999,
    )
    spread: str = choice(
        "all",
        "Spread of the outputs",
        "all values: over the whole layer, as the material does. between inputs: how far one unit's outputs "
        "for different inputs lie apart; where that is gone, the stack answers the same to everything.",
        {"all": "all values", "inputs": "between inputs"},
        shown_only=True,
    )
    gradient: str = choice(
        "outputs",
        "Gradient with respect to",
        "outputs: standard deviation of the gradient that reaches each layer's output. weights: norm of the "
        "gradient of each layer's weights, which is what an optimizer gets.",
        {"outputs": "Outputs", "weights": "Weights"},
        shown_only=True,
    )
    whole: bool = flag(
        False,
        "All of float32",
        "Let the axes span all numbers that float32 has, instead of fitting the curves.",
        shown_only=True,
    )
    theory: bool = flag(
        True,
        "Theory",
        "Dashed: what follows from the width, the variance of the weights and the activation alone.",
        shown_only=True,
    )
    layer: int = integer(
        10, "Layer", "The layer whose values are shown as histograms.", low=1, high=200, shown_only=True
    )
    histogram: str = choice(
        "outputs",
        "Histogram of",
        "The layer's outputs, or the gradient with respect to them.",
        {"outputs": "Outputs", "gradients": "Gradients"},
        shown_only=True,
    )

    def stack(self, setting: Setting) -> StackConfig:
        """The stack of one of the settings."""
        size = {"depth": self.depth, "width": self.width, "batch": self.batch, "seed": self.seed}
        return StackConfig().change(**setting.flat(), **size)


@dataclass(frozen=True, slots=True, kw_only=True)
class GainConfig(FlatConfig):
    """Samples from N(0, std²), and the activation that is looked at."""

    activation: str = choice(
        "tanh",
        "Activation",
        "The function whose outputs are drawn; the table has all of them.",
        ACTIVATIONS,
    )
    slope: float = number(
        0.01,
        "Negative slope",
        "What leaky ReLU multiplies negative numbers by; its gain depends on it.",
        low=0.0,
        high=1.0,
        step=0.01,
    )
    samples: int = integer(
        10_000,
        "Samples",
        "How many numbers are drawn. The measured gain varies by about 1/√samples.",
        low=100,
        high=200_000,
        step=1000,
    )
    std: float = number(
        1.0,
        "Spread of the input",
        "Standard deviation of the samples, whose mean is 0. calculate_gain is meant for 1.",
        low=0.05,
        high=20.0,
        log=True,
    )
    seed: int = integer(0, "Seed", "Of the samples; every activation gets the same.", low=0, high=99_999)
