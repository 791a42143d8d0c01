"""The network that the sketch pad trains reads plain digits of any form, size, place and pen width."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
import torch

from dashlab.experiments.sketch.prepare import prepare
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.training.classifier import Classifier
from dashlab.training.engine import train
from tests.strokes import CANVAS, FORMS, Hand, placed, rasterize, strokes, written

HEIGHTS = (60, 130, 230)
PENS = (6, 16, 28)
BROADEST = 0.2  # of the height: with a broader pen the holes of an 8 close


@pytest.fixture(scope="module")
def network() -> Classifier:
    """As the page's one button trains it."""
    result = train(PRESETS["sketch"].config, device="cpu")
    assert result.evaluation is not None
    assert result.evaluation.accuracy > 0.975
    return Classifier.of(result)


def misread(network: Classifier, *, hand: bool) -> tuple[Counter[str], int]:
    """How often each form is misread, written plainly or by an ordinary hand, and how many were written."""
    draw = random.Random(3)
    pictures, truths = [], []
    for digit, form in FORMS:
        for height, pen in ((height, pen) for height in HEIGHTS for pen in PENS if pen / height <= BROADEST):
            glyph = strokes(digit, form)
            if hand:
                glyph = written(glyph, Hand.at_random(draw.randrange(10**6)))
            points = [x for stroke in placed(glyph, height=height, left=0, top=0) for x, _ in stroke]
            free = max(0.0, CANVAS - pen - max(points)), max(0.0, CANVAS - pen - height)
            left, top = (pen / 2 + draw.random() * room for room in free)
            done = prepare(rasterize(placed(glyph, height=height, left=left, top=top), pen=pen))
            assert done is not None
            pictures.append(done.picture)
            truths.append((digit, form))
    read = network.probabilities(torch.from_numpy(np.stack(pictures))[:, None]).argmax(1).tolist()
    wrong = Counter(f"{d} {form} as {k}" for (d, form), k in zip(truths, read, strict=True) if d != k)
    return wrong, len(truths)


def test_digits_written_plainly_are_read(network: Classifier) -> None:
    wrong, count = misread(network, hand=False)
    assert sum(wrong.values()) <= 0.02 * count, wrong


def test_digits_written_by_ordinary_hands_are_read(network: Classifier) -> None:
    wrong, count = misread(network, hand=True)
    assert sum(wrong.values()) <= 0.04 * count, wrong
