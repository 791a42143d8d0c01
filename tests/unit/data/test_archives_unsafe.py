"""Zips and folders beyond the limits, and those that mean harm: none is unpacked."""

import dataclasses
import io
import os
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dashlab.data import archives
from dashlab.data.archives import LIMITS, open_archive
from dashlab.data.own import load_folder
from dashlab.errors import ArchiveError
from tests.archives import png, two_classes, write_folder, write_zip, zipped
from tests.unit.data.layouts import Maker, layout_of, refusal


def edited(path: Path, change: Callable[[zipfile.ZipInfo], None], members: Mapping[str, bytes]) -> Path:
    """A zip in whose directory every entry was changed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            change(info)
            archive.writestr(info, data)
    return path


# What is beyond the limits.


def test_too_many_files(make: Maker) -> None:
    assert "too many files: at most 9 are read" in refusal(
        make(two_classes()), dataclasses.replace(LIMITS, files=9)
    )


def test_a_file_that_is_too_large(make: Maker) -> None:
    limits = dataclasses.replace(LIMITS, file_bytes=2**20)
    sentence = refusal(make(two_classes() | {"cats/huge.png": os.urandom(2 * 2**20)}), limits)
    assert "cats/huge.png" in sentence
    assert "has 2 MiB; a picture may have at most 1" in sentence


def test_too_much_in_all(make: Maker) -> None:
    limits = dataclasses.replace(LIMITS, total_bytes=2_000)
    assert "MiB unpacked; at most" in refusal(make(two_classes()), limits)


def test_pixels_that_would_not_fit_in_memory(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashlab.data.decoded.MAX_DECODED_BYTES", 10_000)
    assert "need too much memory: choose a smaller side" in refusal(make(two_classes()))


def test_a_zip_bomb(tmp_path: Path) -> None:
    bomb = {"cats/bomb.png": bytes(40 * 2**20)}
    path = write_zip(tmp_path / "set.zip", two_classes() | bomb, method=zipfile.ZIP_DEFLATED)
    assert refusal(path).startswith("cats/bomb.png would unpack to more than 200 times its size")


def test_a_member_that_unpacks_to_more_than_it_claims_is_cut_off(tmp_path: Path) -> None:
    """The directory says 1,000 bytes; the data would unpack to 40 MiB."""
    whole = bytearray(
        zipped(two_classes() | {"cats/liar.png": bytes(40 * 2**20)}, method=zipfile.ZIP_DEFLATED)
    )
    entry = whole.rfind(b"cats/liar.png") - 46
    assert whole[entry : entry + 4] == b"PK\x01\x02"
    struct.pack_into("<I", whole, entry + 24, 1_000)
    path = tmp_path / "set.zip"
    path.write_bytes(bytes(whole))
    asked: list[int] = []
    original: Callable[[zipfile.ZipExtFile, int], bytes] = vars(zipfile.ZipExtFile)["_read1"]

    def watched(self: zipfile.ZipExtFile, n: int) -> bytes:
        asked.append(n)
        return original(self, n)

    with pytest.MonkeyPatch.context() as patch, open_archive(path) as archive:
        patch.setattr(zipfile.ZipExtFile, "_read1", watched)
        with pytest.raises(ArchiveError, match=r"cats/liar\.png is damaged inside the zip"):
            archive.read("cats/liar.png")
    assert max(asked) <= 1_000


def test_a_directory_that_would_fill_the_memory_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_zip(tmp_path / "set.zip", {f"cats/{index:0200}.png": b"" for index in range(30)})

    def read(*_args: object) -> None:
        raise AssertionError("the directory was read")

    monkeypatch.setattr(zipfile, "ZipFile", read)
    monkeypatch.setattr(archives, "_DIRECTORY_ENTRY_BYTES", 64)
    assert "lists too many files" in refusal(path, dataclasses.replace(LIMITS, files=100))


def test_a_zip64_directory_is_measured_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more than 65,535 files the true size stands in another record."""
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 5)
    data = bytearray(zipped(two_classes()))
    assert b"PK\x06\x06" in data
    struct.pack_into("<I", data, len(data) - 22 + 12, 0xFFFFFFFF)
    path = tmp_path / "set.zip"
    path.write_bytes(bytes(data))
    assert len(layout_of(path).entries) == 10
    assert "too many files" in refusal(path, dataclasses.replace(LIMITS, files=0))


# What is unsafe.


@pytest.mark.parametrize(
    "name",
    [
        "../outside.png",
        "cats/../../outside.png",
        "/etc/outside.png",
        "C:\\outside.png",
        "c:/outside.png",
        "..\\outside.png",
        "cats\\..\\..\\outside.png",
        "\\\\server\\share\\outside.png",
        "../",
    ],
)
def test_path_traversal(tmp_path: Path, name: str) -> None:
    path = write_zip(tmp_path / "set.zip", two_classes() | {name: png(1)})
    sentence = refusal(path)
    assert sentence.startswith("The zip is unsafe: the name")
    assert sentence.endswith("leads out of its own folder. Nothing was read; pack it again.")


def test_two_dots_within_a_name_are_harmless(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", two_classes() | {"cats/so...cute..png": png(99)})
    assert len(layout_of(path).entries) == 11


def test_a_link_in_a_zip(tmp_path: Path) -> None:
    def make_link(info: zipfile.ZipInfo) -> None:
        if info.filename == "cats/link.png":
            info.external_attr = (stat.S_IFLNK | 0o777) << 16

    path = edited(tmp_path / "set.zip", make_link, two_classes() | {"cats/link.png": b"/etc/passwd"})
    assert refusal(path).startswith("cats/link.png is a link or a special file")


@pytest.mark.parametrize("target", ["picture", "folder", "nothing"])
def test_a_link_in_a_folder(tmp_path: Path, target: str) -> None:
    root = write_folder(tmp_path / "set", two_classes())
    outside = write_folder(tmp_path / "outside", {"x.png": png(1)})
    (root / "cats" / "link").symlink_to({"picture": outside / "x.png", "folder": outside}.get(target, "gone"))
    assert refusal(root).startswith("cats/link is a link or a special file")


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "set", two_classes())
    os.mkfifo(root / "cats" / "pipe.png")
    assert refusal(root).startswith("cats/pipe.png is a link or a special file")


def test_an_encrypted_zip(tmp_path: Path) -> None:
    data = bytearray(zipped(two_classes()))
    entry = data.find(b"PK\x01\x02")
    struct.pack_into("<H", data, entry + 8, 1)
    path = tmp_path / "set.zip"
    path.write_bytes(bytes(data))
    assert refusal(path) == "cats/000.png is encrypted: pack the zip again without a password."


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compression_that_could_hide_a_bomb(tmp_path: Path, method: int) -> None:
    assert "compressed in an uncommon way" in refusal(
        write_zip(tmp_path / "set.zip", two_classes(), method=method)
    )


def test_a_name_that_occurs_twice(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in [*two_classes().items(), ("cats\\000.png", png(1))]:
            archive.writestr(zipfile.ZipInfo(name), data)
    path = tmp_path / "set.zip"
    path.write_bytes(buffer.getvalue())
    assert refusal(path) == "set.zip holds cats/000.png twice: pack it again."


def test_a_picture_whose_bytes_were_changed(tmp_path: Path) -> None:
    data = bytearray(zipped(two_classes()))
    data[60] ^= 0xFF
    path = tmp_path / "set.zip"
    path.write_bytes(bytes(data))
    assert refusal(path).startswith("cats/000.png is damaged inside the zip")


def test_any_damage_to_a_zip_gives_a_sentence(tmp_path: Path) -> None:
    whole = zipped(two_classes(), method=zipfile.ZIP_DEFLATED)
    path = tmp_path / "set.zip"
    refused = 0
    for at in range(0, len(whole), 101):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            load_folder(path)
        except ArchiveError:
            refused += 1
    assert refused > 10
