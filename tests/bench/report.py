"""What was measured, as a Markdown table for the README and as JSON."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import torch

from dashlab.training.device import describe as describe_device
from dashlab.training.device import has_bf16_units, pick_device
from tests.bench.settings import Settings
from tests.bench.timing import Bench, Ratio

BUSY = 0.9
PACKAGES = ("torch", "torchvision", "numpy", "distributed", "streamlit")


def machine(settings: Settings) -> dict[str, Any]:
    """Where it was measured: processor, cores, threads, versions."""
    cpu = torch.device("cpu")
    return {
        "device": describe_device(pick_device()),
        "cpu": describe_device(cpu),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": settings.threads,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "fast_bf16": has_bf16_units(cpu),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def as_json(benches: Iterable[Bench], settings: Settings) -> dict[str, Any]:
    """Everything that was measured, each single timing included."""
    return {
        "machine": machine(settings),
        "settings": asdict(settings),
        "benches": [asdict(bench) | {"summary": _summary(bench)} for bench in benches],
    }


def _summary(bench: Bench) -> dict[str, Any]:
    ratios = {f"{r.slow} / {r.fast}": statistics.median(bench.pair_ratios(r)) for r in bench.ratios}
    sides = {
        side: {"median_s": bench.median(side), "min_s": min(times)} for side, times in bench.seconds.items()
    }
    return {"sides": sides, "ratios": ratios}


def markdown(bench: Bench) -> str:
    """One bench: a table of its sides, one of its ratios, and what is to be said about them."""
    return "\n".join(
        [f"**{bench.title}**", "", *_sides(bench), *_ratios(bench), *_table(bench), *_notes(bench), ""]
    )


def heading(settings: Settings) -> str:
    """The line above the tables."""
    here = machine(settings)
    return (
        f"{here['cpu']}, {here['cores']} cores, {here['cpu_capability']}; Python {here['python']}, "
        f"torch {here['torch']}, torchvision {here['torchvision']}; each side {settings.pairs} times in "
        f"turn, in one process with {_threads(settings.threads)}."
    )


def _threads(count: int) -> str:
    return f"{count} torch thread{'s' if count > 1 else ''}"


def _sides(bench: Bench) -> Iterator[str]:
    limits = {limit.side: limit.seconds for limit in bench.limits}
    yield "| | median | minimum | wanted |"
    yield "| --- | ---: | ---: | ---: |"
    for side, times in bench.seconds.items():
        wanted = f"< {limits[side]:g} s" if side in limits else ""
        yield f"| {side} | {statistics.median(times):.2f} s | {min(times):.2f} s | {wanted} |"


def _ratios(bench: Bench) -> Iterator[str]:
    if not bench.ratios:
        return
    yield ""
    yield "| ratio, pair by pair | median | from – to | wanted |"
    yield "| --- | ---: | ---: | ---: |"
    for ratio in bench.ratios:
        values = bench.pair_ratios(ratio)
        span = f"{min(values):.2f} – {max(values):.2f}"
        middle = statistics.median(values)
        yield f"| {ratio.slow} / {ratio.fast} | **{middle:.2f}** | {span} | {_wanted(ratio)} |"


def _table(bench: Bench) -> Iterator[str]:
    if not bench.table:
        return
    heading, *rows = bench.table
    yield ""
    yield f"| {' | '.join(heading)} |"
    yield f"| --- |{' ---: |' * (len(heading) - 1)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _wanted(ratio: Ratio) -> str:
    if ratio.wanted is None:
        return ""
    return f"{'≤' if ratio.at_most else '≥'} {ratio.wanted:g}"


def _notes(bench: Bench) -> Iterator[str]:
    notes = list(bench.notes)
    if bench.own_share is not None and bench.own_share < BUSY:
        notes.append(
            f"The machine was busy: at worst this process had its cores for {bench.own_share:.0%} of the "
            "time. Measure again when it is quiet."
        )
    if notes:
        yield ""
        yield from (f"- {note}" for note in notes)
