"""Names of files and classes from foreign disks: read as what they mean, and always fit to be shown."""

import io
import os
import re
import struct
import sys
import unicodedata
import zipfile
from pathlib import Path
from typing import Literal

import pytest

from dashlab.cli.main import main
from dashlab.data.archives import open_archive
from dashlab.data.layout import read_layout
from dashlab.data.names import clean_name
from dashlab.data.own import adopt, load_folder
from dashlab.errors import ArchiveError
from tests.archives import png, two_classes, write_folder, write_zip, zipped

UTF8_FLAG = 0x800


def raw_zip(members: dict[bytes, bytes], *, flags: tuple[int, int] = (UTF8_FLAG, UTF8_FLAG)) -> bytes:
    """A zip whose names are these very bytes, under these flags of directory and members."""
    holder = {f"{index:04}".ljust(len(name), "x"): name for index, name in enumerate(members)}
    data = zipped({stand_in: members[name] for stand_in, name in holder.items()})
    for stand_in, name in holder.items():
        data = data.replace(stand_in.encode(), name)
    edited = bytearray(data)
    with zipfile.ZipFile(io.BytesIO(zipped({s: members[n] for s, n in holder.items()}))) as archive:
        for info in archive.infolist():
            struct.pack_into("<H", edited, info.header_offset + 6, flags[1])
        at = archive.start_dir
    while edited[at : at + 4] == b"PK\x01\x02":
        struct.pack_into("<H", edited, at + 8, flags[0])
        at += 46 + sum(struct.unpack_from("<3H", edited, at + 28))
    return bytes(edited)


def classes_of(data: bytes) -> tuple[str, ...]:
    return adopt(data, title="set", side=8).classes


def members(*classes: bytes) -> dict[bytes, bytes]:
    return {
        name + b"/%02d.png" % n: png(10 * label + n) for label, name in enumerate(classes) for n in range(3)
    }


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("flags", [(0, 0), (UTF8_FLAG, UTF8_FLAG), (UTF8_FLAG, 0), (0, UTF8_FLAG)])
def test_names_that_are_utf8_are_read_so_with_or_without_the_flag_and_composed(
    form: Literal["NFC", "NFD"], flags: tuple[int, int]
) -> None:
    names = [unicodedata.normalize(form, name).encode() for name in ("Äpfel", "Kürbis", "林檎")]
    assert classes_of(raw_zip(members(*names), flags=flags)) == ("Kürbis", "Äpfel", "林檎")


def test_names_of_an_old_zip_are_read_by_its_code_page() -> None:
    assert classes_of(raw_zip(members("Äpfel".encode("cp437"), b"pears"), flags=(0, 0))) == ("pears", "Äpfel")


def test_wrong_bytes_under_the_flag_spoil_no_picture() -> None:
    names = classes_of(raw_zip(members(b"caf\xe9", "Äpfel".encode(), b"tea")))
    assert len(names) == 3
    assert {"tea", "Äpfel"} < set(names)


def test_composed_and_decomposed_spellings_are_one_class(tmp_path: Path) -> None:
    spellings = [unicodedata.normalize(form, "Äpfel") for form in ("NFC", "NFD")]
    files = {f"{name}/{n}.png": png(n) for n, name in enumerate(spellings)} | {"pears/1.png": png(9)}
    with open_archive(write_zip(tmp_path / "set.zip", files)) as archive:
        layout = read_layout(archive)
    assert layout.classes == ("pears", "Äpfel")
    assert len(layout.entries) == 3


def latin_folder(root: Path) -> Path:
    """Class folders of which one is not called by UTF-8."""
    write_folder(root, two_classes(3))
    try:
        (root / "cats").rename(root / os.fsdecode(b"caf\xe9"))
    except OSError:
        pytest.skip("this disk takes no such names")
    return root


def test_a_class_folder_that_is_not_utf8_is_read_and_named_so_that_it_can_be_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = latin_folder(tmp_path / "set")
    assert load_folder(folder, side=8).classes == ("café", "dogs")
    assert main(["data", "add", str(folder)]) == 0
    assert "café, dogs" in capsys.readouterr().out


def test_a_run_on_a_class_that_is_not_utf8_is_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = latin_folder(tmp_path / "set")
    own = ["--dataset", "own", "--path", str(folder), "--side", "8", "--train-size", "0"]
    assert main(["train", "--hidden", "4", "--epochs", "1", *own]) == 0, capsys.readouterr().err
    key = re.findall("key (\\w+)", capsys.readouterr().out)[0]
    main(["runs"])
    assert key in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "darwin", reason="such a disk knows one spelling only")
def test_two_spellings_of_one_file_are_said(tmp_path: Path) -> None:
    names = {f"cats/{unicodedata.normalize(form, 'ä')}.png": png(3) for form in ("NFC", "NFD")}
    with pytest.raises(ArchiveError, match=r"holds cats/ä\.png twice, in two spellings: rename one"):
        load_folder(write_folder(tmp_path / "set", two_classes() | names))


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("caf\udce9/a\udce4.png", "café/aä.png"),
        ("\x1b[31mred", "�[31mred"),
        ("a\ud800b", "a�b"),
        ("A\u0308pfel", "Äpfel"),
        ("plain name.png", "plain name.png"),
    ],
)
def test_a_clean_name_can_always_be_encoded(name: str, clean: str) -> None:
    assert clean_name(name) == clean
    assert clean_name(name).encode()
