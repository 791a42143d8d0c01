"""What is said about a stack."""

from __future__ import annotations

import pytest
import torch

from dashlab.experiments.initialization.settings import Setting, StackConfig
from dashlab.experiments.initialization.signals import block, layer_stats
from dashlab.experiments.initialization.words import NOT_FINITE, factor, layer_rows, sentences, summary
from dashlab.training.device import stream
from tests.typed import there


def said(setting: Setting, **size: int) -> str:
    config = StackConfig().change(**setting.flat(), **({"depth": 40, "width": 64, "batch": 8} | size))
    return sentences(layer_stats(config))


def test_the_first_layer_that_is_not_finite_is_named_both_ways() -> None:
    words = said(Setting(std=10.0))
    assert "Layer 20 (index 19) is the first with values that are not finite" in words
    assert "The gradient is no longer finite at layer" in words


def test_a_steady_stack_is_said_to_go_from_here_to_there() -> None:
    words = said(Setting(initializer="orthogonal"))
    assert words.startswith("The spread is ")
    assert "× 1 a layer" in words
    assert "The gradient comes in with" in words


def test_a_signal_that_ends_in_zeros_is_said_to() -> None:
    words = said(Setting(std=0.0002))
    assert "on every output is exactly 0: they shrank × 0.00163 a layer, below 1.4e-45." in words
    assert torch.finfo(torch.float32).smallest_normal > 1e-38
    assert 0 < torch.tensor(1.4e-45).item() < 2e-45
    assert torch.tensor(0.6e-45).item() == 0


def test_a_signal_that_relu_cut_off_is_not_said_to_have_become_too_small() -> None:
    config = StackConfig(initializer="kaiming_normal", activation="relu", width=8, batch=2, depth=100)
    stats = layer_stats(config)
    assert stats.first_zero == 72
    assert there(stats.layers[71].largest) > 1e-6
    assert "everything that entered its activation was negative" in sentences(stats)
    assert "1.4e-45" not in sentences(stats)


def test_zeros_are_said_to_learn_nothing() -> None:
    words = said(Setting(initializer="zeros"))
    assert "Every output is exactly 0 from the first layer on" in words
    assert "No gradient arrives at layer 39 (index 38) and below: it is exactly 0; nothing learns." in words


def test_layers_above_those_without_a_gradient_are_not_said_to_learn_nothing() -> None:
    config = StackConfig(std=10.0, activation="tanh", width=8, batch=2, depth=50)
    stats = layer_stats(config)
    assert stats.gradient_zero == 45
    assert there(stats.layers[-1].weight_gradient) > 0
    assert "it is exactly 0; the layers there do not learn." in sentences(stats)


def test_zeros_under_a_sigmoid_are_one_number() -> None:
    assert "All outputs of the top layer are one number: 0.5." in said(
        Setting(initializer="zeros", activation="sigmoid")
    )


def test_equal_weights_are_said_to_make_copies() -> None:
    words = said(Setting(initializer="constant", activation="tanh"))
    assert "Below the top they get the same gradient too" in words
    assert "64 units do the work of one" in words
    assert "do the work of one" not in said(Setting(initializer="constant", activation="tanh"), depth=1)


def test_units_of_equal_weights_get_the_same_gradient_below_the_top() -> None:
    setting = Setting(initializer="constant", constant=0.01, activation="tanh")
    weights = [torch.full((8, 8), 0.01, requires_grad=True) for _ in range(3)]
    x = torch.randn(4, 8, generator=stream(0, "a test"))
    for weight in weights:
        x = block(x, weight, setting)
    x.backward(torch.randn(4, 8, generator=stream(1, "a test")))  # type: ignore[no-untyped-call]
    gradients = [there(weight.grad) for weight in weights]
    same = [torch.allclose(grad, grad[:1].expand(8, 8), atol=1e-9) for grad in gradients]
    assert same == [True, True, False]


def test_inputs_that_cannot_be_told_apart_are_said_to() -> None:
    words = said(Setting(initializer="xavier_normal", activation="sigmoid"))
    assert "Different inputs come out almost alike" in words


def test_a_single_layer_is_said_without_a_growth() -> None:
    words = said(Setting(initializer="normal_fan"), depth=1)
    assert "a layer" not in words
    assert "The spread is" in words


def test_growth_is_the_geometric_mean_between_the_layers_that_have_a_number() -> None:
    assert factor([1.0, 4.0, 16.0, None]) == pytest.approx(4.0)
    assert factor([0.0, 2.0, 0.0, 8.0]) == pytest.approx(2.0)
    assert factor([None, 1.0]) is None


def test_the_table_leaves_empty_what_is_not_finite() -> None:
    stats = layer_stats(StackConfig(std=10.0, depth=40, width=64))
    row = summary(stats)
    assert row["Std, top"] is None
    assert row[NOT_FINITE] == stats.first_not_finite


def test_the_download_has_a_row_for_every_layer_of_every_stack() -> None:
    stacks = [layer_stats(StackConfig(depth=3, width=8, std=std)) for std in (1.0, 0.1)]
    rows = list(layer_rows(stacks))
    assert [(row["setting"], row["layer"]) for row in rows] == [
        (f"{number}. {stats.config.title}", layer)
        for number, stats in enumerate(stacks, 1)
        for layer in (1, 2, 3)
    ]
    assert rows[4]["std"] == stacks[1].layers[1].std
