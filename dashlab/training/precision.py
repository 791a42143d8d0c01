"""float32 throughout, or bfloat16 inside the products, for the time of one run."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace

import torch
from torch import nn

from dashlab.training.device import cpu_name, has_bf16_units, stream
from dashlab.training.models import memory_format
from dashlab.training.speedtest import Timing, measure, measured_once

_FEW = 16
_STEP_S = 0.04
"""Steps on so few pictures tell how many make one of so many seconds: of a large batch no more are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """What "full" or "fast" means for one network on one device."""

    device_type: str
    matmul: str  # as torch.set_float32_matmul_precision takes it
    tf32: bool  # whether cuDNN may round the inputs of a float32 convolution to 10 bits
    autocast: bool  # bfloat16 in the forward pass
    words: str = ""  # which was taken for "fast", and why

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

    def as_environment(self) -> dict[str, str]:
        """What a result's environment tells of it: nothing where float32 was asked for."""
        return {"precision": self.words} if self.words else {}

    def for_forward(self) -> AbstractContextManager[object]:
        """Put around each forward pass and its loss, and around nothing else.

        Autocast keeps its bfloat16 copies of the weights until it ends: around several steps it would go on
        with the weights of the first one. Around augmentation it would round coordinates.
        """
        return torch.autocast(self.device_type, torch.bfloat16) if self.autocast else nullcontext()


def full(device: torch.device) -> Precision:
    """float32 throughout."""
    return Precision(device_type=device.type, matmul="highest", tf32=False, autocast=False)


def bfloat16(device: torch.device, network: nn.Module) -> Precision:
    """bfloat16 autocast for convolutions, and on a CPU bfloat16 inside float32 products where there are none.

    The latter spares fully connected networks a cast of every weight in every step.
    """
    convolves = any(isinstance(module, nn.Conv2d) for module in network.modules())
    autocast = convolves or device.type != "cpu"
    return Precision(
        device_type=device.type, matmul="high" if autocast else "medium", tf32=True, autocast=autocast
    )


def fast(
    network: nn.Module,
    device: torch.device,
    shape: tuple[int, int, int],
    batch_size: int,
    another: Callable[[], nn.Module],
) -> Precision:
    """bfloat16 where it is faster than float32 for this network, else float32; `words` say which, and why.

    On a CPU that has units for bfloat16 it is measured, once for each machine, network and size of batch, and
    the answer is kept: later runs take the same.

    Args:
        network: the one that is trained.
        device: where it is trained.
        shape: channels, height and width of a picture.
        batch_size: pictures of a step.
        another: makes a network of the same form, whose steps are timed.
    """
    if not has_bf16_units(device):
        return replace(
            full(device), words="Fast: float32 was taken, because this device has no units for bfloat16."
        )
    candidate = bfloat16(device, network)
    if device.type != "cpu":
        return replace(candidate, words="Fast: bfloat16 was taken, for which this device has units.")
    question = _question(network, shape, batch_size)
    timing = measured_once(question, lambda: _measure(candidate, another(), shape, batch_size))
    return replace(candidate if timing.pays else full(device), words=timing.words())


def _question(network: nn.Module, shape: tuple[int, int, int], batch_size: int) -> dict[str, object]:
    """All that the speed depends on, as plain values."""
    return {
        "processor": cpu_name(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "at most": os.environ.get("ONEDNN_MAX_CPU_ISA", ""),
        "threads": torch.get_num_threads(),
        "torch": str(torch.__version__),
        "network": hashlib.sha256(repr(network).encode()).hexdigest(),
        "shape": list(shape),
        "batch_size": batch_size,
    }


def _measure(
    candidate: Precision, network: nn.Module, shape: tuple[int, int, int], batch_size: int
) -> Timing:
    begun = time.perf_counter()
    few = min(batch_size, _FEW)
    plain = full(torch.device("cpu"))
    steps_of_few = _step(plain, network, shape, few)
    steps_of_few()
    since = time.perf_counter()
    steps_of_few()
    in_time = int(few * _STEP_S / max(time.perf_counter() - since, 1e-9))
    count = min(batch_size, max(few, in_time))
    in_full, in_fast = (_step(how, network, shape, count) for how in (plain, candidate))
    return measure(in_full, in_fast, begun=begun)


def _step(how: Precision, network: nn.Module, shape: tuple[int, int, int], count: int) -> Callable[[], None]:
    """One step without its optimizer, on `count` made-up pictures."""
    draw = stream(0, "speed")
    x = torch.randn(count, *shape, generator=draw).contiguous(memory_format=memory_format(network))
    parameters = list(network.parameters())
    classes = network(x[:2]).shape[1]
    y = torch.arange(count) % classes

    def step() -> None:
        with how.for_process():
            with how.for_forward():
                loss = nn.functional.cross_entropy(network(x), y)
            for parameter in parameters:
                parameter.grad = None
            loss.backward()  # type: ignore[no-untyped-call]

    return step
