"""Dead and saturated units in trained networks."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from dashlab.charts.activations import curves as charts
from dashlab.errors import ConfigError
from dashlab.experiments.activations import words
from dashlab.experiments.activations.units import BINS, units_of
from dashlab.settings.fields import Value
from dashlab.settings.run import RunConfig
from dashlab.training.classifier import Classifier
from dashlab.training.engine import load, train


def trained(**settings: Value) -> Classifier:
    config = RunConfig().change(train_size=300, epochs=1, source="bundled", **settings)
    return Classifier.of(train(config.without_unused(), device="cpu"))


def pictures(count: int = 300) -> Tensor:
    return load(RunConfig().change(source="bundled").data).test_x[:count]


def test_dead_units_are_those_that_are_below_zero_for_every_picture() -> None:
    classifier = trained(hidden=(24, 12))
    with torch.no_grad():
        first = classifier.network[1]
        assert isinstance(first, nn.Linear)
        first.bias[:5] = -1000.0  # five units that nothing can wake
    found = units_of(classifier, pictures())
    assert [(layer.kind, layer.units) for layer in found] == [("ReLU", 24), ("ReLU", 12)]
    z = classifier.normalization(pictures()).flatten(1) @ first.weight.T + first.bias
    assert found[0].dead == pytest.approx(float((z <= 0).all(0).double().mean()))
    assert found[0].dead >= 5 / 24
    assert found[0].zeros == pytest.approx(float((z <= 0).double().mean()), abs=1e-4)
    assert found[0].flat == pytest.approx(found[0].zeros)
    assert found[0].saturated >= found[0].dead
    assert sum(found[0].shares.counts) == 24
    assert len(found[0].shares.counts) == BINS


def test_saturated_tanh_units_are_those_with_a_slope_near_zero() -> None:
    classifier = trained(hidden=(16,), activation="tanh")
    with torch.no_grad():
        first = classifier.network[1]
        assert isinstance(first, nn.Linear)
        first.bias[:4] = 60.0
    (found,) = units_of(classifier, pictures())
    z = classifier.normalization(pictures()).flatten(1) @ first.weight.T + first.bias
    flat = (1 - torch.tanh(z) ** 2).abs() < 0.01
    assert found.flat == pytest.approx(float(flat.double().mean()), abs=1e-4)
    assert found.saturated == pytest.approx(float((flat.double().mean(0) >= 0.95).double().mean()))
    assert found.saturated >= 4 / 16


def test_a_unit_of_a_convolution_is_a_channel() -> None:
    classifier = trained(model="cnn", channels=(6, 8), hidden=(10,), batchnorm=True)
    found = units_of(classifier, pictures(60))
    assert [layer.units for layer in found] == [6, 8, 10]
    seen: list[Tensor] = []
    place = next(at for at, layer in enumerate(classifier.network) if isinstance(layer, nn.ReLU))
    hook = classifier.network[place].register_forward_hook(lambda _m, inputs, _out: seen.append(inputs[0]))
    classifier.probabilities(pictures(60))
    hook.remove()
    below = (torch.cat(seen) <= 0).transpose(0, 1).flatten(1)
    assert found[0].dead == pytest.approx(float(below.all(1).double().mean()))
    assert found[0].flat == pytest.approx(float(below.double().mean()), abs=1e-6)


@pytest.mark.parametrize("model", ["mlp", "lenet", "cnn", "resnet"])
@pytest.mark.parametrize("activation", ["leaky_relu", "gelu", "sigmoid"])
def test_any_network_can_be_measured(model: str, activation: str) -> None:
    sizes = {"channels": (4, 6)} if model in ("cnn", "resnet") else {}
    found = units_of(trained(model=model, activation=activation, hidden=(8,), **sizes), pictures(40))
    assert found
    assert all(0 <= layer.dead <= layer.saturated + 1e-9 <= 1 + 1e-9 for layer in found)


def test_portions_add_up_and_tell_how_far_they_are() -> None:
    classifier, told = trained(hidden=(8,)), []
    whole = units_of(classifier, pictures(600), look=lambda done, total: told.append((done, total)))
    assert told == [(250, 600), (500, 600), (600, 600)]
    assert whole == units_of(classifier, pictures(600))


def test_what_ends_a_measurement_leaves_the_network_as_it_was() -> None:
    classifier = trained(hidden=(8,))

    def end(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        units_of(classifier, pictures(10), look=end)
    assert not any(module._forward_hooks for module in classifier.network.modules())


def test_a_network_without_activations_and_no_picture_are_refused() -> None:
    with pytest.raises(ConfigError, match="no activation"):
        units_of(trained(model="softmax"), pictures(10))
    with pytest.raises(ConfigError, match="no picture"):
        units_of(trained(hidden=(8,)), pictures(0))


def test_sentence_table_and_figure_hold_the_numbers() -> None:
    classifier = trained(hidden=(20,))
    with torch.no_grad():
        first = classifier.network[1]
        assert isinstance(first, nn.Linear)
        first.bias[:7] = -1000.0
    found = units_of(classifier, pictures())
    dead = round(found[0].dead * 20)
    assert f"Over 300 pictures {dead} of 20 units are dead" in words.units_words(found, 300)
    assert "Most dead ones are in layer 2 (ReLU)" in words.units_words(found, 300)
    assert next(words.unit_rows(found))["dead"] == found[0].dead
    assert list(charts.units(found).data[0].y) == [100 * found[0].dead]
