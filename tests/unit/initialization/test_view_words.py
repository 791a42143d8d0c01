"""Sentences of the page on initialization, against what the page measures."""

import math
from dataclasses import replace

import pytest
import torch

from dashlab.experiments.initialization.gain import Gain, follow, gains, outputs, samples
from dashlab.experiments.initialization.presets import SIGMOIDS, SIGNALS, TRAININGS
from dashlab.experiments.initialization.rows import StackStats
from dashlab.experiments.initialization.settings import GainConfig, Setting, StackConfig, StackView
from dashlab.experiments.initialization.signals import layer_stats
from dashlab.experiments.initialization.training import StackTraining
from dashlab.experiments.initialization.words import factor
from dashlab.settings.lists import entries_of
from tests.typed import there
from ui.initialization.gain import EXPLAINED, explained, unmarked


def gain_of(activation: str, config: GainConfig | None = None) -> Gain:
    return next(one for one in gains(config or GainConfig()) if one.activation == activation)


def stacks(preset: str) -> list[StackStats]:
    """Each stack of a preset as it is before any training."""
    view = (SIGNALS | TRAININGS)[preset].config
    assert isinstance(view, StackView | StackTraining)
    return [layer_stats(view.stack(setting)) for setting in entries_of(view.settings, Setting)]


def growth(stats: StackStats) -> float:
    found = factor([layer.std for layer in stats.layers])
    assert found is not None
    return found


def likeness(stats: StackStats) -> float:
    """How much of the spread at the top is between inputs."""
    top = stats.layers[-1]
    assert top.between is not None
    assert top.std is not None
    return top.between / top.std


# Gains


def test_activations_make_signals_narrower_or_wider() -> None:
    assert gain_of("tanh").exact > 1 > gain_of("selu", GainConfig(std=0.05)).exact


def test_activations_without_a_mark_are_named_and_no_others() -> None:
    found = gains(GainConfig())
    assert unmarked(found).startswith("GELU has no mark: calculate_gain raises a ValueError")
    with pytest.raises(ValueError, match="gelu"):
        torch.nn.init.calculate_gain("gelu")  # type: ignore[arg-type]
    assert unmarked([replace(one, calculated=1.0) for one in found]) == ""
    both = [replace(one, calculated=None) for one in found if one.activation in ("relu", "tanh")]
    assert unmarked(both).startswith("tanh and ReLU have no mark")


def test_the_gains_that_are_explained_by_a_number_have_it() -> None:
    assert gain_of("none").gain == pytest.approx(1)
    assert gain_of("sigmoid").calculated == 1
    assert gain_of("sigmoid").mean == pytest.approx(0.5, abs=0.01)
    relu = gain_of("relu", GainConfig(samples=200_000))
    assert relu.gain_rms == pytest.approx(math.sqrt(2), abs=0.01)
    assert relu.gain > relu.gain_rms + 0.2
    assert relu.mean > 0.3
    selu = gain_of("selu", GainConfig(samples=200_000))
    assert (selu.exact, selu.mean, selu.calculated) == pytest.approx((1, 0, 0.75), abs=0.01)
    assert "3/4" in EXPLAINED["selu"]
    for slope in (0.0, 0.2, 0.7):
        leaky = gain_of("leaky_relu", GainConfig(slope=slope, samples=200_000))
        assert leaky.gain_rms == pytest.approx(math.sqrt(2 / (1 + slope**2)), abs=0.01)


def test_five_thirds_is_the_gain_of_tanh_that_keeps_a_spread_of_065() -> None:
    wide = gain_of("tanh", GainConfig(std=0.65 * 5 / 3, samples=200_000))
    assert wide.exact == pytest.approx(5 / 3, abs=0.01)
    assert wide.std == pytest.approx(0.65, abs=0.01)


def test_only_what_is_straight_on_both_sides_of_0_has_one_gain_at_every_spread() -> None:
    spans = {one.activation: max(one.gains) / min(one.gains) for one in follow(GainConfig())}
    assert {name for name, span in spans.items() if span < 1.001} == {"none", "relu", "leaky_relu"}


def test_the_measured_gain_varies_by_about_one_by_the_root_of_the_samples() -> None:
    found = torch.tensor([gain_of("tanh", GainConfig(samples=400, seed=seed)).gain for seed in range(60)])
    assert 0.3 < found.std().item() * math.sqrt(400) < 2


def test_most_values_of_a_wide_signal_leave_tanh_almost_no_slope() -> None:
    config = GainConfig(std=10.0)
    assert gain_of("tanh", config).gain == pytest.approx(10, abs=1)
    slopes = 1 - outputs(config, samples(config)).double().square()
    assert slopes.median().item() < 1e-4


# Signals


def test_a_factor_of_11_by_10_a_layer_is_14000_after_a_hundred() -> None:
    assert pytest.approx(14_000, rel=0.02) == 1.1**100


def test_without_an_activation_a_layer_of_256_multiplies_by_16() -> None:
    assert growth(stacks("s9")[0]) == pytest.approx(16, rel=0.02)


def test_without_its_gain_tanh_falls_about_tenfold() -> None:
    with_gain, without = stacks("s10b")
    assert with_gain.layers[-1].std == pytest.approx(0.65, abs=0.02)
    assert 7 < there(without.layers[0].std) / there(without.layers[-1].std) < 14


def test_under_relu_xavier_loses_root_two_a_layer_and_pytorchs_own_root_six() -> None:
    assert growth(stacks("relu")[1]) == pytest.approx(1 / math.sqrt(2), rel=0.02)
    assert growth(stacks("pytorch")[0]) == pytest.approx(1 / math.sqrt(6), rel=0.02)


def test_batchnorm_keeps_the_outputs_steady_and_makes_the_gradients_explode() -> None:
    plain, batchnorm, *_ = stacks("cures")
    assert growth(plain) < 0.5
    assert growth(batchnorm) == pytest.approx(1, abs=0.01)
    bottom, top = batchnorm.layers[0].gradient_std, batchnorm.layers[-1].gradient_std
    assert bottom is not None
    assert top is not None
    assert bottom > 1e8 * top


def test_equal_weights_make_copies_and_random_ones_do_not() -> None:
    zeros, equal, random = stacks("alike")
    assert zeros.first_zero == 0
    assert all(layer.alike for layer in equal.layers)
    assert not any(layer.alike for layer in random.layers)


# Before the trainings


def test_layernorm_alone_keeps_the_spread_and_residual_connections_alone_let_it_grow() -> None:
    _, _, layernorm, residual, both = stacks("learn_cures")
    assert growth(layernorm) == pytest.approx(1, abs=0.02)
    assert likeness(layernorm) < 0.3
    assert likeness(both) > 0.9
    assert there(residual.layers[-1].std) / there(residual.layers[0].std) > 100


def test_of_a_hundred_layers_only_some_keep_the_inputs_apart() -> None:
    pytorch, kaiming, residual, orthogonal = stacks("learn_pytorch")
    assert there(pytorch.layers[0].weight_gradient) < 1e-30
    assert 0.1 < there(kaiming.layers[-1].std) < 2.5
    assert likeness(kaiming) < 0.4
    assert min(likeness(residual), likeness(orthogonal)) > 0.9


@pytest.mark.parametrize("std", [0.1, 1.0, 10.0])
def test_the_gain_of_tanh_is_said_as_it_is_measured(std: float) -> None:
    config = GainConfig(std=std)
    tanh = next(one for one in gains(config) if one.activation == "tanh")
    words = explained(tanh, config)
    assert f"Measured {tanh.gain:.2f} at a spread of {std:g}" in words
    assert ("more than PyTorch's 5/3" in words) == (tanh.gain > 5 / 3)


@pytest.mark.parametrize("std", [0.05, 1.0, 20.0])
def test_the_sigmoid_narrows_at_least_fourfold(std: float) -> None:
    assert next(one for one in gains(GainConfig(std=std)) if one.activation == "sigmoid").gain >= 3.99


def test_by_mean_square_the_gain_of_gelu_on_the_normal_distribution_is_as_written() -> None:
    gelu = next(
        one for one in gains(GainConfig(activation="gelu", samples=200_000)) if one.activation == "gelu"
    )
    assert gelu.gain_rms == pytest.approx(1.53, abs=0.01)
    assert "1.53 on N(0, 1)" in explained(gelu, GainConfig())


def test_the_gradient_of_the_sigmoid_is_rounded_to_0_on_its_way_down() -> None:
    stats = layer_stats(StackConfig().change(**SIGMOIDS[0].flat()))
    assert stats.gradient_zero is not None
    assert 0 < stats.gradient_zero < stats.config.depth - 1
    top = stats.layers[-1]
    assert top.between is not None
    assert top.between < 1e-6
