"""First weights: their spread is that of the theory, and twins start from the same point."""

import math
from typing import Any

import pytest
import torch
from torch import nn

from dashlab.settings.fields import Value
from dashlab.settings.run_parts import ModelConfig
from dashlab.training.models import build

FAN_IN, FAN_OUT = 400, 300


def first_weight(init: str, *, seed: int = 0, activation: str = "relu", **more: Any) -> torch.Tensor:
    """Of a linear layer from 400 to 300 units."""
    config = ModelConfig(model="mlp", hidden=(FAN_OUT,), init=init, activation=activation, **more)
    return linear_layers(build(config, shape=(1, 20, 20), classes=3, seed=seed))[0].weight.detach()


def linear_layers(network: nn.Module) -> list[nn.Linear]:
    return [module for module in network.modules() if isinstance(module, nn.Linear)]


def close(value: float, wanted: float) -> bool:
    """Within 1 %: the standard deviation of 120,000 draws is known to 0.2 %."""
    return math.isclose(value, wanted, rel_tol=0.01)


@pytest.mark.parametrize(
    ("init", "std"),
    [
        ("pytorch", 1 / math.sqrt(3 * FAN_IN)),  # uniform in ±1/√fan_in
        ("normal", 0.01),
        ("xavier_uniform", math.sqrt(2 / (FAN_IN + FAN_OUT))),
        ("xavier_normal", math.sqrt(2 / (FAN_IN + FAN_OUT))),
        ("kaiming_uniform", math.sqrt(2 / FAN_IN)),
        ("kaiming_normal", math.sqrt(2 / FAN_IN)),
        ("orthogonal", 1 / math.sqrt(FAN_IN)),
        ("zeros", 0.0),
    ],
)
def test_weights_have_the_standard_deviation_of_the_theory(init: str, std: float) -> None:
    assert close(first_weight(init).std().item(), std)


@pytest.mark.parametrize(
    ("activation", "gain"),
    [
        ("relu", math.sqrt(2)),
        ("tanh", 5 / 3),
        ("selu", 3 / 4),
        ("sigmoid", 1.0),
        ("none", 1.0),
        ("gelu", math.sqrt(2)),
    ],
)
def test_kaiming_weights_have_the_gain_of_the_activation(activation: str, gain: float) -> None:
    weight = first_weight("kaiming_normal", activation=activation)
    assert close(weight.std().item(), gain / math.sqrt(FAN_IN))


def test_the_normal_initializer_takes_its_standard_deviation_from_the_config() -> None:
    assert close(first_weight("normal", init_std=0.5).std().item(), 0.5)


@pytest.mark.parametrize(
    ("init", "bound"), [("pytorch", 1 / math.sqrt(FAN_IN)), ("xavier_uniform", math.sqrt(6 / 700))]
)
def test_uniform_weights_reach_to_their_bound_and_not_beyond(init: str, bound: float) -> None:
    weight = first_weight(init)
    assert 0.999 * bound < weight.abs().max().item() <= bound


def test_orthogonal_rows_are_orthogonal() -> None:
    weight = first_weight("orthogonal")
    assert torch.allclose(weight @ weight.T, torch.eye(FAN_OUT), atol=1e-5)


def test_a_convolution_counts_its_whole_window_as_fan_in() -> None:
    config = ModelConfig(model="cnn", channels=(64, 64), hidden=(), init="kaiming_normal")
    network = build(config, shape=(3, 8, 8), classes=2, seed=0)
    second = [module for module in network.modules() if isinstance(module, nn.Conv2d)][1]
    assert close(second.weight.std().item(), math.sqrt(2 / (64 * 3 * 3)))


def test_the_default_initializer_draws_from_the_same_range_as_torch() -> None:
    ours, theirs = first_weight("pytorch"), nn.Linear(FAN_IN, FAN_OUT).weight
    assert close(ours.std().item(), theirs.std().item())
    assert math.isclose(ours.abs().max().item(), theirs.abs().max().item(), rel_tol=1e-3)


def test_the_default_initializer_draws_biases_and_the_others_start_at_zero() -> None:
    def bias(init: str) -> torch.Tensor:
        config = ModelConfig(model="softmax", init=init)
        return linear_layers(build(config, shape=(1, 4, 4), classes=100, seed=0))[0].bias

    assert 0.2 < bias("pytorch").abs().max().item() <= 1 / 4
    assert bias("kaiming_normal").abs().max().item() == 0


def test_another_seed_gives_other_weights() -> None:
    assert not torch.equal(first_weight("pytorch", seed=0), first_weight("pytorch", seed=1))


def test_layers_of_one_shape_get_weights_of_their_own() -> None:
    network = build(ModelConfig(model="mlp", hidden=(8, 8, 8)), shape=(1, 4, 4), classes=2, seed=0)
    _, second, third, _ = linear_layers(network)
    assert not torch.equal(second.weight, third.weight)


def test_batchnorm_starts_as_the_identity() -> None:
    network = build(ModelConfig(model="mlp", hidden=(8,), batchnorm=True), shape=(1, 4, 4), classes=2, seed=0)
    (norm,) = [module for module in network.modules() if isinstance(module, nn.BatchNorm1d)]
    starts = {name: set(value.flatten().tolist()) for name, value in norm.state_dict().items()}
    assert starts == {
        "weight": {1.0},
        "bias": {0.0},
        "running_mean": {0.0},
        "running_var": {1.0},
        "num_batches_tracked": {0},
    }


@pytest.mark.parametrize(
    "change",
    [{"batchnorm": True}, {"dropout": 0.5}, {"activation": "tanh"}],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("model", ["mlp", "lenet", "cnn"])
def test_twins_that_differ_in_one_thing_start_from_the_same_weights(
    model: str, change: dict[str, Value]
) -> None:
    def weights(**more: Any) -> list[torch.Tensor]:
        config = (
            ModelConfig(model=model, hidden=(8,), channels=(4,), **more)
            if model != "lenet"
            else (ModelConfig(model=model, **more))
        )
        network = build(config, shape=(1, 28, 28), classes=4, seed=5)
        return [module.weight for module in network.modules() if isinstance(module, nn.Linear | nn.Conv2d)]

    for one, other in zip(weights(), weights(**change), strict=True):
        assert torch.equal(one, other)


def test_twins_that_differ_in_batchnorm_drop_the_same_units() -> None:
    def dropped(*, batchnorm: bool) -> list[torch.Tensor]:
        config = ModelConfig(model="mlp", hidden=(64, 64), dropout=0.5, batchnorm=batchnorm)
        network = build(config, shape=(1, 4, 4), classes=4, seed=5)
        layers = [module for module in network.modules() if type(module).__name__ == "Dropout"]
        return [layer(torch.ones(3, 64)) for layer in layers]

    for one, other in zip(dropped(batchnorm=False), dropped(batchnorm=True), strict=True):
        assert torch.equal(one, other)


def test_building_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    build(ModelConfig(model="cnn", batchnorm=True, dropout=0.5), shape=(1, 28, 28), classes=10, seed=0)
    assert torch.equal(torch.get_rng_state(), before)
