"""What is kept with an uploaded set, how it is named, and what happens where it cannot be kept."""

import errno
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dashlab.cli.main import main
from dashlab.data.folders import own_folder
from dashlab.data.own import adopt, find_own, list_own, load_folder
from dashlab.errors import ArchiveError
from tests.archives import png, two_classes, write_folder, write_zip, zipped


def test_an_uploaded_set_is_found_by_the_beginning_of_its_name(tmp_path: Path) -> None:
    name = adopt(zipped(two_classes())).name
    assert find_own(name) == find_own(name[:8]) == name
    assert find_own(name[:7]) is None
    assert find_own("0" * 8) is None
    assert find_own(str(tmp_path)) is None
    (own_folder() / f"{name[:10]}{'x' * 54}.zip").touch()
    with pytest.raises(ArchiveError, match="2 uploaded sets begin with"):
        find_own(name[:8])


def test_pictures_that_stand_in_two_classes_are_said_and_kept_with_the_set(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", two_classes(5) | {f"dogs/x{n}.png": png(n) for n in range(2)})
    said = "2 pictures stand in more than one class: cats/000.png is the same as dogs/x0.png."
    assert said in load_folder(folder).notes
    assert said in load_folder(folder).origin
    assert adopt(folder).notes == (said,)
    assert list_own()[0].notes == (said,)


def test_a_set_of_mostly_one_class_says_what_guessing_it_gives(tmp_path: Path) -> None:
    members = {f"ok/{n}.png": png(n) for n in range(60)} | {f"broken/{n}.png": png(100 + n) for n in range(3)}
    images = load_folder(write_folder(tmp_path / "set", members), side=8)
    (said,) = images.notes
    assert said == "Most are ok: always predicting that is right for 92% of the test pictures."
    assert images.origin.endswith(said), "it is not kept with the result"
    assert (images.test_y == 1).float().mean() == pytest.approx(12 / 13)
    assert load_folder(write_folder(tmp_path / "even", two_classes(6)), side=8).notes == ()


def test_a_set_that_was_kept_before_there_were_notes_is_still_listed() -> None:
    kept = adopt(zipped(two_classes()))
    path = own_folder() / f"{kept.name}.json"
    values = json.loads(path.read_text())
    del values["notes"]
    path.write_text(json.dumps(values))
    assert list_own() == [kept]


def test_the_same_zip_can_be_uploaded_twice_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have written their description before either puts it into place."""
    data, both = zipped(two_classes()), threading.Barrier(2, timeout=20)
    replace = Path.replace

    def replace_together(self: Path, target: Path) -> Path:
        if target.suffix == ".json":
            both.wait()
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", replace_together)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: adopt(data, title="Pets", side=8), range(2))
    assert first == second
    assert [kept.title for kept in list_own()] == ["Pets"]
    assert not list(own_folder().glob("*.part"))


# What the system refuses.


def test_a_folder_for_uploads_that_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DASHLAB_OWN", str(tmp_path / "file" / "own"))
    sentence = r"own could not be read or written: Not a directory\. Free some space, or use a folder"
    with pytest.raises(ArchiveError, match=sentence):
        adopt(zipped(two_classes()))
    assert main(["data", "add", str(write_folder(tmp_path / "set", two_classes()))]) == 1
    assert capsys.readouterr().err.startswith("dashlab: ")


@pytest.mark.parametrize("call", ["write_bytes", "replace", "mkdir"])
def test_a_full_disk_is_said_and_nothing_is_left(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, call, refuse)
    with pytest.raises(ArchiveError, match="could not be read or written: No space left on device"):
        adopt(zipped(two_classes()))
    assert not list(own_folder().glob("*.*"))


def test_an_archive_that_may_not_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_zip(tmp_path / "set.zip", two_classes())

    def refuse(self: Path, *_args: object, **_more: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ArchiveError, match=r"set\.zip could not be read or written: Permission denied"):
        load_folder(path)


def test_a_path_that_no_disk_can_have_is_said() -> None:
    with pytest.raises(ArchiveError, match="could not be read or written"):
        load_folder("x" * 5_000)
