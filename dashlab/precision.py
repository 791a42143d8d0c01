"""float32 throughout, or bfloat16 inside the products, for the time of one run."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import nn

from dashlab.device import has_fast_bf16


@contextmanager
def precision(name: str, device: torch.device, network: nn.Module) -> Iterator[None]:
    """The precision "full" or "fast" for the training steps inside.

    "fast" is bfloat16 autocast for convolutions, and on a CPU bfloat16 inside float32 matrix products for fully
    connected networks, which spares them a cast of every weight in every step. Where the device is not faster at
    bfloat16 than at float32, "fast" is float32 too.

    The setting for matrix products belongs to the whole process: one training at a time per process.
    """
    before = torch.get_float32_matmul_precision()
    autocast, matmul = _choose(name, device, network)
    torch.set_float32_matmul_precision(matmul)
    try:
        with torch.autocast(device.type, torch.bfloat16) if autocast else nullcontext():
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def _choose(name: str, device: torch.device, network: nn.Module) -> tuple[bool, str]:
    if name == "full" or not has_fast_bf16(device):
        return False, "highest"
    convolves = any(isinstance(module, nn.Conv2d) for module in network.modules())
    return (True, "high") if convolves or device.type != "cpu" else (False, "medium")
