"""The command line: figures are JSON, or a line or a bar per epoch."""

import io
import json
import re
import sys

import pytest
import torch

from dashlab.cli.main import main
from dashlab.settings.run import RunConfig
from tests.unit.cli.commands import QUICK


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
    assert re.match(r"Test accuracy \d\d\.00%; always predicting 7 gives 15\.00%\. \(load", last), last


def test_a_run_at_guessing_level_is_told_so_and_what_helps(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--lr", "1e-7", "--init", "zeros", "--epochs", "1"]
    assert main([*QUICK, *arguments, "--no-save"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert "This is no better than guessing: always predicting 7 gives 15.00%. What usually helps" in last
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
