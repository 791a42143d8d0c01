"""Where the numbers are computed, and the streams of randomness they are drawn from."""

import hashlib
import os
import platform
from pathlib import Path

import torch

import dashlab
from dashlab.errors import ConfigError

_WITHOUT_BF16 = frozenset(
    {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"}
)
"""Instruction sets as ONEDNN_MAX_CPU_ISA names them: if one is the widest allowed, bfloat16 is emulated."""


def pick_device(name: str = "auto") -> torch.device:
    """The device called `name`; "auto" prefers cuda to mps to cpu.

    Raises:
        ConfigError: torch does not know the device, or this machine does not have it.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:  # an AssertionError where torch was built without CUDA
        raise ConfigError(f"This machine has no device {name!r}: use 'auto' or 'cpu'.") from error
    if device.type not in ("cpu", "cuda", "mps"):
        raise ConfigError(f"dashlab cannot train on {name!r}: use auto, cpu, cuda or mps.")
    return device


def describe(device: torch.device) -> str:
    """A name for people: "NVIDIA H200", "CPU (AMD EPYC, 2 threads)"."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    if device.type == "mps":
        return "Apple GPU"
    threads = torch.get_num_threads()
    return f"CPU ({cpu_name()}, {threads} thread{'s' if threads > 1 else ''})"


def cpu_name() -> str:
    """The processor's name as the system has it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def has_bf16_units(device: torch.device) -> bool:
    """Whether `device` has units for bfloat16; on a CPU they may be slower than float32 all the same."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    # AVX-512 BF16 or AMX tiles; without them oneDNN emulates bfloat16, on AVX2 80 times slower than float32.
    if device.type != "cpu" or os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() in _WITHOUT_BF16:
        return False
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def environment(device: torch.device) -> dict[str, str]:
    """What a result depends on besides its config: versions, device, threads."""
    return {
        "dashlab": dashlab.__version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "system": f"{platform.system()} {platform.machine()}",
        "device": describe(device),
        "threads": str(torch.get_num_threads()),
    }


def stream(seed: int, purpose: str, *, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator of its own for each `purpose`.

    One purpose's draws never shift another's: twins that differ in, say, dropout alone keep the same first
    weights and the same batches.
    """
    digest = hashlib.sha256(f"{seed}:{purpose}".encode()).digest()
    # 63 bits: manual_seed takes a signed 64-bit number.
    return torch.Generator(device=device).manual_seed(int.from_bytes(digest[:8], "big") >> 1)
