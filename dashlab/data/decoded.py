"""The pictures of an archive as one block of pixels, kept on disk so that they are decoded once."""

import hashlib
import json
import logging
import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from dashlab.data.archives import LIMITS, Archive, Limits, open_archive
from dashlab.data.folders import own_folder
from dashlab.data.imageset import Progress
from dashlab.data.layout import ArchivePicture, Layout, read_layout
from dashlab.data.pictures import read_picture
from dashlab.errors import ArchiveError, PictureError

MAX_DECODED_BYTES = 4 * 2**30
MAX_CACHE_BYTES = 4 * 2**30
"""All kept blocks together; beyond it, the oldest go."""

PROBLEMS_SHOWN = 8
"""Broken files that one refusal names; of the others it gives the number."""

_SCHEMA = 2  # raised whenever the same archive would give other pixels or another description
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """All pictures of an archive at one size, in the order of their file names, not yet split."""

    classes: tuple[str, ...]
    has_test: bool  # whether the archive itself says which pictures are for testing
    notes: tuple[str, ...]
    doubles: tuple[str, ...]  # a sentence, where the same picture stands in several classes
    pixels: Tensor  # uint8 [N, C, side, side]
    labels: Tensor  # int64 [N]
    is_test: Tensor  # bool [N]
    digests: Tensor  # uint8 [N, 32]: sha256 of each file, by which the same picture is known again


_TENSORS = ("pixels", "labels", "is_test", "digests")


def decode_once(
    source: str | Path,
    fingerprint: str,
    *,
    title: str = "",
    side: int,
    grey: bool,
    on_progress: Progress | None = None,
    limits: Limits = LIMITS,
) -> Decoded:
    """The pictures of a folder or zip, resized to side × side without regard to their proportions.

    Args:
        source: path of the folder or zip.
        fingerprint: names its content; what was decoded under the same name before is read back.
        title: what to call the archive in an error; else its own name.
        side: pixels a side.
        grey: one channel instead of three.
        on_progress: called with (pictures done, pictures in all).
        limits: how much of an archive is accepted.

    Raises:
        ArchiveError: the archive cannot be used as a data set.
    """
    file = own_folder() / "pixels" / f"{fingerprint}-{side}-{'grey' if grey else 'rgb'}.safetensors"
    if (decoded := _read_kept(file)) is not None:
        return decoded
    with open_archive(source, title=title, limits=limits) as archive:
        decoded = _decode(archive, read_layout(archive, limits=limits), side, grey, on_progress)
    try:
        _keep(file, decoded)
    except OSError as error:
        _log.warning("Decoded pictures could not be kept in %s: %s", file.parent, error)
    return decoded


def forget_decoded(fingerprint: str) -> None:
    """Remove what was kept under the name `fingerprint`."""
    for kept in (own_folder() / "pixels").glob(f"{fingerprint}-*"):
        kept.unlink(missing_ok=True)


def _decode(archive: Archive, layout: Layout, side: int, grey: bool, on_progress: Progress | None) -> Decoded:
    count, channels = len(layout.entries), 1 if grey else 3
    if count * channels * side * side > MAX_DECODED_BYTES:
        raise ArchiveError(
            f"{count:,} pictures of {side}×{side} need too much memory: choose a smaller side."
        )
    pixels = np.empty((count, channels, side, side), dtype=np.uint8)
    digests = np.empty((count, 32), dtype=np.uint8)
    notes: Counter[str] = Counter()
    problems: list[str] = []
    for index, entry in enumerate(layout.entries):
        try:
            data = archive.read(entry.file)
            image, remarks = _read_resized(data, entry.file, side, grey)
        except (ArchiveError, PictureError) as error:  # gathered: whoever mends one wants to know of all
            problems.append(str(error))
            continue
        pixels[index] = np.asarray(image).reshape(side, side, channels).transpose(2, 0, 1)
        digests[index] = np.frombuffer(hashlib.sha256(data).digest(), dtype=np.uint8)
        notes.update(remarks)
        if on_progress is not None:
            on_progress(index + 1, count)
    if problems:
        raise ArchiveError(_broken(problems))
    return Decoded(
        classes=layout.classes,
        has_test=layout.has_test,
        notes=(
            *layout.notes,
            *(f"{note[0].upper()}{note[1:]}: {n:,} of {count:,}." for note, n in notes.items()),
        ),
        doubles=_doubles(layout, digests),
        pixels=torch.from_numpy(pixels),
        labels=torch.tensor([entry.label for entry in layout.entries], dtype=torch.int64),
        is_test=torch.tensor([entry.part == "test" for entry in layout.entries]),
        digests=torch.from_numpy(digests),
    )


def _doubles(layout: Layout, digests: np.ndarray) -> tuple[str, ...]:
    """Which pictures have two labels, of which one at least is wrong."""
    first: dict[bytes, ArchivePicture] = {}
    pairs: dict[bytes, tuple[str, str]] = {}
    for entry, row in zip(layout.entries, digests, strict=True):
        known = first.setdefault(mark := row.tobytes(), entry)
        if known.label != entry.label:
            pairs.setdefault(mark, (known.file, entry.file))
    if not pairs:
        return ()
    one, other = next(iter(pairs.values()))
    count = "1 picture stands" if len(pairs) == 1 else f"{len(pairs):,} pictures stand"
    return (f"{count} in more than one class: {one} is the same as {other}.",)


def _broken(problems: list[str]) -> str:
    """One sentence about each of the first few broken files, how many there are, and what to do."""
    if len(problems) == 1:
        return f"{problems[0]} Replace it or remove it, and try again."
    more = len(problems) - PROBLEMS_SHOWN
    told = " ".join(problems[:PROBLEMS_SHOWN]) + (f" And {more:,} more." if more > 0 else "")
    return f"{len(problems):,} files cannot be used. {told} Replace them or remove them, and try again."


def _read_resized(data: bytes, name: str, side: int, grey: bool) -> tuple[Image.Image, tuple[str, ...]]:
    picture = read_picture(data, name=name, shrink_to=2 * side)
    image = picture.image.convert("L" if grey else "RGB")
    if image.size != (side, side):
        image = image.resize((side, side), Image.Resampling.BILINEAR)
    return image, picture.notes


def _keep(path: Path, decoded: Decoded) -> None:
    tensors = {name: getattr(decoded, name) for name in _TENSORS}
    description = {name: getattr(decoded, name) for name in ("classes", "has_test", "notes", "doubles")}
    metadata = {
        "schema": str(_SCHEMA),
        "description": json.dumps(description),
        "sha256": _checksum(tensors),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    try:
        save_file(tensors, temporary, metadata=metadata)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    _trim(path)


def _trim(newest: Path) -> None:
    """Remove the oldest blocks until all together are small enough; the newest always stays."""
    blocks = sorted(
        newest.parent.glob("*.safetensors"), key=lambda block: block.stat().st_mtime, reverse=True
    )
    total = 0
    for block in blocks:
        total += block.stat().st_size
        if total > MAX_CACHE_BYTES and block != newest:
            block.unlink(missing_ok=True)


def _read_kept(path: Path) -> Decoded | None:
    """What was kept at `path`; None where there is nothing, or nothing whole."""
    try:
        if not path.is_file():
            return None
        with safe_open(path, framework="pt") as block:
            metadata = block.metadata() or {}
            tensors = {name: block.get_tensor(name).clone() for name in _TENSORS}
        if metadata.get("schema") != str(_SCHEMA) or metadata.get("sha256") != _checksum(tensors):
            return None
        description = json.loads(metadata["description"])
        return Decoded(
            classes=tuple(description["classes"]),
            has_test=description["has_test"],
            notes=tuple(description["notes"]),
            doubles=tuple(description["doubles"]),
            **tensors,
        )
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        _log.warning("Decoded pictures in %s are damaged and are decoded again: %s", path, error)
    return None


def _checksum(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in _TENSORS:
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()
