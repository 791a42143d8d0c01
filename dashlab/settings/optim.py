"""The settings of an optimizer and of the schedule of its learning rate."""

from collections.abc import Iterator
from dataclasses import dataclass

from dashlab.settings.fields import choice, flag, integer, number
from dashlab.settings.flat import FlatConfig
from dashlab.settings.names import OPTIMIZER_NAMES, SURFACE_OPTIMIZER_NAMES

OPTIMIZERS = tuple(OPTIMIZER_NAMES)
SURFACE_OPTIMIZERS = tuple(SURFACE_OPTIMIZER_NAMES)

_OWN_EPS = {"adagrad": 1e-10, "adadelta": 1e-6}
_OWN_DECAY = {"adamw": 1e-2}
_OWN_HISTORY = {"lbfgs": 100}
"""Where torch's default is not that of the others.

A test holds all defaults against those of the installed torch, but for the learning rate, which is to be
chosen, and the line search of L-BFGS, which is on.
"""

_ADAMS = ("adam", "adamw", "nadam", "radam", "adamax")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimConfig(FlatConfig):
    """One optimizer of `torch.optim` and its coefficients.

    Fields that an optimizer does not have must keep their default; `RunConfig.check` says which one does not
    fit.
    """

    optimizer: str = choice("sgd", "Optimizer", "The rule that turns gradients into steps.", OPTIMIZER_NAMES)
    lr: float = number(
        0.01,
        "Learning rate",
        "How long the steps are. SGD steps by so much per unit of gradient. Adam, RMSProp and AdaGrad divide "
        "the gradient by its own size: their steps do not grow with it.",
        low=1e-7,
        high=100.0,
        log=True,
    )
    momentum: float = number(
        0.0,
        "Momentum",
        "The share of the last step that is kept: v ← momentum·v + gradient. RMSProp first divides the "
        "gradient by its size.",
        low=0.0,
        high=0.9999,
        used_when=(("optimizer", ("sgd", "rmsprop")),),
    )
    nesterov: bool = flag(
        False,
        "Nesterov",
        "Look ahead along the velocity. Needs momentum above 0.",
        used_when=(("optimizer", ("sgd",)),),
    )
    dampening: float = number(
        0.0,
        "Dampening",
        "The share of the gradient that does not enter the velocity, from the second step on.",
        low=0.0,
        high=1.0,
        advanced=True,
        used_when=(("optimizer", ("sgd",)),),
    )
    weight_decay: float = number(
        0.0,
        "Weight decay",
        "Pulls every weight towards 0, biases too: added to the gradient as weight_decay·w (AdamW subtracts "
        "lr times it from the weight itself).",
        low=0.0,
        high=10.0,
        log=True,
        default_by=("optimizer", _OWN_DECAY),
    )
    beta1: float = number(
        0.9,
        "β₁",
        "Memory of the running mean of the gradients.",
        low=0.0,
        high=0.99999,
        advanced=True,
        used_when=(("optimizer", _ADAMS),),
    )
    beta2: float = number(
        0.999,
        "β₂",
        "Memory of the running mean of the squared gradients; in Adamax, of the largest gradient.",
        low=0.0,
        high=0.9999999,
        advanced=True,
        used_when=(("optimizer", _ADAMS),),
    )
    eps: float = number(
        1e-8,
        "ε",
        "Added to the denominator, so that a tiny gradient does not make a huge step. Adadelta adds it under "
        "both of its roots: its first steps come from it.",
        low=0.0,
        high=1.0,
        log=True,
        advanced=True,
        used_when=(("optimizer", ("adagrad", "rmsprop", "adadelta", *_ADAMS)),),
        default_by=("optimizer", _OWN_EPS),
    )
    alpha: float = number(
        0.99,
        "α",
        "Memory of RMSProp's running mean of the squared gradients.",
        low=0.0,
        high=0.99999,
        advanced=True,
        used_when=(("optimizer", ("rmsprop",)),),
    )
    centered: bool = flag(
        False,
        "Centred",
        "Divide by the gradient's standard deviation instead of its root mean square.",
        advanced=True,
        used_when=(("optimizer", ("rmsprop",)),),
    )
    rho: float = number(
        0.9,
        "ρ",
        "Memory of Adadelta's two running means.",
        low=0.0,
        high=0.99999,
        advanced=True,
        used_when=(("optimizer", ("adadelta",)),),
    )
    lr_decay: float = number(
        0.0,
        "Learning-rate decay",
        "AdaGrad divides the learning rate by 1 + decay·(steps so far).",
        low=0.0,
        high=1.0,
        advanced=True,
        used_when=(("optimizer", ("adagrad",)),),
    )
    amsgrad: bool = flag(
        False,
        "AMSGrad",
        "Divide by the root of the largest mean of squared gradients so far instead of the present one: "
        "large gradients are never forgotten.",
        advanced=True,
        used_when=(("optimizer", ("adam", "adamw")),),
    )

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        """See `FlatConfig.conflicts`."""
        yield (
            self.nesterov and (self.momentum <= 0 or self.dampening != 0),
            "Nesterov needs a momentum above 0 and no dampening.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceOptimConfig(OptimConfig):
    """One optimizer where the whole loss is at hand in every step: `OptimConfig`, and Rprop and L-BFGS.

    Both compare gradients of one step with the last one's, which noise of small batches makes meaningless;
    so a run of training does not offer them.
    """

    optimizer: str = choice(
        "sgd",
        "Optimizer",
        "The rule that turns gradients into steps.",
        SURFACE_OPTIMIZER_NAMES,
    )
    weight_decay: float = number(
        0.0,
        "Weight decay",
        "Pulls every coordinate towards 0: added to the gradient as weight_decay·w (AdamW subtracts lr times "
        "it from the coordinate itself).",
        low=0.0,
        high=10.0,
        log=True,
        advanced=True,
        used_when=(("optimizer", OPTIMIZERS),),
        default_by=("optimizer", _OWN_DECAY),
    )
    eta_minus: float = number(
        0.5,
        "η⁻",
        "Rprop multiplies a coordinate's step by this when its gradient has changed sign.",
        low=0.05,
        high=0.95,
        advanced=True,
        used_when=(("optimizer", ("rprop",)),),
    )
    eta_plus: float = number(
        1.2,
        "η⁺",
        "Rprop multiplies a coordinate's step by this while its gradient keeps its sign.",
        low=1.05,
        high=3.0,
        step=0.05,
        advanced=True,
        used_when=(("optimizer", ("rprop",)),),
    )
    step_min: float = number(
        1e-6,
        "Shortest step",
        "Rprop's step in a coordinate never gets shorter, apart from the pause after a change of sign.",
        low=1e-8,
        high=0.1,
        log=True,
        advanced=True,
        used_when=(("optimizer", ("rprop",)),),
    )
    step_max: float = number(
        50.0,
        "Longest step",
        "Rprop's step in a coordinate never gets longer.",
        low=0.2,
        high=100.0,
        log=True,
        advanced=True,
        used_when=(("optimizer", ("rprop",)),),
    )
    history: int = integer(
        10,
        "History",
        "How many of the last steps L-BFGS estimates the curvature from.",
        low=1,
        high=100,
        advanced=True,
        used_when=(("optimizer", ("lbfgs",)),),
        default_by=("optimizer", _OWN_HISTORY),
    )
    line_search: bool = flag(
        True,
        "Line search",
        "Look for a good length along the direction (strong Wolfe conditions); each try costs a gradient.",
        used_when=(("optimizer", ("lbfgs",)),),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleConfig(FlatConfig):
    """How the learning rate moves over the run."""

    schedule: str = choice(
        "none",
        "Schedule",
        "none: constant. step: multiplied by γ every few epochs. cosine: half a cosine down to 0. one_cycle: "
        "up from lr/25 to lr, then down to almost 0. triangle: the same in straight lines.",
        {
            "none": "None",
            "step": "Step",
            "cosine": "Cosine",
            "one_cycle": "One cycle",
            "triangle": "Triangle",
        },
    )
    step_size: int = integer(
        10, "Step every", "Epochs between two drops.", low=1, high=1000, used_when=(("schedule", ("step",)),)
    )
    gamma: float = number(
        0.1, "γ", "Factor of each drop.", low=1e-6, high=1.0, log=True, used_when=(("schedule", ("step",)),)
    )
    warmup: float = number(
        0.3,
        "Warm-up share",
        "The share of the run in which the learning rate rises.",
        low=0.01,
        high=0.99,
        used_when=(("schedule", ("one_cycle", "triangle")),),
    )
