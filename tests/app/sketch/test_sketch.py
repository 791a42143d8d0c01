"""The sketch pad without a browser: its states, its networks, its link."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.sketch.ink import Stroke
from dashlab.jobs import JobState
from dashlab.store.runs import Store
from tests.app.fakes import FakeLab, steps
from tests.app.pages import link, press, texts
from tests.app.sketch.kept import MADE, PLAIN, bars, ink, keep, pictures

PAGE = "pages/sketch.py"


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
    assert "Predicted:" not in texts(app)
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
    assert "## Predicted:" in texts(app)
    assert bars(app) == 1


# Reading


def test_an_empty_sheet_predicts_nothing_and_says_so(open_page: Callable[..., AppTest]) -> None:
    keep(MADE)
    app = open_page()
    assert "The sheet is empty, so there is no prediction." in texts(app)
    assert "Predicted:" not in texts(app)
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
    assert "The small one predicts" in texts(app)
    assert "MNIST, made for the sketch pad predicts" in texts(app)
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
    assert "## Predicted:" in texts(app)


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
    assert "Predicted:" not in texts(app)


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
    assert "## Predicted:" in texts(app)
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
    assert "## Predicted:" in texts(app)
    assert app.slider(key="sketch_pen").value == 4
    assert link(app) == {"sketch_preset": "tiny"}


def test_an_example_leaves_the_networks_as_they_were_chosen(open_page: Callable[..., AppTest]) -> None:
    keep(MADE)
    key = keep(PLAIN)[:12]
    app = open_page(sketch_runs=key)
    app.selectbox(key="sketch_preset").set_value("tiny").run()
    assert not app.exception
    assert link(app) == {"sketch_preset": "tiny", "sketch_runs": key}
