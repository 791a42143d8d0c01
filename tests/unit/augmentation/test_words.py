"""What the augmentation page says in fixed sentences holds for the installed torchvision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from dashlab.data.photos import PHOTOS, load_photo
from dashlab.experiments.augmentation.carry_over import carry_over
from dashlab.experiments.augmentation.draws import Sample, draw_pipeline
from dashlab.experiments.augmentation.pipeline import Step, make_step, write_steps
from dashlab.experiments.augmentation.presets import PRESETS
from dashlab.experiments.augmentation.table import ABOUT, ARGUMENTS
from dashlab.experiments.augmentation.transforms import build
from tests.unit.augmentation.drawn import CAT, TO_FLOAT, draw, same
from ui.augmentation.steps import FORMULAS


def help_of(argument: str) -> str:
    return ARGUMENTS[argument][0].help


def made(step: Step, picture: Any) -> Any:
    torch.manual_seed(0)
    return build(step.transform, step.values)(picture)


FLAT = Image.new("RGB", (200, 200), (200, 200, 200))
SHADES = torch.arange(256, dtype=torch.uint8).view(1, 16, 16)


# Helps of arguments


def test_what_is_erased_is_as_high_over_wide_as_the_ratio() -> None:
    step = make_step("RandomErasing", p=1.0, scale="0.1,0.1", ratio="4,4", value="0")
    erased = (made(step, F.to_image(FLAT)) == 0).all(0)
    height, width = erased.any(1).sum().item(), erased.any(0).sum().item()
    assert height / width == pytest.approx(4, abs=0.1)
    assert "Height over width" in help_of("RandomErasing.ratio")
    wide = make_step("RandomErasing", p=1.0, scale="0.9,0.9", ratio="4,4")
    assert torch.equal(made(wide, F.to_image(FLAT)), F.to_image(FLAT))
    assert "does not fit is not erased" in help_of("RandomErasing.scale")


def test_what_is_cut_out_is_as_wide_over_high_as_the_ratio() -> None:
    crop = build("RandomResizedCrop", make_step("RandomResizedCrop", scale="0.1,0.1", ratio="4,4").values)
    params = crop.make_params([FLAT])
    assert params["width"] / params["height"] == pytest.approx(4, abs=0.15)
    assert "Width over height" in help_of("RandomResizedCrop.ratio")


def test_a_factor_of_one_fits_into_the_target_as_width_and_height() -> None:
    step = make_step("ScaleJitter", target_size="40,500", scale_range="1,1")
    assert made(step, FLAT.resize((100, 300))).size == (40, 120)
    assert help_of("ScaleJitter.target_size").startswith("Width,height")


def test_a_chain_of_depth_0_draws_its_depth_as_one_of_minus_1_does() -> None:
    def drawn(depth: int, seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        picture: torch.Tensor = build("AugMix", make_step("AugMix", chain_depth=depth).values)(
            F.to_image(CAT)
        )
        return picture

    assert all(torch.equal(drawn(0, seed), drawn(-1, seed)) for seed in range(4))
    assert not any(torch.equal(drawn(0, seed), F.to_image(CAT)) for seed in range(4))
    assert "−1 and 0" in help_of("AugMix.chain_depth")


def test_noise_is_in_shares_of_black_to_white_for_whole_numbers_too() -> None:
    grey = torch.full((1, 200, 200), 128, dtype=torch.uint8)
    step = make_step("GaussianNoise", mean=0.1, sigma=0.05)
    noisy = made(step, grey).float()
    assert noisy.mean() - 128 == pytest.approx(25.5, abs=1)
    assert noisy.std() == pytest.approx(0.05 * 255, abs=0.5)
    loud = made(make_step("GaussianNoise", sigma=1.0), grey.float() / 255)
    assert (loud.min(), loud.max()) == (0, 1)


def test_a_sharpness_of_1_and_8_bits_change_nothing_and_a_saturation_of_0_is_grey() -> None:
    for step in (
        make_step("RandomAdjustSharpness", sharpness_factor=1.0, p=1.0),
        make_step("RandomPosterize", bits=8, p=1.0),
        make_step("ColorJitter", brightness="1,1", contrast="1,1", saturation="1,1", hue="0,0"),
    ):
        assert np.array_equal(np.asarray(made(step, CAT)), np.asarray(CAT)), step
    grey = np.asarray(
        made(
            make_step("ColorJitter", brightness="1,1", contrast="1,1", saturation="0,0", hue="0,0"),
            CAT,
        )
    )
    assert (grey == grey[..., :1]).all()


def test_the_largest_length_itself_is_never_drawn_and_the_smallest_is() -> None:
    torch.manual_seed(0)
    resize = build("RandomResize", make_step("RandomResize", min_size=8, max_size=11).values)
    assert {min(resize(FLAT).size) for _ in range(60)} == {8, 9, 10}


def test_one_number_sets_the_shorter_side_and_a_limit_the_longer() -> None:
    wide = FLAT.resize((300, 100))
    assert made(make_step("Resize", size="50"), wide).size == (150, 50)
    assert max(made(make_step("Resize", size="50", max_size="90"), wide).size) == 90


@pytest.mark.parametrize("transform", ["MixUp", "CutMix"])
def test_a_small_alpha_leaves_nearly_one_picture_and_a_large_one_halves(transform: str) -> None:
    def shares(alpha: float) -> list[float]:
        torch.manual_seed(0)
        mix = build(transform, make_step(transform, alpha=alpha).values, num_classes=2)
        pictures, labels = torch.zeros(2, 1, 20, 20), torch.tensor([0, 1])
        return [mix(pictures, labels)[1].max().item() for _ in range(200)]

    def typical(alpha: float) -> float:
        return float(np.median(shares(alpha)))

    nearly, half = {"MixUp": (0.97, 0.65), "CutMix": (0.8, 0.75)}[transform]
    assert typical(0.05) > nearly
    assert typical(5.0) < min(half, typical(1.0))


# What is said of transforms


def test_photometric_distortion_swaps_channels_too() -> None:
    torch.manual_seed(0)
    step = make_step(
        "RandomPhotometricDistort", brightness="1,1", contrast="1,1", saturation="1,1", hue="0,0", p=1.0
    )
    distort = build(step.transform, step.values)
    red = torch.zeros(3, 4, 4)
    red[0] = 1.0
    assert any(distort(red)[0].max() < 0.5 for _ in range(20))
    assert "channels swapped" in ABOUT["RandomPhotometricDistort"][1]


def test_each_policy_has_25_pairs_and_randaugment_draws_from_14() -> None:
    for policy in v2.AutoAugmentPolicy:
        assert len(v2.AutoAugment(policy)._policies) == 25
    assert len(v2.RandAugment._AUGMENTATION_SPACE) == 14
    assert {one for name in ("AutoAugment", "RandAugment") for one in ABOUT[name][1].split()} >= {"25", "14,"}
    assert "Two of 14" in PRESETS["randaugment"].about
    assert make_step("RandAugment").values["num_ops"] == 2


# Formulas


def test_the_formulas_are_what_torchvision_computes() -> None:
    x = SHADES.float()
    posterized = F.posterize(SHADES, bits=3).float()
    assert torch.equal(posterized, x - x % 2 ** (8 - 3))
    assert torch.equal(F.solarize(SHADES, 100.0).float(), torch.where(x < 100, x, 255 - x))
    assert torch.allclose(F.to_dtype(SHADES, torch.float32, scale=True), x / 255)
    colour = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    grey = F.rgb_to_grayscale(colour)
    for factor in (0.5, 1.3):
        brighter = (factor * colour).clamp(0, 1)
        contrast = (factor * colour + (1 - factor) * grey.mean()).clamp(0, 1)
        saturated = (factor * colour + (1 - factor) * grey).clamp(0, 1)
        assert torch.allclose(F.adjust_brightness(colour, factor), brighter, atol=1e-6)
        assert torch.allclose(F.adjust_contrast(colour, factor), contrast, atol=1e-6)
        assert torch.allclose(F.adjust_saturation(colour, factor), saturated, atol=1e-5)
    assert {"RandomPosterize", "RandomSolarize", "ToDtype", "ColorJitter"} <= FORMULAS.keys()


def test_mixes_are_of_each_picture_and_the_one_before_it() -> None:
    torch.manual_seed(0)
    pictures = torch.arange(3.0).view(3, 1, 1, 1).expand(3, 1, 10, 10).contiguous()
    mixed, labels = v2.MixUp(num_classes=3)(pictures, torch.arange(3))
    share = labels[1, 1].item()
    for k in range(3):
        assert labels[k, k] == pytest.approx(share)
        assert labels[k, k - 1] == pytest.approx(1 - share)
        assert mixed[k].flatten()[0].item() == pytest.approx(share * k + (1 - share) * ((k - 1) % 3))
    cut, labels = v2.CutMix(num_classes=3)(pictures, torch.arange(3))
    assert labels[2, 2].item() == pytest.approx(1 - (cut[2] == 1).float().mean().item())
    assert set(cut[2].unique().tolist()) <= {1.0, 2.0}, "no pixel is a blend of two"


def test_an_affine_change_zooms_turns_and_slants_about_the_centre_then_moves() -> None:
    angle, zoom, slant, shift = 20.0, 0.8, 15.0, (7, -4)
    inverse = v2.functional._geometry._get_inverse_affine_matrix(
        [0.0, 0.0], angle, list(map(float, shift)), zoom, [slant, 0.0]
    )
    back = torch.tensor([*inverse, 0.0, 0.0, 1.0], dtype=torch.float64).view(3, 3)
    turn, lean = math.radians(angle), math.tan(math.radians(slant))
    rotate = torch.tensor([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    wanted = zoom * rotate.double() @ torch.tensor([[1.0, -lean], [0.0, 1.0]], dtype=torch.float64)
    found = torch.linalg.inv(back)
    assert torch.allclose(found[:2, :2], wanted, atol=1e-6)
    assert found[:2, 2].tolist() == pytest.approx(shift)


# Presets


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_of_its_steps_what_they_do_not_have_by_default_and_no_more(name: str) -> None:
    assert write_steps(PRESETS[name].config.steps) == PRESETS[name].config.pipeline


def end(name: str, *, draws: int = 1) -> Any:
    config = PRESETS[name].config
    return draw_pipeline(config.steps, same(draws, load_photo(config.photo)), seed=config.seed)


def test_a_photograph_that_is_turned_and_then_cropped_has_no_black_corner_the_other_way_round_it_has() -> (
    None
):
    turn, size = PRESETS["order"].config.steps[1], "150"
    for name in PHOTOS:
        picture = Image.new("RGB", load_photo(name).size, (255, 255, 255))
        widest = Step(transform=turn.transform, values={**turn.values, "degrees": "45,45"})
        crop = make_step("CenterCrop", size=size)
        first, last = (
            draw_pipeline(steps, same(1, picture), seed=0)[0].rows[-1].facts.low
            for steps in ((crop, widest), (widest, crop))
        )
        assert first == 0
        assert last == 255


def test_a_forgotten_scale_gives_values_of_a_thousand() -> None:
    assert 900 < end("unscaled")[0].rows[-1].facts.high < 1300


def test_the_inverse_of_normalize_has_minus_mean_over_std_and_one_over_std() -> None:
    there, back = (step for step in PRESETS["inverse"].config.steps if step.transform == "Normalize")
    mean, std, mean_back, std_back = (
        [float(number) for number in str(step.values[name]).split(",")]
        for step in (there, back)
        for name in ("mean", "std")
    )
    assert mean_back == pytest.approx([-m / s for m, s in zip(mean, std, strict=True)], abs=1e-6)
    assert std_back == pytest.approx([1 / s for s in std], abs=1e-6)


def test_padding_of_16_mends_the_crop_that_does_not_fit() -> None:
    small = CAT.resize((32, 32))
    steps = PRESETS["toolarge"].config.steps
    assert draw(*steps, picture=small).problem
    mended = Step(transform="RandomCrop", values={**steps[-1].values, "padding": "16"})
    assert not draw(steps[0], mended, picture=small).problem


def test_the_trainer_does_all_of_the_recipe_for_cifar() -> None:
    fates = {step.fate for step in carry_over(PRESETS["cifar"].config.steps, "cifar10")}
    assert fates <= {"carried", "needless"}


def test_the_default_crop_of_imagenet_is_of_8_to_100_per_cent() -> None:
    crop = next(step for step in PRESETS["imagenet"].config.steps if step.transform == "RandomResizedCrop")
    assert crop.values["scale"] == "0.08,1"


def test_the_chain_of_the_course_ends_between_minus_1_and_1() -> None:
    one = draw_pipeline(PRESETS["s18"].config.steps, same(1, CAT.resize((32, 32))), seed=0)[0]
    assert -1 <= one.rows[-1].facts.low < one.rows[-1].facts.high <= 1


# Sizes at which nothing is left


@pytest.mark.parametrize(
    "step",
    [
        make_step("Resize", size="1", max_size="2"),
        make_step("RandomShortestSize", min_size="8", max_size="8"),
        make_step("ScaleJitter", target_size="8,8", scale_range="0.1,0.1"),
    ],
    ids=lambda step: step.transform,
)
@pytest.mark.parametrize("before", [[], TO_FLOAT], ids=["PIL", "tensor"])
def test_a_size_that_leaves_no_pixel_is_said_in_a_sentence(step: Step, before: list[Step]) -> None:
    thin = Sample(picture=CAT.resize((40, 1)), name="thin")
    (one,) = draw_pipeline([*before, step], [thin], seed=0)
    assert "would leave no pixel" in one.problem
    assert "torchvision says" not in one.problem
