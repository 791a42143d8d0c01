"""Optimizers and schedules of `torch.optim` by name, with the coefficients of a config."""

from collections.abc import Iterable
from typing import Any

import torch
from torch.nn import Parameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR, StepLR

from dashlab.settings import OptimConfig, ScheduleConfig

_FUSED = ("sgd", "adagrad", "adam", "adamw")
"""Optimizers that torch can run as one kernel over all parameters on a CPU and on CUDA alike."""


def make_optimizer(config: OptimConfig, parameters: Iterable[Parameter]) -> Optimizer:
    """The `torch.optim` object that `config` describes, fused where torch has a fused form of it."""
    parameters = list(parameters)
    common: dict[str, Any] = {"lr": config.lr, "weight_decay": config.weight_decay}
    if config.optimizer in _FUSED and parameters[0].device.type in ("cpu", "cuda"):
        common["fused"] = True
    optim, betas = torch.optim, (config.beta1, config.beta2)
    match config.optimizer:
        case "sgd":
            momentum = {
                "momentum": config.momentum,
                "dampening": config.dampening,
                "nesterov": config.nesterov,
            }
            return optim.SGD(parameters, **momentum, **common)
        case "adagrad":
            return optim.Adagrad(parameters, lr_decay=config.lr_decay, eps=config.eps, **common)
        case "rmsprop":
            common |= {"alpha": config.alpha, "momentum": config.momentum, "centered": config.centered}
            return optim.RMSprop(parameters, eps=config.eps, **common)
        case "adadelta":
            return optim.Adadelta(parameters, rho=config.rho, eps=config.eps, **common)
        case "adam":
            return optim.Adam(parameters, betas=betas, eps=config.eps, amsgrad=config.amsgrad, **common)
        case "adamw":
            return optim.AdamW(parameters, betas=betas, eps=config.eps, amsgrad=config.amsgrad, **common)
        case "nadam":
            return optim.NAdam(parameters, betas=betas, eps=config.eps, **common)
        case "radam":
            return optim.RAdam(parameters, betas=betas, eps=config.eps, **common)
        case "adamax":
            return optim.Adamax(parameters, betas=betas, eps=config.eps, **common)
    raise AssertionError(f"optimizer {config.optimizer!r} is in settings.OPTIMIZERS but not here")


def make_schedule(
    config: ScheduleConfig, optimizer: Optimizer, *, steps_per_epoch: int, epochs: int
) -> LRScheduler | None:
    """The scheduler that `config` describes, to be stepped after every optimizer step; None for a constant rate."""
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
                pct_start=config.warmup,
                anneal_strategy="cos" if config.schedule == "one_cycle" else "linear",
                cycle_momentum=False,
            )
    raise AssertionError(f"schedule {config.schedule!r} is not known here")
