"""Networks: shapes, parameters, the order of their layers, and what is said of too small pictures."""

import itertools
import math
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn

from dashlab.errors import ConfigError
from dashlab.experiments.batchnorm.rows import TwinsConfig
from dashlab.experiments.initialization.training import StackTraining
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.settings.run_parts import ACTIVATIONS, FLOP_PER_S, ModelConfig
from dashlab.training.models import build, layers, layers_of, memory_format
from dashlab.training.models.inspect import LayerRow, seconds_to_train
from dashlab.training.models.layers import Dropout, GlobalMaxPool, Residual, Scale, activation_layer, conv

SMALL = {
    "softmax": ModelConfig(model="softmax"),
    "mlp": ModelConfig(model="mlp", hidden=(12, 7), batchnorm=True, dropout=0.2),
    "lenet": ModelConfig(model="lenet", dropout=0.2, batchnorm=True),
    "cnn": ModelConfig(model="cnn", channels=(4, 6), hidden=(9,), batchnorm=True, dropout=0.2),
    "resnet": ModelConfig(model="resnet", channels=(4, 6, 8), batchnorm=True),
}


def network(
    model: str, shape: tuple[int, int, int] = (1, 28, 28), classes: int = 10, **more: Any
) -> nn.Sequential:
    return build(ModelConfig(model=model, **more), shape=shape, classes=classes, seed=0)


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def kinds(module: nn.Module) -> list[str]:
    return [type(child).__name__ for child in module.children()]


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 16, 20), (3, 33, 47)], ids=str)
@pytest.mark.parametrize("model", SMALL)
def test_a_network_turns_pictures_of_any_size_into_one_logit_per_class(
    model: str, shape: tuple[int, int, int]
) -> None:
    built = build(SMALL[model], shape=shape, classes=5, seed=0)
    assert built(torch.rand(2, *shape)).shape == (2, 5)


@pytest.mark.parametrize("model", SMALL)
def test_a_network_is_built_in_train_mode_with_every_parameter_to_be_trained(model: str) -> None:
    built = build(SMALL[model], shape=(1, 28, 28), classes=5, seed=0)
    assert all(module.training for module in built.modules())
    assert all(p.requires_grad and p.is_leaf and p.device.type == "cpu" for p in built.parameters())


# -- sizes -------------------------------------------------------------------------------------------------


def test_the_mlp_of_s1_has_as_many_parameters_as_its_formula() -> None:
    wanted = (784 * 512 + 512) + (512 * 512 + 512) + (512 * 10 + 10)
    assert parameters(network("mlp", hidden=(512, 512))) == wanted == 669_706


def test_the_cnn_of_s4_has_as_many_parameters_as_its_formula() -> None:
    convolutions = 9 * (1 * 32 + 32 * 64 + 64 * 128)
    linear = 1152 * 512 + 512 * 512 + (512 * 10 + 10)
    norms = 2 * (32 + 64 + 128 + 512 + 512)
    built = network("cnn", channels=(32, 64, 128), hidden=(512, 512), batchnorm=True, dropout=0.4)
    assert parameters(built) == convolutions + linear + norms


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 32, 32)], ids=str)
def test_lenet_has_the_parameters_of_the_paper(shape: tuple[int, int, int]) -> None:
    # LeCun et al. 1998 with full connections in C3, and a linear output layer.
    wanted = 156 + 2416 + (400 * 120 + 120) + (120 * 84 + 84) + (84 * 10 + 10)
    assert parameters(network("lenet", shape=shape)) == wanted == 61_706


@pytest.mark.sameness
def test_an_mlp_without_hidden_layers_is_softmax_regression() -> None:
    mlp, softmax = network("mlp", hidden=()), network("softmax")
    assert kinds(mlp) == kinds(softmax)
    assert torch.equal(mlp.get_parameter("1.weight"), softmax.get_parameter("1.weight"))


# -- the order of layers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["mlp", "lenet", "cnn", "resnet"])
def test_a_layer_followed_by_batchnorm_has_no_bias(model: str) -> None:
    built = build(SMALL[model], shape=(1, 28, 28), classes=5, seed=0)
    flat = [module for module in built.modules() if not list(module.children())]
    before = [
        one for one, two in itertools.pairwise(flat) if isinstance(two, nn.BatchNorm1d | nn.BatchNorm2d)
    ]
    assert before
    assert all(layer.bias is None for layer in before)


def test_a_layer_without_batchnorm_has_a_bias() -> None:
    built = network("cnn", channels=(4,), hidden=(5,))
    weighted = [module for module in built.modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    assert all(layer.bias is not None for layer in weighted)


def test_batchnorm_stands_before_the_activation_and_dropout_after_it() -> None:
    built = network("mlp", hidden=(5,), batchnorm=True, dropout=0.5)
    assert kinds(built) == ["Flatten", "Linear", "BatchNorm1d", "ReLU", "Dropout", "Linear"]


def test_dropout_follows_only_the_first_layers_where_that_is_asked() -> None:
    built = network("mlp", hidden=(5, 5, 5, 5), dropout=0.5, dropout_layers=2)
    assert kinds(built) == ["Flatten"] + ["Linear", "ReLU", "Dropout"] * 2 + ["Linear", "ReLU"] * 2 + [
        "Linear"
    ]


@pytest.mark.sameness
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_pooling_and_activation_in_the_order_that_is_built_equal_the_textbook_order(activation: str) -> None:
    block = nn.Sequential(*conv(2, 3, activation=activation, batchnorm=True, pool=True))
    x = torch.randn(4, 2, 6, 6, generator=torch.Generator().manual_seed(0)) * 3
    textbook = nn.functional.max_pool2d(activation_layer(activation)(block[1](block[0](x))), 2)
    assert torch.allclose(block(x), textbook, atol=1e-6)


def test_an_activation_that_rises_only_is_applied_after_pooling_and_another_before() -> None:
    def order(activation: str) -> list[str]:
        return [
            type(layer).__name__ for layer in conv(1, 1, activation=activation, batchnorm=False, pool=True)
        ]

    assert order("relu") == ["Conv2d", "MaxPool2d", "ReLU"]
    assert order("gelu") == ["Conv2d", "GELU", "MaxPool2d"]


@pytest.mark.sameness
def test_a_residual_block_adds_its_input_before_the_activation() -> None:
    block = Residual(nn.Linear(3, 3), nn.ReLU())
    x = torch.randn(2, 3)
    assert torch.equal(block(x), torch.relu(x + block.body(x)))


def test_every_block_but_the_first_of_a_resnet_halves_the_side() -> None:
    rows = layers(network("resnet", shape=(3, 32, 32), channels=(4, 8, 16)), (3, 32, 32))
    sides = [row.output_shape[1] for row in rows if row.kind == "Conv2d"]
    assert sides == [32, 32, 16, 16, 16, 8, 8]  # a convolution's own output, before its pooling


def test_global_max_pooling_takes_the_largest_value_of_each_channel() -> None:
    x = torch.randn(2, 3, 4, 5)
    assert torch.equal(GlobalMaxPool()(x), x.flatten(2).max(2).values)


def test_a_scale_multiplies_by_its_factor() -> None:
    x = torch.randn(2, 3)
    assert torch.equal(Scale(0.125)(x), x / 8)


# -- dropout -----------------------------------------------------------------------------------------------


def test_dropout_keeps_the_mean_and_zeroes_its_share() -> None:
    kept = Dropout(0.3, generator=torch.Generator().manual_seed(0))(torch.ones(100_000))
    assert set(kept.unique().tolist()) == {0.0, torch.tensor(1 / 0.7).item()}
    assert math.isclose((kept == 0).float().mean().item(), 0.3, abs_tol=0.005)


def test_dropout_changes_nothing_in_eval_mode() -> None:
    x = torch.randn(5, 5)
    assert torch.equal(Dropout(0.9, generator=torch.Generator()).eval()(x), x)


def test_dropout_passes_the_gradient_of_what_it_kept() -> None:
    x = torch.ones(1000, requires_grad=True)
    kept = Dropout(0.5, generator=torch.Generator().manual_seed(0))(x)
    (gradient,) = torch.autograd.grad(kept.sum(), x)
    assert torch.equal(gradient, kept.detach())


# -- memory ------------------------------------------------------------------------------------------------


def test_pictures_lie_with_channels_last_only_where_the_network_convolves() -> None:
    assert memory_format(network("cnn", channels=(4,), hidden=())) == torch.channels_last
    assert memory_format(network("mlp", hidden=(4,))) == torch.contiguous_format


def test_building_a_network_does_not_import_what_takes_a_second() -> None:
    code = (
        "import sys; from dashlab.training.models import build; "
        "from dashlab.settings.run_parts import ModelConfig; "
        "build(ModelConfig(model='mlp'), shape=(1, 28, 28), classes=10, seed=0); "
        "sys.exit(bool({'sympy', 'torch._dynamo'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# -- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "shape", "words"),
    [
        (
            ModelConfig(model="cnn", channels=(4,) * 5),
            (1, 28, 28),
            "of 28 pixels a side cannot be halved 5 times",
        ),
        (
            ModelConfig(model="resnet", channels=(4,) * 5),
            (3, 8, 100),
            "of 8 pixels a side cannot be halved 4 times",
        ),
        (ModelConfig(model="cnn", channels=()), (1, 28, 28), "needs at least one block"),
        (ModelConfig(model="resnet", channels=()), (1, 28, 28), "needs at least one block"),
        (ModelConfig(model="lenet"), (1, 28, 15), "at least 16 pixels a side; these have 15"),
        (ModelConfig(model="mlp", hidden=(8192,) * 12), (1, 28, 28), "has 744,800,266 parameters"),
    ],
)
def test_a_network_that_cannot_be_is_refused_in_a_sentence(
    config: ModelConfig, shape: tuple[int, int, int], words: str
) -> None:
    for make in (
        lambda: build(config, shape=shape, classes=10, seed=0),
        lambda: layers_of(config, shape=shape, classes=10),
    ):
        with pytest.raises(ConfigError) as caught:
            make()
        assert words in str(caught.value)


@pytest.mark.parametrize("model", ["lenet", "cnn", "resnet"])
def test_the_smallest_pictures_that_are_taken_do_work(model: str) -> None:
    shape = {"lenet": (1, 16, 16), "cnn": (1, 8, 8), "resnet": (1, 4, 4)}[model]
    assert network(model, shape=shape, channels=(2, 2, 2))(torch.rand(2, *shape)).shape == (2, 10)


# -- inspection --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", SMALL)
def test_the_rows_of_layers_add_up_to_the_whole_network(model: str) -> None:
    built = build(SMALL[model], shape=(1, 28, 28), classes=5, seed=0)
    rows = layers(built, (1, 28, 28))
    assert sum(row.parameters for row in rows) == parameters(built)
    assert rows[-1].output_shape == (5,)


@pytest.mark.parametrize("model", SMALL)
def test_the_layers_of_a_config_are_those_of_its_network(model: str) -> None:
    built = build(SMALL[model], shape=(1, 28, 28), classes=5, seed=0)
    assert layers_of(SMALL[model], shape=(1, 28, 28), classes=5) == layers(built, (1, 28, 28))


def test_multiply_adds_are_counted_by_their_formulas() -> None:
    rows = layers(network("cnn", shape=(3, 8, 8), channels=(4,), hidden=(5,)), (3, 8, 8))
    assert {row.kind: row.multiply_adds for row in rows[:-1] if row.multiply_adds} == {
        "Conv2d": 8 * 8 * 4 * 3 * 3 * 3,
        "Linear": 4 * 4 * 4 * 5,
    }
    assert rows[-1].multiply_adds == 5 * 10


def test_layers_are_named_by_their_place_in_the_network() -> None:
    built = network("resnet", channels=(2, 3))
    for row in layers(built, (1, 28, 28)):
        assert type(built.get_submodule(row.name)).__name__ == row.kind


def test_inspection_leaves_the_network_as_it_was() -> None:
    built = build(SMALL["cnn"], shape=(1, 28, 28), classes=5, seed=0)
    before = {name: value.clone() for name, value in built.state_dict().items()}
    layers(built, (1, 28, 28))
    assert built.training
    assert not any(module._forward_hooks for module in built.modules())
    assert all(torch.equal(value, before[name]) for name, value in built.state_dict().items())


@pytest.mark.parametrize(("name", "measured"), [("s1", 3.4), ("s4", 49.0)])
def test_the_time_that_is_said_beforehand_is_near_what_the_readme_has_measured(
    name: str, measured: float
) -> None:
    found = layers_of(PRESETS[name].config.model, shape=(1, 28, 28), classes=10)
    assert seconds_to_train(found, 60_000) == pytest.approx(measured, rel=0.3)
    assert seconds_to_train(found, 120_000) == pytest.approx(2 * seconds_to_train(found, 60_000))


def test_every_time_that_is_said_beforehand_counts_on_the_same_operations_a_second() -> None:
    layer = LayerRow(name="0", kind="Linear", output_shape=(1,), parameters=1, multiply_adds=1_000_000)
    assert seconds_to_train([layer], 100) == pytest.approx(6e8 / FLOP_PER_S)
    few, many = (StackTraining(width=width, depth=1).change(steps=1) for width in (100, 200))
    weights = (200**2 - 100**2) + 100 * (28 * 28 + 10)
    took = (many.seconds - few.seconds) / len(few.entries())
    assert took == pytest.approx(6 * few.batch * weights / FLOP_PER_S)
    thin, wide = (TwinsConfig(hidden=(width,)).cost(100, 1) for width in (100, 200))
    assert wide - thin == pytest.approx(6 * 100 * 100 * (2 + 2 + 40) / FLOP_PER_S)
