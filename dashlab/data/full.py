"""The full sets, from a data folder in torchvision's layout."""

import importlib.util
from pathlib import Path

import torch
from torch import Tensor

from dashlab.data.idx import read_idx
from dashlab.data.imageset import IMAGE_SETS, ImageSet, ImageSetInfo
from dashlab.data.sample import IDX_NAMES
from dashlab.errors import DataError

TORCHVISION_NAMES = {"mnist": "MNIST", "fashion": "FashionMNIST", "cifar10": "CIFAR10"}
"""The name of each set's class in `torchvision.datasets`; for the idx sets also that of its folder."""

CIFAR_FOLDER = "cifar-10-batches-py"
CIFAR_FILES = (*(f"data_batch_{batch}" for batch in range(1, 6)), "test_batch", "batches.meta")


def full_files(name: str, folder: Path) -> tuple[Path, ...]:
    """The files of which the full set consists, whether or not they are there."""
    if name == "cifar10":
        return tuple(folder / CIFAR_FOLDER / file for file in CIFAR_FILES)
    raw = folder / TORCHVISION_NAMES[name] / "raw"
    kinds = ("images-idx3-ubyte", "labels-idx1-ubyte")
    return tuple(raw / f"{stem}-{kind}" for stem in IDX_NAMES.values() for kind in kinds)


def has_full(name: str, folder: Path) -> bool:
    """Whether the full set is there and can be read on this machine; looks at names only."""
    if name == "cifar10" and importlib.util.find_spec("torchvision") is None:
        return False
    try:
        return all(path.is_file() for path in full_files(name, folder))
    except OSError:  # a folder that may not be looked into holds nothing for this user
        return False


def load_full(name: str, folder: Path) -> ImageSet:
    """All pictures of the set called `name`, from `folder`.

    The idx files are read here: that takes a tenth of a second, and importing torchvision alone 1.5 s.

    Raises:
        DataError: a file is missing or damaged, or torchvision, which reads CIFAR-10, is not installed.
    """
    info = IMAGE_SETS[name]
    read = _read_cifar if name == "cifar10" else read_idx_folder
    train_x, train_y = read(info, folder, "train")
    test_x, test_y = read(info, folder, "test")
    train, test = info.full_counts
    return ImageSet(
        name=name,
        title=info.title,
        source="full",
        origin=f"All of {info.title}: {train:,} pictures for training and {test:,} for testing, "
        "from the data folder.",
        train_x=train_x,
        train_y=train_y,
        test_x=test_x,
        test_y=test_y,
        classes=info.classes,
    )


def read_idx_folder(info: ImageSetInfo, folder: Path, part: str) -> tuple[Tensor, Tensor]:
    """One part of MNIST or Fashion-MNIST: uint8 [N, 1, 28, 28] and int64 [N].

    Raises:
        DataError: a file is missing or damaged.
    """
    count = info.full_counts[part == "test"]
    files = full_files(info.name, folder)
    pictures, labels = files[:2] if part == "train" else files[2:]
    try:
        pixels = read_idx(pictures.read_bytes(), (count, info.side, info.side), name=str(pictures))
        targets = read_idx(labels.read_bytes(), (count,), name=str(labels)).to(torch.int64)
    except OSError as error:
        raise DataError(_missing(info, folder)) from error
    except DataError as error:
        raise DataError(
            f"{error} Delete it and fetch {info.title} again, or choose the bundled copy."
        ) from error
    if int(targets.max()) >= len(info.classes):
        raise DataError(
            f"{labels} is damaged: a label is out of range. Delete it and fetch {info.title} again."
        )
    return pixels.unsqueeze(1), targets


def _read_cifar(info: ImageSetInfo, folder: Path, part: str) -> tuple[Tensor, Tensor]:
    """One part of CIFAR-10: uint8 [N, 3, 32, 32] and int64 [N].

    The files are pickles. torchvision compares each with its published checksum before it opens any of them,
    so what is unpickled is what its authors published and nothing else.
    """
    try:
        from torchvision.datasets import CIFAR10
    except ImportError as error:
        raise DataError(
            "Reading the full CIFAR-10 needs torchvision: install it, or choose the bundled sample."
        ) from error
    try:
        pictures = CIFAR10(str(folder), train=part == "train")
    except OSError as error:
        raise DataError(
            f"The full CIFAR-10 in {folder / CIFAR_FOLDER} could not be read: {error.strerror or error}. "
            "Make it readable, or choose the bundled sample."
        ) from error
    except RuntimeError as error:
        if not all(path.is_file() for path in full_files("cifar10", folder)):
            raise DataError(_missing(info, folder)) from error
        raise DataError(
            f"A file in {folder / CIFAR_FOLDER} is damaged: its checksum is not the published one. "
            "Delete the folder and fetch CIFAR-10 again, or choose the bundled sample."
        ) from error
    pixels = torch.from_numpy(pictures.data).permute(0, 3, 1, 2).contiguous()
    return pixels, torch.tensor(pictures.targets, dtype=torch.int64)


def _missing(info: ImageSetInfo, folder: Path) -> str:
    return (
        f"The full {info.title} is not in {folder}: fetch it with `python -m dashlab data get {info.name}`, "
        "or choose the bundled copy."
    )
