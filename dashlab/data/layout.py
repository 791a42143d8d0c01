"""Which file of an archive belongs to which class, and to training or to testing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from dashlab.data.archives import LIMITS, Archive, Limits
from dashlab.data.parts import Parts, find_parts, is_wrapper_of, listed, no_class_folders
from dashlab.errors import ArchiveError

SUFFIXES = {".png", ".jpg", ".jpeg", ".jfif", ".gif", ".bmp", ".webp", ".tif", ".tiff"}
_TEXTS = {
    *(".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".md", ".html", ".htm", ".yaml", ".yml"),
    *(".pdf", ".doc", ".docx", ".xls", ".xlsx", ".log", ".ini", ".url", ".py", ".ipynb"),
}
"""What people and programs put beside pictures: lists, labels, notes, sources."""


@dataclass(frozen=True, slots=True)
class ArchivePicture:
    """One picture."""

    file: str  # name in the archive
    label: int  # index into `Layout.classes`
    part: str  # "train" or "test"; "train" too where the archive has no parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All pictures of an archive."""

    classes: tuple[str, ...]  # sorted
    entries: tuple[ArchivePicture, ...]  # sorted by file
    has_test: bool  # whether the archive itself says which pictures are for testing
    notes: tuple[str, ...]


def read_layout(archive: Archive, *, limits: Limits = LIMITS) -> Layout:
    """Class and part of every picture, from names alone; no picture is opened.

    Class folders may stand at the top, or inside the folders of parts (`train` and `test`, or other usual
    names: see `parts`), and all of it inside one more folder, as zip programs like to do. Loose files at the
    top that are not pictures are passed over, and so are texts and tables inside class folders.

    Raises:
        ArchiveError: there are not at least two classes with a picture each, or the folders contradict each
            other.
    """
    files, folders = _without_wrapper(archive)
    texts = [file for trail, file in files if len(trail) > 1 and _is_text(file)]
    files = [(trail, file) for trail, file in files if len(trail) == 1 or not _is_text(file)]
    parts = _parts(files, folders)
    if parts is not None:
        files, folders = _inside_parts(files, folders, parts)
    depth = 1 if parts is None else 2
    placed: list[tuple[str, str, str]] = []  # part folder, class, file
    for trail, file in files:
        if len(trail) > depth:
            placed.append((trail[0] if parts else "", trail[depth - 1], file))
        elif parts is not None and _is_flat(trail, files) and _claims_picture(file):
            raise ArchiveError(no_class_folders(trail[0], parts.roles))
        elif _claims_picture(file):
            raise ArchiveError(
                f"{file} lies in no class folder: give each class a folder of its own "
                "and put its pictures into it."
            )
    classes = _classes(placed, folders, depth, archive.title, limits)
    inner = sorted({"/".join(trail[: depth + 1]) for trail, _ in files if len(trail) > depth + 1})
    return _layout(placed, classes, parts, _inner_notes(inner) + _text_notes(texts))


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


def _is_text(file: str) -> bool:
    return PurePosixPath(file).suffix.lower() in _TEXTS


def _claims_picture(file: str) -> bool:
    return PurePosixPath(file).suffix.lower() in SUFFIXES


def _is_wrapped(trails: Sequence[Trail], folders: set[Trail]) -> bool:
    """Whether one folder holds everything and has folders, so that it cannot be a class itself."""
    tops = {trail[0] for trail in trails} | {folder[0] for folder in folders}
    return len(tops) == 1 and any(len(folder) > 1 for folder in folders)


def _parts(files: list[tuple[Trail, str]], folders: set[Trail]) -> Parts | None:
    inside: dict[str, set[str]] = {folder[0]: set() for folder in folders}
    flat: set[str] = set()
    for trail in (*(trail[:-1] for trail, _ in files), *folders):
        if len(trail) > 1:
            inside.setdefault(trail[0], set()).add(trail[1])
    for trail, file in files:
        if len(trail) == 2 and _claims_picture(file):
            flat.add(trail[0])
    return find_parts(inside, flat)


def _is_flat(trail: Trail, files: list[tuple[Trail, str]]) -> bool:
    """Whether the picture lies in a part without any class folder."""
    return len(trail) == 2 and not any(len(other) > 2 and other[0] == trail[0] for other, _ in files)


def _inside_parts(
    files: list[tuple[Trail, str]], folders: set[Trail], parts: Parts
) -> tuple[list[tuple[Trail, str]], set[Trail]]:
    """What lies in the parts, as paths without the folders that only repeat a part's name."""
    inside = [(trail, file) for trail, file in files if len(trail) == 1 or trail[0] in parts.roles]
    within = {folder for folder in folders if folder[0] in parts.roles}
    for part in parts.roles:
        while (wrapper := _wrapper(inside, within, part)) is not None:
            start = (part, wrapper)
            inside = [((part, *t[2:]) if t[:2] == start else t, file) for t, file in inside]
            within = {(part, *f[2:]) if f[:2] == start else f for f in within}
    return inside, within


def _wrapper(files: list[tuple[Trail, str]], folders: set[Trail], part: str) -> str | None:
    """The one folder that holds all of a part and only repeats its name; None where there is no such."""
    names = {folder[1] for folder in folders if folder[0] == part and len(folder) > 1}
    names |= {trail[1] for trail, _ in files if trail[0] == part and len(trail) > 1}
    if len(names) != 1 or not is_wrapper_of(name := names.pop(), part):
        return None
    return name if any(folder[:2] == (part, name) for folder in folders) else None


def _classes(
    placed: list[tuple[str, str, str]], folders: set[Trail], depth: int, title: str, limits: Limits
) -> tuple[str, ...]:
    filled = {(part, name) for part, name, _ in placed}
    for folder in sorted(folders):
        if len(folder) == depth and (folder[0] if depth == 2 else "", folder[-1]) not in filled:
            raise ArchiveError(
                f"The class folder {'/'.join(folder)} holds no picture: put pictures into it, or remove it."
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
    placed: list[tuple[str, str, str]],
    classes: tuple[str, ...],
    parts: Parts | None,
    notes: tuple[str, ...],
) -> Layout:
    labels = {name: label for label, name in enumerate(classes)}
    roles = {"": "train"} if parts is None else parts.roles
    entries = [ArchivePicture(file, labels[name], roles[part]) for part, name, file in placed]
    for part in sorted(set(roles.values())):
        present = {entry.label for entry in entries if entry.part == part}
        for name in classes:
            if labels[name] not in present:
                raise ArchiveError(
                    f"Class {name} has no picture for {part}ing: the parts need the same class folders."
                )
    return Layout(
        classes=classes,
        entries=tuple(sorted(entries, key=lambda entry: entry.file)),
        has_test="test" in roles.values(),
        notes=(() if parts is None else parts.notes) + notes,
    )


def _inner_notes(inner: list[str]) -> tuple[str, ...]:
    """What nobody sees in the counts: masks, say, that lie in a class folder beside the pictures."""
    if not inner:
        return ()
    return (f"What lies in folders inside a class is counted as pictures of the class: {listed(inner)}.",)


def _text_notes(texts: list[str]) -> tuple[str, ...]:
    if not texts:
        return ()
    more = f" and {len(texts) - 1:,} more" if len(texts) > 1 else ""
    return (f"Skipped, because they are not pictures: {min(texts)}{more}.",)
