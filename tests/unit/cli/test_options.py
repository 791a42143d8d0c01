"""The command line: every setting has an option, and mistakes are sentences."""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from dashlab.cli.main import main
from dashlab.cli.train import add_arguments, config_from
from dashlab.errors import ConfigError
from dashlab.experiments.trainer.presets import preset
from dashlab.settings.fields import Value
from dashlab.settings.run import LEAVES, RunConfig
from dashlab.training import engine
from tests.unit.cli.commands import QUICK

ROOT = Path(__file__).resolve().parents[3]


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
