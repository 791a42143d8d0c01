"""Sentences of the page on initialization, against what the page measures."""

import pytest

from dashlab.experiments.gain import GainConfig, gains
from dashlab.experiments.stack import layer_stats
from dashlab.experiments.stack_settings import StackConfig
from ui.initialization_gain import explained
from ui.initialization_presets import SIGMOIDS


@pytest.mark.parametrize("std", [0.1, 1.0, 10.0])
def test_the_gain_of_tanh_is_said_as_it_is_measured(std: float):
    config = GainConfig(std=std)
    tanh = next(one for one in gains(config) if one.activation == "tanh")
    words = explained(tanh, config)
    assert f"Measured {tanh.gain:.2f} at a spread of {std:g}" in words
    assert ("more than PyTorch's 5/3" in words) == (tanh.gain > 5 / 3)


@pytest.mark.parametrize("std", [0.05, 1.0, 20.0])
def test_the_sigmoid_narrows_at_least_fourfold(std: float):
    assert next(one for one in gains(GainConfig(std=std)) if one.activation == "sigmoid").gain >= 3.99


def test_by_mean_square_the_gain_of_gelu_on_the_normal_distribution_is_as_written():
    gelu = next(
        one for one in gains(GainConfig(activation="gelu", samples=200_000)) if one.activation == "gelu"
    )
    assert gelu.gain_rms == pytest.approx(1.53, abs=0.01)
    assert "1.53 on N(0, 1)" in explained(gelu, GainConfig())


def test_the_gradient_of_the_sigmoid_is_rounded_to_0_on_its_way_down():
    stats = layer_stats(StackConfig().change(**SIGMOIDS[0].flat()))
    assert stats.gradient_zero is not None
    assert 0 < stats.gradient_zero < stats.config.depth - 1
    top = stats.layers[-1]
    assert top.between is not None
    assert top.between < 1e-6
