"""`python -m dashlab presets`: every preset of every page and view, a line each."""

import re

import pytest

from dashlab.cli.main import main
from dashlab.experiments.presets import every
from tests.house import TOPICS


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[list[str]]:
    """The cells of each line that the command prints."""
    assert main(["presets", *arguments]) == 0
    return [re.split(r"  +", line) for line in capsys.readouterr().out.splitlines()]


def test_the_presets_of_all_pages_and_views_are_listed_not_only_the_trainers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    listed = lines(capsys)
    assert ["trainer", "s1", "MNIST, MLP with momentum"] in listed
    assert ["optimizers", "net", "netzoo", "The optimizer zoo at 0.01"] in listed
    assert ["sketch", "letter", "Not a digit"] in listed
    assert {cells[0] for cells in listed} >= set(TOPICS)
    named = [[cell for cell in (page, view, preset.name) if cell] for page, view, preset in every()]
    assert [cells[:-1] for cells in listed] == named


def test_those_of_one_page_are_listed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    listed = lines(capsys, "batchnorm")
    assert {cells[0] for cells in listed} == {"batchnorm"}
    assert list(dict.fromkeys(cells[1] for cells in listed)) == ["twins", "rates", "batches"]


def test_of_a_page_that_there_is_not_the_sentence_names_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["presets", "bn"]) == 1
    assert (
        "There is no page 'bn' with presets; there are activations, augmentation," in capsys.readouterr().err
    )


def test_the_names_line_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets"]) == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert {line[first.index("classic") - 1] for line in others} == {" "}
