"""The sample that comes with dashlab: all of MNIST, and a part of Fashion-MNIST and of CIFAR-10.

Each set is one zip file in `bundled/`. The grey sets hold idx files, as published; CIFAR-10 holds JPEG
pictures one after the other. `python -m scripts.build_bundled` makes them.
"""

import itertools
import zipfile
import zlib
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from dashlab.data.idx import read_idx
from dashlab.data.imageset import IMAGE_SETS, ImageSet, ImageSetInfo
from dashlab.errors import DataError

BUNDLED = Path(__file__).parent / "bundled"

IDX_NAMES = {"train": "train", "test": "t10k"}
"""How the files of the training and of the test part begin, in MNIST and its kin."""

_DAMAGE = (
    OSError,
    KeyError,
    ValueError,
    NotImplementedError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    DataError,
)
_JPEG_SEAM = b"\xff\xd9\xff\xd8"  # end of one picture, start of the next; cannot occur inside a JPEG scan


def load_bundled(name: str) -> ImageSet:
    """The bundled pictures of the set called `name`.

    Raises:
        DataError: the file is missing or damaged.
    """
    info = IMAGE_SETS[name]
    path = BUNDLED / f"{name}.zip"
    try:
        with zipfile.ZipFile(path) as archive:
            train, test = (_read_part(archive, info, part) for part in ("train", "test"))
    except _DAMAGE as error:
        raise DataError(
            f"{path.name}, the copy of {info.title} that comes with dashlab, is missing or damaged: "
            "install dashlab again."
        ) from error
    return ImageSet(
        name=name,
        title=info.title,
        source="full" if info.bundled_counts == info.full_counts else "bundled",
        origin=_origin(info),
        train_x=train[0],
        train_y=train[1],
        test_x=test[0],
        test_y=test[1],
        classes=info.classes,
    )


def _origin(info: ImageSetInfo) -> str:
    train, test = info.bundled_counts
    counts = f"{train:,} pictures for training and {test:,} for testing"
    if info.bundled_counts == info.full_counts:
        return f"All of {info.title}: {counts}, from the copy that comes with dashlab."
    return f"The sample of {info.title} that comes with dashlab: {counts}, each class in equal number."


def _read_part(archive: zipfile.ZipFile, info: ImageSetInfo, part: str) -> tuple[Tensor, Tensor]:
    count = info.bundled_counts[part == "test"]
    stem = IDX_NAMES[part]
    labels = read_idx(archive.read(f"{stem}-labels-idx1-ubyte"), (count,), name="labels").to(torch.int64)
    if info.channels == 3:
        return _decode_jpegs(archive.read(f"{stem}-images.mjpeg"), count, info.side), labels
    shape = (count, info.side, info.side)
    return read_idx(archive.read(f"{stem}-images-idx3-ubyte"), shape, name="pictures").unsqueeze(1), labels


def _decode_jpegs(stream: bytes, count: int, side: int) -> Tensor:
    """Pictures of side × side from JPEGs that stand one after the other, as uint8 [count, 3, side, side].

    The decoder is named outright because it takes 45 µs a picture so, and 110 µs through `Image.open`.
    """
    seam = len(_JPEG_SEAM) // 2
    bounds = [0]
    while (at := stream.find(_JPEG_SEAM, bounds[-1])) >= 0:
        bounds.append(at + seam)
    bounds.append(len(stream))
    if len(bounds) != count + 1:
        raise DataError(f"The file holds {len(bounds) - 1} pictures instead of {count}.")
    pixels = bytearray()
    try:
        for start, end in itertools.pairwise(bounds):
            pixels += Image.frombytes("RGB", (side, side), stream[start:end], "jpeg", "RGB", "").tobytes()
    except (ValueError, OSError) as error:
        raise DataError("A picture in the file cannot be decoded.") from error
    pictures = torch.frombuffer(pixels, dtype=torch.uint8).reshape(count, side, side, 3)
    return pictures.permute(0, 3, 1, 2).contiguous()
