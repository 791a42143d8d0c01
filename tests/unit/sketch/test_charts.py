"""Bars of probabilities, and pixels in colour."""

from __future__ import annotations

import numpy as np

from dashlab.charts.sketch.digits import AGAINST, FOR, probability_bars, saliency_overlay

DIGITS = tuple("0123456789")
SURE = (0.9, *(0.1 / 9,) * 9)


def test_one_network_has_a_bar_for_each_class_in_per_cent() -> None:
    (bars,) = probability_bars([SURE], ["one"], [DIGITS]).data
    assert list(bars.x) == list(range(10))
    assert bars.y[0] == 90
    assert bars.text[0] == "90"


def test_several_networks_share_one_chart() -> None:
    drawn = probability_bars([SURE, SURE[::-1]], ["one", "two"], [DIGITS, DIGITS])
    assert [bars.name for bars in drawn.data] == ["one", "two"]
    assert drawn.layout.showlegend


def test_networks_with_other_classes_are_told_apart_on_hovering() -> None:
    clothes = tuple(f"garment {k}" for k in range(10))
    drawn = probability_bars([SURE, SURE], ["digits", "clothes"], [DIGITS, clothes])
    assert list(drawn.layout.xaxis.ticktext) == list(DIGITS)
    assert list(drawn.data[1].customdata) == list(clothes)


def test_pixels_for_and_against_get_different_colours() -> None:
    values = np.zeros((28, 28), dtype=np.float32)
    values[3, 4], values[5, 6] = 1.0, -1.0
    overlay = saliency_overlay(np.zeros((28, 28), dtype=np.uint8), values)
    assert overlay.shape == (3, 28, 28)
    assert tuple(overlay[:, 3, 4]) == FOR
    assert tuple(overlay[:, 5, 6]) == AGAINST
    assert not overlay[:, 0, 0].any()


def test_pixels_that_did_not_matter_stay_grey() -> None:
    overlay = saliency_overlay(np.full((28, 28), 200, dtype=np.uint8), np.zeros((28, 28), dtype=np.float32))
    assert (overlay == overlay[0]).all()
    assert overlay.any()
