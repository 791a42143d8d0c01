"""Batched augmentation against the slow, obvious form: one picture after the other."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from dashlab.settings.run_parts import AugmentConfig
from dashlab.training.augment import (
    affine_matrices,
    augment,
    changes_pictures,
    random_affine,
    random_crop,
    random_erase,
    random_flip,
    random_thickness,
)

SHAPES = [(1, 9, 9), (3, 8, 13)]
"""Square and not, grey and colour."""

EVERY = AugmentConfig(
    flip=True, crop_padding=2, rotate=20.0, shift=1.5, zoom=0.2, shear=10.0, thickness=0.8, erase=3
)


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(shape: tuple[int, ...] = (1, 9, 9), count: int = 12) -> torch.Tensor:
    return torch.randint(0, 256, (count, *shape), generator=dice(7), dtype=torch.uint8)


def floats(shape: tuple[int, ...] = (1, 9, 9), count: int = 12) -> torch.Tensor:
    return pictures(shape, count).float() / 255


@pytest.fixture
def loaded_dice(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Makes every draw of `torch.rand` in augmentation come out as the given number."""

    def load(value: float) -> None:
        def constant(*shape: Any, **_more: object) -> torch.Tensor:
            return torch.full(shape[0] if isinstance(shape[0], tuple) else shape, value)

        monkeypatch.setattr(torch, "rand", constant)

    return load


# -- flip and crop -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_batched_flip_equals_flips_one_by_one(shape: tuple[int, ...]) -> None:
    x = pictures(shape)
    chosen = torch.rand(len(x), generator=dice(3)) < 0.5
    wanted = torch.stack(
        [picture.flip(2) if flip else picture for picture, flip in zip(x, chosen, strict=True)]
    )
    assert 0 < chosen.sum() < len(x)
    assert torch.equal(random_flip(x, generator=dice(3)), wanted)


def test_half_of_the_pictures_are_flipped() -> None:
    x = torch.tensor([0, 1], dtype=torch.uint8).expand(10_000, 1, 1, 2)
    assert math.isclose(random_flip(x, generator=dice())[:, 0, 0, 0].float().mean().item(), 0.5, abs_tol=0.02)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_batched_crop_equals_crops_one_by_one(shape: tuple[int, ...]) -> None:
    x, padding = pictures(shape), 3
    _, height, width = shape
    corners = torch.randint(2 * padding + 1, (2, len(x)), generator=dice(3))
    wanted = []
    for picture, top, left in zip(x, *corners.tolist(), strict=True):
        padded = np.pad(picture.numpy(), ((0, 0), (padding, padding), (padding, padding)))
        wanted.append(torch.from_numpy(padded[:, top : top + height, left : left + width]))
    assert torch.equal(random_crop(x, padding, generator=dice(3)), torch.stack(wanted))


def test_every_window_of_a_crop_is_drawn() -> None:
    middle = torch.zeros(2000, 1, 5, 5, dtype=torch.uint8)
    middle[:, 0, 2, 2] = 1
    places = random_crop(middle, 2, generator=dice()).flatten(1).argmax(1)
    assert set(places.tolist()) == set(range(25))


# -- turn, move, zoom, slant -------------------------------------------------------------------------------


def sample(picture: np.ndarray, row: float, column: float) -> np.ndarray:
    """[C] of [C, H, W] between four pixels, whose middles lie at whole numbers; black outside."""
    top, left = math.floor(row), math.floor(column)
    value = np.zeros(len(picture))
    for i, j in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        if 0 <= i < picture.shape[1] and 0 <= j < picture.shape[2]:
            value += picture[:, i, j] * (1 - abs(row - i)) * (1 - abs(column - j))
    return value


def moved_one_by_one(x: torch.Tensor, config: AugmentConfig, draws: torch.Tensor) -> torch.Tensor:
    """The slow form: for each pixel of the result, where it comes from."""
    moved = np.zeros(x.shape)
    _, _, height, width = x.shape
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    for index, picture in enumerate(x.double().numpy()):
        turn, slant, zoom, right, down = draws[:, index].tolist()
        angle, tangent = math.radians(turn * config.rotate), math.tan(math.radians(slant * config.shear))
        rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        back = rotation @ np.array([[1, tangent], [0, 1]]) / (1 + zoom * config.zoom)
        move = np.array([right, down]) * config.shift
        for i in range(height):
            for j in range(width):
                column, row = back @ (np.array([j, i]) - middle + move) + middle
                moved[index, :, i, j] = sample(picture, row, column)
    return torch.from_numpy(moved).float()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    "config",
    [
        AugmentConfig(rotate=180.0),
        AugmentConfig(shift=3.0),
        AugmentConfig(zoom=0.5),
        AugmentConfig(shear=40.0),
        AugmentConfig(rotate=30.0, shift=2.5, zoom=0.4, shear=20.0),
    ],
    ids=["turn", "move", "zoom", "slant", "all"],
)
def test_a_batched_move_equals_moves_one_by_one(config: AugmentConfig, shape: tuple[int, ...]) -> None:
    x = floats(shape, count=4)
    draws = torch.rand(5, len(x), generator=dice(3)) * 2 - 1
    moved = random_affine(x, config, generator=dice(3))
    assert torch.allclose(moved, moved_one_by_one(x, config, draws), atol=2e-4)


def test_a_quarter_turn_is_a_quarter_turn(loaded_dice: Callable[[float], None]) -> None:
    loaded_dice(1.0)  # a draw of 1 is the full angle
    x = floats((3, 9, 9))
    turned = random_affine(x, AugmentConfig(rotate=90.0), generator=dice())
    assert torch.allclose(turned, torch.rot90(x, 1, (2, 3)), atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_shift_by_whole_pixels_moves_them_and_leaves_black(
    loaded_dice: Callable[[float], None], shape: tuple[int, ...]
) -> None:
    loaded_dice(0.0)  # a draw of 0 is the full way right and down
    x = floats(shape)
    wanted = torch.zeros_like(x)
    wanted[:, :, 2:, 2:] = x[:, :, :-2, :-2]
    assert torch.allclose(random_affine(x, AugmentConfig(shift=2.0), generator=dice()), wanted, atol=1e-5)


def test_a_shift_is_in_pixels_of_the_result_whatever_the_zoom(loaded_dice: Callable[[float], None]) -> None:
    loaded_dice(0.0)  # the smallest zoom: 1 - 0.5
    x = floats()
    zoomed = random_affine(x, AugmentConfig(zoom=0.5), generator=dice())
    both = random_affine(x, AugmentConfig(zoom=0.5, shift=1.0), generator=dice())
    assert torch.allclose(both[:, :, 1:, 1:], zoomed[:, :, :-1, :-1], atol=1e-5)


def test_a_larger_zoom_makes_the_picture_larger(loaded_dice: Callable[[float], None]) -> None:
    x = torch.zeros(1, 1, 16, 16)
    x[..., 6:10, 6:10] = 1
    areas = []
    for draw in (0.0, 1.0):
        loaded_dice(draw)
        areas.append(random_affine(x, AugmentConfig(zoom=0.5), generator=dice()).sum().item())
    assert areas == pytest.approx([16 * 0.5**2, 16 * 1.5**2], rel=0.02)


def test_a_turn_keeps_the_shape_of_a_picture_that_is_not_square(loaded_dice: Callable[[float], None]) -> None:
    loaded_dice(1.0)
    x = torch.zeros(1, 1, 9, 21)
    x[..., 3:6, 9:12] = 1  # a square in the middle stays a square
    turned = random_affine(x, AugmentConfig(rotate=90.0), generator=dice())
    assert torch.allclose(turned, x, atol=1e-5)


def test_a_move_of_nothing_is_the_identity() -> None:
    x = floats((3, 8, 13))
    assert torch.allclose(random_affine(x, AugmentConfig(), generator=dice()), x, atol=1e-5)


def test_each_picture_has_a_matrix_of_its_own() -> None:
    matrices = affine_matrices(
        50, AugmentConfig(rotate=10.0), side=(8, 8), generator=dice(), device=torch.device("cpu")
    )
    assert len({tuple(matrix.flatten().tolist()) for matrix in matrices}) == 50


# -- stroke width and erasing ------------------------------------------------------------------------------


def thickened_one_by_one(
    x: torch.Tensor, share: float, chosen: torch.Tensor, amount: torch.Tensor
) -> torch.Tensor:
    changed = x.clone()
    _, channels, height, width = x.shape
    for index, (die, part) in enumerate(zip(chosen.flatten(), amount.flatten(), strict=True)):
        if die >= share:
            continue
        extreme = max if die < share / 2 else min
        for channel in range(channels):
            for i in range(height):
                for j in range(width):
                    plus = [(i, j), (i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)]
                    inside = [(a, b) for a, b in plus if 0 <= a < height and 0 <= b < width]
                    most = extreme(x[index, channel, a, b].item() for a, b in inside)
                    changed[index, channel, i, j] = torch.lerp(
                        x[index, channel, i, j], torch.tensor(most), part
                    )
    return changed


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_batched_stroke_width_equals_stroke_width_one_by_one(shape: tuple[int, ...]) -> None:
    x, share = floats(shape), 0.7
    draws = dice(3)
    chosen, amount = (torch.rand(len(x), 1, 1, 1, generator=draws) for _ in range(2))
    wanted = thickened_one_by_one(x, share, chosen, amount)
    assert torch.allclose(random_thickness(x, share, generator=dice(3)), wanted, atol=1e-6)


def test_a_stroke_at_the_edge_does_not_come_out_at_the_other_edge(
    loaded_dice: Callable[[float], None],
) -> None:
    loaded_dice(0.25)  # chosen, to be thickened, by a quarter
    x = torch.zeros(1, 1, 6, 6)
    x[..., 0, :] = 1
    thick = random_thickness(x, 1.0, generator=dice())
    assert thick[0, 0, :, 0].tolist() == [1.0, 0.25, 0.0, 0.0, 0.0, 0.0]


def test_only_the_share_of_the_pictures_that_is_named_gets_another_stroke_width() -> None:
    x = floats(count=4000)
    changed = (random_thickness(x, 0.3, generator=dice()) != x).flatten(1).any(1)
    assert math.isclose(changed.float().mean().item(), 0.3, abs_tol=0.03)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_batched_erasing_equals_erasing_one_by_one(shape: tuple[int, ...]) -> None:
    x, side = floats(shape), 4
    _, height, width = shape
    middles = torch.rand(2, len(x), 1, generator=dice(3))
    wanted = x.clone()
    for index in range(len(x)):
        row, column = middles[0, index, 0] * height, middles[1, index, 0] * width
        for i in range(height):
            for j in range(width):
                if abs(i + 0.5 - row) < side / 2 and abs(j + 0.5 - column) < side / 2:
                    wanted[index, :, i, j] = 0
    assert torch.equal(random_erase(x, side, generator=dice(3)), wanted)


def test_a_square_that_is_erased_has_its_side_where_it_lies_inside() -> None:
    x = torch.ones(500, 1, 20, 20)
    gone = (random_erase(x, 5, generator=dice()) == 0).flatten(1).sum(1)
    assert gone.max() == 25
    assert (gone == 25).float().mean() > 0.5


# -- all of them -------------------------------------------------------------------------------------------


def test_without_changes_pictures_are_only_scaled() -> None:
    x = pictures((3, 8, 13))
    assert torch.equal(augment(x, AugmentConfig(), generator=dice()), x.float() / 255)


def test_changes_are_known_to_be_on_or_off() -> None:
    assert not changes_pictures(AugmentConfig())
    for name in AugmentConfig.__slots__:
        one = AugmentConfig(**{name: getattr(EVERY, name)})
        assert changes_pictures(one), name


@pytest.mark.parametrize("name", AugmentConfig.__slots__)
def test_every_setting_changes_pictures_each_by_a_draw_of_its_own(name: str) -> None:
    same = pictures(count=1).expand(40, 1, 9, 9)
    changed = augment(same, AugmentConfig(**{name: getattr(EVERY, name)}), generator=dice())
    distinct = {tuple(picture.flatten().tolist()) for picture in changed}
    assert len(distinct) >= (2 if name == "flip" else 10)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_stay_between_black_and_white(shape: tuple[int, ...]) -> None:
    changed = augment(pictures(shape, count=200), EVERY, generator=dice())
    assert changed.dtype == torch.float32
    assert changed.shape == (200, *shape)
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_the_pictures_that_are_passed_in_stay_as_they_are() -> None:
    x = pictures()
    before = x.clone()
    augment(x, EVERY, generator=dice())
    assert torch.equal(x, before)


def test_the_same_generator_gives_the_same_pictures() -> None:
    x = pictures()
    assert torch.equal(augment(x, EVERY, generator=dice(1)), augment(x, EVERY, generator=dice(1)))
    assert not torch.equal(augment(x, EVERY, generator=dice(1)), augment(x, EVERY, generator=dice(2)))


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    augment(pictures(), EVERY, generator=dice())
    assert torch.equal(torch.get_rng_state(), before)
