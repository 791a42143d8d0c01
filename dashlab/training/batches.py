"""A data set as tensors on the device: chosen, split, normalised, shuffled and cut into batches."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

import torch
from torch import Generator, Tensor

from dashlab.data.images import IMAGE_SETS, ImageSet
from dashlab.errors import ConfigError
from dashlab.settings.run import RunConfig
from dashlab.training.augment import augment, changes_pictures
from dashlab.training.device import stream

_BLOCK = 1024
"""About this many pictures are gathered and normalised in one go, then cut into batches: as many as a
processor's cache holds, which is faster than keeping all of them normalised. Fewer where they are larger than
3×32×32."""

_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation of ImageNet's channels, as torchvision's pretrained networks take them."""

_AUGMENTED_BLOCK = 8192
"""The same for pictures that are augmented. Another number would give other random draws."""


@dataclass(frozen=True, slots=True)
class Normalization:
    """Maps uint8 pixels to what the network takes: (pixel / 255 - mean) / std, channel by channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, pictures: Tensor) -> Tensor:
        """uint8 [B, C, H, W], or float32 in [0, 1], to float32 of the same shape."""
        mean, std = _per_channel(self.mean, pictures.device), _per_channel(self.std, pictures.device)
        if pictures.dtype == torch.uint8:
            return pictures.float().div_(255).sub_(mean).div_(std)
        return pictures.sub(mean).div_(std)


@lru_cache(maxsize=32)
def _per_channel(values: tuple[float, ...], device: torch.device) -> Tensor:
    """[C, 1, 1]; kept, because each copy from the host makes a GPU finish what it is doing."""
    with torch.inference_mode(False):  # what is first made in an evaluation must serve gradients too
        return torch.tensor(values, device=device)[:, None, None]


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a data set's pictures, uint8 [N, C, H, W], with their labels, int64 [N], on the device."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)

    def to(self, device: torch.device) -> "Part":
        """The same on another device; nothing is copied where it is there already."""
        return Part(self.x.to(device), self.y.to(device))


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The three parts of a run's pictures and how they are normalised."""

    train: Part
    val: Part
    test: Part
    normalization: Normalization


def split(images: ImageSet, config: RunConfig, device: torch.device) -> Split:
    """Choose `train_size` training pictures, hold `val_fraction` of them back, and move all to `device`.

    Raises:
        ConfigError: a part would be empty.
    """
    part = Part(images.train_x, images.train_y)
    wanted = min(config.data.train_size or len(part), len(part))
    held_back = round(wanted * config.data.val_fraction)
    if wanted - held_back < 1 or (config.data.val_fraction > 0 and held_back < 1):
        raise ConfigError(
            f"With {wanted} training pictures a validation share of {config.data.val_fraction:g} leaves a "
            "part empty: use more pictures or another share."
        )
    train, val = _choose(part, wanted, held_back, seed=config.loop.seed)
    return Split(
        train=train.to(device),
        val=val.to(device),
        test=Part(images.test_x, images.test_y).to(device),
        normalization=normalization(config.data.normalize, images, train),
    )


def _choose(part: Part, wanted: int, held_back: int, *, seed: int) -> tuple[Part, Part]:
    """`wanted` of the pictures at random, in their own order: those to train on, and the `held_back` ones."""
    if wanted == len(part) and held_back == 0:
        return part, Part(part.x[:0], part.y[:0])
    order = stratified_order(part.y, generator=stream(seed, "split"))
    chosen, val = order[held_back:wanted].sort().values, order[:held_back].sort().values
    return Part(part.x[chosen], part.y[chosen]), Part(part.x[val], part.y[val])


def stratified_order(labels: Tensor, *, generator: Generator) -> Tensor:
    """A random order of int64 [N] labels' indices of which every prefix holds each class in its share."""
    shuffled = torch.randperm(len(labels), generator=generator)
    drawn = labels[shuffled]
    counts = drawn.bincount()
    by_class = torch.argsort(drawn, stable=True)  # class after class, each in the order drawn
    firsts = (counts.cumsum(0) - counts)[drawn[by_class]]  # where the class of each begins in it
    rank = torch.empty_like(drawn)
    rank[by_class] = torch.arange(1, len(drawn) + 1) - firsts  # 1-based, within its class
    share = rank / counts[drawn]
    return shuffled[torch.argsort(share, stable=True)]


def normalization(name: str, images: ImageSet, train: Part) -> Normalization:
    """The `Normalization` called "none", "half", "imagenet" or "dataset" for these pictures.

    "dataset" uses the published constants of a known set, and else the mean and standard deviation over all
    pixels of the training part. CIFAR-10's published deviations are the mean of the pictures' own.
    """
    channels = images.train_x.shape[1]
    if name == "none":
        return Normalization((0.0,) * channels, (1.0,) * channels)
    if name == "half":
        return Normalization((0.5,) * channels, (0.5,) * channels)
    if name == "imagenet":
        mean, std = _IMAGENET
        if channels == len(mean):
            return Normalization(mean, std)
        return Normalization((fmean(mean),) * channels, (fmean(std),) * channels)
    if images.name in IMAGE_SETS:
        known = IMAGE_SETS[images.name]
        return Normalization(known.mean, known.std)
    return _measured(train.x)


def _measured(pictures: Tensor) -> Normalization:
    """Mean and standard deviation of each channel of uint8 [N, C, H, W], from counts of the 256 values."""
    value = torch.arange(256, dtype=torch.float64) / 255
    counts = torch.stack([channel.flatten().bincount(minlength=256) for channel in pictures.unbind(1)])
    share = counts / counts.sum(1, keepdim=True, dtype=torch.float64)  # [C, 256]
    mean = share @ value
    std = (share * (value - mean[:, None]).square()).sum(1).sqrt()
    # A channel that never changes must not divide by 0.
    return Normalization(tuple(mean.tolist()), tuple(std.clamp_min(1e-3).tolist()))


def pictures_at_once(most: int, pictures: Tensor) -> int:
    """How many of [N, C, H, W] to work on so that memory is bounded: `most` of 3×32×32, fewer larger ones."""
    values = math.prod(pictures.shape[1:])
    return max(1, min(most, most * 3 * 32 * 32 // values))


class Batches:
    """The training part, reshuffled on every pass and cut into normalised, augmented batches.

    The last batch holds what is left over, as with `DataLoader`. Where BatchNorm is in the network a last
    batch of a single picture, which it could not normalise, is left out.
    """

    def __init__(self, part: Part, normalize: Normalization, config: RunConfig) -> None:
        self._size = config.loop.batch_size
        self._augment = config.augment
        self._normalize = normalize
        self._x, self._y = part.x, part.y
        # The order is drawn on the CPU, so that it does not depend on the device.
        self._order = stream(config.loop.seed, "order")
        self._draws = stream(config.loop.seed, "augment", device=part.x.device)
        self._augmented = changes_pictures(config.augment)
        lone_picture = len(part) % self._size == 1 and config.model.batchnorm
        self.count = len(part) - (1 if lone_picture else 0)
        if self.count == 0:
            raise ConfigError("BatchNorm needs at least two training pictures.")

    def __len__(self) -> int:
        """Batches of one pass."""
        return math.ceil(self.count / self._size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """One pass: float32 [B, C, H, W] and int64 [B]."""
        order = torch.randperm(len(self._y), generator=self._order)[: self.count].to(self._y.device)
        at_once = pictures_at_once(_AUGMENTED_BLOCK if self._augmented else _BLOCK, self._x)
        block = max(1, at_once // self._size) * self._size
        for chosen in torch.split(order, block):
            x, y = self._gather(chosen), self._y.index_select(0, chosen)
            yield from zip(torch.split(x, self._size), torch.split(y, self._size), strict=True)

    def _gather(self, chosen: Tensor) -> Tensor:
        x = self._x.index_select(0, chosen)
        return self._normalize(augment(x, self._augment, generator=self._draws) if self._augmented else x)
