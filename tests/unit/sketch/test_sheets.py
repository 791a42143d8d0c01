"""MNIST's digits on sheets of many kinds come back as the pictures they were made from, and are read alike.

`make bench ARGS="digits"` measures the same on more digits, with the network of the sketch pad.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from dashlab.experiments.sketch.prepare import prepare
from dashlab.settings.run import RunConfig
from dashlab.training.classifier import Classifier
from dashlab.training.engine import train
from tests.sheets import CONDITIONS, Condition, sheet

COUNT = 6
MOST_APART = 0.03

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def digits() -> Pixels:
    """uint8 [6, 28, 28]: the first test pictures of MNIST."""
    from dashlab.data.images import load_images

    return np.asarray(load_images("mnist").test_x[:COUNT, 0].numpy())


@pytest.fixture(scope="module")
def seen(digits: Pixels) -> dict[Condition, Pixels]:
    """Of each condition what a network sees of the digits, uint8 [6, 28, 28]."""
    return {
        condition: np.stack([_seen(digits, condition, n) for n in range(COUNT)]) for condition in CONDITIONS
    }


def _seen(digits: Pixels, condition: Condition, number: int) -> Pixels:
    done = prepare(sheet(digits[number], condition, seed=number))
    assert done is not None, condition
    assert done.doubt == "", (condition, number)
    return done.picture


def _alike(one: Pixels, other: Pixels) -> float:
    # A centre of mass between two pixels may be rounded either way.
    moved = [np.roll(one, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return float(max(np.corrcoef(picture.ravel(), other.ravel())[0, 1] for picture in moved))


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_a_digit_is_found_again_however_it_is_framed_drawn_and_lit(
    digits: Pixels, seen: dict[Condition, Pixels], condition: Condition
) -> None:
    pairs = zip(seen[condition], digits, strict=True)
    assert np.mean([_alike(picture, digit) for picture, digit in pairs]) > 0.8


def test_more_than_97_in_100_digits_are_read_as_straight_from_mnist_and_all_but_one_of_each_condition(
    digits: Pixels, seen: dict[Condition, Pixels]
) -> None:
    config = RunConfig().change(
        train_size=12_000, epochs=3, hidden=(128,), optimizer="adam", lr=0.003, crop_padding=1, thickness=0.7
    )
    network = Classifier.of(train(config, device="cpu"))

    def read(pictures: Pixels) -> NDArray[np.int64]:
        return np.asarray(network.probabilities(torch.from_numpy(pictures.copy())[:, None]).argmax(1).numpy())

    plain = read(digits)
    alike = {condition: (read(pictures) == plain).mean() for condition, pictures in seen.items()}
    assert np.mean(list(alike.values())) > 1 - MOST_APART
    assert min(alike.values()) >= 1 - 1 / COUNT - 1e-9, alike
