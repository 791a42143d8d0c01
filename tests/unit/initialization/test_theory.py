"""What theory predicts for a stack, against closed forms and against wide stacks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from dashlab.experiments.initialization.settings import ACTIVATIONS, CURES, INITIALIZERS, Setting, StackConfig
from dashlab.experiments.initialization.signals import draw_weight, layer_stats
from dashlab.experiments.initialization.theory import AGREES, moments, theory, variance


def stack(setting: Setting, depth: int = 10, width: int = 512) -> StackConfig:
    return StackConfig().change(**setting.flat(), depth=depth, width=width)


def test_without_an_activation_a_layer_multiplies_by_the_root_of_width_times_variance() -> None:
    found = theory(stack(Setting(), width=256))
    assert found.outputs == pytest.approx([16.0 ** (layer + 1) for layer in range(10)])
    assert found.gradients == pytest.approx([16.0 ** (9 - layer) for layer in range(10)])


def test_kaiming_is_level_under_relu_and_xavier_loses_the_root_of_two() -> None:
    kaiming = theory(stack(Setting(initializer="kaiming_normal", activation="relu")))
    xavier = theory(stack(Setting(initializer="xavier_normal", activation="relu")))
    assert kaiming.gradients == pytest.approx([1.0] * 10, rel=1e-3)
    assert xavier.outputs[9] / xavier.outputs[8] == pytest.approx(math.sqrt(0.5), rel=1e-3)


def test_tanh_with_its_gain_settles_at_065() -> None:
    setting = Setting(initializer="xavier_uniform", gain_from="activation", activation="tanh")
    assert theory(stack(setting, depth=100)).outputs[-1] == pytest.approx(0.65, abs=0.01)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("cure", ["none", "layernorm", "residual_layernorm"])
def test_a_wide_stack_does_as_predicted(activation: str, cure: str) -> None:
    setting = Setting(initializer="xavier_normal", activation=activation, cure=cure)
    layers, found = layer_stats(stack(setting, depth=6)).layers, theory(stack(setting, depth=6))
    assert [layer.std for layer in layers] == pytest.approx(found.outputs, rel=0.2)
    assert [layer.gradient_std for layer in layers] == pytest.approx(found.gradients, rel=0.2)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_batchnorm_and_residual_connections_do_as_predicted(activation: str) -> None:
    for cure in ("batchnorm", "residual"):
        setting = Setting(initializer="xavier_normal", activation=activation, cure=cure)
        layers = layer_stats(stack(setting, depth=6)).layers
        assert [layer.std for layer in layers] == pytest.approx(
            theory(stack(setting, depth=6)).outputs, rel=0.12
        )


@pytest.mark.parametrize("initializer", [name for name in INITIALIZERS if name not in ("constant", "zeros")])
def test_the_variance_of_the_weights_is_that_of_what_is_drawn(initializer: str) -> None:
    config = stack(Setting(initializer=initializer, gain_from="one", activation="tanh"), width=512)
    drawn = draw_weight(config, 0).double().var().item()
    assert variance(config, 512) == pytest.approx(drawn, rel=0.02)


def test_equal_weights_are_followed_number_by_number() -> None:
    setting = Setting(initializer="constant", constant=0.002, activation="tanh")
    found = theory(stack(setting))
    layers = layer_stats(stack(setting).change(batch=256)).layers
    assert [layer.std for layer in layers] == pytest.approx(found.outputs, rel=0.2)
    assert found.gradients == ()


def test_equal_weights_without_an_activation_multiply_the_gradient() -> None:
    found = theory(stack(Setting(initializer="constant", constant=0.01), depth=3, width=100))
    assert found.gradients == pytest.approx((0.1, 0.1, 1.0))
    assert found.outputs == pytest.approx((0.1, 0.1, 0.1), rel=1e-4)


@pytest.mark.parametrize(
    "setting",
    [
        Setting(cure="batchnorm"),
        Setting(cure="residual", activation="relu"),
        Setting(initializer="constant", cure="layernorm"),
    ],
)
def test_no_gradient_is_predicted_where_the_theory_does_not_hold(setting: Setting) -> None:
    assert theory(stack(setting)).gradients == ()


def test_a_prediction_ends_far_outside_of_float32() -> None:
    found = theory(stack(Setting(std=10.0), depth=200, width=1024))
    assert len(found.outputs) < 200
    assert all(map(math.isfinite, found.outputs))
    assert found.outputs[-1] > 1e40


def test_zeros_are_predicted_to_be_zero() -> None:
    assert set(theory(stack(Setting(initializer="zeros", activation="relu"))).outputs) == {0.0}


@pytest.mark.parametrize("std", [1e-6, 1.0, 1e6])
def test_the_integrals_of_relu_have_their_closed_form_at_every_scale(std: float) -> None:
    mean, var, slope = moments(Setting(activation="relu"), std)
    assert mean == pytest.approx(std / math.sqrt(2 * math.pi), rel=1e-3)
    assert var == pytest.approx(std**2 * (0.5 - 0.5 / math.pi), rel=1e-3)
    assert slope == pytest.approx(0.5, rel=1e-3)


def test_a_step_as_steep_as_it_gets_is_integrated_rightly() -> None:
    mean, var, slope = moments(Setting(activation="sigmoid"), 1e5)
    assert (mean, var) == pytest.approx((0.5, 0.25), rel=1e-3)
    # The integral of (s(1 - s))² is 1/6, times the density of N(0, std²) at 0.
    assert slope == pytest.approx(1 / 6 / (1e5 * math.sqrt(2 * math.pi)), rel=0.01)


STARTS = (
    Setting(),
    Setting(std=0.01),
    Setting(initializer="normal_fan"),
    Setting(initializer="kaiming_normal"),
    Setting(initializer="xavier_uniform", gain_from="activation"),
    Setting(initializer="orthogonal"),
    Setting(initializer="pytorch"),
    Setting(initializer="uniform", bound=0.3),
)
NORMAL = (1e-37, 1e37)
"""Where float32 has its full precision."""


def apart(measured: Sequence[float | None], predicted: Sequence[float]) -> float:
    """The largest factor between a line and what is measured, where float32 can hold both."""
    pairs = [
        (value, line)
        for value, line in zip(measured, predicted, strict=False)
        if value is not None and NORMAL[0] < line < NORMAL[1]
    ]
    return max((max(value / line, line / max(value, 1e-300)) for value, line in pairs), default=1.0)


@pytest.mark.parametrize("cure", CURES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("depth", "width"), [(100, 256), (60, 16)])
def test_every_line_that_is_drawn_agrees_with_what_is_measured(
    cure: str, activation: str, depth: int, width: int
) -> None:
    for start in STARTS:
        config = stack(start.change(activation=activation, cure=cure).without_unused(), depth, width)
        layers, found = layer_stats(config).layers, theory(config)
        assert apart([layer.std for layer in layers], found.outputs) < AGREES, config.title
        assert apart([layer.gradient_std for layer in layers], found.gradients) < AGREES, config.title


@pytest.mark.parametrize("start", [Setting(initializer="normal_fan"), Setting(initializer="pytorch")])
def test_no_gradient_is_predicted_where_selu_drifts_only_higher_up(start: Setting) -> None:
    assert abs(moments(Setting(activation="selu"), 1.0)[0]) < 1e-3  # on N(0, 1), where it was asked before
    config = stack(start.change(activation="selu", cure="residual"), depth=100, width=256)
    assert theory(config).gradients == ()
    assert len(theory(config).outputs) == 100


def test_the_usual_stacks_have_both_lines() -> None:
    for start, activation in (("normal_fan", "none"), ("kaiming_normal", "relu"), ("xavier_uniform", "tanh")):
        found = theory(stack(Setting(initializer=start, activation=activation), depth=100, width=256))
        assert (len(found.outputs), len(found.gradients)) == (100, 100)
