"""Zip files and folders of pictures, read member by member in memory: nothing is ever unpacked to disk.

What a zip claims of itself is checked before any of it is decompressed, and again while it is.
"""

import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from dashlab.data.folders import disk_errors_as_sentences
from dashlab.data.names import WithoutFlags, clean_name, name_in_zip
from dashlab.errors import ArchiveError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of an archive is accepted; more than a data set for this laboratory needs."""

    files: int = 100_000
    file_bytes: int = 64 * 2**20  # of one file, unpacked
    total_bytes: int = 4 * 2**30  # of all files, unpacked
    ratio: int = 200  # unpacked to packed, of files above `RATIO_FROM`
    classes: int = 1_000


LIMITS = Limits()
RATIO_FROM = 2**20
"""Bytes from which the ratio is looked at: small files of one colour legitimately pack a thousandfold."""

_DIRECTORY_ENTRY_BYTES = 1_024  # generous for one file in a zip's directory: 46 bytes, a path, extra fields
_PLAIN_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1
_CLUTTER = {"__macosx", "thumbs.db", "desktop.ini"}


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive."""

    name: str  # relative, with forward slashes, cleaned: see `names`
    size: int  # bytes, unpacked


class Archive(Protocol):
    """A zip or a folder, already checked."""

    title: str
    members: tuple[Member, ...]  # sorted by name, without clutter
    folders: frozenset[str]  # relative names of all folders, empty ones included

    def read(self, name: str) -> bytes:
        """The bytes of one member."""


@contextmanager
def open_archive(source: str | Path, *, title: str = "", limits: Limits = LIMITS) -> Iterator[Archive]:
    """A folder or a zip for reading; `title` is what to call it in an error, else its own name.

    Raises:
        ArchiveError: there is no such thing, or it is unsafe or beyond the limits.
    """
    path = Path(source).expanduser()
    with disk_errors_as_sentences(path):
        is_folder, is_file = path.is_dir(), path.is_file()
        file = path.open("rb") if is_file else None
    if is_folder:
        with disk_errors_as_sentences(path):
            folder = _Folder(path, title or clean_name(path.resolve().name), limits)
        yield folder
    elif file is not None:
        with file, _open_zip(file, title or clean_name(path.name), limits) as archive:
            yield archive
    else:
        raise ArchiveError(f"There is no folder or zip file {path}: check the path.")


class _Folder:
    """A folder on disk. Links are refused: they could lead anywhere."""

    def __init__(self, root: Path, title: str, limits: Limits) -> None:
        self.title = title
        self._paths: dict[str, Path] = {}
        folders: set[str] = set()
        sizes: dict[str, int] = {}
        for path, status in _walk(root):
            name = clean_name(path.relative_to(root).as_posix())
            if stat.S_ISDIR(status.st_mode):
                folders.add(name)
            elif not stat.S_ISREG(status.st_mode):
                raise ArchiveError(_link(name))
            elif name in sizes:
                raise ArchiveError(f"{title} holds {name} twice, in two spellings: rename one of them.")
            else:
                sizes[name], self._paths[name] = status.st_size, path
            _check_count(len(sizes), self.title, limits)
        self.folders = frozenset(folders)
        self.members = tuple(Member(name, size) for name, size in sorted(sizes.items()))
        _check_sizes(self.members, self.title, limits)

    def read(self, name: str) -> bytes:
        """The bytes of one member."""
        try:
            return self._paths[name].read_bytes()
        except OSError as error:
            raise ArchiveError(f"{name} could not be read: {error.strerror}.") from error


def _walk(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Path and status of everything under `root` but clutter; links are not followed."""

    def refuse(error: OSError) -> None:
        raise ArchiveError(
            f"{clean_name(str(error.filename))} could not be read: {error.strerror}."
        ) from error

    for parent, names, files in os.walk(root, onerror=refuse):
        names[:] = [name for name in names if not is_clutter(name)]
        for name in (*names, *(file for file in files if not is_clutter(file))):
            path = Path(parent, name)
            yield path, path.lstat()


class _Zip:
    """A zip file; its members are decompressed one at a time, in memory."""

    def __init__(self, archive: zipfile.ZipFile, title: str, limits: Limits) -> None:
        self.title = title
        self._archive = archive
        self._infos: dict[str, zipfile.ZipInfo] = {}
        folders: set[str] = set()
        for info in archive.infolist():
            name = _safe_name(name_in_zip(info))
            if name == "." or is_clutter(name):
                continue
            _check_entry(info, name, limits)
            parents = PurePosixPath(name).parents
            folders.update(str(parent) for parent in parents if str(parent) != ".")
            if info.is_dir() or info.filename.endswith("\\"):
                folders.add(name)
            elif name in self._infos:
                raise ArchiveError(f"{title} holds {name} twice: pack it again.")
            else:
                self._infos[name] = info
        self.folders = frozenset(folders)
        self.members = tuple(Member(name, info.file_size) for name, info in sorted(self._infos.items()))
        _check_count(len(self.members), title, limits)
        _check_sizes(self.members, title, limits)

    def read(self, name: str) -> bytes:
        """The bytes of one member.

        Not `ZipFile.read`: that decompresses all there is before it cuts to the size that the zip's directory
        promised, and a directory can lie.
        """
        info = self._infos[name]
        try:
            with self._archive.open(info) as member:
                data = member.read(info.file_size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise ArchiveError(_damaged(name)) from error
        if len(data) != info.file_size:
            raise ArchiveError(_damaged(name))
        return data


@contextmanager
def _open_zip(file: BinaryIO, title: str, limits: Limits) -> Iterator[_Zip]:
    start, size = _check_directory(file, title, limits)
    try:
        bare = WithoutFlags(file, start, size)
        archive = zipfile.ZipFile(bare)
        bare.headers = frozenset(info.header_offset for info in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as error:
        raise ArchiveError(f"{title} is a damaged zip file: pack or download it again.") from error
    with archive:
        yield _Zip(archive, title, limits)


def _check_directory(file: BinaryIO, title: str, limits: Limits) -> tuple[int, int]:
    """Refuse what is not a zip, or whose directory alone would fill the memory, before `zipfile` reads it
    whole. Returns where the directory starts and how many bytes it has.

    Source:
        APPNOTE.TXT 6.3.10, 4.3.14 (zip64 end of directory) and 4.3.16 (end of directory).
    """
    file.seek(0, io.SEEK_END)
    size = file.tell()
    file.seek(before := max(0, size - 2**16 - 22 - 76))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:
        raise ArchiveError(f"{title} is not a zip file. Pack one folder for each class into a zip.")
    (directory_bytes,) = struct.unpack_from("<I", tail, end + 12)
    if (
        end >= 76
        and tail[end - 20 :].startswith(b"PK\x06\x07")
        and tail[end - 76 :].startswith(b"PK\x06\x06")
    ):
        (directory_bytes,) = struct.unpack_from("<Q", tail, end - 76 + 40)
        end -= 76
    if directory_bytes > limits.files * _DIRECTORY_ENTRY_BYTES:
        raise ArchiveError(f"{title} lists too many files: at most {limits.files:,} are read.")
    file.seek(0)
    return max(0, before + end - directory_bytes), directory_bytes


def _safe_name(name: str) -> str:
    """A member's name with forward slashes and no trailing one.

    Raises:
        ArchiveError: the name leads out of the archive.
    """
    forward = name.replace("\\", "/")
    if forward.startswith("/") or re.match(r"[A-Za-z]:", forward) or ".." in forward.split("/"):
        raise ArchiveError(
            f"The zip is unsafe: the name {name!r} leads out of its own folder. "
            "Nothing was read; pack it again."
        )
    return str(PurePosixPath(forward))


def _check_entry(info: zipfile.ZipInfo, name: str, limits: Limits) -> None:
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ArchiveError(_link(name))
    if info.flag_bits & _ENCRYPTED:
        raise ArchiveError(f"{name} is encrypted: pack the zip again without a password.")
    if info.compress_type not in _PLAIN_METHODS:
        raise ArchiveError(
            f"{name} is compressed in an uncommon way: pack it again as an ordinary zip (deflate)."
        )
    if info.file_size > RATIO_FROM and info.file_size > limits.ratio * info.compress_size:
        raise ArchiveError(
            f"{name} would unpack to more than {limits.ratio} times its size, as a zip bomb does. "
            "Nothing was unpacked."
        )


def _check_count(count: int, title: str, limits: Limits) -> None:
    if count > limits.files:
        raise ArchiveError(f"{title} holds too many files: at most {limits.files:,} are read.")


def _check_sizes(members: tuple[Member, ...], title: str, limits: Limits) -> None:
    for member in members:
        if member.size > limits.file_bytes:
            raise ArchiveError(
                f"{member.name} in {title} has {member.size / 2**20:,.0f} MiB; a picture may have at most "
                f"{limits.file_bytes / 2**20:,.0f}."
            )
    if (total := sum(member.size for member in members)) > limits.total_bytes:
        raise ArchiveError(
            f"{title} holds {total / 2**20:,.0f} MiB unpacked; "
            f"at most {limits.total_bytes / 2**20:,.0f} are read."
        )


def is_clutter(name: str) -> bool:
    """Whether an operating system put the file or folder there, not a person: hidden files, thumbnails."""
    return any(part.lower() in _CLUTTER or part.startswith(".") for part in PurePosixPath(name).parts)


def _link(name: str) -> str:
    return f"{name} is a link or a special file: put the picture itself in its place."


def _damaged(name: str) -> str:
    return f"{name} is damaged inside the zip: pack or download it again."
