"""The command line and what is kept: runs, folders of own pictures, and what the machine has."""

import json
import re
from pathlib import Path
from typing import NoReturn

import pytest
import torch
from PIL import Image

from dashlab.cli.main import main
from dashlab.store.runs import Store
from tests.typed import there
from tests.unit.cli.commands import QUICK

# -- the store ---------------------------------------------------------------------------------------------


def test_a_run_is_kept_unless_that_is_not_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    main([*QUICK, "--no-save"])
    assert Store().runs() == []
    main([*QUICK, "--json"])
    key = json.loads(capsys.readouterr().out.splitlines()[-1])["key"]
    assert [run.key for run in Store().runs()] == [key]


def test_a_run_can_start_from_one_that_was_kept(capsys: pytest.CaptureFixture[str]) -> None:
    main([*QUICK, "--json"])
    key = json.loads(capsys.readouterr().out.splitlines()[-1])["key"]
    assert main([*QUICK, "--json", "--no-save", "--start-from", key, "--lr", "1e-7"]) == 0
    first, *_ = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    kept = there(Store().load(key)).result.epochs[-1]
    assert first["train_loss"] < kept.train_loss  # the mean over the last epoch, which still learnt


def test_figures_are_out_before_a_store_that_cannot_be_written_is_complained_about(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_more: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dashlab.store.runs.write_run", full)
    assert main([*QUICK, "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out.splitlines()[-1])["state"] == "finished"
    assert said.err.startswith("dashlab: The folder ")
    assert "No space left on device" in said.err


def test_threads_of_torch_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    main([*QUICK, "--no-save", "--threads", "1"])
    assert asked == [1]


def test_runs_are_listed_and_deleted_by_the_beginning_of_their_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["runs"]) == 0
    assert capsys.readouterr().out.startswith("No cached runs yet")
    main([*QUICK, "--json"])
    main([*QUICK, "--json", "--seed", "1"])
    capsys.readouterr()
    keys = [run.key for run in Store().runs()]
    assert main(["runs"]) == 0
    assert [line[:12] for line in capsys.readouterr().out.splitlines()] == [key[:12] for key in keys]
    assert main(["runs", "--delete", keys[0][:12]]) == 0
    assert [run.key for run in Store().runs()] == [keys[1]]


def test_the_list_of_runs_has_the_largest_class_beside_the_test_accuracy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([*QUICK])
    capsys.readouterr()
    assert main(["runs"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert re.match(r"[0-9a-f]{12}  +\d+\.\d\d% \(largest class 15\.00%\)  ", line), line


def test_nothing_is_deleted_where_the_beginning_of_a_key_does_not_say_which(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([*QUICK])
    main([*QUICK, "--seed", "1"])
    assert main(["runs", "--delete", "zz"]) == 1
    assert "0 runs and studies have a key that begins so" in capsys.readouterr().err
    assert len(Store().runs()) == 2


# -- own pictures, and what the machine has ----------------------------------------------------------------


def draw_folder(folder: Path) -> Path:
    """Two classes of ten pictures each, light and dark."""
    for label, shade in (("dark", 20), ("light", 200)):
        (folder / label).mkdir(parents=True)
        for number in range(10):
            Image.new("L", (8, 8), shade + number).save(folder / label / f"{number}.png")
    return folder


def test_a_folder_of_own_pictures_is_trained_on_and_named_by_its_content(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    keys = []
    for place in ("here", "there"):
        path = draw_folder(tmp_path / place)
        arguments = (
            "--dataset",
            "own",
            "--path",
            str(path),
            "--side",
            "8",
            "--train-size",
            "0",
            "--no-save",
            "--json",
        )
        assert main([*QUICK, *arguments]) == 0
        last = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert "in 2 classes" in last["data"]
        keys.append(last["key"])
    assert keys[0] == keys[1]


def test_a_folder_that_was_added_is_listed_and_trained_on_by_its_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["data", "add", str(draw_folder(tmp_path / "shades"))]) == 0
    name = capsys.readouterr().out.split()[-1]
    main(["data"])
    assert f"{name[:8]}  shades: " in capsys.readouterr().out
    keys = []
    for path in (name, name[:8]):  # the whole name, and what the list shows of it
        assert (
            main([*QUICK, "--dataset", "own", "--path", path, "--train-size", "0", "--no-save", "--json"])
            == 0
        )
        keys.append(json.loads(capsys.readouterr().out.splitlines()[-1])["key"])
    assert keys[0] == keys[1]


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_run_on_some_of_the_pictures_says_on_how_many(
    capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    assert main([*QUICK, "--no-save", "--val-fraction", "0.1", *more]) == 0
    said = "180 of the training pictures are trained on, 20 are held back for validation."
    assert said in capsys.readouterr().out


def test_what_is_odd_about_a_folder_is_said_where_it_is_added(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = draw_folder(tmp_path / "shades")
    picture = next(path for path in sorted(folder.rglob("*")) if path.is_file())
    other = next(path for path in sorted(folder.iterdir()) if path != picture.parent)
    (other / "copy.png").write_bytes(picture.read_bytes())
    assert main(["data", "add", str(folder)]) == 0
    assert "1 picture stands in more than one class" in capsys.readouterr().out


def test_data_says_which_sets_are_at_hand(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data"]) == 0
    said = capsys.readouterr().out
    assert "MNIST: full" in said
    assert "CIFAR-10: bundled" in said


def test_doctor_says_what_the_machine_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    for line in (f"torch {torch.__version__}", "data folder", "cached runs", "bfloat16"):
        assert line in " ".join(said.split())
