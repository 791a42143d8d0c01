"""Signals through a stack: the recipes, and the numbers against plain PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from dashlab.errors import ConfigError
from dashlab.experiments.initialization.settings import (
    ACTIVATIONS,
    CURES,
    EXPLODING,
    INITIALIZERS,
    Setting,
    StackConfig,
    StackView,
)
from dashlab.experiments.initialization.signals import (
    block,
    draw_weight,
    layer_stats,
    weight_gradient_norms,
)
from dashlab.training.device import stream
from dashlab.training.histograms import histograms
from tests.typed import there

SMALL = StackConfig(depth=4, width=16, batch=8)


def stack(setting: Setting, **size: int) -> StackConfig:
    """A small stack of a setting."""
    return StackConfig().change(**setting.flat(), **({"depth": 4, "width": 16, "batch": 8} | size))


def plain_network(config: StackConfig) -> list[nn.Sequential]:
    """The same layers as modules of `torch.nn`, with the same weights."""
    layers = []
    for index in range(config.depth):
        linear = nn.Linear(config.width, config.width, bias=False)
        linear.weight = nn.Parameter(draw_weight(config, index))
        norms: dict[str, Callable[[], nn.Module]] = {
            "batchnorm": lambda: nn.BatchNorm1d(config.width),
            "layernorm": lambda: nn.LayerNorm(config.width),
        }
        activations: dict[str, Callable[[], nn.Module]] = {
            "none": nn.Identity,
            "sigmoid": nn.Sigmoid,
            "tanh": nn.Tanh,
            "relu": nn.ReLU,
            "leaky_relu": lambda: nn.LeakyReLU(config.slope),
            "gelu": nn.GELU,
            "selu": nn.SELU,
        }
        norm, activation = norms.get(config.cure, nn.Identity)(), activations[config.activation]()
        before = nn.LayerNorm(config.width) if config.cure == "residual_layernorm" else nn.Identity()
        layers.append(nn.Sequential(before, linear, norm, activation))
    return layers


@pytest.mark.sameness
@pytest.mark.parametrize("cure", CURES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_numbers_are_those_of_plain_modules_under_autograd(activation: str, cure: str) -> None:
    config = stack(Setting(initializer="xavier_normal", activation=activation, cure=cure))
    x = torch.randn(8, 16, generator=stream(0, "input"))
    outputs, layers = [], plain_network(config)
    for layer in layers:
        made = layer(x)
        x = x + made if cure.startswith("residual") else made
        x.retain_grad()
        outputs.append(x)
    x.backward(torch.randn(8, 16, generator=stream(0, "gradient")))  # type: ignore[no-untyped-call]
    for row, output, layer in zip(layer_stats(config).layers, outputs, layers, strict=True):
        assert row.std == pytest.approx(output.double().std().item(), rel=1e-5)
        assert row.between == pytest.approx(output.double().var(dim=0).mean().sqrt().item(), rel=1e-5)
        assert row.gradient_std == pytest.approx(output.grad.double().std().item(), rel=1e-4)
        assert row.weight_gradient == pytest.approx(
            there(layer.get_parameter("1.weight").grad).norm().item(), rel=1e-4
        )
        assert row.largest == pytest.approx(output.abs().max().item(), rel=1e-6)


def test_s9_explodes_at_about_the_31st_layer() -> None:
    stats = layer_stats(StackView().stack(EXPLODING))
    assert stats.first_not_finite in range(29, 33)
    assert stats.layers[10].std == pytest.approx(16.0**11, rel=0.3)
    assert stats.layers[-1].std is None


def test_s10_weights_of_variance_one_in_n_keep_the_spread() -> None:
    stats = layer_stats(StackView().stack(Setting(initializer="normal_fan")))
    assert all(0.4 < there(layer.std) < 2.5 for layer in stats.layers)


def test_s10_tanh_with_its_gain_settles_at_065() -> None:
    setting = Setting(initializer="xavier_uniform", gain_from="activation", activation="tanh")
    stats = layer_stats(StackView().stack(setting))
    assert all(0.6 < there(layer.std) < 0.7 for layer in stats.layers[20:])


def test_s10_kaiming_keeps_the_spread_under_relu() -> None:
    stats = layer_stats(StackView().stack(Setting(initializer="kaiming_normal", activation="relu")))
    assert all(0.2 < there(layer.std) < 2.5 for layer in stats.layers)


@pytest.mark.sameness
@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_every_initializer_is_torchs_own(initializer: str) -> None:
    config = stack(Setting(initializer=initializer, activation="tanh"))
    wanted, draws = torch.empty(16, 16), stream(0, "weight 2")
    match initializer:
        case "normal":
            nn.init.normal_(wanted, std=1.0, generator=draws)
        case "normal_fan":
            nn.init.normal_(wanted, std=0.25, generator=draws)
        case "uniform":
            nn.init.uniform_(wanted, -0.1, 0.1, generator=draws)
        case "constant":
            nn.init.constant_(wanted, 0.01)
        case "zeros":
            nn.init.zeros_(wanted)
        case "pytorch":
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(draws.initial_seed())
                wanted = nn.Linear(16, 16, bias=False).weight.detach()
        case "kaiming_uniform" | "kaiming_normal":
            getattr(nn.init, f"{initializer}_")(wanted, nonlinearity="tanh", generator=draws)
        case _:
            getattr(nn.init, f"{initializer}_")(wanted, generator=draws)
    assert torch.equal(draw_weight(config, 2), wanted)


@pytest.mark.sameness
@pytest.mark.parametrize("initializer", ["xavier_uniform", "xavier_normal", "orthogonal"])
def test_a_gain_multiplies_the_weights(initializer: str) -> None:
    plain = Setting(initializer=initializer, activation="tanh")
    one = draw_weight(stack(plain), 0)
    assert torch.allclose(draw_weight(stack(plain.change(gain_from="activation")), 0), one * 5 / 3)
    assert torch.allclose(draw_weight(stack(plain.change(gain_from="own", gain=0.5)), 0), one / 2)


def test_kaiming_knows_the_slope_of_leaky_relu() -> None:
    steep = stack(Setting(initializer="kaiming_normal", activation="leaky_relu", slope=0.5))
    linear = stack(Setting(initializer="kaiming_normal"))
    ratio = draw_weight(steep, 0) / draw_weight(linear, 0)
    assert torch.allclose(ratio, torch.full((16, 16), math.sqrt(2 / 1.25)))


def test_gelu_takes_the_gain_of_relu() -> None:
    gelu = stack(Setting(initializer="kaiming_normal", activation="gelu"))
    relu = stack(Setting(initializer="kaiming_normal", activation="relu"))
    assert torch.equal(draw_weight(gelu, 0), draw_weight(relu, 0))


@pytest.mark.sameness
def test_a_deeper_stack_begins_with_the_layers_of_a_shallower_one() -> None:
    shallow = layer_stats(stack(Setting(), depth=3)).layers
    deep = layer_stats(stack(Setting(), depth=6)).layers
    assert [layer.std for layer in deep[:3]] == [layer.std for layer in shallow]


@pytest.mark.sameness
def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    assert layer_stats(SMALL) == layer_stats(SMALL)
    assert layer_stats(SMALL).layers[0].std != layer_stats(SMALL.change(seed=1)).layers[0].std


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    layer_stats(SMALL)
    assert torch.equal(torch.get_rng_state(), before)


def test_zeros_pass_nothing_on_and_get_no_gradient() -> None:
    stats = layer_stats(stack(Setting(initializer="zeros", activation="relu")))
    assert stats.first_zero == 0
    assert stats.gradient_zero == 2  # all but the top layer, at which the gradient comes in
    assert all(layer.std == 0 and layer.zeros == 1 for layer in stats.layers)


def test_equal_weights_make_all_units_alike() -> None:
    stats = layer_stats(stack(Setting(initializer="constant", activation="tanh")))
    assert all(layer.alike and there(layer.std) > 0 for layer in stats.layers)
    assert not any(layer.alike for layer in layer_stats(stack(Setting(activation="tanh"))).layers)


def test_a_signal_that_falls_below_float32_is_exactly_zero_from_there_on() -> None:
    stats = layer_stats(stack(Setting(std=0.0001), depth=20))
    assert stats.first_zero is not None
    assert there(stats.layers[stats.first_zero - 1].std) > 0
    assert all(layer.std == 0 for layer in stats.layers[stats.first_zero :])


def test_a_gradient_that_leaves_float32_is_found_on_its_way_down() -> None:
    stats = layer_stats(stack(Setting(std=10.0), depth=60))
    broken = stats.gradient_not_finite
    assert broken is not None
    assert stats.layers[broken].gradient_std is None
    assert stats.layers[broken + 1].gradient_std is not None


def test_batchnorm_in_evaluation_uses_the_statistics_it_was_given() -> None:
    setting = Setting(cure="batchnorm")
    x, weight = torch.randn(8, 16, generator=stream(0, "x")), torch.eye(16)
    running = torch.zeros(16), torch.ones(16)
    block(x, weight, setting, running=running)
    assert torch.allclose(running[0], x.mean(dim=0), atol=1e-6)
    fixed = torch.full((16,), 2.0), torch.full((16,), 4.0)
    assert torch.allclose(block(x, weight, setting, running=fixed, training=False), (x - 2) / 2, atol=1e-4)


def test_progress_counts_every_layer_up_and_down() -> None:
    told = []
    layer_stats(SMALL, on_layer=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == [1, 2, 3, 4, 8]  # so few layers go down in one piece
    assert {total for _, total in told} == {8}


@pytest.mark.sameness
def test_a_stack_of_many_pieces_says_the_same_as_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = layer_stats(SMALL)
    monkeypatch.setattr("dashlab.experiments.initialization.signals.PIECE", SMALL.width**2)
    told: list[int] = []
    assert layer_stats(SMALL, on_layer=lambda done, _total: told.append(done)) == whole
    assert told == list(range(1, 9))


def test_weights_may_be_given_instead_of_drawn() -> None:
    given = layer_stats(SMALL, draw=lambda config, _index: torch.eye(config.width)).layers
    assert len({layer.std for layer in given}) == 1


@pytest.mark.sameness
def test_looking_at_layers_together_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    together = layer_stats(SMALL).layers
    monkeypatch.setattr("dashlab.experiments.initialization.signals.TOGETHER", 1)
    alone = layer_stats(SMALL).layers
    assert [layer.index for layer in alone] == [0, 1, 2, 3]
    assert [layer.std for layer in alone] == pytest.approx([layer.std for layer in together], rel=1e-12)
    assert [layer.outputs for layer in alone] == [layer.outputs for layer in together]


def test_histograms_count_as_numpy_does() -> None:
    values = torch.randn(3, 500, generator=stream(0, "values")) * torch.tensor([[1e-20], [1.0], [1e20]])
    for row, found in zip(values, histograms(values, 12), strict=True):
        counts, edges = np.histogram(row.numpy().astype(float), 12)
        assert (found.low, found.high) == pytest.approx((edges[0], edges[-1]))
        # float32 may put a value that lies on an edge on the other side of it
        assert np.abs(np.array(found.counts) - counts).sum() <= 4
        assert sum(found.counts) == 500


def test_a_histogram_leaves_out_what_is_not_finite() -> None:
    infinite = torch.tensor([[1.0, 2.0, math.inf, math.nan], [math.nan] * 4])
    some, none = histograms(infinite, 2)
    assert (some.low, some.high, some.counts) == (1.0, 2.0, (1, 1))
    assert none.counts == ()


def test_a_histogram_of_one_value_has_one_bin() -> None:
    (found,) = histograms(torch.full((1, 7), 3.0))
    assert (found.low, found.high, found.counts) == (3.0, 3.0, (7,))


def test_a_histogram_spans_all_of_float32() -> None:
    largest = torch.finfo(torch.float32).max
    (found,) = histograms(torch.tensor([[-largest, 0.0, largest]]), 4)
    assert found.counts == (1, 0, 1, 1)


@pytest.mark.parametrize(
    "wrong",
    [{"depth": 0}, {"depth": 201}, {"width": 7}, {"width": 1025}, {"batch": 1}, {"initializer": "he"}],
)
def test_a_stack_out_of_range_is_refused(wrong: dict[str, int | str]) -> None:
    with pytest.raises(ConfigError):
        layer_stats(StackConfig().change(**wrong))


def test_a_gain_has_no_effect_where_there_is_none() -> None:
    assert not Setting(initializer="normal", gain_from="own").is_used("gain")
    assert Setting(initializer="orthogonal", gain_from="own").is_used("gain")
    assert Setting(initializer="normal", gain_from="own", gain=2.0).without_unused() == Setting()


@pytest.mark.parametrize(
    ("setting", "title"),
    [
        (Setting(), "N(0, 1), linear"),
        (Setting(std=0.05, activation="tanh"), "N(0, 0.05²), tanh"),
        (
            Setting(
                initializer="xavier_uniform", gain_from="activation", activation="tanh", cure="layernorm"
            ),
            "Xavier uniform × gain, tanh, LayerNorm",
        ),
        (Setting(initializer="orthogonal", gain_from="own", gain=1.5), "Orthogonal × 1.5, linear"),
        (
            Setting(initializer="constant", activation="leaky_relu", slope=0.2),
            "Constant 0.01, leaky ReLU 0.2",
        ),
    ],
)
def test_a_setting_is_named_by_what_it_does(setting: Setting, title: str) -> None:
    assert setting.title == title


@pytest.mark.sameness
@pytest.mark.parametrize("batch", [4, 40], ids=["few inputs", "more inputs than units"])
@pytest.mark.parametrize("scale", [1.0, 1e-22, 3e-22, 1e-30, 1e18, 1e19, 1e30])
def test_norms_of_weight_gradients_are_those_of_the_gradients_in_float32(batch: int, scale: float) -> None:
    x = torch.randn(3, batch, 16, generator=stream(0, "x")) * scale
    gradients = torch.randn(3, batch, 16, generator=stream(0, "gradients")) * scale
    wanted = []
    for one, gradient in zip(x, gradients, strict=True):
        weight = torch.zeros(16, 16, requires_grad=True)
        nn.functional.linear(one, weight).backward(gradient)  # type: ignore[no-untyped-call]
        wanted.append(there(weight.grad).double().norm().item())
    found = weight_gradient_norms(x, gradients)
    assert found == pytest.approx(wanted, rel=1e-6, nan_ok=True)
    assert scale != 1e-30 or found == [0.0] * 3
    assert scale != 1e30 or not any(map(math.isfinite, found))


def test_a_weight_gradient_that_float32_rounds_to_0_is_0() -> None:
    layers = layer_stats(StackConfig(std=0.0002, depth=40, width=64, batch=8)).layers
    assert layers[0].weight_gradient == 0
    assert layers[-1].weight_gradient == 0
