"""Own pictures: pixels, split, fingerprint, and the sets that were uploaded."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dashlab.data import decoded, own
from dashlab.data.folders import own_folder
from dashlab.data.imageset import ImageSet
from dashlab.data.own import adopt, fingerprint, forget_own, list_own, load_folder
from dashlab.errors import ArchiveError, ConfigError
from tests.archives import encoded, pixels, png, two_classes, write_folder, write_zip, zipped


def rows(pictures: torch.Tensor) -> list[bytes]:
    return [row.numpy().tobytes() for row in pictures]


def same(one: ImageSet, other: ImageSet) -> bool:
    names = ("train_x", "train_y", "test_x", "test_y")
    return all(torch.equal(getattr(one, name), getattr(other, name)) for name in names)


# Pixels.


def test_pictures_of_the_right_size_keep_their_pixels(tmp_path: Path) -> None:
    images = load_folder(write_folder(tmp_path / "set", two_classes(5)), side=8)
    assert images.train_x.dtype == torch.uint8
    assert images.train_x.shape == (8, 3, 8, 8)
    assert images.test_x.shape == (2, 3, 8, 8)
    assert images.train_y.dtype == torch.int64
    originals = {
        (label, pixels(1_000 * label + n).transpose(2, 0, 1).tobytes()) for label in (0, 1) for n in range(5)
    }
    found = set(zip(images.train_y.tolist(), rows(images.train_x), strict=True))
    found |= set(zip(images.test_y.tolist(), rows(images.test_x), strict=True))
    assert found == originals


def test_pictures_of_all_sizes_and_kinds_come_out_alike(tmp_path: Path) -> None:
    members = {
        "a/grey.png": encoded(Image.fromarray(pixels(1, channels=1))),
        "a/wide.jpg": encoded(Image.new("RGB", (300, 40), "teal"), "JPEG"),
        "b/deep.png": encoded(Image.fromarray(np.full((9, 9), 40_000, dtype=np.uint16))),
        "b/clear.png": encoded(Image.new("RGBA", (20, 20), (0, 0, 0, 0))),
    }
    folder = write_folder(tmp_path / "set", members)
    assert load_folder(folder, side=12).train_x.shape[1:] == (3, 12, 12)
    assert load_folder(folder, side=12, grey=True).train_x.shape[1:] == (1, 12, 12)


def test_what_was_done_to_pictures_is_said(tmp_path: Path) -> None:
    clear = encoded(Image.new("RGBA", (20, 20), (0, 0, 0, 0)))
    images = load_folder(write_folder(tmp_path / "set", two_classes() | {"cats/clear.png": clear}))
    assert images.notes == ("Transparent parts laid on white: 1 of 11.",)


def test_progress_is_told_picture_by_picture(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    load_folder(
        write_folder(tmp_path / "set", two_classes(2)),
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_zip_of_a_folder_gives_the_same_pictures(tmp_path: Path) -> None:
    members = two_classes(10)
    folder, archive = write_folder(tmp_path / "set", members), write_zip(tmp_path / "set.zip", members)
    assert same(load_folder(folder, side=8), load_folder(archive, side=8))


def test_the_origin_says_how_many_and_from_where(tmp_path: Path) -> None:
    images = load_folder(write_folder(tmp_path / "banknotes", two_classes(5)))
    assert images.origin == (
        "banknotes: 8 pictures for training and 2 for testing in 2 classes, split by seed 0."
    )
    assert (images.name, images.title, images.source) == ("own", "Own pictures", "own")


# The split.


def test_every_class_gives_the_same_share_to_testing(tmp_path: Path) -> None:
    members = {f"cats/{n}.png": png(n) for n in range(40)} | {
        f"dogs/{n}.png": png(100 + n) for n in range(10)
    }
    images = load_folder(write_folder(tmp_path / "set", members), test_fraction=0.3)
    assert images.test_y.bincount().tolist() == [12, 3]
    assert images.train_y.bincount().tolist() == [28, 7]


def test_the_same_seed_splits_alike_and_another_otherwise(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", two_classes(20))
    assert same(load_folder(folder, seed=3), load_folder(folder, seed=3))
    assert not same(load_folder(folder, seed=3), load_folder(folder, seed=4))


@pytest.mark.parametrize("seed", range(5))
def test_training_and_test_pictures_never_overlap_even_with_copies(tmp_path: Path, seed: int) -> None:
    copies = {f"cats/copy of {n:03}.png": png(n) for n in range(20)}
    members = two_classes(20) | copies
    images = load_folder(write_folder(tmp_path / "set", members), side=8, seed=seed)
    assert len(images.train_y) + len(images.test_y) == 60
    assert images.test_y.bincount().tolist() == [8, 4]
    assert not set(rows(images.train_x)) & set(rows(images.test_x))
    assert images.notes == ()


def test_a_picture_more_does_not_reshuffle_the_others(tmp_path: Path) -> None:
    before = load_folder(write_folder(tmp_path / "a", two_classes(50)), side=8)
    after = load_folder(write_folder(tmp_path / "b", two_classes(50) | {"cats/new.png": png(77_777)}), side=8)
    moved = set(rows(before.test_x)) ^ set(rows(after.test_x))
    assert len(moved) <= 2


def test_a_test_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    members = two_classes(4, prefix="train/") | two_classes(2, prefix="test/", first_seed=50)
    images = load_folder(write_folder(tmp_path / "set", members), side=8, seed=9)
    assert set(rows(images.test_x)) == {
        pixels(50 + 1_000 * label + n).transpose(2, 0, 1).tobytes() for label in (0, 1) for n in (0, 1)
    }
    assert images.origin.endswith("as its folders say.")


def test_pictures_that_stand_in_both_parts_are_counted(tmp_path: Path) -> None:
    members = two_classes(4, prefix="train/") | two_classes(2, prefix="test/")
    images = load_folder(write_folder(tmp_path / "set", members))
    said = "4 of the test pictures are training pictures too."
    assert images.notes == (said,)
    assert images.origin.endswith(f"as its folders say. {said}"), "it is not kept with the result"
    assert adopt(tmp_path / "set").notes == (said,)
    assert list_own()[0].notes == (said,)


def test_a_class_of_one_picture_cannot_be_split(tmp_path: Path) -> None:
    members = two_classes() | {"mice/1.png": png(9), "mice/copy of 1.png": png(9)}
    with pytest.raises(ArchiveError, match="Class mice has only one picture, or copies of one"):
        load_folder(write_folder(tmp_path / "set", members))


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 2.0])
def test_a_share_for_testing_of_nothing_or_all_is_refused(tmp_path: Path, fraction: float) -> None:
    with pytest.raises(ConfigError, match="must lie between 0 and 1"):
        load_folder(write_folder(tmp_path / "set", two_classes()), test_fraction=fraction)


# What was decoded is kept.


def test_pictures_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_folder(tmp_path / "set", two_classes())
    first = load_folder(folder)
    monkeypatch.setattr(decoded, "read_picture", None)
    assert same(first, load_folder(folder))


def test_another_size_is_decoded_anew(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", two_classes())
    assert load_folder(folder, side=16).train_x.shape[-1] == 16
    assert load_folder(folder, side=24).train_x.shape[-1] == 24


def test_a_changed_folder_is_decoded_anew(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", two_classes())
    load_folder(folder)
    (folder / "cats" / "000.png").write_bytes(png(4_242))
    images = load_folder(folder, side=8)
    assert pixels(4_242).transpose(2, 0, 1).tobytes() in rows(images.train_x) + rows(images.test_x)


@pytest.mark.parametrize("where", [0, 40, -100, None])
def test_what_was_kept_and_damaged_is_decoded_again(tmp_path: Path, where: int | None) -> None:
    folder = write_folder(tmp_path / "set", two_classes())
    first = load_folder(folder)
    (kept,) = (own_folder() / "pixels").iterdir()
    data = bytearray(kept.read_bytes())
    if where is None:
        data = data[: len(data) // 2]
    else:
        data[where] ^= 0xFF
    kept.write_bytes(bytes(data))
    assert same(first, load_folder(folder))


def test_the_oldest_blocks_go_when_they_take_too_much_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "set", two_classes())
    monkeypatch.setattr(decoded, "MAX_CACHE_BYTES", 1)
    load_folder(folder, side=8)
    load_folder(folder, side=16)
    assert [kept.name.split("-")[1] for kept in (own_folder() / "pixels").iterdir()] == ["16"]


def test_a_folder_that_cannot_be_written_does_not_stop_the_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DASHLAB_OWN", str(tmp_path / "file" / "own"))
    assert len(load_folder(write_folder(tmp_path / "set", two_classes())).train_x) == 8


# The fingerprint.


def test_a_fingerprint_is_that_of_the_content_not_of_the_path(tmp_path: Path) -> None:
    members = two_classes()
    assert fingerprint(write_folder(tmp_path / "a", members)) == fingerprint(
        write_folder(tmp_path / "b", members)
    )
    assert fingerprint(write_zip(tmp_path / "a.zip", members)) == fingerprint(
        write_zip(tmp_path / "b.zip", members)
    )


@pytest.mark.parametrize(
    "change", [{"cats/000.png": png(99)}, {"cats/new.png": png(1)}, {"mice/000.png": png(1)}]
)
def test_a_fingerprint_changes_with_the_content(tmp_path: Path, change: dict[str, bytes]) -> None:
    before, after = two_classes(), two_classes() | change
    assert fingerprint(write_folder(tmp_path / "a", before)) != fingerprint(
        write_folder(tmp_path / "b", after)
    )
    assert fingerprint(write_zip(tmp_path / "a.zip", before)) != fingerprint(
        write_zip(tmp_path / "b.zip", after)
    )


def test_a_fingerprint_changes_with_a_name(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", two_classes())
    before = fingerprint(folder)
    (folder / "cats" / "000.png").rename(folder / "cats" / "zero.png")
    assert fingerprint(folder) != before


def test_a_zip_that_was_replaced_has_another_fingerprint(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", two_classes())
    before = fingerprint(path)
    write_zip(path, two_classes(6))
    assert fingerprint(path) != before


def test_a_set_carries_its_fingerprint(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", two_classes())
    assert load_folder(folder).fingerprint == fingerprint(folder)


@pytest.mark.parametrize("path", ["", "/nowhere/at/all", "f" * 64])
def test_a_path_to_nothing_is_said(path: str) -> None:
    with pytest.raises(ArchiveError):
        fingerprint(path)


# Uploaded sets.


def test_an_uploaded_zip_can_be_named_by_its_fingerprint(tmp_path: Path) -> None:
    data = zipped(two_classes(10))
    kept = adopt(data, title="Pets", side=8)
    (tmp_path / "pets.zip").write_bytes(data)
    images = load_folder(kept.name, side=8)
    assert same(images, load_folder(tmp_path / "pets.zip", side=8))
    assert images.fingerprint == kept.name == fingerprint(tmp_path / "pets.zip")
    assert images.origin.startswith("Pets: 16 pictures for training and 4 for testing")


def test_an_uploaded_set_is_there_at_any_size() -> None:
    kept = adopt(zipped(two_classes()), side=8)
    assert load_folder(kept.name, side=20, grey=True).train_x.shape[1:] == (1, 20, 20)


def test_uploaded_sets_are_listed_with_title_classes_and_counts() -> None:
    assert list_own() == []
    second = adopt(zipped(two_classes(3)), title="Pets")
    first = adopt(
        zipped(two_classes(4, prefix="train/") | two_classes(2, prefix="test/", first_seed=9)),
        title="Animals",
    )
    assert list_own() == [first, second]
    assert (first.train_count, first.test_count) == (8, 4)
    assert (second.train_count, second.test_count) == (6, 0)
    assert second.classes == ("cats", "dogs")
    assert second.problem == ""


def test_a_folder_can_be_kept_too(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pets", two_classes())
    kept = adopt(folder, side=8)
    assert kept.title == "pets"
    assert same(load_folder(kept.name, side=8), load_folder(folder, side=8))
    assert adopt(folder, side=8) == kept


@pytest.mark.parametrize(
    "members",
    [
        two_classes() | {"../outside.png": png(1)},
        two_classes() | {"cats/letter.png": b"Dear diary"},
        two_classes() | {"mice/": b""},
        two_classes() | {"mice/only.png": png(1)},
        {"cats/1.png": png(1)},
        {},
    ],
)
def test_of_an_unsound_upload_nothing_is_kept(members: dict[str, bytes]) -> None:
    with pytest.raises(ArchiveError):
        adopt(zipped(members), title="Bad")
    assert list_own() == []
    assert list(own_folder().glob("*.*")) == []


def test_an_unsound_upload_is_called_by_its_title() -> None:
    with pytest.raises(ArchiveError, match=r"^pets\.zip is not a zip file"):
        adopt(b"Dear diary", title="pets.zip")


def test_an_upload_never_writes_outside_its_folder(tmp_path: Path) -> None:
    adopt(zipped(two_classes()))
    written = {path.relative_to(own_folder()).parts[0] for path in tmp_path.rglob("*") if path.is_file()}
    assert {name.rsplit(".", 1)[-1] for name in written} == {"zip", "json", "pixels"}


def test_an_uploaded_set_can_be_forgotten() -> None:
    kept = adopt(zipped(two_classes()))
    forget_own(kept.name)
    assert list_own() == []
    assert not [path for path in own_folder().rglob("*") if path.is_file()]
    with pytest.raises(ArchiveError, match="is not on this machine"):
        load_folder(kept.name)


def test_only_uploaded_sets_can_be_forgotten(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", two_classes())
    with pytest.raises(ArchiveError, match="is not an uploaded set"):
        forget_own(str(folder))
    assert folder.is_dir()


def test_an_uploaded_zip_that_was_damaged_on_disk_is_noticed() -> None:
    kept = adopt(zipped(two_classes()))
    path = own_folder() / f"{kept.name}.zip"
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(ArchiveError, match="was damaged on disk: upload it again"):
        load_folder(kept.name)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"classes": 3}', '{"classes": ["a"], "mystery": 1}', "\0"])
def test_an_uploaded_set_whose_description_was_damaged_is_listed_with_its_problem(text: str) -> None:
    kept = adopt(zipped(two_classes()))
    (own_folder() / f"{kept.name}.json").write_text(text)
    (listed,) = list_own()
    assert listed.name == kept.name
    assert listed.problem == "Its description is missing or damaged: upload it again."
    assert len(load_folder(kept.name).train_x) == 8


def test_uploading_again_mends_a_damaged_set() -> None:
    data = zipped(two_classes())
    kept = adopt(data, title="Pets")
    (own_folder() / f"{kept.name}.json").write_text("")
    (own_folder() / f"{kept.name}.zip").write_bytes(b"")
    assert adopt(data, title="Pets") == kept
    assert list_own() == [kept]
    assert len(load_folder(kept.name).train_x) == 8


def test_the_default_share_for_testing_is_a_fifth(tmp_path: Path) -> None:
    assert own.TEST_FRACTION == 0.2
    assert load_folder(write_folder(tmp_path / "set", two_classes(10))).test_y.bincount().tolist() == [2, 2]
