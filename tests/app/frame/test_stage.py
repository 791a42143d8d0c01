"""The stage alone: every state in which what a page trains can stand, and its button."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashlab import jobs
from dashlab.data.folders import store_folder
from dashlab.errors import JobError
from dashlab.jobs import JobState, Progress
from dashlab.settings.fields import integer
from dashlab.store import studies
from dashlab.training.study import Study, StudyOutcome
from tests.app.fakes import FakeLab
from tests.app.pages import elements, press, ran, texts
from ui.parts.stage import OTHER, Stage, StudyStage, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A number that was counted."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Study):
    """Counting, as the smallest study there is."""

    KIND: ClassVar[str] = "tests.app.frame.test_stage:Count"
    ROW: ClassVar[type] = Counted
    TITLE: ClassVar[str] = "Counting"
    COMPUTE: ClassVar[str] = "tests.app.frame.test_stage:count"

    last: int = integer(3, "Last", "How far it counts.", low=1, high=99)

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        yield self.last == 13, "Count to another number than 13."


def count(study: Count) -> Iterator[Counted]:
    return (Counted(number=number) for number in range(1, study.last + 1))


def drawn(study: Count, rows: Sequence[Counted], is_over: bool) -> None:
    st.markdown(f"{len(rows)} of {study.last} {'and no more' if is_over else 'so far'}")


def before(study: Count) -> None:
    st.markdown(f"Nothing of {study.last} yet")


STAGE = StudyStage(prefix="t", config=Count, draw=drawn, before=before)
THERE = StudyStage(
    prefix="t", config=Count, draw=drawn, before=before, there="Trained", mend="Mend what is in red."
)
QUICK = StudyStage(prefix="t", config=Count, draw=drawn, before=before, is_quick=lambda study: study.last < 5)
PARTS = Stage(
    prefix="t", config=Count, one_at_a_time=True, there="All there", from_cache="It was kept.", other=""
)
ROWS = tuple(Counted(number=number) for number in (1, 2))
THREE = Count()


def show_study() -> None:
    """A page with one study on its stage."""
    stage: StudyStage[Count] = {"STAGE": STAGE, "THERE": THERE, "QUICK": QUICK}[st.session_state["stage"]]
    stage.show(Count(last=st.session_state["last"]), button=st.container())


def show_parts() -> None:
    """A page whose settings ask for two jobs."""
    parts = [Count(last=number) for number in (1, 2)]
    asked = Wanted(
        config=Count(last=st.session_state.get("last", 3)),
        orders=lambda: parts,
        going=(),
        is_there=st.session_state.get("is_there", False),
        count="2 parts, 1 there already.",
        note="1 was there already.",
    )
    PARTS.button(asked)
    begun = PARTS.watched(asked)
    if begun is None:
        st.markdown("Nothing goes on")
        return

    def draw(known: Sequence[Progress]) -> None:
        st.markdown(f"{len(known)} parts of {begun.config.last}")

    PARTS.watch(begun, asked, draw)


def page(draws: str) -> AppTest:
    return AppTest.from_string(f"from {__name__} import {draws}\n{draws}()")


def opened(stage: str = "STAGE", last: int = 3) -> AppTest:
    return changed(page("show_study"), stage=stage, last=last)


def opened_parts() -> AppTest:
    return ran(page("show_parts"))


def changed(app: AppTest, **settings: object) -> AppTest:
    for name, value in settings.items():
        app.session_state[name] = value
    return ran(app)


def keep(study: Count) -> None:
    studies.save(study, StudyOutcome(state="finished", rows=ROWS, seconds=1.0, environment={}))


# One study


def test_before_anything_is_trained_stands_what_the_page_has_for_it(lab: FakeLab) -> None:
    app = opened()
    assert "Nothing of 3 yet" in texts(app)
    assert (app.button(key="t_start").label, app.button(key="t_start").disabled) == ("Train", False)
    assert lab.submitted == []


def test_a_press_submits_what_is_set_and_watches_it(lab: FakeLab) -> None:
    app = press(opened(), "t_start")
    assert lab.submitted == [THREE]
    assert "0 of 3 so far" in texts(app)
    assert app.button(key="t_start").disabled


def test_what_goes_on_is_watched_whoever_began_it_and_can_be_stopped(lab: FakeLab) -> None:
    lab.show(THREE, JobState.RUNNING, "At 2 of 3.", rows=ROWS, fraction=0.6)
    app = opened()
    assert "2 of 3 so far" in texts(app)
    assert (app.button(key="t_start").label, app.button(key="t_start").disabled) == ("Training …", True)
    app = press(app, "t_stop")
    assert lab.stopped == [THREE.key()]
    assert (app.button(key="t_stop").label, app.button(key="t_stop").disabled) == ("Stopping …", True)


def test_what_was_seen_going_on_stays_in_sight_while_settings_change(lab: FakeLab) -> None:
    lab.show(THREE, JobState.RUNNING, rows=ROWS)
    app = changed(opened(), last=7)
    assert "2 of 3 so far" in texts(app)
    assert OTHER in texts(app)
    assert (app.button(key="t_start").label, app.button(key="t_start").disabled) == ("Train", False)


def test_the_study_that_the_settings_name_goes_before_the_last_one_begun(lab: FakeLab) -> None:
    lab.show(Count(last=7), JobState.RUNNING, rows=ROWS)
    app = changed(press(opened(), "t_start"), last=7)
    assert "2 of 7 so far" in texts(app)
    assert OTHER not in texts(app)
    assert "0 of 3 so far" in texts(changed(app, last=9)), "the last one begun, not the last one watched"


def test_the_last_one_begun_is_not_watched_once_it_is_over(lab: FakeLab) -> None:
    app = changed(press(opened(), "t_start"), last=7)
    lab.show(THREE, JobState.FINISHED, rows=ROWS)
    assert "Nothing of 7 yet" in texts(ran(app))


def test_what_is_cached_goes_before_the_last_one_begun(lab: FakeLab) -> None:
    keep(Count(last=7))
    app = changed(press(opened(), "t_start"), last=7)
    assert "2 of 7 and no more" in texts(app)


def test_a_stopped_one_keeps_its_rows_and_can_be_begun_and_stopped_anew(lab: FakeLab) -> None:
    lab.show(THREE, JobState.RUNNING, rows=ROWS)
    app = press(opened(), "t_stop")
    lab.show(THREE, JobState.STOPPED, "Stopped at 2.", rows=ROWS)
    app = ran(app)
    assert "Stopped at 2." in texts(app)
    assert "2 of 3 and no more" in texts(app)
    lab.known.clear()
    app = press(app, "t_start")
    assert not app.button(key="t_stop").disabled


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.LOST])
def test_a_failed_one_says_why_and_can_be_begun_anew(lab: FakeLab, state: JobState) -> None:
    lab.show(THREE, state, "The memory ran out.")
    app = opened()
    assert [error.value for error in app.error] == ["The memory ran out."]
    assert not app.button(key="t_start").disabled


def test_a_cached_one_is_there_at_once_and_nothing_is_submitted(lab: FakeLab) -> None:
    keep(THREE)
    app = opened()
    assert "2 of 3 and no more" in texts(app)
    assert lab.submitted == []
    assert not app.button(key="t_start").disabled


def test_where_the_button_has_a_word_for_what_is_there_it_cannot_be_pressed() -> None:
    keep(THREE)
    app = opened("THERE")
    assert (app.button(key="t_start").label, app.button(key="t_start").disabled) == ("Trained", True)


def test_a_damaged_one_is_said_and_can_be_trained_anew() -> None:
    keep(THREE)
    (file,) = (store_folder() / "studies").glob("*.json")
    file.write_bytes(file.read_bytes()[:-9])
    app = opened("THERE")
    assert "was damaged and has been set aside" in app.warning[0].value
    assert "Nothing of 3 yet" in texts(app)
    assert not app.button(key="t_start").disabled


def test_a_quick_one_is_there_without_a_button(lab: FakeLab) -> None:
    app = opened("QUICK")
    assert "3 of 3 and no more" in texts(app)
    assert not app.button
    assert lab.submitted == []
    assert changed(app, last=7).button(key="t_start").label == "Train"


def test_settings_that_are_not_sound_are_said_below_a_button_that_cannot_be_pressed() -> None:
    app = opened("THERE", 13)
    assert ":red[Count to another number than 13.]" in texts(app)
    assert "Mend what is in red." in texts(app)
    assert app.button(key="t_start").disabled


def test_where_some_are_quick_settings_that_are_not_sound_have_no_button() -> None:
    app = opened("QUICK", 13)
    assert [info.value for info in app.info] == ["Count to another number than 13."]
    assert not app.button


def test_what_goes_on_stays_in_sight_while_settings_are_not_sound(lab: FakeLab) -> None:
    app = changed(press(opened("THERE"), "t_start"), last=13)
    assert "0 of 3 so far" in texts(app)
    assert OTHER in texts(app)
    assert "Mend what" not in texts(app)


def test_a_lab_that_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_config: object) -> str:
        raise JobError("No process could be started: start it by hand.")

    monkeypatch.setattr(jobs, "submit", refuse)
    app = press(opened(), "t_start")
    assert "No process could be started: start it by hand." in texts(app)
    assert not app.button(key="t_start").disabled


# Several jobs that belong together


def test_parts_are_submitted_watched_and_stopped_together(lab: FakeLab) -> None:
    app = opened_parts()
    assert "Nothing goes on" in texts(app)
    assert "2 parts, 1 there already." in texts(app)
    app = press(app, "t_start")
    assert lab.submitted == [Count(last=1), Count(last=2)]
    assert "2 parts of 3" in texts(app)
    assert "1 was there already." in texts(app)
    assert elements(app, "progress")[0].text == "Waiting. · part 1 of 2"
    press(app, "t_stop")
    assert sorted(lab.stopped) == sorted(study.key() for study in lab.submitted)


def test_parts_are_watched_until_the_last_of_them_is_over(lab: FakeLab) -> None:
    app = press(opened_parts(), "t_start")
    lab.show(Count(last=1), JobState.FINISHED)
    assert "2 parts of 3" in texts(ran(app))
    lab.show(Count(last=2), JobState.FINISHED)
    assert "Nothing goes on" in texts(ran(app))


def test_one_at_a_time_leaves_no_button_to_press_under_other_settings(lab: FakeLab) -> None:
    app = changed(press(opened_parts(), "t_start"), last=9)
    assert "2 parts of 3" in texts(app)
    assert (app.button(key="t_start").label, app.button(key="t_start").disabled) == ("Training …", True)


def test_parts_that_are_all_there_leave_nothing_to_press() -> None:
    app = changed(opened_parts(), is_there=True)
    assert (app.button(key="t_start").label, app.button(key="t_start").disabled) == ("All there", True)


def test_a_part_that_is_refused_does_not_lose_those_before_it(
    lab: FakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_the_second(study: Count) -> str:
        if study.last == 2:
            raise JobError("No more processes.")
        return lab.submit(study)

    monkeypatch.setattr(jobs, "submit", refuse_the_second)
    app = press(opened_parts(), "t_start")
    assert [error.value for error in app.error] == ["No more processes."]
    assert "1 parts of 3" in texts(app)


def test_what_was_kept_is_said_when_it_is_asked_for_again(lab: FakeLab) -> None:
    for last in (1, 2):
        keep(Count(last=last))
    app = press(opened_parts(), "t_start")
    assert [toast.value for toast in app.toast] == ["It was kept."]
