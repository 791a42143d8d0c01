"""Run the tests marked `sameness` again under each narrower instruction set that this processor has.

Two ways to the same numbers may meet to the last bit on one processor and not on another, where their
products take other kernels. A set of instructions that the processor has can be left unused: PyTorch's own
loops obey ATEN_CPU_CAPABILITY, oneDNN's convolutions and products ONEDNN_MAX_CPU_ISA. Under the widest set
`make test` has run them already.
"""

from __future__ import annotations

import os
import subprocess
import sys

import torch

LIMITS = {
    "AVX512": {"ATEN_CPU_CAPABILITY": "avx512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "DEFAULT": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
}
"""Instruction sets of x86 as PyTorch names them, widest first, and the variables that allow no wider one."""


def main(arguments: list[str]) -> int:
    """The exit status: 0 where the tests pass under every set, else 1."""
    failed = []
    for name, limits in narrower(torch.backends.cpu.get_cpu_capability()).items():
        print(f"Instruction set {name}:", flush=True)
        command = [sys.executable, "-m", "pytest", "-m", "sameness", "-q", "tests/unit", *arguments]
        if subprocess.run(command, env=os.environ | limits, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"Not the same under {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


def narrower(widest: str) -> dict[str, dict[str, str]]:
    """The sets below `widest`, by name, each with its variables; none where it is no set of x86, as NEON."""
    names = list(LIMITS)
    return {name: LIMITS[name] for name in names[names.index(widest) + 1 :]} if widest in LIMITS else {}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
