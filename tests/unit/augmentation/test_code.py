"""A pipeline as code that runs by itself, and as settings of the trainer."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from dashlab.data.photos import load_photo
from dashlab.experiments.augmentation.carry_over import carry_over, trainer_settings
from dashlab.experiments.augmentation.code import draw_code, pipeline_code, step_code
from dashlab.experiments.augmentation.draws import Sample, draw_pipeline
from dashlab.experiments.augmentation.pipeline import Step, make_step
from dashlab.experiments.augmentation.seen import seen, undone
from dashlab.settings.run import RunConfig

CAT = load_photo("cat").resize((60, 40))
TO_FLOAT = [make_step("ToImage"), make_step("ToDtype")]
PIPELINES = {
    "empty": [],
    "classic": [
        make_step("Resize", size="48"),
        make_step("RandomCrop", size="32", padding="4", padding_mode="reflect"),
        make_step("RandomHorizontalFlip"),
        make_step("RandomRotation", degrees="-20,20", fill="9,8,7", center="3,4"),
        make_step("ColorJitter"),
        *TO_FLOAT,
        make_step("Normalize"),
        make_step("RandomErasing", value="random"),
    ],
    "share": [make_step("GaussianBlur", chance=0.5), make_step("Pad", use=False), make_step("JPEG")],
    "automatic": [make_step("AutoAugment", policy="svhn"), make_step("RandAugment"), make_step("AugMix")],
    "affine": [make_step("RandomAffine", shear="-9,9", interpolation="bilinear", translate="none")],
}


def run(code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The names that the code leaves behind, run in `folder`; torch's generator stays as it was."""
    (folder / "code.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(folder)
    with torch.random.fork_rng(devices=[]):
        return runpy.run_path(str(folder / "code.py"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torchvision deprecates its own JPEG
@pytest.mark.parametrize("name", PIPELINES)
def test_the_code_gives_the_draw_again(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = PIPELINES[name]
    CAT.save(tmp_path / "picture.png")
    draws = draw_pipeline(steps, [Sample(picture=CAT)] * 4, seed=7)
    for draw in draws:
        assert draw.problem == ""
        code = f"{pipeline_code(steps)}\n{draw_code(steps, draw.seeds, files=['picture.png'])}\n"
        picture = run(code, tmp_path, monkeypatch)["picture"]
        assert np.array_equal(seen(picture).pixels, draw.last.raw.pixels)


@pytest.mark.parametrize("mix", ["MixUp", "CutMix"])
def test_the_code_of_a_batch_gives_the_batch_again(
    mix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [make_step("RandomResizedCrop", size="24"), *TO_FLOAT, make_step(mix), make_step("RandomAffine")]
    names = ("cat", "coffee", "astronaut")
    samples = [Sample(picture=load_photo(name), label=k, name=name) for k, name in enumerate(names)]
    draws = draw_pipeline(steps, samples, seed=3)
    for sample in samples:
        sample.picture.save(tmp_path / f"{sample.name}.png")
    single = [seed for draw in draws for seed in draw.seeds[:3]]
    code = draw_code(
        steps, [*single, *draws[0].seeds[3:]], files=[f"{name}.png" for name in names], labels=[0, 1, 2]
    )
    left = run(f"{pipeline_code(steps, classes=3)}\n{code}\n", tmp_path, monkeypatch)
    for picture, draw in zip(left["batch"], draws, strict=True):  # type: ignore[call-overload]
        assert np.array_equal(seen(picture).pixels, draw.last.raw.pixels)
    assert left["labels"].sum(1).tolist() == pytest.approx([1, 1, 1])  # type: ignore[attr-defined]


def test_the_code_takes_normalize_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [*TO_FLOAT, make_step("Normalize")]
    left = run(pipeline_code(steps), tmp_path, monkeypatch)
    x = torch.rand(3, 5, 5)
    normal = left["pipeline"](x)  # type: ignore[operator]
    assert torch.allclose(left["undo"](normal), x, atol=1e-6)  # type: ignore[operator]
    assert torch.allclose(undone(normal, [((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]), x, atol=1e-6)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (make_step("Resize"), "v2.Resize(size=128)"),
        (
            make_step("RandomRotation", interpolation="bilinear"),
            "v2.RandomRotation(degrees=(-30, 30), interpolation=v2.InterpolationMode.BILINEAR)",
        ),
        (make_step("ToDtype"), "v2.ToDtype(dtype=torch.float32, scale=True)"),
        (make_step("Pad", chance=0.25), "v2.RandomApply([v2.Pad(padding=16)], p=0.25)"),
        (
            make_step("AutoAugment", policy="svhn", fill="0"),
            "v2.AutoAugment(policy=v2.AutoAugmentPolicy.SVHN, fill=0)",
        ),
        (make_step("Normalize", mean="0.5", std="0.5"), "v2.Normalize(mean=(0.5,), std=(0.5,))"),
        (make_step("MixUp"), "v2.MixUp(num_classes=10)"),
    ],
)
def test_a_step_is_written_without_torchvisions_own_defaults(step: Step, code: str) -> None:
    assert step_code(step, classes=10) == code


# In the trainer

BLENDED: dict[str, Any] = {"interpolation": "bilinear"}
TURN = make_step("RandomRotation", **BLENDED)
CROP = make_step("RandomCrop", size="32", padding="4")


def fates(steps: list[Step], dataset: str = "cifar10") -> list[str]:
    return [step.fate for step in carry_over(steps, dataset)]


def settings(*steps: Step, dataset: str = "cifar10") -> dict[str, object]:
    """What the trainer would be set to, without its defaults."""
    found = trainer_settings(carry_over(steps, dataset), dataset)
    defaults = RunConfig().flat()
    return {name: value for name, value in found.items() if value != defaults[name]}


def test_the_usual_recipe_for_cifar_is_carried_over_whole() -> None:
    steps = [
        make_step("RandomCrop", size="32", padding="4"),
        make_step("RandomHorizontalFlip"),
        *TO_FLOAT,
        make_step("Normalize", mean="0.4914,0.4822,0.4465", std="0.2023,0.1994,0.201"),
    ]
    assert fates(steps) == ["carried", "carried", "needless", "needless", "carried"]
    assert settings(*steps) == {"dataset": "cifar10", "crop_padding": 4, "flip": True, "normalize": "dataset"}


def test_an_affine_change_is_carried_over_in_pixels_and_degrees() -> None:
    turned = make_step("RandomAffine", degrees="-12,12", translate="0.125,0.125", **BLENDED)
    slanted = make_step(
        "RandomAffine", degrees="0,0", translate="none", scale="0.8,1.2", shear="-5,5", **BLENDED
    )
    assert fates([turned], "mnist") == fates([slanted], "mnist") == ["carried"]
    assert settings(turned, dataset="mnist") == {"rotate": 12.0, "shift": 3.5, "zoom": 0.1}
    assert settings(slanted, dataset="mnist") == {"zoom": 0.2, "shear": 5.0}


@pytest.mark.parametrize(
    ("step", "fate", "said"),
    [
        (make_step("RandomHorizontalFlip", p=0.3), "nearly", "half of the pictures, not 0.3"),
        (make_step("RandomRotation", degrees="0,90"), "nearly", "either way alike: up to 90°"),
        (make_step("RandomRotation", expand=True), "left out", "cannot expand"),
        (make_step("RandomRotation", **BLENDED), "carried", ""),
        (make_step("RandomRotation"), "nearly", "blends the values between pixels"),
        (make_step("RandomRotation", fill="128", **BLENDED), "nearly", "fills with black"),
        (make_step("RandomRotation", fill="0,0,0", **BLENDED), "carried", ""),
        (make_step("RandomRotation", center="0,0", **BLENDED), "nearly", "about the middle"),
        (make_step("RandomRotation", chance=0.0), "needless", "to none of the pictures"),
        (make_step("RandomAffine", fill="255,0,0", **BLENDED), "nearly", "fills with black"),
        (make_step("RandomAffine", center="9,9", **BLENDED), "nearly", "about the middle"),
        (make_step("RandomAffine", interpolation="bicubic"), "nearly", "blends the values between pixels"),
        (make_step("RandomAffine", shear="-5,5", **BLENDED), "nearly", "turns before it slants"),
        (make_step("RandomCrop", size="32", padding="4", fill="9"), "nearly", "pads with black"),
        (make_step("RandomHorizontalFlip", p=1.0, chance=0.5), "carried", ""),
        (make_step("RandomRotation", chance=0.5), "nearly", "to every picture"),
        (make_step("RandomErasing"), "nearly", "a square of 13 × 13 pixels"),
        (make_step("RandomCrop", size="24"), "left out", "its own size of 32 × 32"),
        (make_step("RandomCrop", size="32"), "needless", "leaves no choice"),
        (make_step("RandomCrop", size="32", padding="40"), "nearly", "into the trainer's range"),
        (make_step("ColorJitter"), "left out", "nothing like it"),
        (make_step("MixUp"), "left out", "nothing like it"),
        (make_step("Normalize", mean="0.5", std="0.5"), "carried", ""),
        (make_step("Normalize"), "nearly", "mean and std of CIFAR-10 itself"),
        (make_step("ToImage"), "needless", "by itself"),
        (make_step("Resize", size="32"), "needless", "have this size"),
    ],
)
def test_what_the_trainer_cannot_do_alike_is_said(step: Step, fate: str, said: str) -> None:
    (found,) = carry_over([step], "cifar10")
    assert found.fate == fate
    assert said in found.why


@pytest.mark.parametrize(
    ("steps", "found", "said"),
    [
        ((TURN, CROP), ["carried", "nearly"], "crops before it turns"),
        ((CROP, TURN), ["carried", "carried"], ""),
        (
            (TURN, make_step("RandomRotation", degrees="-5,5", **BLENDED)),
            ["nearly", "carried"],
            "does it once",
        ),
        ((make_step("Normalize", mean="0.5", std="0.5"), TURN), ["carried", "nearly"], "no longer black"),
    ],
)
def test_a_step_is_carried_over_only_where_its_place_among_the_others_changes_nothing(
    steps: tuple[Step, ...], found: list[str], said: str
) -> None:
    carried = carry_over(steps, "cifar10")
    assert [step.fate for step in carried] == found
    assert said in " ".join(step.why for step in carried)


def test_a_step_that_is_switched_off_is_not_carried_over() -> None:
    assert carry_over([make_step("RandomHorizontalFlip", use=False)], "cifar10") == ()


@pytest.mark.parametrize("dataset", ["mnist", "fashion", "cifar10"])
def test_whatever_is_carried_over_is_sound_in_the_trainer(dataset: str) -> None:
    steps = [
        make_step("RandomCrop", size="32", padding="99"),
        make_step("RandomAffine", degrees="-180,180", translate="1,1", scale="0.1,3", shear="-60,60"),
        make_step("RandomErasing", scale="0,1"),
    ]
    RunConfig().change(**trainer_settings(carry_over(steps, dataset), dataset)).check()


def test_an_image_opened_by_the_code_is_the_picture_itself(tmp_path: Path) -> None:
    CAT.save(tmp_path / "picture.png")
    assert np.array_equal(np.array(Image.open(tmp_path / "picture.png")), np.array(CAT))
