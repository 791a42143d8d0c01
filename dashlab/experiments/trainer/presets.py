"""Configs worth a name: the recipes of the course material, and dashlab's own fast ones."""

import difflib

from dashlab.errors import ConfigError
from dashlab.settings.fields import Value
from dashlab.settings.presets import Preset, by_name
from dashlab.settings.run import RunConfig

PUBLISHED = {
    "s1": "97.45 %",
    "s2": "87.60 %",
    "s3": "about 87 %",
    "s4": "91.53 %",
    "s15": "loss below 0.5, accuracy 70 to 100 %",
}
"""Test accuracy that the course material reports for a recipe."""


def preset(name: str) -> Preset[RunConfig]:
    """The preset called `name`.

    Raises:
        ConfigError: there is none; the sentence names those that are spelled alike, or else all.
    """
    if name in PRESETS:
        return PRESETS[name]
    alike = difflib.get_close_matches(name.lower(), PRESETS)
    if alike:
        raise ConfigError(f"There is no preset {name!r}. Did you mean {' or '.join(alike)}?")
    raise ConfigError(f"There is no preset {name!r}; there are {', '.join(PRESETS)}.")


def _preset(name: str, title: str, about: str, **settings: Value) -> Preset[RunConfig]:
    if name in PUBLISHED:
        about += f" The course material reports {PUBLISHED[name]}."
    return Preset(name, title, about, RunConfig().change(**settings))


_MOMENTUM: dict[str, Value] = {"optimizer": "sgd", "lr": 0.01, "momentum": 0.9, "batch_size": 64, "epochs": 5}


_RECIPES = (
    _preset(
        "s1",
        "MNIST, MLP with momentum",
        "The first network of most courses: two hidden layers of 512. Watch the loss fall fast in the first "
        "epoch and crawl after it.",
        dataset="mnist",
        model="mlp",
        hidden=(512, 512),
        normalize="half",
        **_MOMENTUM,
    ),
    _preset(
        "s2",
        "Fashion-MNIST, the same MLP",
        "The same network and recipe on clothes instead of digits: ten points lower. Shirts, T-shirts, "
        "pullovers and coats are confused with each other.",
        dataset="fashion",
        model="mlp",
        hidden=(512, 512),
        normalize="half",
        **_MOMENTUM,
    ),
    _preset(
        "s3",
        "Fashion-MNIST, a deeper MLP",
        "Twice as many hidden layers as the last one, the first two twice as wide, and hardly better: more "
        "units alone do not read pictures.",
        dataset="fashion",
        model="mlp",
        hidden=(1024, 1024, 512, 512),
        normalize="half",
        **_MOMENTUM,
    ),
    _preset(
        "s4",
        "Fashion-MNIST, CNN",
        "Convolutions look at neighbouring pixels together. With BatchNorm and dropout this gains four "
        "points over the MLP.",
        dataset="fashion",
        model="cnn",
        channels=(32, 64, 128),
        hidden=(512, 512),
        batchnorm=True,
        dropout=0.4,
        normalize="half",
        **_MOMENTUM,
    ),
    _preset(
        "s5",
        "MNIST, small MLP with BatchNorm and Adam",
        "A sixth of the parameters of the first network, on pixels in [0, 1]. Weight decay enters Adam's "
        "gradient and holds the accuracy down: set it to 0 and train again.",
        dataset="mnist",
        model="mlp",
        hidden=(128, 64),
        batchnorm=True,
        normalize="none",
        optimizer="adam",
        lr=0.01,
        weight_decay=0.001,
        batch_size=64,
        epochs=20,
    ),
    _preset(
        "s6",
        "CIFAR-10, MLP",
        "An MLP on colour photographs: it learns the training pictures and stays far behind on new ones. "
        "Compare the training accuracy with the test accuracy.",
        dataset="cifar10",
        model="mlp",
        hidden=(2048, 1024, 512, 256),
        batchnorm=True,
        dropout=0.3,
        dropout_layers=2,
        normalize="dataset",
        optimizer="adamw",
        lr=0.001,
        weight_decay=0.01,
        batch_size=128,
        epochs=60,
    ),
    _preset(
        "s15",
        "Fashion-MNIST, softmax regression",
        "One linear layer and nothing else, from weights drawn from N(0, 0.01²). This is the line that every "
        "deeper network has to beat.",
        dataset="fashion",
        model="softmax",
        normalize="none",
        init="normal",
        init_std=0.01,
        optimizer="sgd",
        lr=0.1,
        batch_size=256,
        epochs=10,
    ),
    _preset(
        "s16",
        "Your own pictures, LeNet",
        "Upload a zip with the folders train and valid, and in each one folder of pictures per class. A "
        "fifth of train draws the validation curve; valid is used once, at the end. Few pictures are enough "
        "to see training and validation part ways.",
        dataset="own",
        model="lenet",
        side=32,
        val_fraction=0.2,
        crop_padding=4,
        normalize="imagenet",
        init="xavier_conv",
        init_std=0.1,
        optimizer="sgd",
        lr=0.01,
        momentum=0.9,
        schedule="step",
        step_size=10,
        gamma=0.1,
        batch_size=16,
        epochs=10,
    ),
)


_OWN = (
    _preset(
        "mnist-fast",
        "MNIST, 98 % in seconds",
        "About a third of the first network's units, with BatchNorm, larger batches, Nesterov momentum, a "
        "learning rate that rises and falls, and softened labels: better after three epochs than the first "
        "preset after five. Compare the time.",
        dataset="mnist",
        model="mlp",
        hidden=(160, 160),
        batchnorm=True,
        normalize="dataset",
        optimizer="sgd",
        lr=0.4,
        momentum=0.9,
        nesterov=True,
        schedule="triangle",
        warmup=0.3,
        label_smoothing=0.1,
        batch_size=256,
        epochs=3,
    ),
    _preset(
        "mnist-small",
        "MNIST, small MLP, pixels in [−1, 1]",
        "The small network with BatchNorm and Adam, its pixels in [−1, 1] instead of [0, 1]. Train both and "
        "compare them: after the first layer BatchNorm takes scale and offset out again.",
        dataset="mnist",
        model="mlp",
        hidden=(128, 64),
        batchnorm=True,
        normalize="half",
        optimizer="adam",
        lr=0.01,
        weight_decay=0.001,
        batch_size=64,
        epochs=20,
    ),
    _preset(
        "sketch",
        "MNIST, made for the sketch pad",
        "A small network that trains in seconds on digits moved by a pixel and written with thicker and "
        "thinner pens, so that it also recognises yours.",
        dataset="mnist",
        train_size=30_000,
        model="mlp",
        hidden=(192, 128),
        batchnorm=True,
        normalize="half",
        optimizer="sgd",
        lr=0.2,
        momentum=0.9,
        nesterov=True,
        schedule="triangle",
        warmup=0.25,
        label_smoothing=0.05,
        batch_size=256,
        epochs=3,
        crop_padding=1,
        thickness=0.7,
    ),
    _preset(
        "cifar-fast",
        "CIFAR-10, ResNet with one cycle",
        "A small ResNet on mirrored, shifted and partly blanked pictures, and one cycle of the learning "
        "rate. Made for a GPU; on a CPU the full set takes hours.",
        dataset="cifar10",
        model="resnet",
        channels=(64, 128, 256, 512),
        batchnorm=True,
        normalize="dataset",
        flip=True,
        crop_padding=4,
        erase=8,
        optimizer="sgd",
        lr=0.4,
        momentum=0.9,
        nesterov=True,
        weight_decay=5e-4,
        schedule="triangle",
        warmup=0.2,
        label_smoothing=0.2,
        batch_size=500,  # divides the 50,000 pictures: every step has the same shape
        epochs=18,
        precision="fast",
    ),
)


PRESETS = by_name(*_RECIPES, *_OWN)
"""All of them, in the order in which they are offered."""
BY_VIEW = {"": PRESETS}
"""The trainer has one view, which has no name."""
