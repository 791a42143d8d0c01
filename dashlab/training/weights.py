"""Weights into and out of networks and files, in the safetensors format alone: nothing is ever unpickled."""

from collections.abc import Mapping

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn

from dashlab.errors import WeightsError

Weights = dict[str, Tensor]  # by name, each of its parameter's shape: [out, in] of a linear layer
"""A network's parameters and buffers by their dotted names, on the CPU."""


def weights_of(network: nn.Module) -> Weights:
    """A copy of the network's parameters and buffers on the CPU."""
    return {name: value.detach().cpu().clone().contiguous() for name, value in network.state_dict().items()}


def put_weights(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy `weights` into `network`: by name, each of its parameter's shape, such as [out, in].

    Raises:
        WeightsError: names, shapes or types differ, or a value is not finite; the first such entry is named.
    """
    own = network.state_dict()
    if problem := _first_difference(own, weights):
        raise WeightsError(
            f"These weights belong to another network: {problem}. Choose the network they come from."
        )
    for name, value in weights.items():
        if not value.isfinite().all():
            raise WeightsError(f"{name} holds values that are not finite: these weights are of no use.")
    with torch.no_grad():
        for name, value in own.items():
            value.copy_(weights[name])


def _first_difference(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str | None:
    for name, value in own.items():
        if name not in given:
            return f"{name} {list(value.shape)} is missing"
        if given[name].shape != value.shape:
            return f"{name} is {list(given[name].shape)} and should be {list(value.shape)}"
        if given[name].is_floating_point() != value.is_floating_point():
            return f"{name} is {given[name].dtype} and should be {value.dtype}"
    extra = next((name for name in given if name not in own), None)
    return f"{extra} {list(given[extra].shape)} has no place in it" if extra is not None else None


def to_bytes(weights: Mapping[str, Tensor]) -> bytes:
    """Weights of any shapes, such as [out, in] and [out], as the contents of a .safetensors file."""
    return save_safetensors(dict(weights))


def from_bytes(contents: bytes) -> Weights:
    """The weights in the contents of a .safetensors file.

    Raises:
        WeightsError: the contents are a pickle, which is never opened, or truncated, or otherwise not a
            .safetensors file.
    """
    try:
        return load_safetensors(contents)
    except (SafetensorError, KeyError, ValueError) as error:
        # What torch.save makes: a zip of pickles, or a bare pickle. Asked only now, because a .safetensors
        # file may begin with these bytes too: they are the length of its header.
        if contents.startswith((b"PK", b"\x80")):
            raise WeightsError(
                "This is a pickle (.pt, .pth), which can run code when it is opened, so it is not opened. "
                "Save the weights with safetensors.torch.save_file and choose that file."
            ) from None
        raise WeightsError(
            f"This is not a whole .safetensors file ({error}). Save or upload it again."
        ) from error
