"""Pipelines: as text, drawn, taken apart step by step, and the sentences about steps that cannot be done."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from dashlab.errors import ConfigError
from dashlab.experiments.augmentation.draws import Sample, draw_pipeline, step_seed
from dashlab.experiments.augmentation.pipeline import MOST_STEPS, Step, make_step, read_steps, write_steps
from dashlab.experiments.augmentation.seen import facts, seen
from tests.unit.augmentation.drawn import CAT, SPEC, TO_FLOAT, draw, same


def batch(count: int = 3, side: int = 16) -> list[Sample]:
    """Flat pictures of different shades, each with a label of its own."""
    return [
        Sample(picture=Image.new("RGB", (side, side), (40 * k, 40 * k, 40 * k)), label=k, name=f"class {k}")
        for k in range(count)
    ]


# As text


def test_a_pipeline_survives_being_written_to_a_link() -> None:
    steps = (
        make_step("RandomRotation", degrees="-90,45", fill="255,0,0", interpolation="bilinear"),
        make_step("GaussianBlur", chance=0.25, use=False),
        make_step("Identity"),
    )
    assert read_steps(write_steps(steps)) == steps
    assert SPEC.problem(write_steps(steps)) is None


def test_only_what_differs_from_the_defaults_is_written() -> None:
    assert write_steps([make_step("RandomCrop", size="64")]) == "transform~RandomCrop~size~64"


def test_a_pipeline_without_steps_survives_a_link() -> None:
    assert SPEC.parse(SPEC.format("")) == ""
    assert SPEC.problem("") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("transform~Warp", "torchvision has no transform 'Warp'"),
        ("transform~Compose", "Compose cannot be used here: it is what this page builds"),
        ("size~3", "does not say which transform"),
        ("transform~Resize~bits~3", "Resize has no setting 'bits'"),
        ("transform~Resize~size~many", "is not numbers joined by commas"),
        ("transform~Resize~size~0", "step 1 (Resize) whose size must lie between 1 and 512"),
        ("transform~Resize~chance~2", "whose chance must lie between 0 and 1"),
        ("~~".join(["transform~Identity"] * (MOST_STEPS + 1)), "at most 12 steps"),
    ],
)
def test_a_pipeline_that_will_not_do_is_said(text: str, problem: str) -> None:
    assert problem in str(SPEC.problem(text))


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("transform~Resize~size~9999", "transform~Resize~size~512"),
        ("transform~Warp~~transform~Identity", "transform~Identity"),
        ("transform~ColorJitter~hue~3,-9~chance~7~odd~1", "transform~ColorJitter~hue~-0.5,0.5"),
        ("transform~Resize~size~many~use~off", "transform~Resize~use~off"),
        ("~~".join(["transform~RGB"] * 20), "~~".join(["transform~RGB"] * 12)),
        ("transform~Warp", "what it was"),
    ],
)
def test_a_pipeline_that_will_not_do_becomes_the_nearest_one(text: str, nearest: str) -> None:
    assert SPEC.clamp(SPEC.parse(text), "what it was") == nearest


def test_a_step_without_such_a_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="Pad has no setting 'bits': padding, fill, padding_mode"):
        make_step("Pad", bits=3)


# Draws


def test_the_same_seed_draws_the_same_pictures_and_another_seed_others() -> None:
    steps = [make_step("RandomResizedCrop")]
    first, again, other = (draw_pipeline(steps, same(3), seed=seed) for seed in (5, 5, 6))
    for one, two, three in zip(first, again, other, strict=True):
        assert np.array_equal(one.last.raw.pixels, two.last.raw.pixels)
        assert not np.array_equal(one.last.raw.pixels, three.last.raw.pixels)
    assert not np.array_equal(first[0].last.raw.pixels, first[1].last.raw.pixels)


def test_a_draw_is_what_torchvision_gives_under_its_seeds() -> None:
    steps = [
        make_step("RandomRotation", degrees="-60,60"),
        make_step("ColorJitter", hue="-0.1,0.1", chance=0.5),
    ]
    shown = draw_pipeline(steps, same(4), seed=1)
    alone = [
        v2.RandomRotation((-60, 60)),
        v2.RandomApply([v2.ColorJitter((0.6, 1.4), (0.6, 1.4), (0.6, 1.4), (-0.1, 0.1))], p=0.5),
    ]
    with torch.random.fork_rng(devices=[]):
        for one in shown:
            picture = CAT
            for seed, transform in zip(one.seeds, alone, strict=True):
                torch.manual_seed(seed)
                picture = transform(picture)
            assert np.array_equal(np.moveaxis(np.array(picture), 2, 0), one.last.raw.pixels)


def test_a_step_that_is_taken_away_or_moved_leaves_the_draws_of_the_others() -> None:
    turn, jitter, flip = (
        make_step(name) for name in ("RandomRotation", "ColorJitter", "RandomHorizontalFlip")
    )

    def drawn(steps: list[Step]) -> dict[str, str]:
        return {row.transform: row.drawn for row in draw_pipeline(steps, same(1), seed=2)[0].rows[1:]}

    everything = drawn([turn, jitter, flip])
    assert drawn([jitter, turn]) == {name: everything[name] for name in ("ColorJitter", "RandomRotation")}
    assert (
        drawn([turn, make_step("ColorJitter", use=False), flip])["RandomRotation"]
        == everything["RandomRotation"]
    )


def test_many_visitors_at_once_get_what_each_would_get_alone() -> None:
    steps = [make_step("RandomResizedCrop", size="32"), make_step("ColorJitter"), make_step("RandAugment")]
    small = CAT.resize((60, 40))

    def drawn(seed: int) -> list[list[int]]:
        return [one.last.raw.pixels.tolist() for one in draw_pipeline(steps, same(3, small), seed=seed)]

    alone = [drawn(seed) for seed in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(drawn, range(6))) == alone


def test_two_steps_of_one_name_draw_differently() -> None:
    steps = [make_step("RandomRotation")] * 2
    assert step_seed(0, 0, steps, 0) != step_seed(0, 0, steps, 1)


def test_what_was_drawn_is_told() -> None:
    rows = draw(
        make_step("RandomRotation", degrees="10,10"),
        make_step("RandomCrop", size="64"),
        make_step("ElasticTransform"),
        make_step("RandAugment"),
        make_step("GaussianBlur", sigma="1.5,1.5"),
    ).rows
    assert rows[1].drawn == "angle 10"
    assert "top " in rows[2].drawn
    assert "padding" not in rows[2].drawn
    assert rows[3].drawn.startswith("displacement field of 1 × 64 × 64 × 2, up to ")
    assert rows[4].drawn.count(",") == 1
    assert rows[5].drawn == "sigma (1.5, 1.5)"


def test_whether_a_step_was_applied_is_told() -> None:
    steps = [
        make_step("RandomHorizontalFlip"),
        make_step("RandomInvert", p=0.0),
        make_step("GaussianBlur", chance=0.5),
        make_step("Pad"),
    ]
    draws = draw_pipeline(steps, same(40), seed=0)
    applied = [[one.rows[k].applied for one in draws] for k in range(1, 5)]
    assert 8 < sum(applied[0]) < 32
    assert not any(applied[1])
    assert 8 < sum(applied[2]) < 32
    assert all(applied[3])
    mirrored = np.array(CAT)[:, ::-1]
    flips = draw_pipeline(steps[:1], same(40), seed=0)
    for one, flipped in zip(flips, applied[0], strict=True):
        expected = mirrored if flipped else np.array(CAT)
        assert np.array_equal(np.moveaxis(one.last.raw.pixels, 0, 2), expected)


def test_a_step_that_is_switched_off_does_nothing() -> None:
    one = draw(make_step("Pad", use=False), make_step("ToImage"))
    assert [row.number for row in one.rows] == [0, 2]


def test_the_pictures_after_each_step_are_kept_for_one_draw() -> None:
    draws = draw_pipeline([make_step("Pad"), make_step("Grayscale")], same(3), seed=0, keep=[1])
    assert [len(one.views) for one in draws] == [0, 3, 0]
    assert [view.raw.pixels.shape for view in draws[1].views] == [(3, 256, 385), (3, 288, 417), (1, 288, 417)]


# Facts


def test_shape_dtype_range_mean_and_deviation_are_told_after_each_step() -> None:
    rows = draw(*TO_FLOAT, make_step("Normalize", mean="0.5", std="0.5")).rows
    pixels = np.array(CAT).astype(np.float64)
    assert [(row.facts.kind, row.facts.shape, row.facts.dtype) for row in rows] == [
        ("PIL image", "RGB, 385 × 256", "uint8"),
        ("Image", "[3, 256, 385]", "uint8"),
        ("Image", "[3, 256, 385]", "float32"),
        ("Image", "[3, 256, 385]", "float32"),
    ]
    for row, scale, shift in zip(rows, (1, 1, 1 / 255, 2 / 255), (0, 0, 0, -1), strict=True):
        expected = pixels * scale + shift
        found = (row.facts.low, row.facts.high, row.facts.mean, row.facts.std)
        assert found == pytest.approx(
            (expected.min(), expected.max(), expected.mean(), expected.std()), abs=1e-5
        )


def test_a_normalised_picture_is_shown_mapped_and_taken_back() -> None:
    one = draw(*TO_FLOAT, make_step("Normalize"))
    assert one.last.raw.mapped == pytest.approx((one.rows[-1].facts.low, one.rows[-1].facts.high))
    assert one.last.undone is not None
    assert one.last.undone.mapped is None
    assert np.abs(one.last.undone.pixels.astype(int) - np.moveaxis(np.array(CAT), 2, 0)).max() <= 1


def test_two_normalisations_are_both_taken_back() -> None:
    one = draw(*TO_FLOAT, make_step("Normalize"), make_step("Normalize", mean="2", std="0.1"))
    assert one.last.undone is not None
    assert np.abs(one.last.undone.pixels.astype(int) - np.moveaxis(np.array(CAT), 2, 0)).max() <= 1


def test_a_normalisation_that_was_not_applied_is_not_taken_back() -> None:
    one = draw(*TO_FLOAT, make_step("Normalize", chance=0.0))
    assert one.last.undone is None


def test_values_that_were_never_scaled_are_said_to_be_mapped() -> None:
    one = draw(make_step("ToImage"), make_step("ToDtype", scale=False))
    assert one.last.raw.mapped is not None
    assert one.last.raw.mapped[1] > 200


def test_five_crops_are_five_pictures_of_one() -> None:
    one = draw(make_step("FiveCrop", size="32"), *TO_FLOAT)
    assert one.rows[-1].facts.shape == "5 × [3, 32, 32]"
    assert one.last.raw.pixels.shape == (3, 32, 5 * 34 - 2)


def test_a_tensor_with_numbers_that_are_not_finite_can_still_be_looked_at() -> None:
    pixels = seen(torch.tensor([[[float("nan"), 1.0]]])).pixels
    assert pixels.tolist() == [[[0, 255]]]


def test_facts_of_a_grey_image_are_those_of_its_pixels() -> None:
    grey = Image.fromarray(np.array([[0, 100], [200, 100]], dtype=np.uint8))
    found = facts(grey)
    assert (found.shape, found.low, found.high, found.mean) == ("L, 2 × 2", 0, 200, 100)


# Batches


def test_mixup_blends_pictures_and_labels_alike() -> None:
    draws = draw_pipeline([*TO_FLOAT, make_step("MixUp")], batch(), seed=0)
    share = float(draws[0].rows[-1].drawn.removeprefix("lam "))
    # Each picture with the one before it; the first one with the last.
    expected = np.array([0, 40, 80]) * share + np.array([80, 0, 40]) * (1 - share)
    assert [float(one.last.raw.pixels.mean()) for one in draws] == pytest.approx(expected, abs=1)
    assert f"{share:.2f} class 1" in draws[1].label
    assert f"{1 - share:.2f} class 0" in draws[1].label


def test_cutmix_mixes_labels_by_the_area_of_the_patch() -> None:
    draws = draw_pipeline([*TO_FLOAT, make_step("CutMix")], batch(), seed=1)
    pixels = draws[1].last.raw.pixels
    share = float((pixels == 40).mean())
    assert set(np.unique(pixels)) == {0, 40}
    assert f"{share:.2f} class 1" in draws[1].label


def test_without_mixing_a_label_is_its_class() -> None:
    assert [one.label for one in draw_pipeline(TO_FLOAT, batch(2), seed=0)] == ["class 0", "class 1"]


def test_a_step_after_mixup_draws_once_for_the_whole_batch() -> None:
    steps = [*TO_FLOAT, make_step("MixUp"), make_step("RandomAffine")]
    draws = draw_pipeline(steps, batch(), seed=0)
    assert len({one.rows[-1].drawn for one in draws}) == 1


def test_pictures_of_different_sizes_make_no_batch() -> None:
    samples = [batch(1, side)[0] for side in (16, 20)]
    draws = draw_pipeline([*TO_FLOAT, make_step("CutMix")], samples, seed=0)
    assert draws[0].problem == (
        "Step 3 (CutMix) needs a batch of pictures of one size, and these differ: put RandomResizedCrop, or "
        "Resize and CenterCrop, before it."
    )
    assert [row.transform for row in draws[0].rows] == ["", "ToImage", "ToDtype"]
