"""Dropout taken apart: its masks and its scaling on a table of whole numbers, and a network that votes.

Source:
    Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting", sections 4
    and 7.5 (the mean over many masks); Gal and Ghahramani 2016, "Dropout as a Bayesian approximation",
    section 4.
"""

import copy
import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dashlab.errors import ConfigError
from dashlab.experiments.fitting.settings import DropoutConfig, VoteConfig
from dashlab.giving_up import look_up
from dashlab.settings.run import RunConfig
from dashlab.training.classifier import Classifier
from dashlab.training.device import stream
from dashlab.training.engine import load, train
from dashlab.training.models.layers import Dropout
from dashlab.training.results import Result

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Masks:
    """A table and what dropout makes of it, mask by mask."""

    values: Array  # [rows, columns]: 1, 2, 3, …
    outputs: Array  # [masks, rows, columns]: as the layer gives them
    p: float
    scale: float  # what the numbers that stay are multiplied by: 1 / (1 − p), and 1 in eval mode

    @property
    def staying(self) -> NDArray[np.bool_]:
        """[masks, rows, columns]: which numbers stay."""
        stay: NDArray[np.bool_] = self.outputs != 0
        return stay

    @property
    def running_mean(self) -> Array:
        """[masks, rows, columns]: the mean over the first mask, the first two, and so on."""
        counts = np.arange(1, len(self.outputs) + 1)[:, None, None]
        mean: Array = self.outputs.cumsum(axis=0) / counts
        return mean

    @property
    def apart(self) -> Array:
        """[masks]: how far the mean lies from the table, as a share of each number: root mean square."""
        share = self.running_mean / self.values - 1
        found: Array = np.sqrt(np.square(share).mean(axis=(1, 2)))
        return found

    @property
    def apart_expected(self) -> Array:
        """[masks]: the same as theory has it, √(p / ((1 − p) · masks)); 0 in eval mode."""
        counts = np.arange(1, len(self.outputs) + 1)
        variance = self.p / (1 - self.p) if self.scale != 1 else 0.0
        found: Array = np.sqrt(variance / counts)
        return found


@dataclass(frozen=True, slots=True)
class Votes:
    """What one network makes of one picture under many masks."""

    classes: tuple[str, ...]
    picture: NDArray[np.uint8]  # [C, H, W]
    label: int  # what it shows
    each: Array  # [votes, K]: probabilities under each mask
    evaluated: Array  # [K]: probabilities in eval mode, no unit switched off
    layers: int  # how many layers have their units switched off

    @property
    def counts(self) -> tuple[int, ...]:
        """How many masks vote for each class."""
        winners = self.each.argmax(axis=1)
        return tuple(np.bincount(winners, minlength=len(self.classes)).tolist())

    @property
    def mean(self) -> Array:
        """[K]: mean of the probabilities over the masks."""
        found: Array = self.each.mean(axis=0)
        return found

    @property
    def agreement(self) -> float:
        """The share of the masks that vote for the class with the most votes."""
        return max(self.counts) / len(self.each)


def masks(config: DropoutConfig) -> Masks:
    """Send the table 1, 2, 3, … through a dropout layer, as often as there are masks.

    In eval mode the layer gives its input, every time.

    Raises:
        ConfigError: a setting is unsound.
    """
    config.check()
    count = config.rows * config.columns
    values = torch.arange(1, count + 1, dtype=torch.float64).view(config.rows, config.columns)
    layer = Dropout(config.p, generator=stream(config.seed, "dropout: masks"))
    layer.train(config.mode == "train")
    outputs = torch.stack([layer(values) for _ in range(config.masks)])
    scale = 1 / (1 - config.p) if config.mode == "train" else 1.0
    return Masks(values.numpy(), outputs.numpy(), config.p, scale)


def vote(config: VoteConfig, classifier: Classifier, pictures: Tensor, labels: Tensor) -> Votes:
    """Have a trained network classify one picture under many masks; the classifier itself is left as it is.

    Masks fall on the network's dropout layers; where it has none, on the output of each hidden activation.
    All else, BatchNorm above all, stays in eval mode.

    Args:
        config: the picture, p, the number of masks and their seed.
        classifier: of a run.
        pictures: uint8 [N, C, H, W], of the shape that the network reads.
        labels: int64 [N].

    Raises:
        ConfigError: there is no such picture, or no hidden layer to switch units off in.
    """
    config.check()
    if config.picture >= len(pictures):
        raise ConfigError(
            f"There are {len(pictures):,} test pictures, counted from 0: choose one up to "
            f"{len(pictures) - 1:,}."
        )
    picture = pictures[config.picture : config.picture + 1]
    evaluated = classifier.probabilities(picture)[0].double().numpy()
    network, layers = _with_masks(classifier.network, config)
    with torch.inference_mode():
        x = classifier.normalization(picture).expand(config.votes, -1, -1, -1).contiguous()
        each = network(x).softmax(1).double().numpy()
    return Votes(
        classes=classifier.classes,
        picture=picture[0].numpy(),
        label=int(labels[config.picture]),
        each=each,
        evaluated=evaluated,
        layers=layers,
    )


def votes_in(result: Result, config: VoteConfig) -> Votes:
    """The same with the network that a run left, and one of its test pictures.

    Raises:
        ConfigError: as `vote`.
        DataError: the pictures cannot be read.
        WeightsError: the run diverged and left no weights.
    """
    images = load(result.config.data)
    return vote(config, Classifier.of(result), images.test_x, images.test_y)


def example_votes(config: VoteConfig) -> Votes:
    """The same with a small network that is trained for it, once in each process."""
    return votes_in(_example(), config)


@functools.cache
def _example() -> Result:
    recipe = RunConfig().change(
        dataset="mnist", model="mlp", hidden=(128, 128), dropout=0.5, train_size=4000, epochs=5,
        batch_size=50, optimizer="sgd", lr=0.05, momentum=0.9,
    )  # fmt: skip
    return train(recipe, on_row=lambda _row: look_up(), device="cpu")


def _with_masks(network: nn.Sequential, config: VoteConfig) -> tuple[nn.Sequential, int]:
    """A copy whose dropout layers drop in eval mode too, each row of a batch by a mask of its own."""
    layers = list(copy.deepcopy(network).eval())
    places = [place for place, layer in enumerate(layers) if isinstance(layer, Dropout)]
    if places:
        for place in places:
            layers[place] = _mask(config, place)
    else:
        hidden = _after_hidden(layers)
        for place in reversed(hidden):
            layers.insert(place, _mask(config, place))
        places = hidden
    if not places:
        raise ConfigError(
            "This network has no hidden layer whose units could be switched off: choose an MLP, LeNet or CNN."
        )
    return nn.Sequential(*layers), len(places)


def _after_hidden(layers: list[nn.Module]) -> list[int]:
    """Behind what follows each fully connected hidden layer: before the next one."""
    linear = [place for place, layer in enumerate(layers) if isinstance(layer, nn.Linear)]
    return linear[1:]


def _mask(config: VoteConfig, place: int) -> Dropout:
    layer = Dropout(config.p, generator=stream(config.seed, f"dropout: vote {place}"))
    layer.train()
    return layer


def least_votes(share: float, error: float) -> int:
    """How many masks it takes until the share of votes for a class is known to within one standard error.

    Args:
        share: of the votes, in (0, 1).
        error: the standard error wanted, above 0.
    """
    return math.ceil(share * (1 - share) / error**2)
