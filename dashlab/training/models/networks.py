"""The networks that can be trained: softmax regression, MLP, LeNet, CNN, ResNet."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import torch
from torch import nn

from dashlab.errors import ConfigError
from dashlab.settings.run_parts import ModelConfig
from dashlab.training.device import stream
from dashlab.training.models.initialize import initialize
from dashlab.training.models.layers import (
    Dropout,
    GlobalMaxPool,
    Residual,
    Scale,
    activation_layer,
    conv,
    dense,
)

Shape = tuple[int, int, int]
"""Channels, height, width of one picture."""

MOST_PARAMETERS = 200_000_000
"""With gradients and an optimizer's averages this takes about 3 GB."""


def build(
    config: ModelConfig, *, shape: Shape, classes: int, seed: int, device: torch.device | str = "cpu"
) -> nn.Sequential:
    """The network that `config` describes, initialised from `seed`, on `device`, in train mode.

    It takes float32 [B, C, H, W] and returns logits [B, classes]. First weights do not depend on the device.
    Its weights lie in memory as `memory_format` says, in whatever they are used for: with another layout,
    other kernels give other last digits.

    Raises:
        ConfigError: as `blank` does.
    """
    network = blank(config, shape=shape, classes=classes)
    initialize(network, config, seed=seed)
    network.to(device).to(memory_format=memory_format(network))
    dropouts = (module for module in network.modules() if isinstance(module, Dropout))
    for number, dropout in enumerate(dropouts):
        dropout.generator = stream(seed, f"dropout {number}", device=device)
    return network


def blank(config: ModelConfig, *, shape: Shape, classes: int) -> nn.Sequential:
    """The network that `config` describes, on the CPU; what its weights hold is undefined.

    Raises:
        ConfigError: the pictures are too small for the network, a list of sizes is empty, or the network has
            more than `MOST_PARAMETERS`.
    """
    _check_side(config, shape)
    with torch.device("meta"):  # so that no layer draws from the global generator
        network = _NETWORKS[config.model](config, shape, classes)
    count = sum(parameter.numel() for parameter in network.parameters())
    if count > MOST_PARAMETERS:
        raise ConfigError(
            f"This network has {count:,} parameters; dashlab trains up to {MOST_PARAMETERS:,}. "
            "Use fewer or smaller layers."
        )
    # What `to_empty` does, but that imports sympy for it, which takes a second.
    state = network.state_dict()
    storage = {name: torch.empty(value.shape, dtype=value.dtype) for name, value in state.items()}
    network.load_state_dict(storage, assign=True)
    return network


def memory_format(network: nn.Module) -> torch.memory_format:
    """How pictures should lie in memory for `network`: with the channels last where it convolves.

    On a CPU, 2×2 max-pooling of pictures with the channels first is several times slower.
    """
    convolves = any(isinstance(module, nn.Conv2d) for module in network.modules())
    return torch.channels_last if convolves else torch.contiguous_format


def _check_side(config: ModelConfig, shape: Shape) -> None:
    side = min(shape[1:])
    if config.model in ("cnn", "resnet") and not config.channels:
        raise ConfigError("Channels: a network of convolutions needs at least one block, such as 32-64-128.")
    halvings = {"cnn": len(config.channels), "resnet": len(config.channels) - 1}.get(config.model, 0)
    if side >> halvings < 1:
        raise ConfigError(
            f"Pictures of {side} pixels a side cannot be halved {halvings} times: "
            "use fewer entries in channels."
        )
    if config.model == "lenet" and side < 16:
        raise ConfigError(f"LeNet needs pictures of at least 16 pixels a side; these have {side}.")


def _softmax(_config: ModelConfig, shape: Shape, classes: int) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(_values(shape), classes))


def _mlp(config: ModelConfig, shape: Shape, classes: int) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), *_head(config, (_values(shape), *config.hidden), classes))


def _lenet(config: ModelConfig, shape: Shape, classes: int) -> nn.Sequential:
    """LeNet-5 (LeCun et al. 1998) with max-pooling; 28×28 pictures are padded to 32×32 as in the paper."""
    channels, height, width = shape
    padding = 2 if (height, width) == (28, 28) else 0
    block = {"activation": config.activation, "batchnorm": config.batchnorm, "pool": True, "kernel": 5}
    sides = [((side + 2 * padding - 4) // 2 - 4) // 2 for side in (height, width)]
    return nn.Sequential(
        *conv(channels, 6, padding=padding, **block),  # type: ignore[arg-type]
        *conv(6, 16, padding=0, **block),  # type: ignore[arg-type]
        nn.Flatten(),
        *_head(config, (16 * sides[0] * sides[1], 120, 84), classes),
    )


def _cnn(config: ModelConfig, shape: Shape, classes: int) -> nn.Sequential:
    channels, height, width = shape
    blocks = [
        layer
        for fan_in, fan_out in pairwise((channels, *config.channels))
        for layer in conv(
            fan_in, fan_out, activation=config.activation, batchnorm=config.batchnorm, pool=True
        )
    ]
    halvings = len(config.channels)
    flat = config.channels[-1] * (height >> halvings) * (width >> halvings)
    return nn.Sequential(*blocks, nn.Flatten(), *_head(config, (flat, *config.hidden), classes))


def _resnet(config: ModelConfig, shape: Shape, classes: int) -> nn.Sequential:
    """A stem, then per entry of `channels` a pooled convolution and a residual pair (after Page 2018)."""

    def block(
        fan_in: int, fan_out: int, *, pool: bool, activation: str = config.activation
    ) -> Iterator[nn.Module]:
        return conv(fan_in, fan_out, activation=activation, batchnorm=config.batchnorm, pool=pool)

    def residual(width: int) -> Residual:
        pair = (*block(width, width, pool=False), *block(width, width, pool=False, activation="none"))
        return Residual(nn.Sequential(*pair), activation_layer(config.activation))

    stages: list[nn.Module] = [*block(shape[0], config.channels[0], pool=False)]
    for fan_in, fan_out in pairwise(config.channels):
        stages += [*block(fan_in, fan_out, pool=True), residual(fan_out)]
    # Maxima are large. Without the scale, steps that suit the convolutions are too long for the last layer.
    return nn.Sequential(*stages, GlobalMaxPool(), Scale(1 / 8), nn.Linear(config.channels[-1], classes))


def _head(config: ModelConfig, units: Sequence[int], classes: int) -> Iterator[nn.Module]:
    """Fully connected hidden layers of `units[1:]` units with dropout, then the output layer."""
    for number, (fan_in, fan_out) in enumerate(pairwise(units), start=1):
        yield from dense(fan_in, fan_out, activation=config.activation, batchnorm=config.batchnorm)
        if config.dropout > 0 and (config.dropout_layers == 0 or number <= config.dropout_layers):
            yield Dropout(config.dropout, generator=torch.Generator())  # `build` gives it its stream
    yield nn.Linear(units[-1], classes)


def _values(shape: Shape) -> int:
    channels, height, width = shape
    return channels * height * width


_NETWORKS: dict[str, Callable[[ModelConfig, Shape, int], nn.Sequential]] = {
    "softmax": _softmax,
    "mlp": _mlp,
    "lenet": _lenet,
    "cnn": _cnn,
    "resnet": _resnet,
}
