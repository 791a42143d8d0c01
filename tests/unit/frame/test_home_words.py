"""What Home says in fixed sentences of the pages and of the pictures holds."""

from __future__ import annotations

import pytest

from dashlab.data.images import IMAGE_SETS, load_images
from dashlab.experiments.initialization.settings import StackConfig, StackView
from ui.frame.pages import PAGES


def about(slug: str) -> str:
    return next(page.about for page in PAGES if page.slug == slug)


def test_signals_go_through_a_hundred_layers() -> None:
    assert StackConfig().depth == StackView().depth == 100
    assert "a hundred layers" in about("initialization")


@pytest.mark.parametrize("name", IMAGE_SETS)
def test_the_counts_sizes_and_colours_of_the_pictures_are_those_of_the_bundled_files(name: str) -> None:
    info, images = IMAGE_SETS[name], load_images(name, source="bundled")
    assert (len(images.train_y), len(images.test_y)) == info.bundled_counts
    channels, height, width = images.train_x.shape[1:]
    assert f"{width}×{height}" in info.about
    assert ("grey" in info.about, "colour" in info.about) == (channels == 1, channels == 3)
    assert images.classes == info.classes
