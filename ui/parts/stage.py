"""From settings to rows: quick ones at once, long ones as a study that is watched."""

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from dashlab import jobs
from dashlab.errors import ConfigError, DamagedRun, DashlabError
from dashlab.jobs import Progress
from dashlab.training.study import Study
from ui.parts import kept_studies, live
from ui.parts.computed import computed
from ui.parts.state import PageState
from ui.parts.text import as_text, show_error

S = TypeVar("S", bound=Study)
Draw = Callable[[Any, tuple[Any, ...], bool], None]
"""Draws the study, its rows so far, and whether there are no more to come."""


def stage(
    state: PageState,
    study: S,
    draw: Draw,
    before: Callable[[S], None],
    *,
    is_quick: bool,
    button: Any,
    bar: Any,
) -> None:
    """Draw what came of the study that the settings name, or how to start it.

    Args:
        state: of the page.
        study: as set; not yet checked.
        draw: draws rows.
        before: draws what there is before anything is trained.
        is_quick: whether it is computed while people wait, without a Train button.
        button: place of the Train button.
        bar: place of the progress bar.
    """
    problem = _problem(state, study)
    if problem:
        st.info(as_text(problem), icon=":material/tune:")
        return
    if is_quick:
        draw(study, computed(jobs.rows_of, study, doing="Training …"), True)
        return
    key = study.key()
    with button:
        _train_button(state, study)
    watched = _to_watch(state, study)
    if watched is None:
        st.info(_how_long(study), icon=":material/hourglass_empty:")
        before(study)
        return
    if watched.key != key:
        st.info("These are the settings from before your change; it goes on until you stop it.")
    live.watch(watched.key, state.prefix, lambda now: draw(now.config, now.rows, now.is_over), place=bar)


def _problem(state: PageState, study: Study) -> str:
    if state.problems:
        return next(iter(state.problems.values()))
    try:
        study.check()
    except ConfigError as error:
        return str(error)
    return ""


def _train_button(state: PageState, study: Study) -> None:
    progress = jobs.progress(study.key())
    going_on = progress is not None and not progress.is_over
    clicked = st.button(
        "Training …" if going_on else "Train",
        key=f"{state.prefix}_start",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=going_on,
    )
    if clicked:
        try:
            st.session_state[f"{state.prefix}__submitted"] = jobs.submit(study)
        except DashlabError as error:
            show_error(error)
            return
        live.forget_stop(state.prefix)
        st.rerun()


def _to_watch(state: PageState, study: Study) -> Progress | None:
    """The study of these settings, if it is known or cached; else the last that was begun, if it goes on."""
    key = study.key()
    if jobs.progress(key) is None and _is_cached(study):
        jobs.submit(study)  # which is answered from the cache
    if (progress := jobs.progress(key)) is not None:
        return progress
    begun = jobs.progress(st.session_state.get(f"{state.prefix}__submitted", ""))
    return begun if begun is not None and not begun.is_over else None


def _is_cached(study: Study) -> bool:
    try:
        return kept_studies.load(study) is not None
    except DamagedRun as error:
        st.warning(as_text(str(error)), icon=":material/heart_broken:")
        return False


def _how_long(study: Study) -> str:
    return (
        f"These settings take about {live.seconds(study.seconds)} on one core. Press **Train**: the curves "
        "grow while you watch, Stop keeps what is there, and the result is cached."
    )
