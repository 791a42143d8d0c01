"""Optimizers and schedules of `torch.optim` by name, with the coefficients of a config."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch.nn import Parameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR, StepLR

from dashlab.settings.optim import OptimConfig, ScheduleConfig, SurfaceOptimConfig

_FUSED = {"sgd": ("cpu", "cuda"), "adagrad": ("cpu",), "adam": ("cpu", "cuda"), "adamw": ("cpu", "cuda")}
"""Optimizers that every supported torch can run as one kernel over all parameters, and where."""

_ADAM = ("beta1", "beta2", "eps")
_OPTIMIZERS: dict[str, tuple[type[Optimizer], tuple[str, ...]]] = {
    "sgd": (torch.optim.SGD, ("momentum", "dampening", "nesterov")),
    "adagrad": (torch.optim.Adagrad, ("lr_decay", "eps")),
    "rmsprop": (torch.optim.RMSprop, ("alpha", "momentum", "centered", "eps")),
    "adadelta": (torch.optim.Adadelta, ("rho", "eps")),
    "adam": (torch.optim.Adam, (*_ADAM, "amsgrad")),
    "adamw": (torch.optim.AdamW, (*_ADAM, "amsgrad")),
    "nadam": (torch.optim.NAdam, _ADAM),
    "radam": (torch.optim.RAdam, _ADAM),
    "adamax": (torch.optim.Adamax, _ADAM),
}
"""Each of `OPTIMIZERS`, and which fields of `OptimConfig` it takes besides lr and weight_decay."""


def make_optimizer(config: OptimConfig, parameters: Iterable[Parameter], *, fused: bool = True) -> Optimizer:
    """The `torch.optim` object that `config` describes.

    Args:
        config: of training; or a `SurfaceOptimConfig`, whose L-BFGS takes one of its iterations a step and,
            as torch has it, a closure in every step.
        parameters: of one device.
        fused: take torch's fused form of it where there is one: quicker on many numbers, but it rounds in
            another order than the plain form, which is what torch takes by itself on a CPU.
    """
    parameters = list(parameters)
    if isinstance(config, SurfaceOptimConfig) and config.optimizer in ("rprop", "lbfgs"):
        return _whole_loss(config, parameters)
    kind, names = _OPTIMIZERS[config.optimizer]
    arguments: dict[str, Any] = {name: getattr(config, name) for name in ("lr", "weight_decay", *names)}
    if "beta1" in arguments:
        arguments["betas"] = arguments.pop("beta1"), arguments.pop("beta2")
    if fused and parameters[0].device.type in _FUSED.get(config.optimizer, ()):
        arguments["fused"] = True
    if not fused:
        arguments["foreach"] = False  # what torch chooses on a CPU, but only after some looking around
    return kind(parameters, **arguments)


def joined(optimizers: Sequence[Optimizer]) -> list[Optimizer]:
    """Optimizers that do together what `optimizers` do, one for each of their types.

    Optimizers of a type become one with a group of parameters for each, which saves calls: `step` spends more
    time on the way to a small parameter than on it.
    """
    first: dict[type[Optimizer], Optimizer] = {}
    for optimizer in optimizers:
        head = first.setdefault(type(optimizer), optimizer)
        if head is not optimizer:
            head.param_groups.extend(optimizer.param_groups)
            head.state.update(optimizer.state)
    return list(first.values())


def _whole_loss(config: SurfaceOptimConfig, parameters: list[Parameter]) -> Optimizer:
    """Rprop or L-BFGS."""
    if config.optimizer == "rprop":
        etas, limits = (config.eta_minus, config.eta_plus), (config.step_min, config.step_max)
        return torch.optim.Rprop(parameters, lr=config.lr, etas=etas, step_sizes=limits, foreach=False)
    return torch.optim.LBFGS(
        parameters,
        lr=config.lr,
        max_iter=1,  # so that each of its iterations can be seen
        max_eval=26,  # the default for one iteration leaves the line search none
        history_size=config.history,
        line_search_fn="strong_wolfe" if config.line_search else None,
    )


def make_schedule(
    config: ScheduleConfig, optimizer: Optimizer, *, steps_per_epoch: int, epochs: int
) -> LRScheduler | None:
    """The scheduler that `config` describes, to be stepped after every optimizer step; None for no change."""
    steps = steps_per_epoch * epochs
    match config.schedule:
        case "none":
            return None
        case "step":
            return StepLR(optimizer, step_size=config.step_size * steps_per_epoch, gamma=config.gamma)
        case "cosine":
            return CosineAnnealingLR(optimizer, T_max=steps)
        case "one_cycle" | "triangle":
            return OneCycleLR(
                optimizer,
                max_lr=optimizer.param_groups[0]["lr"],
                total_steps=steps,
                pct_start=_warmup(config, steps),
                anneal_strategy="cos" if config.schedule == "one_cycle" else "linear",
                cycle_momentum=False,
            )
    raise AssertionError(f"schedule {config.schedule!r} is not known here")


def _warmup(config: ScheduleConfig, steps: int) -> float:
    """The share of the steps that warm up, such that `OneCycleLR` does not divide by 0.

    It does so where exactly one step warms up; a hair less, and that step has the highest rate.
    """
    return config.warmup * (1 - 1e-9) if config.warmup * steps == 1 else config.warmup
