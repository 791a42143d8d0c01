"""Zips and folders of class folders: what is accepted, and the sentence for each that is not."""

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
from dashlab.data.archives import LIMITS, Limits, open_archive
from dashlab.data.layout import Layout, read_layout
from dashlab.data.own import load_folder
from dashlab.errors import ArchiveError
from tests.archives import png, two_classes, write_folder, write_zip, zipped

Maker = Callable[[Mapping[str, bytes]], Path]


@pytest.fixture(params=["zip", "folder"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Maker:
    """The members as a zip and as a folder: both must behave alike."""
    if request.param == "zip":
        return lambda members: write_zip(tmp_path / "set.zip", members)
    return lambda members: write_folder(tmp_path / "set", members)


def layout_of(path: Path, limits: Limits = LIMITS) -> Layout:
    with open_archive(path, limits=limits) as archive:
        return read_layout(archive, limits=limits)


def refusal(path: Path, limits: Limits = LIMITS) -> str:
    """The sentence with which the whole way to a data set ends."""
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(ArchiveError) as caught:
        load_folder(path, limits=limits)
    assert sorted(path.parent.rglob("*")) == before, "something was written beside the archive"
    return str(caught.value)


def edited(path: Path, change: Callable[[zipfile.ZipInfo], None], members: Mapping[str, bytes]) -> Path:
    """A zip in whose directory every entry was changed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            change(info)
            archive.writestr(info, data)
    return path


# What is accepted.


def test_class_folders_become_classes_in_alphabetic_order(make: Maker) -> None:
    layout = layout_of(make({"zebra/1.png": png(1), "ape/1.png": png(2), "ape/2.png": png(3)}))
    assert layout.classes == ("ape", "zebra")
    assert [(entry.file, entry.label, entry.part) for entry in layout.entries] == [
        ("ape/1.png", 0, "train"),
        ("ape/2.png", 0, "train"),
        ("zebra/1.png", 1, "train"),
    ]
    assert not layout.has_test


def test_folders_that_wrap_everything_are_seen_through(make: Maker) -> None:
    layout = layout_of(make(two_classes(2, prefix="my pictures/animals/")))
    assert layout.classes == ("cats", "dogs")
    assert len(layout.entries) == 4


def test_folders_inside_a_class_belong_to_it(make: Maker) -> None:
    layout = layout_of(make({"cats/2023/a.png": png(1), "cats/2024/b.png": png(2), "dogs/c.png": png(3)}))
    assert [entry.label for entry in layout.entries] == [0, 0, 1]


def test_train_and_test_folders_split_the_set(make: Maker) -> None:
    members = two_classes(3, prefix="Train/") | two_classes(1, prefix="test/", first_seed=50)
    layout = layout_of(make(members))
    assert layout.has_test
    assert layout.classes == ("cats", "dogs")
    assert sum(entry.part == "train" for entry in layout.entries) == 6
    assert sum(entry.part == "test" for entry in layout.entries) == 2


def test_val_serves_for_testing_where_there_is_no_test_folder(make: Maker) -> None:
    layout = layout_of(make(two_classes(3, prefix="train/") | two_classes(1, prefix="val/", first_seed=50)))
    assert sum(entry.part == "test" for entry in layout.entries) == 2
    assert layout.notes == ("The pictures in val are used for testing.",)


def test_val_serves_for_training_where_there_is_a_test_folder(make: Maker) -> None:
    members: dict[str, bytes] = {}
    for first_seed, part in enumerate(("train", "val", "test")):
        members |= two_classes(1, prefix=f"{part}/", first_seed=50 * first_seed)
    layout = layout_of(make(members))
    assert sum(entry.part == "train" for entry in layout.entries) == 4
    assert layout.notes == ("The pictures in val are used for training.",)


def test_a_class_called_train_is_a_class(make: Maker) -> None:
    assert layout_of(make({"train/1.png": png(1), "bus/1.png": png(2)})).classes == ("bus", "train")


def test_what_operating_systems_leave_behind_is_passed_over(make: Maker) -> None:
    clutter = {
        "__MACOSX/cats/._000.png": b"resource fork",
        "cats/.DS_Store": b"view settings",
        "cats/Thumbs.db": b"thumbnails",
        "dogs/desktop.ini": b"icon",
        ".git/config": b"history",
    }
    layout = layout_of(make(two_classes(2) | clutter))
    assert layout.classes == ("cats", "dogs")
    assert len(layout.entries) == 4


def test_a_loose_text_file_at_the_top_is_passed_over(make: Maker) -> None:
    assert len(layout_of(make(two_classes(2) | {"README.txt": b"Mine."})).entries) == 4


def test_names_of_a_windows_zip_have_backslashes(tmp_path: Path) -> None:
    members = {name.replace("/", "\\"): data for name, data in two_classes(2).items()}
    assert layout_of(write_zip(tmp_path / "set.zip", members)).classes == ("cats", "dogs")


def test_a_member_is_read_as_it_was_packed(make: Maker) -> None:
    members = two_classes(2)
    with open_archive(make(members)) as archive:
        assert {member.name: archive.read(member.name) for member in archive.members} == members
        assert [member.size for member in archive.members] == [len(data) for data in members.values()]


# What is not a data set.


def test_nothing_at_the_path(tmp_path: Path) -> None:
    assert "There is no folder or zip file" in refusal(tmp_path / "missing.zip")


def test_not_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "notes.zip"
    path.write_bytes(b"Dear diary, " * 1_000)
    assert refusal(path).startswith("notes.zip is not a zip file. Pack one folder for each class into a zip")


@pytest.mark.parametrize("size", [0, 1, 10, 21, 22, 100])
def test_tiny_files_are_not_zips(tmp_path: Path, size: int) -> None:
    path = tmp_path / "tiny.zip"
    path.write_bytes(b"P" * size)
    assert "is not a zip file" in refusal(path)


def test_a_truncated_zip(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    path.write_bytes(zipped(two_classes())[:-500])
    assert "is not a zip file" in refusal(path)


def test_a_zip_whose_beginning_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    path.write_bytes(zipped(two_classes())[300:])
    assert "damaged" in refusal(path)


def test_no_picture_at_all(make: Maker) -> None:
    assert refusal(make({"README.txt": b"Nothing here yet."})).endswith("holds no picture.")


def test_only_empty_folders(make: Maker) -> None:
    assert refusal(make({"cats/": b"", "dogs/": b""})).endswith("holds no picture, only empty folders.")


def test_an_empty_zip(tmp_path: Path) -> None:
    assert refusal(write_zip(tmp_path / "set.zip", {})) == "set.zip holds no picture."


def test_pictures_outside_any_class_folder(make: Maker) -> None:
    assert refusal(make({"a.png": png(1), "b.png": png(2)})).startswith("a.png lies in no class folder")


def test_one_class(make: Maker) -> None:
    assert refusal(make({"cats/1.png": png(1), "cats/2.png": png(2)})) == (
        "There is only one class folder, cats: telling classes apart needs at least two."
    )


def test_an_empty_class(make: Maker) -> None:
    assert refusal(make(two_classes() | {"mice/": b""})) == (
        "The class folder mice holds no picture: put pictures into it, or remove it."
    )


def test_an_empty_class_in_one_part(make: Maker) -> None:
    members = two_classes(prefix="train/") | two_classes(1, prefix="test/") | {"test/mice/": b""}
    assert "The class folder test/mice holds no picture" in refusal(make(members))


def test_a_class_that_only_one_part_has(make: Maker) -> None:
    members = two_classes(prefix="train/") | {"test/cats/1.png": png(1)}
    assert refusal(make(members)).startswith("Class dogs has no picture for testing")


def test_a_folder_beside_the_parts(make: Maker) -> None:
    members = two_classes(prefix="train/") | two_classes(1, prefix="test/") | {"extra/cats/1.png": png(1)}
    assert "there is a folder extra: move it away" in refusal(make(members))


def test_not_a_picture_inside(make: Maker) -> None:
    sentence = refusal(make(two_classes() | {"cats/letter.png": b"Dear diary"}))
    assert sentence.startswith("cats/letter.png is not a picture that can be read here")


def test_a_truncated_picture_inside(make: Maker) -> None:
    sentence = refusal(make(two_classes() | {"cats/half.png": png(7, side=64)[:2_000]}))
    assert sentence.startswith("cats/half.png is truncated")


def test_too_many_classes(make: Maker) -> None:
    limits = dataclasses.replace(LIMITS, classes=3)
    sentence = refusal(make({f"class {index}/1.png": png(index) for index in range(4)}), limits)
    assert "4 class folders; at most 3" in sentence


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
