"""What the presets of activations say is so."""

from __future__ import annotations

from itertools import pairwise

import pytest

from dashlab.experiments.activations import words
from dashlab.experiments.activations.catalogue import catalogue
from dashlab.experiments.activations.examples import example_units
from dashlab.experiments.activations.presets import BY_VIEW, CURVES, LAYERS, SOFTMAX, UNITS
from dashlab.experiments.activations.settings import CurvesConfig, LayersConfig, SoftmaxConfig, UnitsConfig
from dashlab.experiments.activations.shapes import shapes
from dashlab.experiments.activations.signals import signals
from dashlab.experiments.activations.softmax import softmax


def test_sigmoid_and_tanh_saturate_and_softsign_does_not() -> None:
    sigmoid, tanh, softsign = shapes(CURVES["saturation"].config)
    assert sigmoid.zones[1].low == pytest.approx(4.6, abs=0.05)
    assert tanh.zones[1].low == pytest.approx(3.0, abs=0.05)
    assert softsign.zones == ()


def test_rrelu_is_ragged_in_train_mode() -> None:
    (drawn,) = shapes(CURVES["random"].config)
    below = [y / x for x, y in zip(drawn.x, drawn.y, strict=True) if x < 0]
    assert len({round(slope, 6) for slope in below}) > 300


def test_smooth_ones_have_no_kink_and_all_but_softplus_fall_first() -> None:
    for shape in shapes(CURVES["smooth"].config):
        assert shape.kinks == ()
        assert (min(shape.slope) < -0.05) == (shape.title != "Softplus")


def test_pieces_have_named_kinks() -> None:
    assert [len(shape.kinks) for shape in shapes(CURVES["pieces"].config)] == [2, 2, 2]


def test_selu_holds_relu_fades_and_sigmoid_answers_alike() -> None:
    selu, relu, sigmoid = (signal.rows for signal in signals(LAYERS["selfnormal"].config))
    assert all(0.8 < row.std < 1.2 for row in selu)
    squares = [row.std**2 + row.mean**2 for row in relu]
    ratios = [after / before for before, after in pairwise(squares)]
    assert sum(ratios) / len(ratios) == pytest.approx(0.5, abs=0.03)
    assert sigmoid[-1].between < 1e-6
    assert sigmoid[-1].std > 0.05


def test_with_its_own_gain_relu_holds_through_thirty_layers() -> None:
    _, relu, _ = signals(LAYERS["owngain"].config)
    assert relu.gain**2 == pytest.approx(2, rel=1e-3)
    assert 0.4 < relu.rows[-1].std < 1.2


def test_temperature_sharpens_and_levels() -> None:
    cold, hot = (softmax(SOFTMAX[name].config) for name in ("cold", "hot"))
    assert cold.probabilities[0] > 0.999
    assert abs(cold.slopes).max() < 1e-3
    assert max(hot.probabilities) < 0.3
    assert list(hot.probabilities) == sorted(hot.probabilities, reverse=True)


def test_presets_name_activations_that_are_there_and_start_where_the_view_does() -> None:
    for preset in (*CURVES.values(), *LAYERS.values()):
        assert {chosen.activation for chosen in preset.config.entries()} <= set(catalogue())
    assert CURVES["classics"].config == CurvesConfig()
    assert SOFTMAX["warm"].config == SoftmaxConfig()
    assert LAYERS["throughlayers"].config == LayersConfig()
    assert UNITS["alive"].config == UnitsConfig()
    assert BY_VIEW == {"curves": CURVES, "layers": LAYERS, "units": UNITS, "softmax": SOFTMAX}
    first = [next(iter(presets)) for presets in (CURVES, LAYERS, UNITS, SOFTMAX)]
    assert first == ["classics", "throughlayers", "alive", "warm"]


def test_the_small_networks_fare_as_their_presets_say() -> None:
    alive, dying, stuck = (example_units(UNITS[name].config) for name in ("alive", "dying", "stuck"))
    assert alive.pictures == 1000
    assert alive.accuracy is not None
    assert alive.accuracy > 0.8
    assert max(layer.dead for layer in alive.layers) < 0.2
    assert 0.3 < sum(layer.zeros for layer in alive.layers) / 3 < 0.7
    assert sum(layer.dead for layer in dying.layers) / 3 > 0.5
    assert dying.accuracy is not None
    assert dying.accuracy < 0.35
    saturated = [layer.saturated for layer in stuck.layers]
    assert saturated == sorted(saturated)
    assert saturated[0] > 0.3
    assert saturated[-1] > 0.8
    assert "units are dead" in words.units_words(dying.layers, dying.pictures)
