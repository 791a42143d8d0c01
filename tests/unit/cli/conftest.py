"""A small data set for every command."""

import dataclasses

import pytest

from dashlab.data.images import ImageSet, load_images
from dashlab.training import engine


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    """MNIST with only the first hundred test pictures, for speed."""
    whole = load_images("mnist")
    return dataclasses.replace(whole, test_x=whole.test_x[:100], test_y=whole.test_y[:100])


@pytest.fixture(autouse=True)
def few_test_pictures(monkeypatch: pytest.MonkeyPatch, digits: ImageSet) -> None:
    """The engine loads those digits; own pictures are loaded as ever."""
    load = engine.load
    monkeypatch.setattr(engine, "load", lambda config: digits if config.dataset == "mnist" else load(config))
