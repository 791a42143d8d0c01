"""The augmentation page without a browser: its presets, its drawings, its links, and what it hands out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qsl

import numpy as np
import pytest
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from dashlab.data.photos import load_photo
from dashlab.experiments.augmentation.code import step_code
from dashlab.experiments.augmentation.draws import Sample, draw_pipeline
from dashlab.experiments.augmentation.pipeline import make_step
from dashlab.experiments.augmentation.presets import PRESETS
from dashlab.experiments.augmentation.transforms import catalogue
from dashlab.training.engine import resolved
from tests.app.augmentation.steps import QUICK, pictures, with_steps
from tests.app.pages import link, press, ran, texts
from ui.augmentation import page as augmentation
from ui.augmentation.results import training_config
from ui.frame.views import specs_of, start_of
from ui.parts import links
from ui.trainer.page import VIEW

PAGE = "pages/augmentation.py"


# What stands there


def test_before_anything_is_touched_there_are_eight_draws_beside_the_original(
    open_page: Callable[..., AppTest],
) -> None:
    app = open_page()
    assert [app.selectbox(key="aug_preset").value, app.number_input(key="aug_draws").value] == ["classic", 8]
    # The original and 8 draws; the original, 9 steps, and Normalize taken back.
    assert pictures(app) == 9 + 11
    assert app.error == []
    assert app.query_params == {}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_drawn_unless_it_is_there_for_its_error(
    open_page: Callable[..., AppTest], name: str
) -> None:
    app = open_page(aug_preset=name)
    assert len(app.error) == (name == "toolarge")
    assert not app.warning
    assert PRESETS[name].about in texts(app)


def test_the_presets_hold_everything_that_the_material_uses() -> None:
    used = {step.transform for name in ("everything", "inverse") for step in PRESETS[name].config.steps}
    assert used == {
        *("Resize", "CenterCrop", "RandomCrop", "RandomHorizontalFlip", "RandomVerticalFlip"),
        *("RandomRotation", "ColorJitter", "RandomGrayscale", "RandomResizedCrop"),
        *("ToImage", "ToDtype", "ToPILImage", "Normalize"),
    }


def test_normalize_and_its_inverse_give_the_picture_back() -> None:
    photo = load_photo("astronaut")
    steps = PRESETS["inverse"].config.steps
    (back,) = draw_pipeline(steps, [Sample(picture=photo)], seed=0)
    resized = draw_pipeline(steps[:1], [Sample(picture=photo)], seed=0)[0]
    assert np.abs(back.last.raw.pixels.astype(int) - resized.last.raw.pixels).max() <= 1


def test_choosing_a_preset_sets_steps_picture_and_seed(page: AppTest) -> None:
    page.selectbox(key="aug_preset").set_value("cutmix").run()
    assert page.checkbox(key="aug_step3_use").label == "4. **CutMix**"
    assert page.selectbox(key="aug_source").value == "cifar10"
    assert "0.54 airplane + 0.46 truck" in texts(page)
    assert link(page) == {"aug_preset": "cutmix"}


# Drawing


def test_drawing_again_takes_the_next_seed_and_draws_anew(page: AppTest) -> None:
    before = texts(page)
    press(page, "aug_again")
    assert page.number_input(key="aug_seed").value == 1
    assert texts(page) != before
    page.number_input(key="aug_seed").set_value(0).run()
    assert texts(page) == before


def test_another_number_of_draws_is_drawn_at_once(page: AppTest) -> None:
    before = pictures(page)
    page.number_input(key="aug_draws").set_value(5).run()
    assert pictures(page) == before + 3


def test_another_draw_can_be_taken_apart(page: AppTest) -> None:
    before = texts(page)
    page.segmented_control(key="aug_draw").set_value(2).run()
    assert link(page)["aug_draw"] == "2"
    assert texts(page) != before


def test_a_draw_that_there_is_no_more_gives_way_to_the_last(open_page: Callable[..., AppTest]) -> None:
    app = open_page(**QUICK, aug_draw="9")
    assert app.segmented_control(key="aug_draw").value == 2


def test_normalised_pictures_are_shown_taken_back_or_as_they_are(open_page: Callable[..., AppTest]) -> None:
    to_float = (make_step("ToImage"), make_step("ToDtype"))
    app = open_page(**with_steps(*to_float, make_step("Normalize")))
    assert "cannot be shown" not in texts(app)
    app.selectbox(key="aug_show").set_value("raw").run()
    assert "each such picture is mapped, its smallest value to black" in texts(app)


def test_the_reversed_order_is_drawn_in_a_second_row(page: AppTest) -> None:
    before = pictures(page)
    page.selectbox(key="aug_beside").set_value("reversed").run()
    assert pictures(page) == before + 2


def test_a_reversed_order_that_cannot_be_done_is_said(open_page: Callable[..., AppTest]) -> None:
    app = open_page(**with_steps(make_step("ToImage"), make_step("ToDtype"), make_step("GaussianNoise")))
    app.selectbox(key="aug_beside").set_value("reversed").run()
    assert "In reversed order: Step 1 (GaussianNoise) works on tensors" in texts(app)


# Links


def test_a_link_restores_everything(open_page: Callable[..., AppTest]) -> None:
    query = with_steps(
        make_step("RandomCrop", size="20,24", padding="4", padding_mode="edge"),
        make_step("ColorJitter", chance=0.5, use=False),
        aug_source="fashion",
        aug_label="8",
        aug_number="12",
        aug_seed="77",
        aug_draw="2",
        aug_beside="reversed",
    )
    app = open_page(**query)
    assert not app.warning
    assert link(app) == query
    assert app.selectbox(key="aug_label").value == 8
    assert app.slider(key="aug_step0_size_0").value == 20
    assert app.checkbox(key="aug_step1_use").value is False


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"aug_pipeline": "transform~Warp"}, "torchvision has no transform 'Warp'"),
        ({"aug_pipeline": "rubbish"}, "which cannot be read"),
        ({"aug_pipeline": "transform~Pad~padding~999"}, "whose padding must lie between 0 and 128"),
        ({"aug_pipeline": "~~".join(["transform~RGB"] * 14)}, "at most 12 steps"),
        ({"aug_draws": "900"}, "the most is 24"),
        ({"aug_source": "mars"}, "source=mars"),
        ({"aug_photo": "dog"}, "photo=dog"),
        ({"aug_speed": "3"}, "a setting ‘speed’, which this page does not have"),
        ({"aug_preset": "best"}, "the preset ‘best’, which does not exist"),
    ],
)
def test_what_a_link_cannot_have_is_said(
    open_page: Callable[..., AppTest], query: dict[str, str], said: str
) -> None:
    app = open_page(**query)
    assert said in texts(app)
    assert pictures(app) > 0


# While it draws


def test_a_drawing_that_nobody_waits_for_any_more_ends_after_a_step(
    open_app: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streamlit ends an outdated run where it tells the browser something; here that ends the run too."""
    told: list[float] = []

    def outdated(_place: object, share: float, text: str) -> None:
        told.append(share)
        st.stop()

    link = with_steps(make_step("Pad"), make_step("RandomRotation"), aug_seed="424242")
    with monkeypatch.context() as while_drawing:
        while_drawing.setattr(augmentation, "TELL_EVERY_S", -1)
        while_drawing.setattr(DeltaGenerator, "progress", outdated)
        app = ran(open_app(PAGE, **link))
    assert told == [0.25]  # the first of two steps of the first of two draws
    assert pictures(app) == 0
    assert pictures(ran(app)) == 3 + 3
    assert not app.get("progress")


# What cannot be done, and what is handed out


def test_a_step_that_cannot_be_done_is_named_and_the_steps_before_it_are_shown(
    open_page: Callable[..., AppTest],
) -> None:
    app = open_page(**with_steps(make_step("RGB"), make_step("ToImage"), make_step("Normalize")))
    assert "Step 3 (Normalize) needs fractions" in app.error[0].value.replace("\\", "")
    assert "**2. ToImage**" in texts(app)
    assert "before step 3" in texts(app)
    assert "Once every step can be done, a draw can be reproduced." in texts(app)


def test_s18_is_the_chain_of_the_course_on_cifar_shown_taken_back(open_page: Callable[..., AppTest]) -> None:
    app = open_page(aug_preset="s18")
    assert link(app) == {"aug_preset": "s18"}
    state = app.session_state["aug__state"]
    assert (state.values["source"], state.values["show"]) == ("cifar10", "undone")
    jitter = [f"{name}=(0.8, 1.2)" for name in ("brightness", "contrast", "saturation")] + ["hue=(-0.1, 0.1)"]
    tensor = ["v2.ToImage()", "v2.ToDtype(dtype=torch.float32, scale=True)"]
    assert [step_code(step) for step in PRESETS["s18"].config.steps] == [
        "v2.RandomHorizontalFlip()",
        "v2.RandomRotation(degrees=(-10, 10))",
        "v2.RandomResizedCrop(size=32, scale=(0.8, 1))",
        f"v2.ColorJitter({', '.join(jitter)})",
        *tensor,
        "v2.Normalize(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))",
    ]
    assert "ToPILImage" in catalogue()


def test_the_code_is_that_of_the_steps(page: AppTest) -> None:
    pipeline, again = (entry.proto.code_text for entry in page.get("code")[:2])
    assert "v2.Pad(padding=16),\n    v2.RandomRotation(degrees=(-30, 30)),\n" in pipeline
    assert "picture = step(picture)" in again


def test_the_trainer_is_opened_with_what_it_can_do(open_page: Callable[..., AppTest]) -> None:
    app = open_page(aug_preset="cifar")
    (link,) = [
        entry.proto for entry in app.get("page_link") if entry.proto.label == "Train with this pipeline"
    ]
    arrived = links.read(
        dict(parse_qsl(link.query_string)), "train", specs_of([VIEW]), partial(start_of, [VIEW])
    )
    assert arrived.notes == ()
    wanted = {"dataset": "cifar10", "flip": True, "crop_padding": 4, "normalize": "dataset", "rotate": 0.0}
    assert {name: arrived.values[name] for name in wanted} == wanted
    assert "**RandomCrop** (step 1) is carried over." in texts(app)


@pytest.mark.parametrize("dataset", ["mnist", "fashion", "cifar10"])
def test_whatever_is_carried_over_can_be_trained(dataset: str) -> None:
    steps = [
        make_step("RandomCrop", size="32", padding="128"),
        make_step("RandomHorizontalFlip"),
        make_step("RandomAffine", degrees="-180,180", translate="1,1", scale="0.1,3", shear="-60,60"),
        make_step("RandomErasing", scale="0,1"),
        make_step("Normalize"),
    ]
    resolved(training_config(steps, dataset)).check()


def test_what_the_trainer_cannot_do_is_said(open_page: Callable[..., AppTest]) -> None:
    app = open_page(**with_steps(make_step("ColorJitter")))
    assert "**ColorJitter** (step 1) is left out. The trainer has nothing like it." in texts(app)
