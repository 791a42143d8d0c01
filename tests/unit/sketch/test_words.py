"""What the sketch pad says in fixed sentences holds for the network that it trains."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from dashlab.experiments.sketch.ink import SIDE, Stroke, decode, rasterize
from dashlab.experiments.sketch.prepare import prepare
from dashlab.experiments.sketch.presets import PRESETS as EXAMPLES
from dashlab.experiments.sketch.reading import NetworkAnswer, evidence, read
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.training.batches import Normalization
from dashlab.training.classifier import Classifier
from dashlab.training.engine import train
from ui.sketch import verdict


@pytest.fixture(scope="module")
def network(one_thread: None) -> Classifier:
    """As the page's one button trains it."""
    return Classifier.of(train(PRESETS["sketch"].config, device="cpu"))


def strokes_of(name: str) -> tuple[Stroke, ...]:
    return decode(EXAMPLES[name].config.ink)


def answer(network: Classifier, strokes: Sequence[Stroke]) -> NetworkAnswer:
    prepared = prepare(rasterize(strokes))
    assert prepared is not None
    return read({"it": network}, prepared.picture)[0]


def test_a_4_whose_top_is_closed_becomes_a_9(network: Classifier) -> None:
    drawn = strokes_of("four-or-nine")
    left, right = drawn[0].points[0], drawn[1].points[0]
    closed = (*drawn, Stroke(drawn[0].pen, (left, right)))
    before, after = answer(network, drawn), answer(network, closed)
    assert (before.best, after.best) == (4, 9)


def test_a_1_with_a_flag_is_taken_for_a_7_and_without_it_for_a_1(network: Classifier) -> None:
    (drawn,) = strokes_of("one-or-seven")
    assert answer(network, [drawn]).best == 7
    assert answer(network, [Stroke(drawn.pen, drawn.points[1:])]).best == 1


def test_the_bar_is_the_last_stroke_of_the_7(network: Classifier) -> None:
    drawn = strokes_of("seven")
    (start, end) = drawn[-1].points
    assert abs(start[1] - end[1]) < 0.1 * abs(start[0] - end[0]), "level: the bar"
    assert answer(network, drawn).best == answer(network, drawn[:-1]).best == 7


def test_a_tiny_drawing_is_40_pixels_high_near_a_corner_and_is_read(network: Classifier) -> None:
    drawn = strokes_of("tiny")
    ink = np.argwhere(ink_of(drawn))
    height = np.ptp(ink[:, 0]) + 1
    assert height == pytest.approx(40, abs=1.5)
    assert SIDE - ink.max(0) == pytest.approx([12, 32], abs=4)
    assert answer(network, drawn).confidence > 0.9


def test_the_holes_of_the_broad_8_are_hardly_wider_than_its_lines() -> None:
    drawn = strokes_of("broad")
    assert drawn[0].pen == 40
    across = 2 * (holes(drawn) / 2 / np.pi) ** 0.5  # of two round holes as large together
    assert 40 < across < 1.5 * 40


def ink_of(strokes: Sequence[Stroke]) -> np.ndarray:
    """Where there is ink on the sheet."""
    sheet = rasterize(strokes).astype(np.float32)
    return np.asarray(np.abs(sheet - sheet[0, 0]) > 127)


def holes(strokes: Sequence[Stroke]) -> int:
    """Pixels of paper that cannot be reached from the edge of the sheet."""
    paper = ~ink_of(strokes)
    reached = np.zeros_like(paper)
    reached[0] = True
    while True:
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        grown &= paper
        grown[0] = True
        if np.array_equal(grown, reached):
            return int((paper & ~reached).sum())
        reached = grown


def test_a_letter_is_read_as_some_digit_and_less_surely_than_a_digit(network: Classifier) -> None:
    assert answer(network, strokes_of("letter")).confidence < 0.8
    assert answer(network, strokes_of("seven")).confidence > 0.9


def test_black_pixels_are_no_evidence_and_those_with_ink_are(network: Classifier) -> None:
    prepared = prepare(rasterize(strokes_of("seven")))
    assert prepared is not None
    shares = evidence(network, prepared.picture, 7)
    assert (shares[prepared.picture == 0] == 0).all()
    assert np.abs(shares[prepared.picture > 0]).max() > 0


def test_what_the_networks_are_made_for_moves_by_a_pixel_and_changes_the_pen() -> None:
    augmented = PRESETS["sketch"].config.augment
    assert augmented.crop_padding == 1
    assert 0 < augmented.thickness <= 1


# How a pixel enters


def normalized(mean: float, std: float) -> Any:
    return SimpleNamespace(normalization=Normalization((mean,), (std,)))


@pytest.mark.parametrize(
    ("networks", "said"),
    [
        ({"a": (0.5, 0.5)}, ["enters the network as (p / 255 − 0.5) / 0.5"]),
        ({"a": (0.5, 0.5), "b": (0.5, 0.5)}, ["enters the networks as (p / 255 − 0.5) / 0.5"]),
        (
            {"a": (0.5, 0.5), "b": (0.1307, 0.3081)},
            ["enters a as (p / 255 − 0.5) / 0.5", "enters b as (p / 255 − 0.1307) / 0.3081"],
        ),
    ],
)
def test_how_a_pixel_enters_is_said_of_every_network(
    networks: dict[str, tuple[float, float]], said: list[str]
) -> None:
    found = {name: normalized(*way) for name, way in networks.items()}
    sentences = list(verdict.entering(cast(Any, found)))
    assert len(sentences) == len(said)
    assert all(words in sentence for words, sentence in zip(said, sentences, strict=True))


def test_a_pixel_enters_as_is_said() -> None:
    pixel = torch.full((1, 1, 1, 1), 200, dtype=torch.uint8)
    entering = Normalization((0.1307,), (0.3081,))(pixel).item()
    assert entering == pytest.approx((200 / 255 - 0.1307) / 0.3081)
