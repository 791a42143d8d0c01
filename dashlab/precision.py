"""float32 throughout, or bfloat16 inside the products, for the time of one run."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from dashlab.device import has_fast_bf16


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """What "full" or "fast" means for one network on one device."""

    device_type: str
    matmul: str  # as torch.set_float32_matmul_precision takes it
    tf32: bool  # whether cuDNN may round the inputs of a float32 convolution to 10 bits
    autocast: bool  # bfloat16 in the forward pass

    @contextmanager
    def for_process(self) -> Iterator[None]:
        """Settings that belong to the whole process: one training at a time per process."""
        cudnn = torch.backends.cudnn
        before = torch.get_float32_matmul_precision(), cudnn.allow_tf32
        torch.set_float32_matmul_precision(self.matmul)
        cudnn.allow_tf32 = self.tf32
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before[0])
            cudnn.allow_tf32 = before[1]

    def for_forward(self) -> AbstractContextManager[object]:
        """Put around each forward pass and its loss, and around nothing else.

        Autocast keeps its bfloat16 copies of the weights until it ends: around several steps it would go on
        with the weights of the first one. Around augmentation it would round coordinates.
        """
        return torch.autocast(self.device_type, torch.bfloat16) if self.autocast else nullcontext()


def precision(name: str, device: torch.device, network: nn.Module) -> Precision:
    """The precision called "full" or "fast" for `network` on `device`.

    "fast" is bfloat16 autocast for convolutions, and on a CPU bfloat16 inside float32 matrix products for
    fully connected networks, which spares them a cast of every weight in every step. Where the device is not
    faster at bfloat16 than at float32, "fast" is float32 too.
    """
    if name == "full" or not has_fast_bf16(device):
        return Precision(device_type=device.type, matmul="highest", tf32=False, autocast=False)
    convolves = any(isinstance(module, nn.Conv2d) for module in network.modules())
    autocast = convolves or device.type != "cpu"
    return Precision(
        device_type=device.type, matmul="high" if autocast else "medium", tf32=True, autocast=autocast
    )
