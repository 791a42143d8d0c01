"""How folders of class folders are read: which are parts, which are classes, and what is passed over."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dashlab.data.archives import open_archive
from dashlab.data.layout import Layout, read_layout
from dashlab.data.own import load_folder
from dashlab.errors import ArchiveError
from tests.archives import png, two_classes, write_folder, write_zip

Maker = Callable[[Mapping[str, bytes]], Path]


@pytest.fixture(params=["zip", "folder"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Maker:
    """The members as a zip and as a folder: both must behave alike."""
    if request.param == "zip":
        return lambda members: write_zip(tmp_path / "set.zip", members)
    return lambda members: write_folder(tmp_path / "set", members)


def layout_of(path: Path) -> Layout:
    with open_archive(path) as archive:
        return read_layout(archive)


def refusal(path: Path) -> str:
    with pytest.raises(ArchiveError) as caught:
        load_folder(path)
    return str(caught.value)


def test_pictures_without_a_class_beside_the_parts_are_passed_over(make: Maker) -> None:
    members = two_classes(3, prefix="seg_train/seg_train/") | {"seg_pred/seg_pred/1.png": png(9)}
    layout = layout_of(make(members | two_classes(1, prefix="seg_test/seg_test/", first_seed=50)))
    assert layout.classes == ("cats", "dogs")
    assert [entry.part for entry in layout.entries].count("test") == 2
    assert len(layout.entries) == 8
    assert layout.notes == ("The pictures in seg_pred have no class: they are skipped.",)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("training_set", "test_set"),
        ("training_set/training_set", "test_set/test_set"),
        ("train", "dev"),
        ("train", "eval"),
        ("Train Set", "Test Set"),
        ("train_images", "val_images"),
        ("train/images", "valid/images"),
        ("TrainSet", "TestSet"),
        ("train-data", "test-data"),
        ("pets/train_data", "pets/holdout"),
    ],
)
def test_parts_are_known_by_their_usual_names(make: Maker, train: str, test: str) -> None:
    members = two_classes(3, prefix=f"{train}/") | two_classes(1, prefix=f"{test}/", first_seed=50)
    layout = layout_of(make(members))
    assert layout.classes == ("cats", "dogs")
    assert {entry.part for entry in layout.entries if test in entry.file} == {"test"}
    assert {entry.part for entry in layout.entries if test not in entry.file} == {"train"}


def test_numbered_parts_are_taken_together(make: Maker) -> None:
    members: dict[str, bytes] = {}
    for fold in (1, 2, 3):
        members |= two_classes(2, prefix=f"fold{fold}/", first_seed=10 * fold)
    layout = layout_of(make(members))
    assert (layout.classes, len(layout.entries), layout.has_test) == (("cats", "dogs"), 12, False)
    assert layout.notes == ("fold1, fold2 and fold3 are parts: they are taken together.",)


def test_numbered_folders_of_pictures_are_classes(make: Maker) -> None:
    assert layout_of(make({"part1/1.png": png(1), "part2/1.png": png(2)})).classes == ("part1", "part2")


def test_folders_that_all_hold_the_same_folders_are_not_guessed_to_be_classes(make: Maker) -> None:
    sentence = refusal(make(two_classes(prefix="monday/") | two_classes(prefix="tuesday/", first_seed=9)))
    assert sentence == (
        "The folders monday and tuesday all hold the same folders, cats and dogs. "
        "If cats and dogs are the classes, name the others train and test. "
        "If monday and tuesday are the classes, put their pictures straight into them."
    )


def test_parts_inside_each_class_are_said_to_be_the_wrong_way_round(make: Maker) -> None:
    members = {f"{name}/{part}/1.png": png(1) for name in ("cats", "dogs") for part in ("train", "test")}
    assert refusal(make(members)) == (
        "Each class has the folders test and train of its own: turn them round, "
        "test/cats instead of cats/test."
    )


def test_test_pictures_without_class_folders_are_refused_with_what_to_do(make: Maker) -> None:
    members = two_classes(prefix="train/") | {"test/1.png": png(1), "test/2.png": png(2)}
    assert refusal(make(members)) == (
        "The pictures in test lie in no class folder, so nobody can say whether they are classified "
        "correctly. Remove test (some of the training pictures are then used for testing), or sort its "
        "pictures into class folders."
    )


# Broken files and files that are no pictures.


def test_one_answer_names_all_broken_files(make: Maker) -> None:
    broken = {
        "cats/empty.jpg": b"",
        "cats/page.jpg": b"<html>404</html>",
        "dogs/cut.png": png(7, side=64)[:2_000],
    }
    assert refusal(make(two_classes() | broken)) == (
        "3 files cannot be used. cats/empty.jpg is an empty file. "
        "cats/page.jpg is not a picture that can be read here: PNG, JPEG, GIF, BMP, WebP or TIFF. "
        "dogs/cut.png is truncated: the file ends before the picture does. "
        "Replace them or remove them, and try again."
    )


def test_of_many_broken_files_the_first_are_named_and_the_others_counted(make: Maker) -> None:
    sentence = refusal(make(two_classes() | {f"cats/x{n:03}.png": b"" for n in range(300)}))
    assert sentence.startswith("300 files cannot be used. cats/x000.png is an empty file. cats/x001.png")
    assert "cats/x007.png is an empty file. And 292 more. Replace them" in sentence


def test_a_member_that_is_damaged_in_the_zip_is_named_with_the_others(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", two_classes() | {"cats/empty.png": b""})
    data = bytearray(path.read_bytes())
    data[data.find(b"dogs/000.png") + 60] ^= 0xFF
    path.write_bytes(bytes(data))
    sentence = refusal(path)
    assert sentence.startswith(
        "2 files cannot be used. cats/empty.png is an empty file. dogs/000.png is damaged"
    )


def test_texts_beside_pictures_are_passed_over_and_named(make: Maker) -> None:
    texts = {"dogs/notes.txt": b"x", "cats/labels.CSV": b"1", "cats/2023/readme.md": b"x"}
    layout = layout_of(make(two_classes(2) | texts))
    assert len(layout.entries) == 4
    assert layout.notes == ("Skipped, because they are not pictures: cats/2023/readme.md and 2 more.",)


def test_a_folder_of_nothing_but_texts_is_no_class(make: Maker) -> None:
    sentence = refusal(make(two_classes(2) | {"labels/1.txt": b"0 0.5 0.5"}))
    assert sentence.startswith("The class folder labels holds no picture")


def test_folders_inside_a_class_are_said_to_be_counted_with_it(make: Maker) -> None:
    members = two_classes(2) | {"cats/masks/000.png": png(5), "dogs/masks/old/000.png": png(6)}
    assert layout_of(make(members)).notes == (
        "What lies in folders inside a class is counted as pictures of the class: cats/masks and dogs/masks.",
    )
