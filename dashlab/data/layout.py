"""Which file of an archive belongs to which class, and to training or to testing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from dashlab.data.archives import LIMITS, Archive, Limits
from dashlab.errors import ArchiveError

PART_NAMES = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "val": ("val", "valid", "validation"),
}
"""Names of folders that split a data set; upper and lower case are alike."""

_SUFFIXES = {".png", ".jpg", ".jpeg", ".jfif", ".gif", ".bmp", ".webp", ".tif", ".tiff"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture."""

    file: str  # name in the archive
    label: int  # index into `Layout.classes`
    part: str  # "train" or "test"; "train" too where the archive has no parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All pictures of an archive."""

    classes: tuple[str, ...]  # sorted
    entries: tuple[Entry, ...]  # sorted by file
    has_test: bool  # whether the archive itself says which pictures are for testing
    notes: tuple[str, ...]


def read_layout(archive: Archive, *, limits: Limits = LIMITS) -> Layout:
    """Class and part of every picture, from names alone; no picture is opened.

    Class folders may stand at the top, or inside `train` and `test` (or `val`), and all of it inside one more
    folder, as zip programs like to do. Loose files at the top that are not pictures are passed over.

    Raises:
        ArchiveError: there are not at least two classes with a picture each, or the folders contradict each
            other.
    """
    files, folders = _without_wrapper(archive)
    parts = _parts(files, folders)
    depth = 1 if parts is None else 2
    placed: list[tuple[str, str, str]] = []  # part folder, class, file
    for trail, file in files:
        if len(trail) > depth:
            placed.append((trail[0] if parts else "", trail[depth - 1], file))
        elif _claims_picture(file):
            raise ArchiveError(
                f"{file} lies in no class folder: give each class a folder of its own "
                "and put its pictures into it."
            )
    classes = _classes(placed, folders, depth, archive.title, limits)
    return _layout(placed, classes, parts)


Trail = tuple[str, ...]
"""Folders that lead to a file, and its name."""


def _without_wrapper(archive: Archive) -> tuple[list[tuple[Trail, str]], set[Trail]]:
    """Files and folders as paths below the folders that enclose everything."""
    files = _without_loose([(PurePosixPath(member.name).parts, member.name) for member in archive.members])
    if not files:
        raise ArchiveError(
            f"{archive.title} holds no picture{', only empty folders' * bool(archive.folders)}."
        )
    folders = {PurePosixPath(folder).parts for folder in archive.folders}
    while _is_wrapped([trail for trail, _ in files], folders):
        files = _without_loose([(trail[1:], file) for trail, file in files])
        folders = {folder[1:] for folder in folders if len(folder) > 1}
    return files, folders


def _without_loose(files: list[tuple[Trail, str]]) -> list[tuple[Trail, str]]:
    """The files without those at the top that do not even claim to be pictures: licences, lists."""
    return [(trail, file) for trail, file in files if len(trail) > 1 or _claims_picture(file)]


def _claims_picture(file: str) -> bool:
    return PurePosixPath(file).suffix.lower() in _SUFFIXES


def _is_wrapped(trails: Sequence[Trail], folders: set[Trail]) -> bool:
    """Whether one folder holds everything and has folders, so that it cannot be a class itself."""
    tops = {trail[0] for trail in trails} | {folder[0] for folder in folders}
    return len(tops) == 1 and any(len(folder) > 1 for folder in folders)


def _parts(files: list[tuple[Trail, str]], folders: set[Trail]) -> dict[str, str] | None:
    """Part folder → "train" or "test"; None where the top folders are classes."""
    kinds = {name: kind for kind, names in PART_NAMES.items() for name in names}
    tops = {trail[0] for trail, _ in files if len(trail) > 1} | {folder[0] for folder in folders}
    found = {top: kinds[top.lower()] for top in tops if top.lower() in kinds}
    if "train" not in found.values() or len(found) < 2:
        return None
    if others := sorted(tops - set(found)):
        raise ArchiveError(
            f"Beside {' and '.join(sorted(found))} there is a folder {others[0]}: "
            "move it away, or put all classes at the top."
        )
    has_test = "test" in found.values()
    return {
        top: "test" if kind == "test" or (kind == "val" and not has_test) else "train"
        for top, kind in found.items()
    }


def _classes(
    placed: list[tuple[str, str, str]], folders: set[Trail], depth: int, title: str, limits: Limits
) -> tuple[str, ...]:
    filled = {(part, name) for part, name, _ in placed}
    for folder in sorted(folders):
        if len(folder) == depth and (folder[0] if depth == 2 else "", folder[-1]) not in filled:
            raise ArchiveError(
                f"The class folder {'/'.join(folder)} is empty: put pictures into it, or remove it."
            )
    names = {name for _, name in filled}
    if not names:
        raise ArchiveError(f"{title} holds no picture.")
    if len(names) == 1:
        raise ArchiveError(
            f"There is only one class folder, {names.pop()}: telling classes apart needs at least two."
        )
    if len(names) > limits.classes:
        raise ArchiveError(f"{title} has {len(names):,} class folders; at most {limits.classes:,} are read.")
    return tuple(sorted(names))


def _layout(
    placed: list[tuple[str, str, str]], classes: tuple[str, ...], parts: dict[str, str] | None
) -> Layout:
    labels = {name: label for label, name in enumerate(classes)}
    part_of = parts or {"": "train"}
    entries = [Entry(file, labels[name], part_of[part]) for part, name, file in placed]
    if parts is not None:
        for part in ("train", "test"):
            present = {entry.label for entry in entries if entry.part == part}
            for name in classes:
                if labels[name] not in present:
                    raise ArchiveError(
                        f"Class {name} has no picture for {part}ing: the parts need the same class folders."
                    )
    return Layout(
        classes=classes,
        entries=tuple(sorted(entries, key=lambda entry: entry.file)),
        has_test=parts is not None,
        notes=_part_notes(parts or {}),
    )


def _part_notes(parts: dict[str, str]) -> tuple[str, ...]:
    """What became of a folder of validation pictures, which training splits off for itself."""
    validation = [top for top in sorted(parts) if top.lower() in PART_NAMES["val"]]
    return tuple(
        f"The pictures in {top} are used for {'testing' if parts[top] == 'test' else 'training'}."
        for top in validation
    )
