"""Reading the mistakes of a network off its probabilities."""

from __future__ import annotations

import pytest
import torch

from dashlab.experiments.trainer.confusion import class_accuracies, confused_pairs, normalised
from dashlab.experiments.trainer.mistakes import cell_readings, prediction_rows, samples, worst_mistakes

PROBABILITIES = torch.tensor(
    [[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.6, 0.3, 0.1], [0.0, 0.3, 0.7], [0.0, 0.8, 0.2], [0.0, 1.0, 0.0]]
)
LABELS = torch.tensor([0, 0, 1, 2, 2, 2])


def test_the_worst_mistakes_come_first_and_what_is_right_does_not_come() -> None:
    found = worst_mistakes(PROBABILITIES, LABELS, 10)
    assert [reading.index for reading in found] == [5, 1, 4, 2]


def test_equally_sure_mistakes_keep_the_order_of_the_test_set() -> None:
    found = worst_mistakes(PROBABILITIES, LABELS, 3)
    assert [reading.index for reading in found if reading.confidence == pytest.approx(0.8)] == [1, 4]


def test_no_more_mistakes_than_asked_for() -> None:
    assert len(worst_mistakes(PROBABILITIES, LABELS, 2)) == 2


def test_a_network_without_mistakes_has_none() -> None:
    assert worst_mistakes(torch.eye(3), torch.tensor([0, 1, 2]), 5) == []


def test_a_cell_holds_the_pictures_of_its_classes() -> None:
    found = cell_readings(PROBABILITIES, LABELS, truth=2, predicted=1, count=10)
    assert [reading.index for reading in found] == [5, 4]
    assert all((reading.truth, reading.predicted) == (2, 1) for reading in found)


def test_an_empty_cell_holds_nothing() -> None:
    assert cell_readings(PROBABILITIES, LABELS, truth=1, predicted=2, count=10) == []


def test_a_reading_ranks_its_classes() -> None:
    (reading,) = cell_readings(PROBABILITIES, LABELS, truth=1, predicted=0, count=1)
    assert [k for k, _ in reading.top(2)] == [0, 1]
    assert reading.confidence == pytest.approx(0.6)


def test_every_test_picture_has_a_row_with_all_probabilities() -> None:
    rows = list(prediction_rows(PROBABILITIES, LABELS, ("a", "b", "c")))
    assert len(rows) == 6
    assert rows[1] == {
        "index": 1, "true": "a", "predicted": "b", "right": 0, "p(a)": 0.2, "p(b)": 0.8, "p(c)": 0.0,
    }  # fmt: skip


def test_samples_are_the_first_of_each_class() -> None:
    assert samples(LABELS, 3, 2) == [[0, 1], [2], [3, 4]]


def test_rows_of_the_matrix_become_shares() -> None:
    assert normalised([[3, 1], [0, 0]]) == [[0.75, 0.25], [0.0, 0.0]]


def test_a_class_without_pictures_has_no_accuracy() -> None:
    assert class_accuracies([[3, 1], [0, 0]]) == [0.75, None]


def test_confused_pairs_come_by_how_often_they_happen() -> None:
    assert confused_pairs([[9, 1, 0], [3, 5, 2], [0, 0, 7]]) == [(1, 0, 3), (1, 2, 2), (0, 1, 1)]
