"""Zips and folders of class folders: what is accepted, and the sentence for each that is not."""

import dataclasses
from pathlib import Path

import pytest

from dashlab.data.archives import LIMITS, open_archive
from tests.archives import png, two_classes, write_zip, zipped
from tests.unit.data.layouts import Maker, layout_of, refusal

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
