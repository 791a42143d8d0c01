"""File names from foreign disks and zips as text that can be shown, kept and compared."""

import re
import struct
import unicodedata
import zipfile
from typing import BinaryIO

_UTF8_FLAG = 0x800
_LOCAL_FLAGS = 6  # where a member's own flags stand, in bytes from its start
_ENTRY_BYTES = 46  # of a zip's directory, before the name
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def clean_name(name: str) -> str:
    """The name as plain, composed text.

    Bytes that are not UTF-8, which Python keeps as half characters, are taken for Windows-1252; control
    characters become �. Without that a name could be neither printed nor saved with a run. macOS writes ä as
    two characters where others write one: both are the same name here.
    """
    parts = (part if _is_utf8(part) else _western(part) for part in name.split("/"))
    return unicodedata.normalize("NFC", _CONTROLS.sub("\ufffd", "/".join(parts)))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _western(text: str) -> str:
    try:
        return text.encode(errors="surrogateescape").decode("cp1252", errors="replace")
    except UnicodeEncodeError:  # half characters of another kind, as Windows allows them
        return text


def name_in_zip(info: zipfile.ZipInfo) -> str:
    """The name of a zip's member, cleaned. Bytes that are valid UTF-8 are UTF-8, whatever the zip says.

    The macOS Finder writes UTF-8 without the flag for it, and Python then reads code page 437.
    """
    try:
        return clean_name(info.filename.encode("cp437").decode("utf-8"))
    except UnicodeError:
        return clean_name(info.filename)


class WithoutFlags:
    """A zip file that says of no name that it is UTF-8, neither in its directory nor before a member.

    Python refuses a whole zip for one name that is flagged and not UTF-8, and a member that is flagged in one
    of these places only. Read through this, no name can fail to be decoded, and `name_in_zip` finds out which
    are UTF-8.
    """

    headers: frozenset[int] = frozenset()
    """Where members start."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file = file
        self._start = start
        file.seek(start)
        self._directory = bytearray(file.read(size))
        at = 0
        while self._directory[at : at + 4] == b"PK\x01\x02" and at + _ENTRY_BYTES <= size:
            (flags,) = struct.unpack_from("<H", self._directory, at + 8)
            struct.pack_into("<H", self._directory, at + 8, flags & ~_UTF8_FLAG)
            at += _ENTRY_BYTES + sum(struct.unpack_from("<3H", self._directory, at + 28))
        file.seek(0)

    def read(self, size: int = -1) -> bytes:
        """As of any file."""
        at = self._file.tell()
        contents = bytearray(self._file.read(size))
        low, high = max(at, self._start), min(at + len(contents), self._start + len(self._directory))
        if low < high:
            contents[low - at : high - at] = self._directory[low - self._start : high - self._start]
        if at in self.headers and len(contents) > _LOCAL_FLAGS + 1:
            contents[_LOCAL_FLAGS + 1] &= ~(_UTF8_FLAG >> 8) & 0xFF
        return bytes(contents)

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of any file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As of any file."""
        return self._file.tell()

    def seekable(self) -> bool:
        """As of any file."""
        return True
