"""Value and slope, zones and kinks, and what layers make of N(0, 1)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from dashlab.charts.activations import curves as charts
from dashlab.charts.activations import softmax as softmax_charts
from dashlab.experiments.activations import words
from dashlab.experiments.activations.catalogue import catalogue, function_of, offered
from dashlab.experiments.activations.cost import costs
from dashlab.experiments.activations.entries import Chosen, write_curves
from dashlab.experiments.activations.rows import FLAT, Kink, Zone
from dashlab.experiments.activations.settings import CurvesConfig, LayersConfig, SoftmaxConfig
from dashlab.experiments.activations.shapes import at_point, kinks, shape_of, shapes, zones
from dashlab.experiments.activations.signals import INPUTS, gain_of, own_gain, signals
from dashlab.experiments.activations.softmax import softmax
from dashlab.training.device import stream


@pytest.mark.parametrize("name", list(catalogue()))
def test_the_slope_is_that_of_finite_differences(name: str) -> None:
    shape = shape_of(Chosen(name), CurvesConfig())
    function = function_of(Chosen(name))
    x = torch.tensor(shape.x, dtype=torch.float64)
    expected = (function(x + 1e-6) - function(x - 1e-6)) / 2e-6
    near = torch.zeros_like(x, dtype=torch.bool)
    for kink in shape.kinks:
        near |= (x - kink.x).abs() < 1e-5
    assert torch.tensor(shape.slope)[~near].tolist() == pytest.approx(expected[~near].tolist(), abs=1e-5)
    assert shape.y == pytest.approx(function(x).tolist())


def of(name: str, **arguments: str) -> tuple[tuple[Zone, ...], tuple[Kink, ...]]:
    function = function_of(Chosen(name, tuple(arguments.items())))
    return zones(function, 8.0), kinks(function, 8.0)


def places(found: tuple[Kink, ...]) -> list[tuple[float, float, float]]:
    return [(kink.x, kink.slope_before, kink.slope_after) for kink in found]


def test_sigmoid_and_tanh_saturate_where_their_slopes_fall_below_a_hundredth() -> None:
    at = math.log((1 - 2 * FLAT + math.sqrt(1 - 4 * FLAT)) / (2 * FLAT))  # s(1 − s) = 0.01
    for name, edge in (("Sigmoid", at), ("Tanh", math.atanh(math.sqrt(1 - FLAT)))):
        found, bends = of(name)
        assert [(zone.low, zone.high) for zone in found] == [
            pytest.approx((-8, -edge), abs=1e-4),
            pytest.approx((edge, 8), abs=1e-4),
        ]
        assert not any(zone.dead for zone in found)
        assert bends == ()


def test_relu_is_dead_below_zero_and_has_its_kink_there() -> None:
    found, bends = of("ReLU")
    assert found == (Zone(low=-8.0, high=0.0, dead=True),)
    assert places(bends) == [(0, 0, 1)]
    assert bends[0].slope_at == 0


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("LeakyReLU", {"negative_slope": "0.2"}, [(0, 0.2, 1)]),
        ("PReLU", {}, [(0, 0.25, 1)]),
        ("ELU", {}, []),
        ("ELU", {"alpha": "2.0"}, [(0, 2, 1)]),
        ("CELU", {"alpha": "2.0"}, []),
        ("SELU", {}, [(0, 1.7581, 1.0507)]),
        ("GELU", {}, []),
        ("ReLU6", {}, [(0, 0, 1), (6, 1, 0)]),
        ("Hardtanh", {"max_val": "2.5"}, [(-1, 0, 1), (2.5, 1, 0)]),
        ("Hardsigmoid", {}, [(-3, 0, 0.1667), (3, 0.1667, 0)]),
        ("Hardswish", {}, [(-3, 0, -0.5), (3, 1.5, 1)]),
        ("Softshrink", {"lambd": "1.3"}, [(-1.3, 1, 0), (1.3, 0, 1)]),
        ("Softsign", {}, []),
        ("Softplus", {}, []),
    ],
)
def test_kinks_stand_where_they_are_known_to(
    name: str, arguments: dict[str, str], expected: list[tuple[float, float, float]]
) -> None:
    found = places(of(name, **arguments)[1])
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_a_jump_of_the_value_is_told_as_one() -> None:
    bends = of("Threshold", threshold="1.0", value="-2.0")[1]
    assert (bends[0].x, bends[0].jump) == (1, 3)
    shape = shape_of(Chosen("Hardshrink"), CurvesConfig())
    assert "the value jumps by 0.5" in words.kink_words(shape)
    assert "has 2 kinks" in words.kink_words(shape)


def test_where_a_slope_only_passes_through_zero_nothing_is_saturated() -> None:
    found = of("SiLU")[0]
    assert len(found) == 1
    assert found[0].high == pytest.approx(-6.26, abs=0.01)


def test_zones_and_kinks_are_told_in_sentences() -> None:
    relu, softsign, sigmoid = (shape_of(Chosen(n), CurvesConfig()) for n in ("ReLU", "Softsign", "Sigmoid"))
    assert words.zone_words(relu, 5) == "ReLU saturates below 0 (slope exactly 0: nothing is learned there)."
    assert "does not saturate between −5 and 5" in words.zone_words(softsign, 5)
    assert "below −4.585 (slope below 0.01); above 4.585" in words.zone_words(sigmoid, 5)
    assert words.kink_words(relu).startswith("ReLU has a kink: at 0 the slope goes from 0 to 1")
    assert "no kink" in words.kink_words(sigmoid)
    assert "Nair and Hinton 2010" in words.use_words("ReLU", offered("ReLU").use)


def test_a_point_is_told_with_value_and_slope() -> None:
    config = CurvesConfig(point=0.5, curves=write_curves([Chosen("Tanh")]))
    ((title, value, slope),) = at_point(config)
    assert title == "Tanh"
    assert (value, slope) == pytest.approx((math.tanh(0.5), 1 - math.tanh(0.5) ** 2))


def test_what_layers_make_of_normal_numbers_is_what_plain_layers_make() -> None:
    config = LayersConfig(curves=write_curves([Chosen("GELU")]), layers=4, width=64, seed=2)
    (found,) = signals(config)
    x = torch.randn(INPUTS, 64, generator=stream(2, "activations: input"))
    for row in found.rows:
        weight = torch.randn(64, 64, generator=stream(2, f"activations: weight {row.layer - 1}"))
        x = nn.functional.gelu(x @ weight.T * found.gain / 8)
        assert row.std == pytest.approx(float(x.std()), rel=1e-4)
        assert row.mean == pytest.approx(float(x.mean()), abs=1e-5)
        assert row.between == pytest.approx(float(x.var(0).mean().sqrt()), rel=1e-4)
        assert sum(row.outputs.counts) == x.numel()


@pytest.mark.parametrize(
    ("name", "gain"), [("ReLU", math.sqrt(2)), ("Tanh", 1.5925), ("SELU", 1.0), ("Sigmoid", 1.8464)]
)
def test_an_activations_own_gain_keeps_the_mean_square(name: str, gain: float) -> None:
    assert own_gain(Chosen(name)) == pytest.approx(gain, rel=1e-3)
    z = torch.randn(200_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    square = function_of(Chosen(name))(z).square().mean()
    assert own_gain(Chosen(name)) ** 2 * float(square) == pytest.approx(1, rel=0.02)
    assert gain_of(Chosen(name), LayersConfig(gain="one")) == 1


def test_selu_normalises_itself_and_relu_with_gain_one_fades() -> None:
    config = LayersConfig(curves=write_curves([Chosen("SELU"), Chosen("ReLU")]), layers=30, gain="one")
    selu, relu = signals(config)
    assert selu.rows[-1].std == pytest.approx(1, abs=0.25)
    assert relu.rows[-1].std < 1e-3
    assert relu.rows[0].zeros == pytest.approx(0.5, abs=0.02)
    assert words.backward(relu) == pytest.approx(0.5**15, rel=0.5)
    assert "after 30 layers" in words.signal_words(relu)
    assert len(list(words.signal_rows([selu, relu]))) == 60


def test_a_call_costs_some_time_and_more_with_its_way_back() -> None:
    found = costs([Chosen("ReLU"), Chosen("Mish")], values=50_000, rounds=7)
    assert [cost.title for cost in found] == ["ReLU", "Mish"]
    assert all(0.01 < cost.forward_ns < 1000 for cost in found)
    assert found[1].both_ns > found[1].forward_ns
    assert found[1].both_ns > found[0].both_ns  # four transcendental functions against one comparison
    assert "Mish" in words.cost_words(found, "a test")
    assert [bar.name for bar in charts.costs(found).data] == ["forward", "forward and backward"]


def test_softmax_and_its_slopes_are_those_of_numpy() -> None:
    found = softmax(SoftmaxConfig(temperature=2.0))
    z = np.array([2, 1, 0, -1.0])
    p = np.exp(z / 2) / np.exp(z / 2).sum()
    assert found.probabilities == pytest.approx(p)
    assert found.slopes == pytest.approx((np.diag(p) - np.outer(p, p)) / 2)
    assert found.entropy == pytest.approx(-(p * np.log(p)).sum())
    assert found.over_temperature[0, 0] == pytest.approx(1, abs=1e-6)
    assert found.over_temperature[-1] == pytest.approx([0.25] * 4, abs=0.03)
    assert found.effective <= 4
    assert list(softmax_charts.probabilities(found).data[0].y) == pytest.approx(list(100 * p))
    assert len(softmax_charts.over_temperature(found, 1.0).data) == 4
    assert np.array(softmax_charts.slopes(found).data[0].z).shape == (4, 4)


def test_the_figures_draw_what_was_found() -> None:
    drawn = shapes(CurvesConfig())
    curve = charts.values(drawn, point=1.0)
    assert [trace.name for trace in curve.data] == ["ReLU", "Tanh", "GELU"]
    assert list(curve.data[1].y) == list(drawn[1].y)
    jumping = charts.slopes(drawn, point=1.0).data[0]
    assert None in jumping.y  # a gap at the kink, no slanting line
    layered = signals(LayersConfig(layers=3))
    assert list(charts.by_layer(layered, "std", "Std", layer=1).data[0].y) == [r.std for r in layered[0].rows]
    assert len(charts.histograms(layered, layer=9).data) == 3
