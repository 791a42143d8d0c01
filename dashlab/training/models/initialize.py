"""First values of a network's parameters, drawn from a stream per layer.

The n-th layer with weights gets the same weights whatever stands between the layers, so that a network with
BatchNorm and its twin without start from the same point.
"""

import math

import torch
from torch import Tensor, nn

from dashlab.settings.run_parts import MIXED, ModelConfig
from dashlab.training.device import stream


@torch.no_grad()
def initialize(network: nn.Module, config: ModelConfig, *, seed: int) -> None:
    """Fill every parameter and buffer of `network`, whose storage may be uninitialised."""
    weighted = (module for module in network.modules() if isinstance(module, nn.Linear | nn.Conv2d))
    for number, layer in enumerate(weighted):
        _draw(layer.weight, _rule(layer, config), config, generator=stream(seed, f"weight {number}"))
        if layer.bias is not None:
            _draw_bias(layer.bias, layer.weight, config, generator=stream(seed, f"bias {number}"))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.reset_parameters()  # ones and zeros: draws nothing


def _rule(layer: nn.Module, config: ModelConfig) -> str:
    """Which of `settings.INITIALIZERS` draws the weights of `layer`."""
    if config.init != MIXED:
        return config.init
    return "xavier_normal" if isinstance(layer, nn.Conv2d) else "normal"


def _draw(weight: Tensor, rule: str, config: ModelConfig, *, generator: torch.Generator) -> None:
    init = nn.init
    # Kaiming's gain is known for the activations of calculate_gain; those near ReLU take ReLU's.
    nonlinearity = {"none": "linear", "elu": "relu", "gelu": "relu", "silu": "relu"}.get(
        config.activation, config.activation
    )
    match rule:
        case "pytorch":  # torch.nn.Linear.reset_parameters and _ConvNd.reset_parameters
            init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)
        case "normal":
            init.normal_(weight, std=config.init_std, generator=generator)
        case "xavier_uniform":
            init.xavier_uniform_(weight, generator=generator)
        case "xavier_normal":
            init.xavier_normal_(weight, generator=generator)
        case "kaiming_uniform":
            init.kaiming_uniform_(weight, nonlinearity=nonlinearity, generator=generator)  # type: ignore[arg-type]
        case "kaiming_normal":
            init.kaiming_normal_(weight, nonlinearity=nonlinearity, generator=generator)  # type: ignore[arg-type]
        case "orthogonal":
            init.orthogonal_(weight, generator=generator)
        case "zeros":
            init.zeros_(weight)
        case _:
            raise AssertionError(f"initializer {rule!r} is in settings.INITIALIZERS but not here")


def _draw_bias(bias: Tensor, weight: Tensor, config: ModelConfig, *, generator: torch.Generator) -> None:
    if config.init != "pytorch":
        nn.init.zeros_(bias)
        return
    bound = 1 / math.sqrt(weight[0].numel())
    nn.init.uniform_(bias, -bound, bound, generator=generator)
