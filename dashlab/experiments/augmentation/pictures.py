"""The pictures that go into a pipeline: one again and again, or a batch of different ones with labels."""

import itertools
from collections.abc import Sequence

from PIL import Image
from torch import Tensor

from dashlab.data.imageset import ImageSet
from dashlab.data.photos import PHOTOS, load_photo
from dashlab.experiments.augmentation.draws import Sample


def photo_samples(name: str, count: int, *, mixed: bool) -> list[Sample]:
    """A bundled photograph, `count` times; mixed: it and the others in turn.

    Raises:
        ConfigError: there is no such photograph.
        DataError: a file is damaged.
    """
    names = list(PHOTOS)
    first = [_photo(name, names.index(name) if name in names else 0)]
    others = [_photo(other, label) for label, other in enumerate(names) if other != name] if mixed else []
    return _in_turn([*first, *others], count)


def set_samples(images: ImageSet, label: int, number: int, count: int, *, mixed: bool) -> list[Sample]:
    """A training picture of a data set, `count` times; mixed: pictures of all classes in turn.

    Args:
        images: the data set.
        label: class of the first one.
        number: which of its class, from 1; beyond the last it is the last.
        count: of samples.
        mixed: whether to go on with the same number of the next class.
    """
    classes = len(images.classes)
    labels = [(label + k) % classes for k in range(count if mixed else 1)]
    return _in_turn([_of_set(images, own, number) for own in labels], count)


def own_samples(picture: Image.Image, name: str, count: int, *, mixed: bool) -> list[Sample]:
    """An uploaded picture, `count` times; mixed: it and the bundled photographs in turn."""
    first = Sample(picture=picture, label=0, name=name)
    others = [_photo(other, label) for label, other in enumerate(PHOTOS, 1)] if mixed else []
    if picture.mode == "L":  # a batch has one number of channels
        others = [Sample(picture=o.picture.convert("L"), label=o.label, name=o.name) for o in others]
    return _in_turn([first, *others], count)


def classes_of(source: str, images: ImageSet | None = None) -> int:
    """How many labels there are: those of the data set, the photographs, or these and one's own picture."""
    if images is not None:
        return len(images.classes)
    return len(PHOTOS) + (source == "upload")


def image_of(pixels: Tensor) -> Image.Image:
    """uint8 [C, H, W] as a PIL image, as torchvision's data sets hand it out."""
    array = pixels.numpy()
    return Image.fromarray(array[0] if len(array) == 1 else array.transpose(1, 2, 0).copy())


def _photo(name: str, label: int) -> Sample:
    return Sample(picture=load_photo(name), label=label, name=name)


def _of_set(images: ImageSet, label: int, number: int) -> Sample:
    places = (images.train_y == label).nonzero().squeeze(1)
    place = int(places[min(number, len(places)) - 1])
    return Sample(picture=image_of(images.train_x[place]), label=label, name=images.classes[label])


def _in_turn(samples: Sequence[Sample], count: int) -> list[Sample]:
    return list(itertools.islice(itertools.cycle(samples), count))
