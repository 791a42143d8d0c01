"""The transforms that are found in the installed torchvision, each with its defaults and its extremes."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torchvision.transforms import v2

from dashlab.data.photos import PHOTOS, load_photo
from dashlab.data.sample import BUNDLED
from dashlab.errors import ConfigError
from dashlab.experiments.augmentation.draws import Draw, Sample, draw_pipeline
from dashlab.experiments.augmentation.numbers import NumbersSpec
from dashlab.experiments.augmentation.pipeline import Step, make_step, problem_of
from dashlab.experiments.augmentation.table import ABOUT, ARGUMENTS, EXCLUDED, GROUPS
from dashlab.experiments.augmentation.transforms import catalogue, describe, offered, offered_among
from dashlab.settings.fields import Spec, Value

WANTED = {
    *("Resize", "CenterCrop", "RandomCrop", "RandomHorizontalFlip", "RandomVerticalFlip", "RandomRotation"),
    *("ColorJitter", "RandomGrayscale", "RandomResizedCrop", "ToImage", "ToDtype", "ToPILImage", "Normalize"),
    *("RandomAffine", "RandomPerspective", "ElasticTransform", "GaussianBlur", "RandomErasing"),
    *("RandomPosterize", "RandomSolarize", "RandomAutocontrast", "RandomEqualize", "AutoAugment"),
    *("RandAugment", "TrivialAugmentWide", "AugMix", "MixUp", "CutMix"),
    *("RandomInvert", "RandomAdjustSharpness", "ScaleJitter", "Pad", "FiveCrop", "TenCrop", "Grayscale"),
}
PICTURE = load_photo("cat").resize((128, 96))
PICTURES = {"colour": PICTURE, "grey": PICTURE.convert("L")}
BEFORE = {
    "PIL": [],
    "uint8": [make_step("ToImage")],
    "float": [make_step("ToImage"), make_step("ToDtype")],
}


def ends(spec: Spec) -> Iterator[Value]:
    """The extreme values of a setting."""
    if isinstance(spec, NumbersSpec):
        low, high = (round(end) if spec.whole else end for end in (spec.low, spec.high))
        for count in spec.counts:
            yield from {spec.text_of((end,) * count) for end in (low, high)}
        if spec.ascending:
            yield spec.text_of((low, high))
    elif spec.kind == "flag":
        yield from (True, False)
    elif spec.kind == "choice":
        yield from spec.choices
    else:
        yield from (round(end) if spec.kind == "integer" else end for end in (spec.low, spec.high))


def settings(name: str) -> Iterator[Step]:
    """The transform with its defaults, then with each setting at each end."""
    yield make_step(name)
    for setting, spec in offered(name).specs.items():
        for end in ends(spec):
            more: dict[str, Any] = {setting: end}
            yield make_step(name, **more)


def run(before: list[Step], step: Step, picture: str) -> Draw:
    samples = [Sample(picture=PICTURES[picture], label=label, name=str(label)) for label in (0, 1)]
    return draw_pipeline([*before, step], samples, seed=3)[0]


@pytest.mark.parametrize("name", catalogue())
def test_every_transform_with_defaults_and_extremes_gives_a_picture_or_a_sentence_naming_the_step(
    name: str,
) -> None:
    for step in settings(name):
        assert problem_of(step) is None
        for picture in PICTURES:
            for kind, before in BEFORE.items():
                draw = run(before, step, picture)
                assert len(draw.rows) == len(before) + (1 if draw.problem else 2), (step, picture, kind)
                if draw.problem:
                    assert draw.problem.startswith(f"Step {len(before) + 1} ({name}) ")
                    assert draw.problem.endswith(".")


@pytest.mark.parametrize("name", catalogue())
def test_every_transform_works_with_its_defaults_somewhere(name: str) -> None:
    assert any(not run(before, make_step(name), "colour").problem for before in BEFORE.values())


@pytest.mark.parametrize("name", catalogue())
def test_settings_at_their_ends_work_on_a_colour_picture_unless_the_sentence_says_what_to_do(
    name: str,
) -> None:
    raw = [
        problem
        for step in settings(name)
        if all(problem := run(before, step, "colour").problem for before in BEFORE.values())
        and "torchvision says" in problem
    ]
    # A limit below the length it limits cannot be known from one setting alone.
    assert [problem for problem in raw if "max_size" not in problem] == []


def test_everything_that_the_material_uses_is_offered() -> None:
    assert catalogue().keys() >= WANTED


def test_every_transform_of_the_installed_torchvision_is_offered_or_left_out_with_a_reason() -> None:
    there = {
        name
        for name in dir(v2)
        if isinstance(getattr(v2, name), type) and issubclass(getattr(v2, name), v2.Transform)
    }
    assert there - catalogue().keys() <= EXCLUDED.keys()
    assert catalogue().keys() & EXCLUDED.keys() == set()


def test_every_setting_is_an_argument_of_the_installed_transform_and_starts_within_its_range() -> None:
    for offer in catalogue().values():
        for name, spec in offer.specs.items():
            assert spec.problem(offer.defaults[name]) is None, (offer.name, name)
            assert spec.help
        assert offer.group in GROUPS


def test_what_is_written_down_names_transforms_and_arguments_that_exist() -> None:
    described = {argument.partition(".")[0] for argument in ARGUMENTS if "." in argument}
    assert described <= catalogue().keys()
    assert ABOUT.keys() <= catalogue().keys()


class Wobble(v2.Transform):  # type: ignore[misc]
    """Wobble the picture.

    More is said here.
    """

    def __init__(
        self,
        reach: float = 2.0,
        times: int = 3,
        soft: bool = False,
        pair: tuple[int, int] = (1, 2),
        how: Any = None,
    ) -> None:
        super().__init__()


class Needy(v2.Transform):  # type: ignore[misc]
    """Needs what nobody can type."""

    def __init__(self, function: Any) -> None:
        super().__init__()


def test_a_transform_that_nobody_has_heard_of_is_offered_as_far_as_its_signature_tells() -> None:
    offer = offered_among([Wobble])["Wobble"]
    assert (offer.group, offer.about) == ("Other", "Wobble the picture.")
    assert dict(offer.defaults) == {"reach": 2.0, "times": 3, "soft": False, "pair": "1,2"}
    assert [spec.kind for spec in offer.specs.values()] == ["number", "integer", "flag", "text"]
    assert offer.specs["reach"].high == 8.0


def test_a_transform_that_needs_what_nobody_can_type_is_not_offered() -> None:
    assert describe(Needy) is None


@pytest.mark.parametrize(("name", "reason"), [("ToTensor", "is deprecated"), ("Warp", "has no transform")])
def test_a_transform_that_there_is_not_is_refused_with_a_reason(name: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        offered(name)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0.1,0.9", None),
        ("0.9,0.1", "must have the smaller end first"),
        ("0.5", "must have 2 numbers"),
        ("0,3", "must lie between 0 and 1"),
        ("nan,1", "must lie between 0 and 1"),
        ("a,b", "must be numbers joined by commas"),
    ],
)
def test_a_range_is_checked(text: str, problem: str | None) -> None:
    spec = NumbersSpec(kind="text", label="Scale", help="", low=0, high=1, counts=(2,), ascending=True)
    assert spec.problem(text) == problem


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("-5,0.25", "0,0.25"), ("0.9,0.1", "0.1,0.9"), ("1,2,3", "0.2,0.8"), ("inf,0", "0,1")],
)
def test_a_range_that_cannot_be_had_becomes_the_nearest_one(text: str, nearest: str) -> None:
    spec = NumbersSpec(kind="text", label="Scale", help="", low=0, high=1, counts=(2,), ascending=True)
    assert spec.clamp(spec.parse(text), "0.2,0.8") == nearest


def test_numbers_are_written_in_one_way() -> None:
    spec = NumbersSpec(kind="text", label="Size", help="", low=0, high=99, counts=(0, 1, 2), whole=True)
    assert [spec.parse(text) for text in (" 3 , 4.0", "(3,4)", "[7]", "None", "")] == [
        "3,4",
        "3,4",
        "7",
        "none",
        "none",
    ]
    assert spec.problem("1.5") == "must be whole numbers"


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photograph_is_in_colour_and_its_shorter_side_has_256_pixels(name: str) -> None:
    photo = load_photo(name)
    assert photo.mode == "RGB"
    assert min(photo.size) == 256


def test_the_photographs_are_small_and_their_readme_states_size_and_bytes() -> None:
    folder = BUNDLED / "photos"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    found = sorted(folder.glob("*.jpg"))
    assert {path.stem for path in found} == PHOTOS.keys()
    assert sum(path.stat().st_size for path in found) < 400_000
    for path in found:
        width, height = load_photo(path.stem).size
        row = next(line for line in readme.splitlines() if f"`{path.name}`" in line)
        assert f"{width}×{height} | {path.stat().st_size:,}" in row


def test_a_photograph_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigError, match="choose cat, coffee, astronaut"):
        load_photo("dog")


def test_drawing_leaves_torchs_own_generator_as_it_was() -> None:
    before = torch.get_rng_state()
    run([], make_step("ColorJitter"), "colour")
    run([], make_step("RandomCrop", size="512"), "colour")
    assert torch.equal(torch.get_rng_state(), before)


SIZES = ((1, 1), (40, 1), (28, 28), (96, 64))
"""Width and height of pictures."""


@pytest.mark.parametrize("name", catalogue())
def test_several_settings_at_their_ends_together_never_show_torchvisions_own_words(name: str) -> None:
    dice, specs = random.Random(name), offered(name).specs
    for _ in range(40):
        values: dict[str, Any] = {setting: dice.choice([*ends(spec)]) for setting, spec in specs.items()}
        step = make_step(name, **({**values, "p": 1.0} if "p" in values else values))
        picture = PICTURES[dice.choice([*PICTURES])].resize(dice.choice(SIZES))
        before = BEFORE[dice.choice([*BEFORE])]
        if problem_of(step) is None:
            samples = [Sample(picture=picture, label=label, name=str(label)) for label in (0, 1)]
            for drawn in draw_pipeline([*before, step], samples, seed=dice.randrange(99)):
                assert "torchvision says" not in drawn.problem, (step, picture.size)
