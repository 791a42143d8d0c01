"""Pictures, folders and zips made for a test."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image


def pixels(seed: int, *, side: int = 8, channels: int = 3) -> np.ndarray:
    """Random bytes [side, side, channels]; [side, side] for one channel. Equal seeds give equal pictures."""
    shape = (side, side) if channels == 1 else (side, side, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """An image as the bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(seed: int = 0, *, side: int = 8) -> bytes:
    """A colour picture of noise."""
    return encoded(Image.fromarray(pixels(seed, side=side)))


def two_classes(each: int = 5, *, prefix: str = "", first_seed: int = 0) -> dict[str, bytes]:
    """Names and bytes of a small sound data set: `cats` and `dogs`."""
    return {
        f"{prefix}{name}/{index:03}.png": png(first_seed + 1_000 * label + index)
        for label, name in enumerate(("cats", "dogs"))
        for index in range(each)
    }


def zipped(members: Mapping[str, bytes], *, method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip; a name that ends with a slash makes a folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return buffer.getvalue()


def write_zip(path: Path, members: Mapping[str, bytes], *, method: int = zipfile.ZIP_STORED) -> Path:
    """A zip on disk."""
    path.write_bytes(zipped(members, method=method))
    return path


def write_folder(path: Path, members: Mapping[str, bytes]) -> Path:
    """A folder on disk; a name that ends with a slash makes an empty folder."""
    for name, data in members.items():
        target = path / name
        if name.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    return path
