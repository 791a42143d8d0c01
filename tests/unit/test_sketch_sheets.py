"""MNIST's digits on sheets of many kinds come back as the pictures they were made from."""

from __future__ import annotations

import numpy as np
import pytest

from dashlab.experiments.sketch import prepare
from tests.sheets import CONDITIONS, Condition, sheet

COUNT = 8
OPEN = ("light on dark, gradient", "dark corners")
EVEN = [condition for condition in CONDITIONS if condition.light not in OPEN]


@pytest.mark.parametrize("condition", EVEN, ids=str)
def test_a_digit_is_found_again_however_it_is_framed_drawn_and_lit(condition: Condition) -> None:
    from dashlab.data.images import load_images

    alike = []
    for seed, digit in enumerate(load_images("mnist").test_x[:COUNT, 0].numpy()):
        done = prepare(sheet(digit, condition, seed=seed))
        assert done is not None
        alike.append(np.corrcoef(done.picture.ravel(), digit.ravel())[0, 1])
    assert np.mean(alike) > 0.8
