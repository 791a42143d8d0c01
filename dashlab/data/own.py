"""Own pictures: any folder or zip of class folders as a data set, and the sets that were uploaded."""

import dataclasses
import functools
import hashlib
import json
import os
import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dashlab.data.archives import LIMITS, Limits, open_archive
from dashlab.data.decoded import Decoded, decode_once, forget_decoded
from dashlab.data.folders import disk_errors_as_sentences, own_folder
from dashlab.data.imageset import ImageSet, Progress
from dashlab.data.names import clean_name
from dashlab.errors import ArchiveError, ConfigError

TITLE = "Own pictures"
TEST_FRACTION = 0.2
_CLASSES_SHOWN = 6
MUCH = 0.5
"""Share of one class from which it is worth a word; with few classes it must also be 1.5 times its due."""
SHORT_NAME = 8
"""Characters of a set's name that lists show, and that name it as long as no other begins so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSet:
    """A set that was uploaded before."""

    name: str  # its fingerprint: what a config's `path` names it by
    title: str  # for people
    classes: tuple[str, ...]
    train_count: int  # all pictures, where the set has no test folder
    test_count: int  # 0 where a seed decides which pictures are for testing
    notes: tuple[str, ...] = ()  # sentences on how it was read, and on pictures that stand in it twice
    problem: str = ""  # a sentence, where its file was damaged since

    @property
    def contents(self) -> str:
        """How many pictures of which classes, for people: enough to see whether it was understood."""
        shown = ", ".join(self.classes[:_CLASSES_SHOWN])
        more = len(self.classes) - _CLASSES_SHOWN
        return (
            f"{self.train_count + self.test_count:,} pictures in {len(self.classes)} classes: "
            f"{shown}{f' and {more:,} more' if more > 0 else ''}"
        )


def load_folder(
    path: str | Path,
    *,
    side: int = 32,
    grey: bool = False,
    seed: int = 0,
    test_fraction: float = TEST_FRACTION,
    on_progress: Progress | None = None,
    limits: Limits = LIMITS,
) -> ImageSet:
    """A folder or zip of class folders, or a set that was uploaded before, as a data set.

    Class folders stand at the top, or inside `train` and `test` (or `val`). Without a test folder, the same
    share of each class is put aside for testing; which pictures is decided by the seed and each picture's
    bytes, so that it depends on neither the machine nor the other pictures, and two copies of a picture never
    fall on both sides.

    Args:
        path: the folder, the zip, or the name (`OwnSet.name`) of an uploaded set.
        side: pictures are resized to side × side pixels, whatever their proportions.
        grey: one channel instead of three.
        seed: decides the split where there is no test folder.
        test_fraction: share of each class that is put aside for testing, in (0, 1).
        on_progress: called with (pictures done, pictures in all) while they are decoded.
        limits: how much of an archive is accepted.

    Raises:
        ArchiveError: the archive is missing, unsafe, beyond the limits or not a data set.
        ConfigError: `test_fraction` is out of range.
    """
    if not 0 < test_fraction < 1:
        raise ConfigError(f"The share for testing must lie between 0 and 1; it is {test_fraction}.")
    mark = fingerprint(path)
    decoded = decode_once(_resolve(path), mark, side=side, grey=grey, on_progress=on_progress, limits=limits)
    is_test = decoded.is_test if decoded.has_test else _split(decoded, seed, test_fraction)
    doubts = _doubts(decoded, is_test)
    return ImageSet(
        name="own",
        title=TITLE,
        source="own",
        # What makes accuracy doubtful belongs to the origin, which is kept and shown with every result.
        origin=" ".join((_origin(decoded, is_test, path, seed), *doubts)),
        train_x=decoded.pixels[~is_test],
        train_y=decoded.labels[~is_test],
        test_x=decoded.pixels[is_test],
        test_y=decoded.labels[is_test],
        classes=decoded.classes,
        fingerprint=mark,
        notes=decoded.notes + doubts,
    )


def fingerprint(path: str | Path) -> str:
    """The content of a folder, a zip or an uploaded set as a name: sha256 in hex, part of a run's identity.

    Of a zip its bytes; of a folder the names, sizes and bytes of its files. Changes with any of them, but not
    with the path.

    Raises:
        ArchiveError: there is nothing at `path`, or it cannot be read.
    """
    place = _resolve(path)
    if place.is_file():
        with disk_errors_as_sentences(place):
            status = place.stat()
            mark = _file_sha256(place, status.st_size, status.st_mtime_ns)
        if _is_name(path) and mark != path:
            raise ArchiveError(f"The uploaded set {place.stem[:8]}… was damaged on disk: upload it again.")
        return mark
    digest = hashlib.sha256()
    with open_archive(place) as archive:
        for member in archive.members:
            digest.update(f"{member.name}\0{member.size}\0".encode())
            digest.update(archive.read(member.name))
    return digest.hexdigest()


def adopt(
    source: str | Path | bytes,
    *,
    title: str = "",
    side: int = 32,
    grey: bool = False,
    on_progress: Progress | None = None,
    limits: Limits = LIMITS,
) -> OwnSet:
    """Check an uploaded zip picture by picture and keep it, so that a config can name it by its fingerprint.

    The zip itself is kept, never unpacked, and its pictures as decoded at this size, so that the first
    training starts at once; other sizes are decoded when asked for.

    Args:
        source: the bytes of a zip, or the path of a zip or folder.
        title: what to call it; else the name of its file.
        side: as in `load_folder`.
        grey: as in `load_folder`.
        on_progress: called with (pictures done, pictures in all).
        limits: how much of an archive is accepted.

    Raises:
        ArchiveError: the archive cannot be used as a data set; nothing is kept.
    """
    named = clean_name(title or ("The uploaded zip" if isinstance(source, bytes) else Path(source).stem))
    folder = own_folder()
    with disk_errors_as_sentences(folder):
        return _adopt(source, folder, named, side, grey, on_progress, limits)


def _adopt(
    source: str | Path | bytes,
    folder: Path,
    named: str,
    side: int,
    grey: bool,
    on_progress: Progress | None,
    limits: Limits,
) -> OwnSet:
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    os.close(handle)
    copy = Path(temporary)
    try:
        _copy_zip(source, copy, limits)
        mark = fingerprint(copy)
        decoded = decode_once(
            copy, mark, title=named, side=side, grey=grey, on_progress=on_progress, limits=limits
        )
        if not decoded.has_test:
            _split(decoded, 0, TEST_FRACTION)  # every class must be large enough
        copy.replace(folder / f"{mark}.zip")
    finally:
        copy.unlink(missing_ok=True)
    own = _own_set(mark, named, decoded)
    _describe(own)
    return own


def list_own() -> list[OwnSet]:
    """The sets that were uploaded, by title. One whose files were damaged is listed with its problem."""
    return sorted(
        (_read_own(path) for path in own_folder().glob("*.zip")), key=lambda own: (own.title, own.name)
    )


def find_own(text: str) -> str | None:
    """The whole name of the uploaded set that `text` names, be it by the beginning that a list shows.

    None where it names none, and where there is a file or folder of that name: paths come first.

    Raises:
        ArchiveError: several sets begin so.
    """
    if not re.fullmatch(rf"[0-9a-f]{{{SHORT_NAME},64}}", text) or (
        not _is_name(text) and Path(text).exists()
    ):
        return None
    names = sorted(path.stem for path in own_folder().glob(f"{text}*.zip"))
    if len(names) > 1:
        raise ArchiveError(
            f"{len(names)} uploaded sets begin with {text}: name it by more of its characters."
        )
    return names[0] if names else None


def forget_own(name: str) -> None:
    """Remove an uploaded set and what was decoded of it.

    Raises:
        ArchiveError: there is no such set.
    """
    place = _resolve(name)
    if not _is_name(name):
        raise ArchiveError(f"{name} is not an uploaded set: only those are removed here.")
    with disk_errors_as_sentences(place):
        place.unlink(missing_ok=True)
        place.with_suffix(".json").unlink(missing_ok=True)
        forget_decoded(place.stem)


def _is_name(path: str | Path) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", str(path)) is not None


def _resolve(path: str | Path) -> Path:
    """The folder or zip that `path` names, be it by the name of an uploaded set."""
    with disk_errors_as_sentences(Path(path)):
        return _place(path)


def _place(path: str | Path) -> Path:
    if not str(path):
        raise ArchiveError("Name a folder or zip of class folders.")
    if _is_name(path):
        place = own_folder() / f"{path}.zip"
        if not place.is_file():
            raise ArchiveError(
                f"The uploaded set {str(path)[:8]}… is not on this machine: upload its zip again."
            )
        return place
    place = Path(path).expanduser()
    if not place.exists():
        raise ArchiveError(f"There is no folder or zip file {place}: check the path.")
    return place


@functools.lru_cache(maxsize=32)
def _file_sha256(path: Path, size: int, modified_ns: int) -> str:  # noqa: ARG001
    """Remembered by size and time as well, so that a file that was replaced is read again."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def _split(decoded: Decoded, seed: int, fraction: float) -> Tensor:
    """Which pictures are for testing, bool [N]: the same share of each class, at least one, never all."""
    is_test = torch.zeros(len(decoded.labels), dtype=torch.bool)
    marks = [hashlib.sha256(b"%d/" % seed + row.tobytes()).digest() for row in decoded.digests.numpy()]
    for label, name in enumerate(decoded.classes):
        order = sorted((decoded.labels == label).nonzero().flatten().tolist(), key=marks.__getitem__)
        is_test[order[: _boundary([marks[index] for index in order], fraction, name)]] = True
    return is_test


def _boundary(marks: list[bytes], fraction: float, name: str) -> int:
    """How many of the sorted marks are for testing, so that equal marks, copies of a picture, stay together.

    Raises:
        ArchiveError: there are not two different marks.
    """
    seams = [at for at in range(1, len(marks)) if marks[at] != marks[at - 1]]
    if not seams:
        raise ArchiveError(
            f"Class {name} has only one picture, or copies of one: it needs another, "
            "to train on one and test on the other."
        )
    return min(seams, key=lambda at: abs(at - len(marks) * fraction))


def _origin(decoded: Decoded, is_test: Tensor, path: str | Path, seed: int) -> str:
    test = int(is_test.sum())
    train = len(is_test) - test
    place = _resolve(path)
    title = _read_own(place).title if _is_name(path) else clean_name(place.resolve().stem)
    how = "as its folders say" if decoded.has_test else f"split by seed {seed}"
    return (
        f"{title}: {train:,} pictures for training and {test:,} for testing "
        f"in {len(decoded.classes)} classes, {how}."
    )


def _doubts(decoded: Decoded, is_test: Tensor) -> tuple[str, ...]:
    """Sentences on what makes an accuracy on these pictures say less than it seems to."""
    tested = decoded.labels[is_test] if is_test.any() else decoded.labels  # not split yet: all are alike
    return (
        *decoded.doubles,
        *_shared_note(decoded.digests, is_test),
        *_unbalanced_note(tested, decoded.classes),
    )


def _unbalanced_note(labels: Tensor, classes: tuple[str, ...]) -> tuple[str, ...]:
    """What a network gets that has learned nothing but which class is the largest, where that is much."""
    counts = labels.bincount(minlength=len(classes))
    share = counts.max().item() / len(labels)
    if share < max(MUCH, 1.5 / len(classes)):
        return ()
    return (
        f"Most are {classes[int(counts.argmax())]}: always predicting that is right for {share:.0%} "
        "of the test pictures.",
    )


def _shared_note(digests: Tensor, is_test: Tensor) -> tuple[str, ...]:
    """A warning where pictures stand on both sides: accuracy on those says nothing."""
    marks = [row.tobytes() for row in digests.numpy()]
    train = {mark for mark, test in zip(marks, is_test.tolist(), strict=True) if not test}
    shared = sum(test and mark in train for mark, test in zip(marks, is_test.tolist(), strict=True))
    return (f"{shared:,} of the test pictures are training pictures too.",) if shared else ()


def _copy_zip(source: str | Path | bytes, target: Path, limits: Limits) -> None:
    """The zip as it is; a folder as a zip."""
    if isinstance(source, bytes):
        target.write_bytes(source)
    elif (place := _resolve(source)).is_file():
        shutil.copyfile(place, target)
    else:
        with open_archive(place, limits=limits) as archive, zipfile.ZipFile(target, "w") as packed:
            for member in archive.members:
                packed.writestr(zipfile.ZipInfo(member.name), archive.read(member.name))


def _own_set(name: str, title: str, decoded: Decoded) -> OwnSet:
    test = int(decoded.is_test.sum())
    return OwnSet(
        name=name,
        title=title,
        classes=decoded.classes,
        train_count=len(decoded.labels) - test,
        test_count=test,
        notes=decoded.notes + _doubts(decoded, decoded.is_test),
    )


def _describe(own: OwnSet) -> None:
    """Written under a name of its own: the same zip may be uploaded twice at once."""
    path = own_folder() / f"{own.name}.json"
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(dataclasses.asdict(own), file)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _read_own(path: Path) -> OwnSet:
    try:
        values = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        lists = {"classes": tuple(values["classes"]), "notes": tuple(values.get("notes", ()))}
        return OwnSet(**{**values, **lists})
    except (OSError, ValueError, KeyError, TypeError):
        return OwnSet(
            name=path.stem,
            title=f"Set {path.stem[:8]}…",
            classes=(),
            train_count=0,
            test_count=0,
            problem="Its description is missing or damaged: upload it again.",
        )
