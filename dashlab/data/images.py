"""The data sets: the full one where it is there, else the sample that comes with dashlab, or one's own
pictures.

>>> from dashlab.data.images import load_images
>>> digits = load_images("mnist")
>>> digits.train_x.shape
torch.Size([60000, 1, 28, 28])
"""

from pathlib import Path

from dashlab.data.download import download
from dashlab.data.folders import data_folder, own_folder
from dashlab.data.full import has_full, load_full
from dashlab.data.imageset import IMAGE_SETS, ImageSet, ImageSetInfo, Progress
from dashlab.data.own import OwnSet, adopt, find_own, fingerprint, forget_own, list_own, load_folder
from dashlab.data.sample import load_bundled
from dashlab.errors import ConfigError

__all__ = [
    "IMAGE_SETS",
    "ImageSet",
    "ImageSetInfo",
    "OwnSet",
    "Progress",
    "adopt",
    "available_source",
    "data_folder",
    "download",
    "find_own",
    "fingerprint",
    "forget_own",
    "list_own",
    "load_folder",
    "load_images",
    "own_folder",
]


def load_images(name: str, *, source: str = "auto", data_dir: str | Path | None = None) -> ImageSet:
    """The pictures of the data set called `name`, as they are stored.

    Args:
        name: one of `IMAGE_SETS`.
        source: "full", "bundled", or "auto": the full set where it is there, else the bundled one. For MNIST
            these are the same pictures in the same order, and `ImageSet.source` is "full" for both.
        data_dir: the folder of the full sets in torchvision's layout; else `DASHLAB_DATA`, else one of the
            user's own.

    Raises:
        ConfigError: there is no such set or source.
        DataError: the files are missing or damaged.
    """
    _check_name(name)
    if source not in {"auto", "full", "bundled"}:
        raise ConfigError(f"There is no source {source!r}: choose auto, full or bundled.")
    folder = data_folder(data_dir)
    complete = IMAGE_SETS[name].bundled_counts == IMAGE_SETS[name].full_counts
    if has_full(name, folder) and source != "bundled":
        return load_full(name, folder)
    if source == "full" and not complete:
        return load_full(name, folder)  # says what is missing
    return load_bundled(name)


def available_source(name: str, *, data_dir: str | Path | None = None) -> str:
    """What `load_images` takes under "auto": "full" or "bundled". Reads no picture; MNIST is always "full".

    Raises:
        ConfigError: there is no such set.
    """
    _check_name(name)
    info = IMAGE_SETS[name]
    complete = info.bundled_counts == info.full_counts
    return "full" if complete or has_full(name, data_folder(data_dir)) else "bundled"


def _check_name(name: str) -> None:
    if name not in IMAGE_SETS:
        raise ConfigError(
            f"There is no data set {name!r}: choose {', '.join(IMAGE_SETS)}, or own pictures by their path."
        )
