"""What is said about a stack."""

from __future__ import annotations

import pytest

from dashlab.experiments.stack import layer_stats
from dashlab.experiments.stack_settings import Setting, StackConfig
from dashlab.experiments.stack_words import NOT_FINITE, factor, layer_rows, sentences, summary


def said(setting: Setting, **size: int) -> str:
    config = StackConfig().change(**setting.flat(), **({"depth": 40, "width": 64, "batch": 8} | size))
    return sentences(layer_stats(config))


def test_the_first_layer_that_is_not_finite_is_named_both_ways():
    words = said(Setting(std=10.0))
    assert "Layer 20 (index 19) is the first with values that are not finite" in words
    assert "The gradient is no longer finite at layer" in words


def test_a_steady_stack_is_said_to_go_from_here_to_there():
    words = said(Setting(initializer="orthogonal"))
    assert words.startswith("The spread is ")
    assert "× 1 a layer" in words
    assert "The gradient comes in with" in words


def test_a_signal_that_ends_in_zeros_is_said_to():
    assert "on every output is exactly 0" in said(Setting(std=0.0002))


def test_zeros_are_said_to_learn_nothing():
    words = said(Setting(initializer="zeros"))
    assert "Every output is exactly 0 from the first layer on" in words
    assert "No gradient arrives at layer 39 (index 38) and below: it is exactly 0" in words


def test_zeros_under_a_sigmoid_are_one_number():
    assert "All outputs of a layer are one number; at the top it is 0.5" in said(
        Setting(initializer="zeros", activation="sigmoid")
    )


def test_equal_weights_are_said_to_make_copies():
    words = said(Setting(initializer="constant", activation="tanh"))
    assert "64 units do the work of one" in words


def test_inputs_that_cannot_be_told_apart_are_said_to():
    words = said(Setting(initializer="xavier_normal", activation="sigmoid"))
    assert "Different inputs come out almost alike" in words


def test_a_single_layer_is_said_without_a_growth():
    words = said(Setting(initializer="normal_fan"), depth=1)
    assert "a layer" not in words
    assert "The spread is" in words


def test_growth_is_the_geometric_mean_between_the_layers_that_have_a_number():
    assert factor([1.0, 4.0, 16.0, None]) == pytest.approx(4.0)
    assert factor([0.0, 2.0, 0.0, 8.0]) == pytest.approx(2.0)
    assert factor([None, 1.0]) is None


def test_the_table_leaves_empty_what_is_not_finite():
    stats = layer_stats(StackConfig(std=10.0, depth=40, width=64))
    row = summary(stats)
    assert row["Std, top"] is None
    assert row[NOT_FINITE] == stats.first_not_finite


def test_the_download_has_a_row_for_every_layer_of_every_stack():
    stacks = [layer_stats(StackConfig(depth=3, width=8, std=std)) for std in (1.0, 0.1)]
    rows = list(layer_rows(stacks))
    assert [(row["setting"], row["layer"]) for row in rows] == [
        (f"{number}. {stats.config.title}", layer)
        for number, stats in enumerate(stacks, 1)
        for layer in (1, 2, 3)
    ]
    assert rows[4]["std"] == stacks[1].layers[1].std
