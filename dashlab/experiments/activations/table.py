"""What introspection of torch cannot tell: sensible ranges, and when an activation is used.

Activations and arguments that are not named here are still offered where their signature says enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashlab.settings.fields import Spec, Value

Described = tuple[Spec, Value]
"""An argument's description, and the default that the page starts from."""


@dataclass(frozen=True, slots=True)
class Use:
    """When an activation is used, and who says so."""

    group: str
    sentence: str
    source: str


GROUPS = ("Rectified", "Smooth", "Saturating", "Cheap pieces", "Shrinking", "Other")


def _number(label: str, help: str, default: float, low: float, high: float, **more: Any) -> Described:
    return Spec(kind="number", label=label, help=help, low=low, high=high, **more), default


ARGUMENTS: Mapping[str, Described] = {
    "LeakyReLU.negative_slope": _number(
        "Negative slope", "What numbers below 0 are multiplied by.", 0.01, 0.0, 1.0, step=0.01
    ),
    "PReLU.init": _number(
        "Slope a",
        "What numbers below 0 are multiplied by. It is a weight: training moves it.",
        0.25,
        -1.0,
        2.0,
        step=0.05,
    ),
    "RReLU.lower": _number(
        "Lower end",
        "In train mode each number below 0 gets a slope of its own, drawn evenly from here …",
        1 / 8,
        0.0,
        1.0,
        step=0.025,
    ),
    "RReLU.upper": _number(
        "Upper end",
        "… up to here. In eval mode the slope is the middle of both.",
        1 / 3,
        0.0,
        1.0,
        step=0.025,
    ),
    "ELU.alpha": _number("α", "Far below 0 the value is −α.", 1.0, 0.1, 4.0, step=0.1),
    "CELU.alpha": _number(
        "α", "Far below 0 the value is −α; the slope at 0 is 1 for every α.", 1.0, 0.1, 4.0, step=0.1
    ),
    "GELU.approximate": (
        Spec(
            kind="choice",
            label="Formula",
            choices=("none", "tanh"),
            names={"none": "exact", "tanh": "by tanh"},
            help="exact: x·Φ(x) with the normal distribution's Φ. by tanh: a formula that is close to it.",
        ),
        "none",
    ),
    "Softplus.beta": _number(
        "β", "The larger, the closer to ReLU: log(1 + exp(βx)) / β.", 1.0, 0.1, 10.0, step=0.1
    ),
    "Softplus.threshold": _number(
        "Linear above",
        "Where βx is larger, torch takes x itself, so that exp does not overflow.",
        20.0,
        1.0,
        40.0,
        step=1.0,
    ),
    "Hardtanh.min_val": _number("Lowest value", "Everything below becomes this.", -1.0, -6.0, 0.0, step=0.1),
    "Hardtanh.max_val": _number("Highest value", "Everything above becomes this.", 1.0, 0.1, 6.0, step=0.1),
    "Hardshrink.lambd": _number("λ", "What lies between −λ and λ becomes 0.", 0.5, 0.0, 3.0, step=0.1),
    "Softshrink.lambd": _number(
        "λ", "Everything is moved towards 0 by this much, at most to 0.", 0.5, 0.0, 3.0, step=0.1
    ),
    "Threshold.threshold": _number(
        "Threshold", "What is not above it is replaced.", 0.5, -3.0, 3.0, step=0.1
    ),
    "Threshold.value": _number("Value", "What it is replaced by.", 0.0, -3.0, 3.0, step=0.1),
}
"""By class and argument; the ends may be equal to no default of torch's."""

LEFT_OUT = frozenset({"inplace", "num_parameters", "device", "dtype", "min_value", "max_value"})
"""Arguments that change nothing of the curve."""

USES: Mapping[str, Use] = {
    "ReLU": Use(
        "Rectified",
        "The usual choice between the layers of MLPs and CNNs: cheap, and its slope is 1 for every number "
        "above 0. A unit whose input is below 0 for every example learns no more.",
        "Nair and Hinton 2010; Glorot, Bordes and Bengio 2011",
    ),
    "LeakyReLU": Use(
        "Rectified",
        "Like ReLU, but units cannot die: below 0 a small slope is left. Common in the discriminators of "
        "GANs.",
        "Maas, Hannun and Ng 2013; Radford, Metz and Chintala 2016",
    ),
    "PReLU": Use(
        "Rectified",
        "Leaky ReLU whose slope is learned along with the weights: for large data sets, where one parameter "
        "more does not overfit.",
        "He et al. 2015",
    ),
    "RReLU": Use(
        "Rectified",
        "Leaky ReLU with a random slope while it learns, against overfitting on small data sets; when it "
        "predicts, the slope is fixed.",
        "Xu et al. 2015",
    ),
    "ReLU6": Use(
        "Cheap pieces",
        "ReLU cut off at 6, so that values fit into few bits: for networks on phones.",
        "Krizhevsky 2010; Sandler et al. 2018",
    ),
    "ELU": Use(
        "Rectified",
        "Goes below 0, so that the mean of a layer's outputs stays nearer to 0, and levels off at −α.",
        "Clevert, Unterthiner and Hochreiter 2016",
    ),
    "CELU": Use("Rectified", "ELU without its kink: the slope at 0 is 1 for every α.", "Barron 2017"),
    "SELU": Use(
        "Rectified",
        "With weights from N(0, 1/n) it brings mean 0 and variance 1 back layer by layer: for deep fully "
        "connected networks without BatchNorm.",
        "Klambauer et al. 2017",
    ),
    "GELU": Use(
        "Smooth",
        "The choice of most transformers, BERT and GPT among them: weighs x by the probability that a normal "
        "number is smaller.",
        "Hendrycks and Gimpel 2016",
    ),
    "SiLU": Use(
        "Smooth",
        "x·sigmoid(x), also called Swish: in place of ReLU in deep CNNs, and gated in many language models.",
        "Elfwing, Uchibe and Doya 2018; Ramachandran, Zoph and Le 2017",
    ),
    "Mish": Use(
        "Smooth",
        "x·tanh(softplus(x)), near SiLU: in networks that detect objects.",
        "Misra 2020; Bochkovskiy, Wang and Liao 2020",
    ),
    "Softplus": Use(
        "Smooth",
        "A smooth ReLU that is never 0: for outputs that must be positive, such as a variance.",
        "Dugas et al. 2001",
    ),
    "Sigmoid": Use(
        "Saturating",
        "For the probability of one of two classes, and for gates that open and close. Between layers it is "
        "rarely used today: its slope is at most 1/4 and its outputs are not centred about 0.",
        "Hochreiter and Schmidhuber 1997; LeCun et al. 1998",
    ),
    "Tanh": Use(
        "Saturating",
        "Centred about 0, and so better between layers than sigmoid; in recurrent networks to this day.",
        "LeCun et al. 1998",
    ),
    "LogSigmoid": Use(
        "Saturating",
        "The logarithm of sigmoid without overflow: inside of losses rather than between layers.",
        "Mikolov et al. 2013",
    ),
    "Softsign": Use(
        "Saturating",
        "Like tanh, but it comes to its ends far more slowly, so that units saturate later.",
        "Bergstra et al. 2009; Glorot and Bengio 2010",
    ),
    "Hardtanh": Use(
        "Cheap pieces",
        "Tanh made of three straight pieces: in networks with weights of one bit.",
        "Courbariaux et al. 2016",
    ),
    "Hardsigmoid": Use(
        "Cheap pieces",
        "Sigmoid made of three straight pieces, without exp: for gates on small devices.",
        "Courbariaux, Bengio and David 2015; Howard et al. 2019",
    ),
    "Hardswish": Use("Cheap pieces", "SiLU without exp: for networks on phones.", "Howard et al. 2019"),
    "Softshrink": Use(
        "Shrinking",
        "Moves everything towards 0 and small numbers to 0: in networks that find sparse codes, and "
        "against noise.",
        "Donoho 1995; Gregor and LeCun 2010",
    ),
    "Hardshrink": Use(
        "Shrinking",
        "Sets small numbers to 0 and leaves the others: against noise in coefficients.",
        "Donoho and Johnstone 1994",
    ),
    "Tanhshrink": Use(
        "Shrinking",
        "x − tanh(x): nearly nothing about 0, nearly x far from it. Rarely used.",
        "Collobert, Kavukcuoglu and Farabet 2011",
    ),
    "Threshold": Use(
        "Shrinking",
        "Replaces what is not above a threshold by a fixed number; with both at 0 it is ReLU.",
        "Collobert, Kavukcuoglu and Farabet 2011",
    ),
}

SOFTMAX = Use(
    "Other",
    "Makes probabilities of several numbers, for one of several classes. A high temperature brings them "
    "closer together, as when a small network learns from a large one; a low one leaves the largest alone.",
    "Bridle 1990; Hinton, Vinyals and Dean 2015",
)
