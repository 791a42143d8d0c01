"""The sketch pad without a browser: its states, its networks, its link."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashlab.experiments.sketch.ink import Stroke, encode, simplified
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.jobs import JobState
from dashlab.settings.run import RunConfig
from dashlab.store.runs import Store
from dashlab.training.engine import resolved
from dashlab.training.models import build
from dashlab.training.weights import weights_of
from tests.app.fakes import FakeLab, result, steps
from tests.app.pages import link, press, ran, texts
from tests.strokes import placed, rasterize, strokes

PAGE = "pages/sketch.py"
MADE = PRESETS["sketch"].config
PLAIN = RunConfig().change(hidden=(16,), epochs=1)


def ink(digit: int, pen: int = 18) -> str:
    """A drawn digit, as a link holds it."""
    glyph = placed(strokes(digit), height=180, left=60, top=50)
    return encode(tuple(simplified(Stroke(pen, stroke)) for stroke in glyph))


def keep(config: RunConfig, state: str = "finished", *, name: str = "", wrong: int = 3) -> str:
    """A cached run of `config` with weights that fit it, and its key; it read so many pictures wrongly."""
    made = result(config, state, wrong=wrong)  # type: ignore[arg-type]
    shape = (3, 32, 32) if config.data.dataset == "cifar10" else (1, 28, 28)
    network = build(made.config.model, shape=shape, classes=10, seed=1)
    Store().save(replace(made, weights=weights_of(network)), name)
    return resolved(config).key()


def pictures(app: AppTest) -> int:
    return len(app.get("image"))


def bars(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


def png(sheet: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(sheet).save(out, "PNG")
    return out.getvalue()


def drawn(digit: int = 4) -> np.ndarray:
    return rasterize(placed(strokes(digit), height=180, left=60, top=50), pen=18)[..., 0]


# Before there is a network


def test_without_a_network_one_button_trains_the_one_made_for_the_page(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = press(open_page(), "sketch_train")
    assert [config.change(source="auto") for config in lab.submitted] == [MADE]
    assert "Waiting." in str([bar.proto.text for bar in app.get("progress")])


@pytest.mark.parametrize(("wrong", "is_needed"), [(3, True), (0, False)])
def test_where_no_network_reads_well_the_pages_own_is_offered_first(
    open_page: Callable[..., AppTest], wrong: int, is_needed: bool
) -> None:
    keep(PLAIN, wrong=wrong)
    app = open_page()
    assert ("None of these networks classifies 95 % of the test digits" in texts(app)) is is_needed
    assert (app.button(key="sketch_train").proto.type == "primary") is is_needed


def test_what_was_drawn_is_prepared_before_there_is_a_network(open_page: Callable[..., AppTest]) -> None:
    app = open_page(sketch_ink=ink(4))
    assert "What the network really sees" in texts(app)
    assert pictures(app) == 7  # the input and six steps
    assert bars(app) == 0


def test_opening_the_page_warms_the_process_that_trains(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    open_page()
    assert lab.warmed >= 1


def test_while_the_network_is_trained_the_page_says_how_far_it_is(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    lab.show(MADE, JobState.RUNNING, "Training: epoch 1 of 3.", steps=steps(10), fraction=0.3)
    app = open_page(sketch_ink=ink(4))
    assert "90.0 %" in texts(app)
    assert "Read as" not in texts(app)
    assert not [button for button in app.button if button.key == "sketch_train"]


def test_a_training_that_failed_is_said_and_can_be_tried_again(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = press(open_page(), "sketch_train")
    lab.show(MADE, JobState.LOST, "The process that trains was killed.")
    app.run()
    assert "The process that trains was killed." in texts(app)
    assert not app.button(key="sketch_train").disabled


def test_a_finished_network_reads_what_was_drawn_before(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = press(open_page(sketch_ink=ink(4)), "sketch_train")
    keep(MADE)
    lab.show(MADE, JobState.FINISHED)
    app.run()
    assert "## Read as" in texts(app)
    assert bars(app) == 1


# Reading


def test_an_empty_sheet_predicts_nothing_and_says_so(open_page: Callable[..., AppTest]) -> None:
    keep(MADE)
    app = open_page()
    assert "The sheet is empty, so nothing is read." in texts(app)
    assert "Read as" not in texts(app)
    assert (bars(app), pictures(app)) == (0, 0)


def test_clear_and_undo_take_strokes_back(open_page: Callable[..., AppTest]) -> None:
    keep(MADE)
    app = open_page(sketch_ink=ink(4))
    assert link(app)["sketch_ink"].count(".") == 1
    press(app, "sketch_canvas_undo")
    assert link(app)["sketch_ink"].count(".") == 0
    press(app, "sketch_canvas_clear")
    assert "sketch_ink" not in link(app)
    assert "The sheet is empty" in texts(app)


def test_the_input_its_map_and_its_steps_are_shown(open_page: Callable[..., AppTest]) -> None:
    keep(MADE)
    app = open_page(sketch_ink=ink(4))
    assert pictures(app) == 8
    assert "spoke for what was read" in texts(app)
    assert "Moved so that the centre of mass" in texts(app)
    assert "(p / 255 − 0.5) / 0.5" in texts(app)


def test_the_map_can_be_asked_about_another_digit(open_page: Callable[..., AppTest]) -> None:
    keep(MADE)
    app = open_page(sketch_ink=ink(4), sketch_map="sensitivity", sketch_about="7")
    assert "speak for class 7" in texts(app)
    assert "For **7**" in texts(app)


def test_the_probabilities_can_be_downloaded(open_page: Callable[..., AppTest]) -> None:
    keep(MADE)
    (button,) = open_page(sketch_ink=ink(4)).get("download_button")
    assert button.proto.label == "Probabilities as CSV"


# Networks


def test_the_network_made_for_the_page_reads_first(open_page: Callable[..., AppTest]) -> None:
    made = keep(MADE)
    keep(PLAIN)
    assert open_page().multiselect(key="sketch_networks").value == [made]


def test_without_it_the_best_of_those_for_digits_reads_and_not_the_newest(
    open_page: Callable[..., AppTest],
) -> None:
    keep(PLAIN.change(seed=1), wrong=3)
    best = keep(PLAIN.change(seed=2), wrong=1)
    keep(PLAIN.change(seed=3), wrong=2)
    keep(PLAIN.change(dataset="fashion"), wrong=0)
    keep(PLAIN.change(seed=4), "stopped")
    assert open_page().multiselect(key="sketch_networks").value == [best]


def test_several_networks_read_side_by_side(open_page: Callable[..., AppTest]) -> None:
    keys = keep(MADE), keep(PLAIN, name="The small one")
    app = open_page(sketch_ink=ink(4), sketch_runs="-".join(key[:12] for key in keys))
    assert app.multiselect(key="sketch_networks").value == list(keys)
    assert "The small one reads" in texts(app)
    assert "MNIST, made for the sketch pad reads" in texts(app)
    assert pictures(app) == 9  # a map each


def test_the_choice_of_networks_goes_into_the_link_and_keeps_the_drawing(
    open_page: Callable[..., AppTest],
) -> None:
    keep(MADE)
    plain = keep(PLAIN)
    app = open_page(sketch_ink=ink(4))
    app.multiselect(key="sketch_networks").set_value([plain]).run()
    assert link(app)["sketch_runs"] == plain[:12]
    assert link(app)["sketch_ink"] == ink(4)
    assert "## Read as" in texts(app)


def test_only_networks_that_fit_are_offered_those_for_digits_first(open_page: Callable[..., AppTest]) -> None:
    digits = keep(PLAIN)
    clothes = keep(PLAIN.change(dataset="fashion"))
    keep(PLAIN.change(dataset="cifar10"))
    keep(PLAIN.change(seed=5), "diverged")
    app = open_page()
    assert app.multiselect(key="sketch_networks").value == [digits]
    assert len(app.multiselect(key="sketch_networks").options) == 2
    assert clothes != digits


def test_a_network_that_was_damaged_is_said_and_left_out(open_page: Callable[..., AppTest]) -> None:
    key = keep(MADE)
    weights = Store().weights_path(key)
    weights.write_bytes(weights.read_bytes()[:-8] + bytes(8))
    app = open_page(sketch_ink=ink(4))
    assert "was damaged" in texts(app)
    assert "Read as" not in texts(app)


def test_another_network_can_be_trained_beside_one_s_own(
    open_page: Callable[..., AppTest], lab: FakeLab
) -> None:
    keep(PLAIN)
    app = press(open_page(), "sketch_train")
    assert len(lab.submitted) == 1
    assert app.multiselect(key="sketch_networks").value


# The link


def test_a_link_restores_the_whole_state(open_page: Callable[..., AppTest]) -> None:
    keep(MADE)
    asked = {"sketch_pen": "7", "sketch_map": "sensitivity", "sketch_about": "3", "sketch_ink": ink(8, 7)}
    app = open_page(**asked)
    assert app.slider(key="sketch_pen").value == 7
    assert app.selectbox(key="sketch_about").value == "3"
    assert link(app) == asked
    assert not app.warning


def test_values_out_of_range_are_clamped_and_said(open_page: Callable[..., AppTest]) -> None:
    app = open_page(sketch_pen="99", sketch_about="eleven", sketch_colour="red")
    assert app.slider(key="sketch_pen").value == 40
    assert "the most is 40" in texts(app)
    assert "about=eleven" in texts(app)
    assert "‘colour’, which this page does not have" in texts(app)


def test_a_drawing_that_cannot_be_read_leaves_an_empty_sheet_and_is_said(
    open_page: Callable[..., AppTest],
) -> None:
    app = open_page(sketch_ink="nonsense!")
    assert "a drawing that cannot be read" in texts(app)
    assert "The sheet is empty" in texts(app)


def test_a_drawing_too_long_for_a_link_is_read_all_the_same(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(MADE)
    scribble = tuple(Stroke(18, ((140 + i / 10, 40.0), (140 + i / 10, 260.0))) for i in range(120))
    monkeypatch.setattr("ui.sketch.page.canvas", lambda _key, **_more: scribble)
    app = open_page()
    assert "too long for the address" in texts(app)
    assert "## Read as" in texts(app)
    assert "sketch_ink" not in link(app)


def test_a_run_that_is_not_here_is_said(open_page: Callable[..., AppTest]) -> None:
    keep(MADE)
    app = open_page(sketch_runs="abcabcabcabc")
    assert "a run that is not here: abcabcabcabc" in texts(app)


def test_an_example_puts_its_drawing_on_the_sheet(open_page: Callable[..., AppTest]) -> None:
    keep(MADE)
    app = open_page()
    app.selectbox(key="sketch_preset").set_value("tiny").run()
    assert not app.exception
    assert "## Read as" in texts(app)
    assert app.slider(key="sketch_pen").value == 4
    assert link(app) == {"sketch_preset": "tiny"}


# Uploads


@pytest.mark.parametrize("dark_on_light", [True, False])
def test_an_uploaded_picture_is_read(open_page: Callable[..., AppTest], dark_on_light: bool) -> None:
    keep(MADE)
    app = open_page(sketch_source="upload")
    assert "There is no picture yet" in texts(app)
    sheet = drawn() if dark_on_light else 255 - drawn()
    app.file_uploader(key="sketch_file").set_value(("four.png", png(sheet), "image/png")).run()
    assert not app.exception
    assert "## Read as" in texts(app)


@pytest.mark.parametrize(
    ("height", "width", "line"),
    [
        (3, 2000, np.s_[1, 700:1300]),
        (2000, 3, np.s_[700:1300, 1]),
        (400, 400, np.s_[20:380, 200]),
        (400, 400, np.s_[200, 20:380]),
    ],
    ids=["a wide strip", "a tall strip", "a thin line down", "a thin line across"],
)
def test_a_thin_upright_line_is_read_and_a_level_one_is_said_to_be_no_digit(
    open_page: Callable[..., AppTest], height: int, width: int, line: tuple[Any, Any]
) -> None:
    keep(MADE)
    sheet = np.full((height, width), 255, np.uint8)
    sheet[line] = 0
    app = open_page(sketch_source="upload")
    ran(app.file_uploader(key="sketch_file").set_value(("line.png", png(sheet), "image/png")))
    is_level = bool(np.ptp(np.argwhere(sheet == 0)[:, 1]))
    assert ("## Read as" in texts(app)) is not is_level
    assert ("This is a level line" in texts(app)) is is_level
    assert pictures(app) == (8 if is_level else 9)  # the upload, the input, the map, six steps


def test_two_digits_in_an_upload_are_said_and_none_is_read(open_page: Callable[..., AppTest]) -> None:
    keep(MADE)
    app = open_page(sketch_source="upload")
    sheet = np.hstack([drawn(4), drawn(7)])
    ran(app.file_uploader(key="sketch_file").set_value(("both.png", png(sheet), "image/png")))
    assert "Nothing is read." in texts(app)
    assert "There are 2 separate things on the sheet" in texts(app)
    assert "Read as" not in texts(app)
    assert bars(app) == 0
    assert pictures(app) == 8  # the upload, the input, six steps


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        (((140.0, 140.0),) * 2, "This is a filled patch"),
        (((40.0, 150.0), (260.0, 150.0)), "This is a level line"),
    ],
)
def test_what_is_drawn_and_no_digit_is_said(
    open_page: Callable[..., AppTest], points: tuple[tuple[float, float], ...], sentence: str
) -> None:
    keep(MADE)
    app = open_page(sketch_ink=encode([Stroke(18, points)]))
    assert sentence in texts(app)
    assert "Read as" not in texts(app)
    assert bars(app) == 0


def test_a_network_that_reads_clothes_answers_where_there_is_no_digit(
    open_page: Callable[..., AppTest],
) -> None:
    config = PLAIN.change(dataset="fashion")
    made = result(config)
    network = build(made.config.model, shape=(1, 28, 28), classes=10, seed=1)
    clothes = replace(made.started, classes=tuple("abcdefghij"))
    Store().save(replace(made, started=clothes, weights=weights_of(network)))
    key = resolved(config).key()
    app = open_page(sketch_ink=encode([Stroke(40, ((140.0, 140.0),) * 2)]), sketch_runs=key[:12])
    assert "This is a filled patch" in texts(app)
    assert bars(app) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is an empty file"),
        (b"not a picture at all", "is not a picture that can be read"),
        (png(drawn())[:300], "truncated"),
        (png(np.zeros((1, 1), np.uint8)), "too small"),
        (png(np.full((50, 50), 200, np.uint8)), "There is no ink to be seen"),
    ],
)
def test_a_bad_picture_gets_its_sentence(
    open_page: Callable[..., AppTest], content: bytes, sentence: str
) -> None:
    keep(MADE)
    app = open_page(sketch_source="upload")
    app.file_uploader(key="sketch_file").set_value(("bad.png", content, "image/png")).run()
    assert not app.exception
    assert sentence in texts(app)
    assert "Read as" not in texts(app)


def test_the_drawing_is_still_there_after_an_upload(open_page: Callable[..., AppTest]) -> None:
    keep(MADE)
    app = open_page(sketch_ink=ink(4))
    app.segmented_control(key="sketch_source").set_value("upload").run()
    app.segmented_control(key="sketch_source").set_value("draw").run()
    assert "## Read as" in texts(app)
    assert link(app)["sketch_ink"] == ink(4)


def test_without_the_drawing_component_pictures_can_still_be_uploaded(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.sketch.canvas.is_available", lambda: False)
    app = open_page()
    assert "upload a picture instead" in texts(app)
    app.segmented_control(key="sketch_source").set_value("upload").run()
    assert app.file_uploader(key="sketch_file") is not None
