"""The pictures that go into a pipeline."""

import numpy as np
import torch
from PIL import Image

from dashlab.data.photos import PHOTOS, load_photo
from dashlab.experiments.augmentation.pictures import (
    classes_of,
    image_of,
    own_samples,
    photo_samples,
    set_samples,
)
from tests.unit.pictures import made_up

IMAGES = made_up()


def test_a_photograph_is_taken_again_and_again() -> None:
    samples = photo_samples("coffee", 3, mixed=False)
    assert [sample.name for sample in samples] == ["coffee"] * 3
    assert samples[0].picture.tobytes() == load_photo("coffee").tobytes()


def test_a_batch_of_photographs_begins_with_the_chosen_one_and_goes_on_with_the_others() -> None:
    samples = photo_samples("coffee", 4, mixed=True)
    assert [(sample.label, sample.name) for sample in samples] == [
        (1, "coffee"),
        (0, "cat"),
        (2, "astronaut"),
        (1, "coffee"),
    ]


def test_a_picture_of_a_data_set_is_the_asked_one_of_its_class() -> None:
    (sample,) = set_samples(IMAGES, 2, 3, 1, mixed=False)
    place = (IMAGES.train_y == 2).nonzero()[2, 0]
    assert sample.name == "blue"
    assert np.array_equal(np.array(sample.picture), IMAGES.train_x[place, 0].numpy())


def test_beyond_the_last_of_a_class_it_is_the_last() -> None:
    last, beyond = (set_samples(IMAGES, 1, number, 1, mixed=False)[0] for number in (16, 9999))
    assert last.picture.tobytes() == beyond.picture.tobytes()


def test_a_batch_of_a_data_set_goes_through_the_classes() -> None:
    assert [sample.label for sample in set_samples(IMAGES, 3, 1, 6, mixed=True)] == [3, 0, 1, 2, 3, 0]


def test_a_batch_with_ones_own_grey_picture_is_all_grey() -> None:
    own = own_samples(Image.new("L", (9, 9)), "mine", 4, mixed=True)
    assert [sample.name for sample in own] == ["mine", *PHOTOS]
    assert {sample.picture.mode for sample in own} == {"L"}


def test_as_many_classes_as_can_occur_are_counted() -> None:
    assert classes_of("photo") == 3
    assert classes_of("upload") == 4
    assert classes_of("own", IMAGES) == 4


def test_a_colour_tensor_becomes_the_same_picture() -> None:
    pixels = torch.arange(3 * 4 * 5, dtype=torch.uint8).reshape(3, 4, 5)
    assert np.array_equal(np.moveaxis(np.array(image_of(pixels)), 2, 0), pixels.numpy())
