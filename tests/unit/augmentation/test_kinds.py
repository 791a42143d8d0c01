"""Which kinds of picture a step takes, as the installed torchvision has it; what is said of the others."""

from typing import Any

import pytest

from dashlab.experiments.augmentation.draws import draw_pipeline, lent_generator
from dashlab.experiments.augmentation.pipeline import Step, make_step
from dashlab.experiments.augmentation.transforms import build, catalogue
from tests.unit.augmentation.drawn import CAT, SPEC, TO_FLOAT, draw, same

NEED_OTHER_SETTINGS = {"RandomSolarize"}
"""What torchvision refuses for a setting rather than for the kind of picture."""


def tried(step: Step, picture: Any) -> tuple[Any, bool]:
    """What torchvision itself makes of a picture, and whether it refuses."""
    try:
        with lent_generator():
            return build(step.transform, step.values)(picture), False
    except (TypeError, ValueError, RuntimeError):
        return picture, True


@pytest.mark.parametrize("transform", ["ToDtype", "ToPureTensor"])
def test_a_step_that_passes_a_pil_image_by_is_said(transform: str) -> None:
    row = draw(make_step(transform)).rows[1]
    assert f"{transform} leaves a PIL image as it is: put ToImage before it." in row.note


@pytest.mark.parametrize("transform", ["Identity", "RandomHorizontalFlip", "RandomCrop", "ToImage"])
def test_a_step_that_only_this_time_changes_nothing_is_not_said_to_pass_a_pil_image_by(
    transform: str,
) -> None:
    more: dict[str, Any] = {"p": 0.0} if transform == "RandomHorizontalFlip" else {}
    steps = [make_step(transform, **more)]
    assert draw(*steps).rows[1].note == ""


def test_whatever_the_installed_torchvision_does_with_a_kind_of_picture_is_done_here_too() -> None:
    for before in ((), (make_step("ToImage"),), TO_FLOAT):
        for name, offer in catalogue().items():
            always: dict[str, Any] = {"p": 1.0} if "p" in offer.defaults else {}
            plain = CAT
            for step in (*before, make_step(name, **always)):
                plain, refused = tried(step, plain)
            one = draw(*before, make_step(name, **always))
            if not offer.of_batch and name not in NEED_OTHER_SETTINGS:
                assert bool(one.problem) == refused, (name, one.problem)


def test_a_step_erases_a_pil_image_where_torchvision_does() -> None:
    one = draw(make_step("RandomErasing", p=1.0, scale="0.2,0.2", value="0"))
    assert (one.problem, one.rows[1].applied, one.rows[1].note) == ("", True, "")
    assert one.rows[1].facts.mean < one.rows[0].facts.mean
    assert one.rows[1].facts.kind == "PIL image"


def test_noise_is_added_to_whole_numbers_where_torchvision_does() -> None:
    one = draw(make_step("ToImage"), make_step("GaussianNoise"))
    assert one.problem == ""
    assert one.rows[2].facts.dtype == "uint8"
    assert one.rows[2].facts.std != one.rows[1].facts.std


def test_a_slant_has_the_smaller_end_of_each_pair_first() -> None:
    text = "transform~RandomAffine~shear~60,-25"
    assert "smaller end first in each pair" in (SPEC.problem(text) or "")
    assert SPEC.clamp(text, "") == "transform~RandomAffine~shear~-25,60"
    assert SPEC.problem("transform~RandomAffine~shear~-25,60,-3,3") is None


def test_corners_that_no_perspective_has_are_said_in_a_sentence() -> None:
    small = CAT.resize((6, 6))
    steps = [make_step("RandomPerspective", distortion_scale=1.0, p=1.0)]
    draws = draw_pipeline(steps, same(24, small), seed=0)
    said = {one.problem for one in draws if one.problem}
    assert len(said) == 1
    assert "three lie on one line" in said.pop()
