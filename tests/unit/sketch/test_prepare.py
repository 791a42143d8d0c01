"""Preparing a drawing as MNIST was made, measured on MNIST itself and on strokes of a known shape."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dashlab.experiments.sketch.prepare import is_dark_on_light, prepare
from tests.sheets import Condition, sheet
from tests.strokes import Hand, placed, rasterize, strokes, written

Pixels = NDArray[np.uint8]
COUNT = 120


@pytest.fixture(scope="module")
def digits() -> Pixels:
    """uint8 [120, 28, 28]: the first test pictures of MNIST."""
    from dashlab.data.images import load_images

    return np.asarray(load_images("mnist").test_x[:COUNT, 0].numpy())


def on_a_sheet(digit: Pixels, *, seed: int, factor: int = 10, dark_on_light: bool = False) -> Pixels:
    """The digit blown up and put somewhere on a larger sheet."""
    draw = np.random.default_rng(seed)
    side = 28 * factor + int(draw.integers(0, 120))
    sheet = np.zeros((side, side), dtype=np.uint8)
    top, left = draw.integers(0, side - 28 * factor + 1, 2)
    sheet[top : top + 28 * factor, left : left + 28 * factor] = np.kron(
        digit, np.ones((factor, factor), dtype=np.uint8)
    )
    return 255 - sheet if dark_on_light else sheet


def drawn(digit: int, form: str = "", *, height: float = 180, pen: float = 18, left: float = 60) -> Pixels:
    """RGBA: a digit drawn on white, as the canvas gives it."""
    return rasterize(placed(strokes(digit, form), height=height, left=left, top=40), pen=pen)


def prepared(source: Image.Image | Pixels) -> Pixels:
    done = prepare(source)
    assert done is not None
    return done.picture


def difference(one: Pixels, other: Pixels) -> float:
    """Mean absolute difference in grey levels of 255."""
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def photographed(sheet: Pixels, *, seed: int = 0) -> Pixels:
    """Dark ink [H, W] on white as a telephone sees it: uneven light, grey ink, noise."""
    height, width = sheet.shape
    rows, columns = np.mgrid[0:height, 0:width]
    light = 225 - 80 * (rows / height) - 50 * (columns / width)
    noise = np.random.default_rng(seed).normal(0, 4, sheet.shape)
    ink = (255 - sheet.astype(float)) / 255
    seen: Pixels = np.clip(light * (1 - 0.65 * ink) + noise, 0, 255).astype(np.uint8)
    return seen


# MNIST itself


@pytest.mark.parametrize("dark_on_light", [False, True])
def test_mnist_blown_up_and_moved_comes_back_nearly_equal(digits: Pixels, dark_on_light: bool) -> None:
    differences = [
        difference(prepared(on_a_sheet(digit, seed=seed, dark_on_light=dark_on_light)), digit)
        for seed, digit in enumerate(digits)
    ]
    assert np.mean(differences) < 0.5
    assert max(differences) < 3


def test_a_network_reads_mnist_that_came_back_as_it_reads_mnist(digits: Pixels) -> None:
    import torch

    from dashlab.settings.run import RunConfig
    from dashlab.training.classifier import Classifier
    from dashlab.training.engine import train

    config = RunConfig().change(train_size=6000, epochs=1, hidden=(64,), optimizer="adam", lr=0.003)
    network = Classifier.of(train(config, device="cpu"))
    back = np.stack([prepared(on_a_sheet(digit, seed=seed)) for seed, digit in enumerate(digits)])
    before, after = (
        network.probabilities(torch.from_numpy(pictures.copy())[:, None]).argmax(1)
        for pictures in (digits, back)
    )
    assert (before == after).float().mean() >= 0.99


def test_a_picture_of_28_by_28_pixels_is_taken_as_it_is(digits: Pixels) -> None:
    assert np.mean([difference(prepared(digit), digit) for digit in digits]) < 0.5


# What no longer matters


def test_dark_on_light_and_light_on_dark_give_the_same_picture() -> None:
    sheet = drawn(5)[..., 0]
    np.testing.assert_array_equal(prepared(sheet), prepared(255 - sheet))


def test_the_place_on_the_sheet_does_not_matter() -> None:
    np.testing.assert_array_equal(prepared(drawn(3, left=20)), prepared(drawn(3, left=120)))


@pytest.mark.parametrize("digit", [0, 2, 4, 8])
def test_the_size_does_not_matter(digit: int) -> None:
    small, large = (prepared(drawn(digit, height=height, pen=height / 9)) for height in (60, 230))
    assert difference(small, large) < 8  # two different digits are about 40 apart


@pytest.mark.parametrize("pen", [4, 8, 18, 30])
def test_thin_and_thick_pens_fill_the_box_and_reach_full_brightness(pen: int) -> None:
    picture = prepared(drawn(2, pen=pen))
    rows, columns = np.nonzero(picture)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    assert picture.max() == 255


def test_the_shape_is_kept() -> None:
    wide = np.full((100, 300), 255, dtype=np.uint8)
    wide[40:60, 30:270] = 0
    rows, columns = np.nonzero(prepared(wide))
    assert (np.ptp(columns) + 1, np.ptp(rows) + 1) == (20, 2)


def test_the_centre_of_mass_is_in_the_middle() -> None:
    for digit in (1, 6, 7, 9):
        picture = prepared(drawn(digit)).astype(float)
        total = picture.sum()
        row = (picture.sum(axis=1) @ np.arange(28)) / total
        column = (picture.sum(axis=0) @ np.arange(28)) / total
        assert abs(row - 14) <= 0.5, digit
        assert abs(column - 14) <= 0.5, digit


# Kinds of pictures


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "1", "P", "LA"])
def test_every_kind_of_picture_is_read_alike(mode: str) -> None:
    image = Image.fromarray(drawn(5)[..., :3])
    sharp = image.convert("1", dither=Image.Dither.NONE)
    assert difference(prepared(image.convert(mode)), prepared(sharp if mode == "1" else image)) < 0.5


@pytest.mark.parametrize("ink", [0, 255])
def test_ink_on_a_transparent_sheet_is_seen(ink: int) -> None:
    sheet = drawn(7)
    transparent = np.full_like(sheet, ink)
    transparent[..., 3] = 255 - sheet[..., 0]
    assert difference(prepared(transparent), prepared(sheet)) < 0.5


def test_a_photograph_in_uneven_light_gives_nearly_the_drawing() -> None:
    for digit in range(10):
        sheet = rasterize(placed(strokes(digit), height=300, left=120, top=90), pen=26, side=480)[..., 0]
        clean, photo = prepared(sheet), prepared(photographed(sheet))
        # A centre of mass between two pixels may be rounded either way.
        moved = [np.roll(photo, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        assert max(np.corrcoef(clean.ravel(), one.ravel())[0, 1] for one in moved) > 0.98, digit


def test_the_dark_rim_of_a_photograph_is_left_out() -> None:
    sheet = rasterize(placed(strokes(3), height=260, left=120, top=100), pen=24, side=480)[..., 0]
    photo = photographed(sheet)
    photo[:, :14] = 20  # the table beside the paper
    assert difference(prepared(photo), prepared(photographed(sheet))) < 4


def test_specks_of_dust_do_not_move_the_digit() -> None:
    sheet = drawn(4)
    dusty = sheet.copy()
    dusty[5:8, 270:273, :3] = 0
    np.testing.assert_array_equal(prepared(dusty), prepared(sheet))


def test_parts_of_a_digit_that_do_not_touch_are_kept() -> None:
    apart = drawn(5, "bar last")
    apart[..., :3] = 255
    apart[40:60, 100:200, :3] = 0  # the bar
    apart[90:240, 100:120, :3] = 0  # the rest
    rows, _ = np.nonzero(prepared(apart))
    assert np.ptp(rows) + 1 == 20
    assert (prepared(apart).max(axis=1) == 0)[rows.min() : rows.max()].any()  # the gap


def test_a_digit_that_touches_the_edge_of_a_drawing_is_kept() -> None:
    sheet = np.full((280, 280), 255, dtype=np.uint8)
    sheet[:200, 0:20] = 0
    assert prepared(sheet).any()


# Nothing to read


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_empty_sheet_gives_nothing(level: int) -> None:
    assert prepare(np.full((300, 300), level, dtype=np.uint8)) is None


def test_a_transparent_sheet_gives_nothing() -> None:
    assert prepare(np.zeros((300, 300, 4), dtype=np.uint8)) is None


def test_a_photograph_of_empty_paper_gives_nothing() -> None:
    assert prepare(photographed(np.full((300, 400), 255, dtype=np.uint8))) is None


def test_faint_noise_gives_nothing() -> None:
    noise = np.random.default_rng(0).normal(128, 6, (200, 200))
    assert prepare(np.clip(noise, 0, 255).astype(np.uint8)) is None


# Odd pictures


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (1, 40), (3, 2000)])
def test_odd_shapes_are_read_or_refused_without_an_error(shape: tuple[int, int]) -> None:
    picture = np.full(shape, 255, dtype=np.uint8)
    picture[0, 0] = 0
    done = prepare(picture)
    assert done is None or done.picture.shape == (28, 28)


def test_a_large_picture_gives_what_the_small_one_gives() -> None:
    sheet = drawn(6)
    large = Image.fromarray(sheet).resize((2800, 2800), Image.Resampling.BICUBIC)
    assert difference(prepared(large), prepared(sheet)) < 4


def test_the_steps_lead_from_grey_to_the_picture() -> None:
    done = prepare(drawn(8))
    assert done is not None
    names = [step.name for step in done.steps]
    assert names == ["Grey", "Light on dark", "Paper to black", "Cropped", "20 × 20", "28 × 28"]
    assert done.steps[0].picture.shape == (280, 280)
    assert max(done.steps[4].picture.shape) == 20
    np.testing.assert_array_equal(done.steps[-1].picture, done.picture)


@pytest.mark.parametrize(
    ("light", "titles", "words"),
    [
        ("light on dark", {"Grey", "Paper to black"}, ""),
        ("dark on light", {"Grey", "Light on dark", "Paper to black"}, "is inverted"),
        ("wide rim", {"Grey", "Sheet alone", "Light on dark", "Paper to black"}, "rim of the table"),
        ("tilted sheet", {"Grey", "Sheet alone", "Light on dark", "Paper to black"}, "lies askew"),
        ("ruled", {"Grey", "Light on dark", "Without lines", "Paper to black"}, "Lines printed"),
        ("box", {"Grey", "Light on dark", "Paper to black", "Without the box"}, "box printed round"),
    ],
)
def test_the_steps_that_were_taken_are_shown_and_no_others(
    digits: Pixels, light: str, titles: set[str], words: str
) -> None:
    done = prepare(sheet(digits[0], Condition(light=light), seed=0))
    assert done is not None
    assert {step.name for step in done.steps} == titles | {"Cropped", "20 × 20", "28 × 28"}
    assert words in " ".join(step.about for step in done.steps)


@pytest.mark.parametrize("digit", range(10))
def test_dark_ink_is_told_from_light_ink(digit: int) -> None:
    for seed, pen in ((1, 8), (2, 24)):
        glyph = placed(written(strokes(digit), Hand.at_random(seed)), height=180, left=40, top=40)
        sheet = rasterize(glyph, pen=pen)[..., 0].astype(np.float32)
        slope = np.linspace(0, -60, 280, dtype=np.float32)[None, :]
        assert is_dark_on_light(sheet + slope)
        assert not is_dark_on_light(255 - sheet + slope)
