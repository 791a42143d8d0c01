"""The same pictures for both sides: as torchvision's data sets, and as tensors in memory."""

from __future__ import annotations

import os
import tempfile
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from dashlab.data.folders import data_folder
from dashlab.data.full import has_full
from dashlab.data.images import ImageSet, load_images
from dashlab.data.sample import BUNDLED

FOLDERS = {"mnist": "MNIST", "fashion": "FashionMNIST"}
_unpacked = tempfile.TemporaryDirectory(prefix="dashlab-bench-")


def full_data() -> None:
    """Let `DASHLAB_DATA` name the full sets where it does not, and they lie beside the repository."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    if "DASHLAB_DATA" not in os.environ and beside.is_dir():
        os.environ["DASHLAB_DATA"] = str(beside)


@lru_cache
def images(name: str) -> ImageSet:
    """The pictures as dashlab loads them, full where they are at hand."""
    return load_images(name)


@lru_cache
def torchvision_set(name: str) -> Any:
    """The training pictures as the textbook takes them: torchvision's class, ToTensor, Normalize."""
    from torchvision import datasets, transforms

    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    return getattr(datasets, FOLDERS[name])(str(_root(name)), train=True, transform=transform)


def _root(name: str) -> Path:
    """A folder in torchvision's layout; the bundled files are unpacked into one where there is no other."""
    folder = data_folder()
    if has_full(name, folder):
        return folder
    raw = Path(_unpacked.name) / FOLDERS[name] / "raw"
    with zipfile.ZipFile(BUNDLED / f"{name}.zip") as archive:
        archive.extractall(raw)
    return Path(_unpacked.name)
