"""Gains of activations, measured and calculated."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from dashlab.errors import ConfigError
from dashlab.experiments.initialization.gain import Gain, follow, gains, outputs, samples
from dashlab.experiments.initialization.settings import ACTIVATIONS, GainConfig


def of(activation: str, config: GainConfig | None = None) -> Gain:
    return next(gain for gain in gains(config or GainConfig()) if gain.activation == activation)


def test_s11_the_gain_of_tanh_is_about_1_6_beside_five_thirds() -> None:
    tanh = of("tanh")
    assert tanh.gain == pytest.approx(1.6, abs=0.05)
    assert tanh.calculated == pytest.approx(5 / 3)


@pytest.mark.parametrize("seed", range(5))
def test_s11_holds_for_every_seed(seed: int) -> None:
    assert of("tanh", GainConfig(seed=seed)).gain == pytest.approx(1.59, abs=0.04)


@pytest.mark.sameness
def test_the_measured_gain_is_std_before_by_std_after() -> None:
    config = GainConfig(samples=500, std=2.0)
    x = samples(config)
    y = torch.tanh(x)
    assert of("tanh", config).gain == pytest.approx((x.double().std() / y.double().std()).item())
    assert torch.equal(outputs(config, x), y)


@pytest.mark.sameness
@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "gelu"])
def test_what_calculate_gain_knows_is_its_own(activation: str) -> None:
    name = "linear" if activation == "none" else activation
    parameter = 0.01 if activation == "leaky_relu" else None
    assert of(activation).calculated == nn.init.calculate_gain(name, parameter)  # type: ignore[arg-type]


def test_what_calculate_gain_does_not_know_has_none() -> None:
    with pytest.raises(ValueError, match="gelu"):
        nn.init.calculate_gain("gelu")  # type: ignore[arg-type]
    assert of("gelu").calculated is None


def test_every_activation_is_measured() -> None:
    assert [gain.activation for gain in gains(GainConfig())] == list(ACTIVATIONS)


def test_the_integral_is_what_many_samples_come_to() -> None:
    for gain in gains(GainConfig(samples=200_000)):
        assert gain.gain == pytest.approx(gain.exact, rel=0.01)


def test_root_two_is_the_gain_of_relus_mean_square() -> None:
    relu = of("relu", GainConfig(samples=200_000))
    assert relu.gain_rms == pytest.approx(math.sqrt(2), rel=0.01)
    assert relu.exact == pytest.approx(1 / math.sqrt(0.5 - 0.5 / math.pi), rel=1e-3)


def test_the_slope_of_leaky_relu_counts() -> None:
    steep = of("leaky_relu", GainConfig(slope=1.0))
    assert (steep.gain, steep.calculated) == pytest.approx((1.0, 1.0))


def test_a_gain_is_followed_from_a_narrow_to_a_wide_signal() -> None:
    tanh = next(curve for curve in follow(GainConfig()) if curve.activation == "tanh")
    assert tanh.gains[0] == pytest.approx(1.0, abs=0.01)  # tanh is straight near 0
    assert tanh.gains[-1] > 15
    assert list(tanh.gains) == sorted(tanh.gains)


def test_relu_has_one_gain_at_every_spread() -> None:
    relu = next(curve for curve in follow(GainConfig(std=3.0)) if curve.activation == "relu")
    assert max(relu.gains) == pytest.approx(min(relu.gains), rel=1e-3)


@pytest.mark.parametrize("wrong", [{"samples": 10}, {"std": 0.0}, {"activation": "swish"}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float | str]) -> None:
    with pytest.raises(ConfigError):
        gains(GainConfig().change(**wrong))
