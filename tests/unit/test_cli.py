"""The command line: every setting has an option, mistakes are sentences, figures are JSON or a bar."""

import argparse
import dataclasses
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
import torch
from PIL import Image

from dashlab.cli.main import main
from dashlab.cli.train import add_arguments, config_from
from dashlab.data.images import ImageSet, load_images
from dashlab.errors import ConfigError
from dashlab.experiments.trainer.presets import preset
from dashlab.settings.fields import Value
from dashlab.settings.run import LEAVES, RunConfig
from dashlab.store.runs import Store
from dashlab.training import engine
from tests.typed import there

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("train", "--epochs", "2", "--train-size", "200", "--hidden", "8", "--device", "cpu")


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    """MNIST with only the first hundred test pictures, for speed."""
    whole = load_images("mnist")
    return dataclasses.replace(whole, test_x=whole.test_x[:100], test_y=whole.test_y[:100])


@pytest.fixture(autouse=True)
def few_test_pictures(monkeypatch: pytest.MonkeyPatch, digits: ImageSet) -> None:
    """The engine loads those digits; own pictures are loaded as ever."""
    load = engine.load
    monkeypatch.setattr(engine, "load", lambda config: digits if config.dataset == "mnist" else load(config))


def parsed(*arguments: str) -> RunConfig:
    """The config that `train` makes of these arguments."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return config_from(parser.parse_args(arguments))


# -- settings ----------------------------------------------------------------------------------------------


def test_every_setting_has_an_option() -> None:
    values: dict[str, Value] = {
        "dataset": "own", "path": "my pictures", "side": 64, "grey": True, "train_size": 7,
        "val_fraction": 0.25, "normalize": "none", "flip": True, "crop_padding": 2, "rotate": 3.5,
        "shift": 1.5, "zoom": 0.25, "shear": 4.0, "thickness": 0.5, "erase": 3, "model": "cnn",
        "hidden": (), "channels": (3, 5), "activation": "gelu", "batchnorm": True, "dropout": 0.125,
        "dropout_layers": 1, "init": "normal", "init_std": 0.5, "lr": 1e-5, "weight_decay": 0.5,
        "schedule": "triangle", "warmup": 0.75, "loss": "cross_entropy", "label_smoothing": 0.5, "l1":
        1e-6, "l2": 1e-7, "batch_size": 3, "epochs": 9, "patience": 2, "seed": 5, "precision": "fast",
        "compile": True, "start_from": "ab",
    }  # fmt: skip
    by_choice: list[dict[str, Value]] = [
        {"dataset": "fashion", "source": "bundled"},
        {"optimizer": "sgd", "momentum": 0.5, "nesterov": True},
        {"optimizer": "sgd", "momentum": 0.5, "dampening": 0.25},
        {"optimizer": "rmsprop", "alpha": 0.5, "centered": True, "eps": 1e-6},
        {"optimizer": "adagrad", "lr_decay": 0.5},
        {"optimizer": "adadelta", "rho": 0.5},
        {"optimizer": "adam", "beta1": 0.5, "beta2": 0.75, "amsgrad": True},
        {"schedule": "step", "step_size": 3, "gamma": 0.5},
    ]
    seen: set[str] = set()
    for settings in (values, *by_choice):
        arguments = []
        for name, value in settings.items():
            arguments += ["--" + name.replace("_", "-"), LEAVES[name][1].format(value)]
        assert parsed(*arguments) == RunConfig().change(**settings)
        seen |= settings.keys()
    assert seen == LEAVES.keys()


def test_a_preset_is_taken_whole_and_options_change_it() -> None:
    assert parsed("--preset", "s6") == preset("s6").config
    assert parsed("--preset", "s6", "--lr", "0.5") == preset("s6").config.change(lr=0.5)


def test_settings_of_a_preset_that_lose_their_effect_go_back_to_their_default() -> None:
    config = parsed("--preset", "s1", "--optimizer", "adam")
    assert config == preset("s1").config.change(optimizer="adam", momentum=0.0)


def test_a_setting_that_was_given_and_has_no_effect_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"Momentum \(momentum\) has no effect when optimizer is 'adam'"):
        parsed("--optimizer", "adam", "--momentum", "0.9")


def test_help_names_every_option_its_choices_and_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["train", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert left.value.code == 0
    for name in LEAVES:
        assert "--" + name.replace("_", "-") in said
    assert "One of softmax, mlp, lenet, cnn, resnet. (default: mlp)" in said
    assert "(default: 512-512)" in said


# -- mistakes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--lr", "fast"], "Learning rate: 'fast' is not a number."),
        (["--lr", "-1"], "Learning rate (lr) must lie between 1e-07 and 100; it is -1.0."),
        (["--epochs", "1.5"], "Epochs: '1.5' is not a whole number."),
        (["--hidden", "12-x"], "Hidden layers: '12-x' is not whole numbers joined by '-'"),
        (["--batchnorm", "maybe"], "BatchNorm: 'maybe' is not on or off."),
        (["--dataset", "imagenet"], "must be one of mnist, fashion, cifar10, own"),
        (["--preset", "s99"], "There is no preset 's99'"),
        (["--preset", "s16"], "Own pictures need a path"),
        (["--dataset", "own", "--path", "/no/such/folder"], "/no/such/folder"),
        (["--device", "abacus"], "This machine has no device 'abacus'"),
        (["--threads", "-2"], "--threads must be at least 1"),
        (["--start-from", "1234"], "is not the key of a run"),
        (["--start-from", "a" * 64], f"There is no cached run {'a' * 64}"),
        (["--patience", "3"], "Early stopping watches the validation loss"),
        (["--model", "cnn", "--channels", "none"], "needs at least one block"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_status_1(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["train", *arguments]) == 1
    said = capsys.readouterr()
    assert words in said.err
    assert said.err.startswith("dashlab: ")
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_the_module_exits_with_a_sentence_and_no_traceback() -> None:
    command = [sys.executable, "-m", "dashlab", "train", "--lr", "fast"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "dashlab: Learning rate: 'fast' is not a number.\n"


def test_ctrl_c_ends_with_a_word_and_the_usual_status(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_arguments: object, **_more: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "train", interrupted)
    assert main([*QUICK]) == 130
    assert capsys.readouterr().err.endswith("dashlab: interrupted\n")


# -- figures -----------------------------------------------------------------------------------------------


def test_json_is_a_line_per_epoch_and_a_last_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--json", "--no-save", "--val-fraction", "0.2"]) == 0
    said = capsys.readouterr()
    first, second, last = (json.loads(line) for line in said.out.splitlines())
    assert said.err == ""
    assert [first["epoch"], second["epoch"]] == [1, 2]
    assert set(first) == {
        "epoch", "step", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr", "seconds",
        "added_loss",
    }  # fmt: skip
    assert last["state"] == "finished"
    assert 0 <= last["test_accuracy"] <= 1
    assert set(last["seconds"]) == {"load", "train", "evaluate"}
    assert last["environment"]["torch"] == torch.__version__
    assert last["environment"]["device"].startswith("CPU (")
    assert last["environment"].keys() >= {"dashlab", "python", "torch"}
    config = RunConfig().change(epochs=2, train_size=200, hidden=(8,), val_fraction=0.2, source="full")
    assert last["key"] == config.key()


def test_the_same_command_prints_the_same_figures(capsys: pytest.CaptureFixture[str]) -> None:
    figures = []
    for _ in range(2):
        main([*QUICK, "--json", "--no-save"])
        *epochs, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
        figures.append(([epoch["train_loss"] for epoch in epochs], last["test_loss"]))
    assert figures[0] == figures[1]


def test_where_nobody_watches_there_is_a_line_per_epoch_and_no_bar(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*QUICK, "--no-save"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    lines = said.out.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("All of MNIST")
    assert lines[1].startswith("epoch 1: training loss ")
    assert lines[3].startswith("Test accuracy ")


def test_the_line_of_an_epoch_tells_the_plain_loss_and_what_is_added_to_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*QUICK, "--no-save", "--l1", "0.01", "--label-smoothing", "0.1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.match(
        r"epoch 1: training loss \d\.\d{4} \(label smoothing and L1 add \d+\.\d{4}\), accuracy", lines[1]
    )
    assert main([*QUICK, "--no-save"]) == 0
    assert re.match(r"epoch 1: training loss \d\.\d{4}, accuracy", capsys.readouterr().out.splitlines()[1])


def test_beside_the_test_accuracy_stands_what_the_largest_class_alone_gives(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*QUICK, "--hidden", "64", "--train-size", "1000", "--lr", "0.1", "--no-save"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert re.match(r"Test accuracy \d\d\.00%; always answering 7 gives 15\.00%\. \(load", last), last


def test_a_run_at_guessing_level_is_told_so_and_what_helps(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--lr", "1e-7", "--init", "zeros", "--epochs", "1"]
    assert main([*QUICK, *arguments, "--no-save"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert "This is no better than guessing: always answering 7 gives 15.00%. What usually helps" in last
    assert main([*QUICK, *arguments, "--no-save", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["largest_class_accuracy"] == 0.15


def test_at_a_terminal_there_is_a_progress_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main([*QUICK, "--no-save"]) == 0
    assert "8/8" in terminal.getvalue()  # 4 batches in each of 2 epochs
    assert "loss=" in terminal.getvalue()
    assert "epoch 2: " in capsys.readouterr().out


def test_a_run_that_diverges_says_so_with_a_status_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    ruinous = ("--lr", "100", "--loss", "mse", "--init", "normal", "--init-std", "10", "--hidden", "8-8")
    assert main([*QUICK, *ruinous, "--json", "--no-save"]) == 2
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["state"] == "diverged"
    assert last["note"].startswith("Diverged: ")
    assert last["test_accuracy"] is None


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
