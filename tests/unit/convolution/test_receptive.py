"""The receptive field by its formula, against the gradient of the real layers."""

from __future__ import annotations

import random

import pytest
import torch

from dashlab.errors import ConfigError
from dashlab.experiments.convolution.receptive import build, field_of, rows_of, seen_by
from dashlab.experiments.convolution.stack_settings import CONV, POOL, FieldConfig, StackedLayer


def drawn(rng: random.Random) -> list[StackedLayer]:
    layers = []
    for _ in range(rng.randint(1, 8)):
        kind, kernel = rng.choice(("conv", "pool")), rng.randint(1, 5)
        padding = rng.randint(0, kernel // 2 if kind == "pool" else 3)
        dilation = rng.randint(1, 3) if kind == "conv" else 1
        layers.append(
            StackedLayer(
                kind=kind, kernel=kernel, stride=rng.randint(1, 3), padding=padding, dilation=dilation
            )
        )
    return layers


def test_the_field_by_the_formula_is_where_the_gradient_is_not_zero() -> None:
    rng, tried, side = random.Random(0), 0, 40
    while tried < 300:
        layers = drawn(rng)
        try:
            rows = rows_of(layers, side)
        except ConfigError:
            continue
        tried += 1
        at = rng.randrange(rows[-1].size)
        counts = seen_by(layers, side, (at, at)).sum(1)
        seen = counts.nonzero().flatten().tolist()
        first, last = field_of(rows[-1], at, side)
        assert all(first <= pixel <= last for pixel in seen), layers
        plain = all(layer.dilation == 1 for layer in layers) and all(
            layer.kernel >= layer.stride for layer in layers
        )
        if plain and seen:  # no gaps within it
            assert (seen[0], seen[-1]) == (first, last), layers


def test_sizes_are_those_of_the_real_layers() -> None:
    rng, tried = random.Random(1), 0
    while tried < 200:
        layers = drawn(rng)
        try:
            rows = rows_of(layers, 40)
        except ConfigError:
            continue
        tried += 1
        x = torch.zeros(1, 1, 40, 40)
        for row, module in zip(rows[1:], build(layers), strict=True):
            x = module(x)
            assert x.shape[-1] == row.size


def test_two_layers_of_three_see_as_far_as_one_of_five() -> None:
    assert (
        rows_of([CONV, CONV], 32)[-1].reach == rows_of([StackedLayer(kernel=5, padding=2)], 32)[-1].reach == 5
    )


def test_a_stride_doubles_what_every_later_layer_adds() -> None:
    assert [row.reach for row in rows_of([CONV, POOL, CONV, POOL, CONV], 32)] == [1, 3, 4, 8, 10, 18]
    assert [row.jump for row in rows_of([CONV, POOL, CONV, POOL, CONV], 32)] == [1, 1, 2, 2, 4, 4]


def test_what_counts_sums_to_one_and_is_most_in_the_middle() -> None:
    counts = seen_by([CONV] * 5, 33, (16, 16))
    assert float(counts.sum()) == pytest.approx(1)
    assert float(counts[16, 16]) == float(counts.max())
    assert float(counts[16, 11]) < float(counts[16, 16]) / 50


def test_a_layer_that_cannot_be_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"Layer 3 \(Conv 5 × 5\) has a window of 5 pixels, and what reaches it has 2"
    ):
        rows_of([POOL, POOL, StackedLayer(kernel=5, padding=0)], 8)


def test_a_pooling_that_pads_too_much_is_refused() -> None:
    with pytest.raises(ConfigError, match="at most half"):
        StackedLayer(kind="pool", kernel=2, padding=2).check()


def test_the_default_stack_is_sound() -> None:
    config = FieldConfig().check()
    assert len(config.stack()) == 6
    assert rows_of(config.stack(), config.side)[-1].reach == 16
