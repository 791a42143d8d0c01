"""What always predicting the largest class gives, and when a network does no better."""

from dataclasses import replace

import pytest
import torch

from dashlab.settings.run import RunConfig
from dashlab.training.engine import train
from dashlab.training.results import Evaluation
from tests.typed import there
from tests.unit.pictures import made_up


def evaluation(*confusion: tuple[int, ...]) -> Evaluation:
    right = sum(row[k] for k, row in enumerate(confusion))
    count = sum(map(sum, confusion))
    return Evaluation(
        loss=1.0, accuracy=right / count, confusion=confusion, probabilities=torch.zeros(0, len(confusion))
    )


def test_the_largest_class_is_that_of_most_test_pictures_and_not_of_most_answers() -> None:
    assert evaluation((0, 40, 0), (0, 60, 0), (0, 100, 0)).largest_class() == (2, 0.5)


def test_of_classes_of_one_size_the_first_is_named() -> None:
    assert evaluation((3, 1), (2, 2)).largest_class() == (0, 0.5)


@pytest.mark.parametrize(
    ("confusion", "guesses"),
    [
        (((40, 0), (1, 0)), True),  # 97.56 %, and all of it by the larger class
        (((40, 0), (0, 1)), False),  # 100 %
        (((20, 20), (0, 1)), False),  # worse than the larger class alone, and not by guessing
        (((9, 1), (8, 2)), True),  # 55 % of twenty
        (((100, 900), (100, 900)), True),
        (((560, 440), (440, 560)), False),  # 56 % of two thousand is not luck
        (((5, 0), (0, 0)), False),  # one class alone: there is nothing to guess
    ],
)
def test_a_network_guesses_where_it_is_not_above_the_largest_class(
    confusion: tuple[tuple[int, ...], ...], guesses: bool
) -> None:
    assert evaluation(*confusion).is_guessing() is guesses


def test_a_network_that_reads_is_told_nothing() -> None:
    assert evaluation((9, 1), (1, 9)).guessing_words(("cat", "dog")) == ""


def test_what_helps_names_the_classes_sizes_only_where_they_differ() -> None:
    even = evaluation((0, 10), (0, 10)).guessing_words(("cat", "dog"))
    uneven = evaluation((40, 0), (1, 0)).guessing_words(("ok", "broken"))
    assert even.startswith("This is no better than guessing: always predicting cat gives 50.00%. ")
    assert "as many pictures" not in even
    assert uneven.startswith("This is no better than guessing: always predicting ok gives 97.56%. ")
    assert "as many pictures of every class" in uneven


def test_a_run_on_an_unbalanced_set_that_learned_nothing_is_told_so() -> None:
    images = made_up(202, 41, classes=("ok", "broken"), noise=127)
    few = torch.arange(202) < 2
    images = replace(images, train_y=few.long(), test_y=(torch.arange(41) < 1).long())
    result = train(RunConfig().change(hidden=(8,), lr=0.1, epochs=3), images=images, device="cpu")
    assert there(result.evaluation).accuracy == pytest.approx(40 / 41)
    assert "always predicting ok gives 97.56%" in there(result.evaluation).guessing_words(images.classes)
