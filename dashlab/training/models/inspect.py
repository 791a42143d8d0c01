"""What each layer of a network makes of a picture: shapes, parameters, multiply-adds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dashlab.settings.run_parts import FLOP_PER_S, ModelConfig
from dashlab.training.models.networks import Shape, blank


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """One layer, for one picture."""

    name: str  # dotted path inside the network
    kind: str  # class name, such as "Linear"
    output_shape: tuple[int, ...]  # without the batch
    parameters: int
    multiply_adds: int


def layers(network: nn.Module, shape: Shape) -> list[LayerRow]:
    """One row per leaf layer in the order in which a picture of `shape` passes them."""
    rows: list[LayerRow] = []
    names = {module: name for name, module in network.named_modules() if not list(module.children())}

    def record(module: nn.Module, _inputs: Any, output: Tensor) -> None:
        rows.append(
            LayerRow(
                name=names[module],
                kind=type(module).__name__,
                output_shape=tuple(output.shape[1:]),
                parameters=sum(p.numel() for p in module.parameters()),
                multiply_adds=_multiply_adds(module, output),
            )
        )

    hooks = [module.register_forward_hook(record) for module in names]
    was_training = network.training
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, *shape, device=next(network.parameters()).device))
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    return rows


def layers_of(config: ModelConfig, *, shape: Shape, classes: int) -> list[LayerRow]:
    """`layers` of the network that `config` describes; no weight is drawn for it.

    Raises:
        ConfigError: as `build` does.
    """
    return layers(blank(config, shape=shape, classes=classes), shape)


def seconds_to_train(layers: Sequence[LayerRow], pictures: int) -> float:
    """About how many seconds one core trains, to tell beforehand seconds from hours.

    Args:
        layers: of the network.
        pictures: that pass it, in all epochs together: each costs two operations for every multiply-add on
            its way up, and four on the way back.
    """
    return 6 * pictures * sum(row.multiply_adds for row in layers) / FLOP_PER_S


def _multiply_adds(module: nn.Module, output: Tensor) -> int:
    if isinstance(module, nn.Linear):
        return module.in_features * module.out_features
    if isinstance(module, nn.Conv2d):
        return output[0].numel() * module.weight[0].numel()
    return 0
