"""The course's recipes against loops written here from their description alone, in plain PyTorch.

A loop shares with `dashlab` only what a recipe leaves to chance: the first weights, the order of the
pictures, and which units dropout switches off. Everything else stands here once more.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dashlab.data.imageset import ImageSet
from dashlab.experiments.trainer.presets import preset
from dashlab.settings.fields import Value
from dashlab.training.batches import Batches, split
from dashlab.training.device import stream
from dashlab.training.engine import train
from dashlab.training.models import build
from dashlab.training.results import Result
from tests.typed import there
from tests.unit.pictures import made_up

TEN = tuple("0123456789")
GREY, COLOUR = (1, 28, 28), (3, 32, 32)


class GivenDropout(nn.Module):
    """Dropout whose masks are those of the `number`-th dropout of a run."""

    def __init__(self, p: float, number: int) -> None:
        super().__init__()
        self.kept, self.draws = 1 - p, stream(0, f"dropout {number}")

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return x * torch.empty_like(x).bernoulli_(self.kept, generator=self.draws) / self.kept


def hidden(fan_in: int, fan_out: int, *, dropout: tuple[float, int] | None = None) -> Iterator[nn.Module]:
    """Linear, BatchNorm, ReLU, and perhaps dropout."""
    yield from (nn.Linear(fan_in, fan_out), nn.BatchNorm1d(fan_out), nn.ReLU())
    if dropout is not None:
        yield GivenDropout(*dropout)


def convolution(fan_in: int, fan_out: int) -> Iterator[nn.Module]:
    yield from (nn.Conv2d(fan_in, fan_out, 3, padding=1), nn.BatchNorm2d(fan_out), nn.ReLU(), nn.MaxPool2d(2))


def momentum_mlp(*units: int) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten()]
    for fan_in, fan_out in pairwise(units):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def s4_network() -> nn.Sequential:
    return nn.Sequential(
        *convolution(1, 32),
        *convolution(32, 64),
        *convolution(64, 128),
        nn.Flatten(),
        *hidden(1152, 512, dropout=(0.4, 0)),
        *hidden(512, 512, dropout=(0.4, 1)),
        nn.Linear(512, 10),
    )


def s5_network() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), *hidden(784, 128), *hidden(128, 64), nn.Linear(64, 10))


def s6_network() -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(),
        *hidden(3072, 2048, dropout=(0.3, 0)),
        *hidden(2048, 1024, dropout=(0.3, 1)),
        *hidden(1024, 512),
        *hidden(512, 256),
        nn.Linear(256, 10),
    )


def s16_network() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 2)),
    )


def momentum(network: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)


@dataclass(frozen=True)
class Recipe:
    """One line of the description."""

    network: Callable[[], nn.Sequential]
    optimizer: Callable[[nn.Module], torch.optim.Optimizer]
    batch: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    set: str
    lr_falls: tuple[int, float] = (1000, 1.0)  # after so many epochs, by this factor
    shape: tuple[int, int, int] = GREY
    classes: tuple[str, ...] = TEN
    epochs: int = 2
    left_out: tuple[tuple[str, Value], ...] = ()  # what is random and has a test of its own


RECIPES = {
    "s1": Recipe(lambda: momentum_mlp(784, 512, 512, 10), momentum, 64, (0.5,), (0.5,), "mnist"),
    "s2": Recipe(lambda: momentum_mlp(784, 512, 512, 10), momentum, 64, (0.5,), (0.5,), "fashion"),
    "s3": Recipe(
        lambda: momentum_mlp(784, 1024, 1024, 512, 512, 10), momentum, 64, (0.5,), (0.5,), "fashion"
    ),
    "s4": Recipe(s4_network, momentum, 64, (0.5,), (0.5,), "fashion"),
    "s5": Recipe(
        s5_network,
        lambda network: torch.optim.Adam(
            network.parameters(), lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.001
        ),
        64,
        (0.0,),
        (1.0,),
        "mnist",
    ),
    "s6": Recipe(
        s6_network,
        lambda network: torch.optim.AdamW(network.parameters(), lr=0.001, weight_decay=0.01),
        128,
        (0.4914, 0.4822, 0.4465),
        (0.2023, 0.1994, 0.2010),
        "cifar10",
        shape=COLOUR,
    ),
    "s15": Recipe(
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)),
        lambda network: torch.optim.SGD(network.parameters(), lr=0.1),
        256,
        (0.0,),
        (1.0,),
        "fashion",
    ),
    "s16": Recipe(
        s16_network,
        momentum,
        16,
        (0.485, 0.456, 0.406),
        (0.229, 0.224, 0.225),
        "own",
        lr_falls=(10, 0.1),
        shape=COLOUR,
        classes=("ten", "twenty"),
        epochs=12,
        left_out=(("crop_padding", 0), ("val_fraction", 0.0)),
    ),
}


def pictures_for(recipe: Recipe) -> ImageSet:
    """Two batches and a half, and a few to test on."""
    images = made_up(5 * recipe.batch // 2, 30, shape=recipe.shape, classes=recipe.classes, noise=120)
    return replace(images, name=recipe.set)


def ours(name: str, images: ImageSet) -> Result:
    recipe = RECIPES[name]
    config = preset(name).config.change(epochs=recipe.epochs, **dict(recipe.left_out))
    if recipe.set == "own":
        config = config.change(path="notes")
    return train(config, images=images, device="cpu")


def started_as_ours(name: str, network: nn.Sequential) -> nn.Sequential:
    """With the first weights of the run; a bias that BatchNorm takes out again starts at 0."""
    recipe = RECIPES[name]
    start = build(preset(name).config.model, shape=recipe.shape, classes=len(recipe.classes), seed=0)
    kinds = (nn.Linear, nn.Conv2d)
    theirs = [layer for layer in start.modules() if isinstance(layer, kinds)]
    layers = [layer for layer in network.modules() if isinstance(layer, kinds)]
    with torch.no_grad():
        for layer, their in zip(layers, theirs, strict=True):
            layer.weight.copy_(their.weight)
            there(layer.bias).copy_(their.bias) if their.bias is not None else there(layer.bias).zero_()
    return network


def by_hand(name: str, images: ImageSet) -> tuple[nn.Sequential, list[float], Tensor]:
    """The trained network, the loss of every step, and the probabilities of the test pictures."""
    recipe = RECIPES[name]
    network = started_as_ours(name, recipe.network())
    optimizer = recipe.optimizer(network)
    mean, std = (torch.tensor(value)[:, None, None] for value in (recipe.mean, recipe.std))
    x, test = ((pixels / 255 - mean) / std for pixels in (images.train_x, images.test_x))
    order_of, losses = stream(0, "order"), []
    first_lr = optimizer.param_groups[0]["lr"]
    every, factor = recipe.lr_falls
    for epoch in range(recipe.epochs):
        optimizer.param_groups[0]["lr"] = first_lr * factor ** (epoch // every)
        for chosen in torch.randperm(len(x), generator=order_of).split(recipe.batch):  # type: ignore[no-untyped-call]
            optimizer.zero_grad()
            loss = F.cross_entropy(network(x[chosen]), images.train_y[chosen])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(loss.item())
    network.eval()
    return network, losses, network(test).softmax(1).detach()


@pytest.mark.sameness
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_takes_the_steps_of_a_loop_written_from_its_description(name: str) -> None:
    images = pictures_for(RECIPES[name])
    network, losses, probabilities = by_hand(name, images)
    result = ours(name, images)
    assert [row.loss for row in result.steps] == pytest.approx(losses, rel=2e-3, abs=1e-5)
    assert torch.allclose(there(result.evaluation).probabilities, probabilities, atol=2e-3)
    ours_after = [
        value for key, value in result.weights.items() if key.endswith("weight") and value.dim() > 1
    ]
    before = [layer.weight for layer in first_layers(name)]
    after = [layer.weight for layer in network.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    for start, wanted, reached in zip(before, after, ours_after, strict=True):
        way = (wanted - start).norm()
        # Where a gradient is nearly 0, rounding turns a whole step of Adam's round.
        assert (reached - wanted).norm() < 0.02 * way


@pytest.mark.sameness
def test_softmax_regression_by_hand_takes_the_same_steps() -> None:
    images = pictures_for(RECIPES["s15"])
    start = build(preset("s15").config.model, shape=GREY, classes=10, seed=0).state_dict()
    weight, bias = start["1.weight"].T.clone(), start["1.bias"].clone()
    pixels, order_of, losses = images.train_x.flatten(1) / 255, stream(0, "order"), []
    for _ in range(RECIPES["s15"].epochs):
        for chosen in torch.randperm(len(pixels), generator=order_of).split(256):  # type: ignore[no-untyped-call]
            x, y = pixels[chosen], F.one_hot(images.train_y[chosen], 10)
            powers = (x @ weight + bias).exp()
            shares = powers / powers.sum(1, keepdim=True)
            losses.append(-(y * shares.log()).sum(1).mean().item())
            error = (shares - y) / len(x)  # the gradient of the mean cross-entropy by the logits
            weight -= 0.1 * x.T @ error
            bias -= 0.1 * error.sum(0)
    assert [row.loss for row in ours("s15", images).steps] == pytest.approx(losses, rel=1e-4)


def first_layers(name: str) -> list[nn.Linear | nn.Conv2d]:
    recipe = RECIPES[name]
    network = build(preset(name).config.model, shape=recipe.shape, classes=len(recipe.classes), seed=0)
    return [layer for layer in network.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]


def test_s15_starts_from_weights_of_standard_deviation_one_hundredth() -> None:
    (layer,) = first_layers("s15")
    assert layer.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert not there(layer.bias).any()


def test_s16_draws_convolutions_as_xavier_and_linear_layers_with_one_tenth() -> None:
    for layer in first_layers("s16"):
        fan_out, fan_in = layer.weight.shape[0], layer.weight[0].numel()
        wanted = 0.1
        if isinstance(layer, nn.Conv2d):
            wanted = math.sqrt(2 / (fan_in + 25 * fan_out))
        # The spread of n draws is known to 1/√(2n): four times that.
        assert layer.weight.std().item() == pytest.approx(wanted, rel=4 / math.sqrt(2 * layer.weight.numel()))
        if (
            layer.weight.numel() > 400
        ):  # normal: one in 22 lies outside two standard deviations, one in 370 three
            assert layer.weight.abs().max().item() > 2.5 * wanted
        assert not there(layer.bias).any()


def test_s16_crops_windows_of_32_from_pictures_with_a_black_rim_of_four() -> None:
    images = made_up(10, 4, shape=COLOUR, classes=("ten", "twenty"), noise=120)
    config = preset("s16").config.change(path="notes")
    parts = split(images, config, torch.device("cpu"))
    padded = F.pad(parts.train.x / 255, (4, 4, 4, 4))
    mean, std = (torch.tensor(value)[:, None, None] for value in (RECIPES["s16"].mean, RECIPES["s16"].std))
    windows = ((padded - mean) / std).unfold(2, 32, 1).unfold(3, 32, 1)  # [N, C, 9, 9, 32, 32]
    windows = windows.permute(0, 2, 3, 1, 4, 5).reshape(-1, *COLOUR)
    batches = Batches(parts.train, parts.normalization, config)
    seen = torch.cat([x for _ in range(4) for x, _ in batches])
    nearest = [(windows - picture).abs().amax((1, 2, 3)).min(0) for picture in seen]
    assert max(distance for distance, _ in nearest) < 1e-5
    assert len({int(place) % 81 for _, place in nearest}) > 10  # not one window again and again


def test_s16_takes_a_zip_with_train_and_valid(tmp_path: Path) -> None:
    from PIL import Image

    from dashlab.data.images import load_folder

    for part, count in (("train", 10), ("valid", 4)):
        for shade, note in ((60, "ten"), (200, "twenty")):
            folder = tmp_path / part / note
            folder.mkdir(parents=True)
            for number in range(count):
                Image.new("RGB", (40, 40), (shade, 5 * number, 90)).save(folder / f"{number}.png")
    images = load_folder(tmp_path, side=32)
    config = preset("s16").config.change(path=str(tmp_path))
    result = train(config, images=images, device="cpu")
    started = result.started
    assert started.classes == ("ten", "twenty")
    assert (started.train_count, started.val_count, started.test_count) == (16, 4, 8)
    assert (result.state, len(result.epochs)) == ("finished", 10)
