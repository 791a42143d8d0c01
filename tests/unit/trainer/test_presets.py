"""Presets: sound, and those of the course exactly as the course has them."""

import pytest

from dashlab.errors import ConfigError
from dashlab.experiments.trainer.presets import PRESETS, preset
from dashlab.settings.fields import Value
from dashlab.settings.run import RunConfig
from dashlab.training.engine import resolved
from dashlab.training.models import layers_of
from tests.typed import there
from tests.unit.pictures import made_up

SGD: dict[str, Value] = {"optimizer": "sgd", "lr": 0.01, "momentum": 0.9, "batch_size": 64, "epochs": 5}

RECIPES: dict[str, dict[str, Value]] = {
    "s1": {
        "dataset": "mnist",
        "model": "mlp",
        "hidden": (512, 512),
        "activation": "relu",
        "normalize": "half",
        **SGD,
    },
    "s2": {"dataset": "fashion", "model": "mlp", "hidden": (512, 512), "normalize": "half", **SGD},
    "s3": {
        "dataset": "fashion",
        "model": "mlp",
        "hidden": (1024, 1024, 512, 512),
        "normalize": "half",
        **SGD,
    },
    "s4": {
        "dataset": "fashion",
        "model": "cnn",
        "channels": (32, 64, 128),
        "hidden": (512, 512),
        "batchnorm": True,
        "activation": "relu",
        "dropout": 0.4,
        "dropout_layers": 0,
        "normalize": "half",
        **SGD,
    },
    "s5": {
        "dataset": "mnist",
        "model": "mlp",
        "hidden": (128, 64),
        "batchnorm": True,
        "optimizer": "adam",
        "lr": 0.01,
        "beta1": 0.9,
        "beta2": 0.999,
        "weight_decay": 0.001,
        "batch_size": 64,
        "epochs": 20,
        "normalize": "none",
    },
    "s6": {
        "dataset": "cifar10",
        "model": "mlp",
        "hidden": (2048, 1024, 512, 256),
        "batchnorm": True,
        "activation": "relu",
        "dropout": 0.3,
        "dropout_layers": 2,
        "normalize": "dataset",
        "optimizer": "adamw",
        "lr": 0.001,
        "weight_decay": 0.01,
        "batch_size": 128,
        "epochs": 60,
    },
    "s15": {
        "dataset": "fashion",
        "model": "softmax",
        "init": "normal",
        "init_std": 0.01,
        "normalize": "none",
        "optimizer": "sgd",
        "lr": 0.1,
        "batch_size": 256,
        "epochs": 10,
    },
    "s16": {
        "dataset": "own",
        "side": 32,
        "model": "lenet",
        "crop_padding": 4,
        "init": "xavier_conv",
        "init_std": 0.1,
        "optimizer": "sgd",
        "lr": 0.01,
        "momentum": 0.9,
        "schedule": "step",
        "step_size": 10,
        "gamma": 0.1,
        "batch_size": 16,
        "epochs": 10,
        "val_fraction": 0.2,
        "normalize": "imagenet",
    },
}
"""SPEC §2, field by field. What a recipe does not name has its default."""


@pytest.mark.parametrize("name", RECIPES)
def test_a_preset_of_the_course_is_its_recipe_and_nothing_more(name: str) -> None:
    assert preset(name).config == RunConfig().change(**RECIPES[name])


def test_defaults_that_the_recipes_rely_on_are_none_at_all() -> None:
    defaults = RunConfig().flat()
    nothing = (
        "weight_decay",
        "l1",
        "l2",
        "label_smoothing",
        "dropout",
        "dampening",
        "patience",
        "train_size",
    )
    assert {defaults[name] for name in nothing} == {0}
    assert [defaults[name] for name in ("schedule", "precision", "init", "loss")] == [
        "none",
        "full",
        "pytorch",
        "cross_entropy",
    ]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_sound_once_own_pictures_are_named(name: str) -> None:
    config = preset(name).config
    if config.data.dataset == "own":
        config = config.change(path="my pictures")
    config.check()
    assert config == config.without_unused()
    assert resolved(config).model == config.model


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_a_title_and_sentences_that_say_what_to_look_for(name: str) -> None:
    chosen = preset(name)
    assert chosen.name == name
    assert chosen.title
    assert chosen.about.count(".") + chosen.about.count("!") >= 1
    assert chosen.about.endswith(".")


def test_no_two_presets_are_the_same_run() -> None:
    assert len({chosen.config.key() for chosen in PRESETS.values()}) == len(PRESETS)


def test_the_presets_that_are_promised_are_there() -> None:
    promised = ("s1", "s2", "s3", "s4", "s5", "s6", "s15", "s16", "mnist-fast", "cifar-fast", "sketch")
    assert {*promised, "mnist-small"} <= PRESETS.keys()


def test_an_unknown_preset_is_refused_and_the_sentence_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"There is no preset 's99'; there are s1, s2"):
        preset("s99")


@pytest.mark.parametrize(
    ("name", "shape", "widths"),
    [
        ("s1", (1, 28, 28), [512, 512, 10]),
        ("s3", (1, 28, 28), [1024, 1024, 512, 512, 10]),
        ("s4", (1, 28, 28), [512, 512, 10]),
        ("s5", (1, 28, 28), [128, 64, 10]),
        ("s6", (3, 32, 32), [2048, 1024, 512, 256, 10]),
        ("s15", (1, 28, 28), [10]),
    ],
)
def test_the_network_of_a_preset_has_the_widths_of_its_recipe(
    name: str, shape: tuple[int, int, int], widths: list[int]
) -> None:
    rows = layers_of(preset(name).config.model, shape=shape, classes=10)
    assert [row.output_shape[0] for row in rows if row.kind == "Linear"] == widths


def test_the_cnn_of_s4_hands_1152_values_to_its_linear_layers() -> None:
    rows = layers_of(preset("s4").config.model, shape=(1, 28, 28), classes=10)
    assert [row.output_shape for row in rows if row.kind == "Flatten"] == [(1152,)]


def test_s16_trains_on_own_pictures_of_two_classes() -> None:
    from dashlab.training.engine import train

    images = made_up(60, 20, shape=(3, 32, 32), classes=("ten", "twenty"), noise=60)
    result = train(preset("s16").config.change(path="notes"), images=images, device="cpu")
    assert (result.state, len(result.epochs), result.started.val_count) == ("finished", 10, 12)
    assert result.epochs[-1].val_accuracy is not None
    assert there(result.evaluation).accuracy >= 0.9


def test_softmax_regression_on_clothes_reaches_a_loss_below_one_half() -> None:
    # The course's figures for 60,000 pictures and 10 epochs: loss below 0.5, accuracy from 0.7 to 1.
    from dashlab.training.engine import train

    result = train(preset("s15").config.change(source="bundled", epochs=30), device="cpu")
    assert result.epochs[-1].train_loss < 0.5
    assert 0.7 < result.epochs[-1].train_accuracy <= 1
