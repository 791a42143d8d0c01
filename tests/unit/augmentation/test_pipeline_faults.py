"""Pipelines that cannot be drawn: the step is named, and the steps before it stand."""

import pytest

from dashlab.experiments.augmentation.pipeline import Step, make_step
from tests.unit.augmentation.drawn import TO_FLOAT, draw


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        (
            [make_step("Resize", size="32"), make_step("RandomCrop", size="64")],
            "Step 2 (RandomCrop) cannot cut 64 × 64 pixels out of a picture of 48 × 32",
        ),
        (
            [make_step("ToImage"), make_step("Normalize")],
            "Step 2 (Normalize) needs fractions, and the values are uint8: put ToDtype",
        ),
        (
            [make_step("Normalize")],
            "Step 1 (Normalize) works on tensors, and the picture is still a PIL image",
        ),
        (
            [make_step("Grayscale"), *TO_FLOAT, make_step("Normalize")],
            "Step 4 (Normalize) has 3 numbers for mean, and the picture has 1 channel",
        ),
        ([*TO_FLOAT, make_step("JPEG")], "Step 3 (JPEG) works on whole values from 0 to 255"),
        ([make_step("FiveCrop"), make_step("AugMix")], "Step 2 (AugMix) takes one picture"),
        ([make_step("TenCrop"), make_step("FiveCrop")], "Step 2 (FiveCrop) takes one picture"),
        (
            [make_step("Resize", size="16"), make_step("GaussianBlur", kernel_size="61")],
            "Step 2 (GaussianBlur) needs a picture of at least 31 × 31 pixels",
        ),
        (
            [make_step("GaussianBlur", kernel_size="4")],
            "Step 1 (GaussianBlur) needs a window with a middle",
        ),
        ([make_step("RandAugment", magnitude=30, num_magnitude_bins=5)], "has a magnitude that is not among"),
        (
            [make_step("Resize", size="64", max_size="32")],
            "has a longest side of 32, and the shorter is to be 64",
        ),
        (
            [make_step("Resize", size="64,64", max_size="99")],
            "limits the longer side where Size is one number",
        ),
        (
            [make_step("ToImage"), make_step("ToPILImage", mode="L")],
            "Step 2 (ToPILImage) cannot make L of 3 channels",
        ),
        ([make_step("MixUp")], "Step 1 (MixUp) works on tensors, and the picture is still a PIL image"),
        ([make_step("GaussianNoise")], "Step 1 (GaussianNoise) works on tensors"),
        (
            [make_step("ToImage"), make_step("MixUp")],
            "Step 2 (MixUp) needs fractions, and the values are uint8",
        ),
        ([make_step("FiveCrop"), make_step("CutMix")], "Step 2 (CutMix) works on tensors"),
        (
            [make_step("ToImage"), make_step("FiveCrop"), make_step("CutMix")],
            "Step 3 (CutMix) takes one picture, and there are several by now",
        ),
        (
            [*TO_FLOAT, make_step("CutMix"), make_step("ToPILImage")],
            "Step 4 (ToPILImage) takes one picture, and here is a batch",
        ),
        ([make_step("RandomResize", min_size=200, max_size=100)], "make the largest greater"),
        ([*TO_FLOAT, make_step("RandomSolarize")], "Step 3 (RandomSolarize) has a threshold above 1"),
        (
            [make_step("ToImage"), make_step("RandomRotation", interpolation="bicubic")],
            "knows bicubic for PIL images only",
        ),
    ],
)
def test_a_step_that_cannot_be_done_is_named_and_the_steps_before_it_stand(
    steps: list[Step], sentence: str
) -> None:
    one = draw(*steps)
    assert sentence in one.problem
    assert len(one.rows) == len(steps)
    assert one.last.raw.pixels.size > 0


def test_a_picture_does_not_grow_without_bound() -> None:
    one = draw(*[make_step("RandomZoomOut", side_range="2,2", p=1.0)] * 4)
    assert "no more than 500,000 in all are carried along here" in one.problem
    assert len(one.rows) == 2


def test_a_crop_that_pads_enough_is_done() -> None:
    assert draw(make_step("RandomCrop", size="300,400", padding="30,40,20,10")).problem == ""
    assert draw(make_step("RandomCrop", size="500", pad_if_needed=True)).problem == ""
