"""Say what this machine offers dashlab: versions, device, threads, data, cached runs."""

import argparse
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator

from dashlab.data.folders import data_folder
from dashlab.data.images import IMAGE_SETS, available_source
from dashlab.store.runs import Store
from dashlab.training.device import environment, has_bf16_units, pick_device

_OPTIONAL = ("torchvision", "distributed", "streamlit", "streamlit_drawable_canvas", "plotly", "pandas")


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(_arguments: argparse.Namespace) -> int:
    """Print the report; returns the exit status."""
    for name, value in _report():
        sys.stdout.write(f"{name:26}{value}\n")
    return 0


def _report() -> Iterator[tuple[str, str]]:
    device = pick_device()
    yield from environment(device).items()
    yield (
        "bfloat16",
        "has units for it: 'fast' takes it where it is faster"
        if has_bf16_units(device)
        else "no units for it: 'fast' is float32 here",
    )
    for module in _OPTIONAL:
        is_installed = importlib.util.find_spec(module) is not None
        yield (
            module,
            importlib.metadata.version(module.replace("_", "-")) if is_installed else "not installed",
        )
    yield "data folder", str(data_folder())
    for name, info in IMAGE_SETS.items():
        yield info.title, available_source(name)
    store = Store()
    yield "cached runs", f"{store.count()} in {store.root}"
