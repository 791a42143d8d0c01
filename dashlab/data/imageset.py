"""What a set of labelled pictures is, and the three that dashlab knows by name."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

Progress = Callable[[int, int | None], None]
"""Called as work goes on: (done, total), total None where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSet:
    """Labelled pictures, split into training and test, as they are stored: bytes, not yet normalised."""

    name: str  # "mnist", "fashion", "cifar10" or "own"
    title: str
    source: str  # "full", "bundled" or "own"
    origin: str  # one sentence for people: which of the two, how many pictures, from where
    train_x: Tensor  # uint8 [N, C, H, W], C = 1 or 3
    train_y: Tensor  # int64 [N], indexes into `classes`
    test_x: Tensor  # uint8 [M, C, H, W]
    test_y: Tensor  # int64 [M]
    classes: tuple[str, ...]
    fingerprint: str = ""  # own pictures only: sha256 of what was read, in hex; part of a run's identity
    notes: tuple[str, ...] = ()  # own pictures only: sentences on what was done to some of them


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSetInfo:
    """A published data set: what is known of it before a pixel is read."""

    name: str
    title: str
    about: str  # one sentence
    channels: int
    side: int
    classes: tuple[str, ...]
    mean: tuple[float, ...]  # of the training pixels in [0, 1], channel by channel, as usually published
    std: tuple[float, ...]  # over all training pixels; of CIFAR-10 the mean of each picture's own
    full_counts: tuple[int, int]  # pictures for training and for testing
    bundled_counts: tuple[int, int]
    download_bytes: int  # what fetching the full set transfers


IMAGE_SETS: dict[str, ImageSetInfo] = {
    info.name: info
    for info in (
        ImageSetInfo(
            name="mnist",
            title="MNIST",
            about="Handwritten digits, grey, 28×28 (LeCun, Cortes and Burges, 1998).",
            channels=1,
            side=28,
            classes=tuple("0123456789"),
            mean=(0.1307,),
            std=(0.3081,),
            full_counts=(60_000, 10_000),
            bundled_counts=(60_000, 10_000),
            download_bytes=11_594_722,
        ),
        ImageSetInfo(
            name="fashion",
            title="Fashion-MNIST",
            about="Pieces of clothing, grey, 28×28 (Xiao, Rasul and Vollgraf, Zalando, 2017).",
            channels=1,
            side=28,
            classes=(
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ),
            mean=(0.2860,),
            std=(0.3530,),
            full_counts=(60_000, 10_000),
            bundled_counts=(10_000, 2_000),
            download_bytes=30_878_645,
        ),
        ImageSetInfo(
            name="cifar10",
            title="CIFAR-10",
            about="Photographs of animals and vehicles, colour, 32×32 (Krizhevsky, 2009).",
            channels=3,
            side=32,
            classes=(
                "airplane",
                "automobile",
                "bird",
                "cat",
                "deer",
                "dog",
                "frog",
                "horse",
                "ship",
                "truck",
            ),
            mean=(0.4914, 0.4822, 0.4465),
            std=(0.2023, 0.1994, 0.2010),  # as most recipes have it; over all pixels 0.2470, 0.2435, 0.2616
            full_counts=(50_000, 10_000),
            bundled_counts=(10_000, 2_000),
            download_bytes=170_498_071,
        ),
    )
}
"""The data sets that have a name of their own, by that name."""
