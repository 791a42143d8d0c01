"""The files that the trainer hands out."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timezone

import pytest

from dashlab.cli.train import config_from
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.settings.run import RunConfig
from dashlab.store.runs import StoredRun
from tests.app.fakes import few_pictures, result
from ui.parts.tables import csv_text
from ui.parts.text import as_text
from ui.trainer import downloads

FAST = PRESETS["mnist-fast"].config


def stored(config: RunConfig = FAST) -> StoredRun:
    made = result(config)
    return StoredRun(key=made.config.key(), name="", created=datetime.now(timezone.utc), result=made)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_history_has_every_step_and_every_epoch_with_its_own_columns() -> None:
    table = rows(downloads.history(stored()))
    assert [row["kind"] for row in table] == ["step"] * 20 + ["epoch"] * 2
    assert float(table[1]["loss"]) == 1.0
    assert table[1]["train_loss"] == ""
    assert float(table[-1]["train_loss"]) == 0.3


def test_predictions_have_a_row_for_every_test_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.parts.runs.images", lambda _config: few_pictures())
    table = rows(downloads.predictions(stored()))
    assert len(table) == 40
    wrong = [row for row in table if row["right"] == "0"]
    assert [(row["true"], row["predicted"], row["p(9)"]) for row in wrong] == [("4", "9", "0.91")] * 3


def test_the_command_line_trains_the_same_network() -> None:
    config = FAST.change(hidden=(64, 32), label_smoothing=0.0, lr=0.003)
    assert parsed(downloads.command(stored(config))).without_unused() == config.without_unused()


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "s16"])
def test_the_command_line_of_a_preset_is_short(name: str) -> None:
    assert downloads.command(stored(PRESETS[name].config)) == f"python -m dashlab train --preset {name}"


def test_a_path_with_spaces_is_quoted() -> None:
    config = PRESETS["s16"].config.change(path="/tmp/my coins.zip")
    assert "--path '/tmp/my coins.zip'" in downloads.command(stored(config))


def parsed(command: str) -> RunConfig:
    import argparse
    import shlex

    from dashlab.cli.train import add_arguments

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return config_from(parser.parse_args(shlex.split(command)[4:]))


def test_csv_quotes_what_needs_quotes() -> None:
    assert csv_text([{"a": 'x,"y"', "b": 1}]) == 'a,b\n"x,""y""",1\n'


def test_csv_of_nothing_is_empty() -> None:
    assert csv_text([]) == ""


def test_markup_becomes_plain_text() -> None:
    assert as_text("a*b_[c](d)$e$ :smile:") == r"a\*b\_\[c\]\(d\)\$e\$ \:smile\:"
