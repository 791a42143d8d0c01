"""From settings to rows: quick ones at once, long ones as a study that is watched."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashlab import jobs
from dashlab.charts.batchnorm.boundary import points
from dashlab.charts.batchnorm.curves import NORMED, PLAIN
from dashlab.errors import ConfigError, DamagedRun, DashlabError, DataError
from dashlab.experiments.batchnorm.settings import TwinSettings
from dashlab.jobs import Progress
from dashlab.settings.run import RunConfig
from ui.batchnorm.parts import plane_of
from ui.frame.page import as_text, show_error
from ui.parts import kept_studies, live, preview, runs
from ui.parts.computed import computed
from ui.parts.layout import rest
from ui.parts.plots import plot
from ui.parts.state import PageState

QUICK_S = 3.0
"""What takes about as long as this on one core is computed while people wait, without a Train button."""

Draw = Callable[[Any, tuple[Any, ...], bool], None]
"""Draws the study, its rows so far, and whether there are no more to come."""


def stage(state: PageState, study: TwinSettings, draw: Draw, *, button: Any, bar: Any) -> None:
    """Draw what came of the study that the settings name, or how to start it.

    Args:
        state: of the page.
        study: as set; not yet checked.
        draw: draws rows.
        button: place of the Train button.
        bar: place of the progress bar.
    """
    problem = _problem(state, study)
    if problem:
        st.info(as_text(problem), icon=":material/tune:")
        return
    if _is_quick(study):
        draw(study, computed(jobs.rows_of, study, doing="Training the twins …"), True)
        return
    key = study.key()
    with button:
        _train_button(state, study)
    watched = _to_watch(state, study)
    if watched is None:
        st.info(_how_long(study), icon=":material/hourglass_empty:")
        _data(study)
        rest()
        networks(study)
        return
    if watched.key != key:
        st.info("These are the settings from before your change; it goes on until you stop it.")
    live.watch(watched.key, state.prefix, lambda now: draw(now.config, now.rows, now.is_over), place=bar)


def _problem(state: PageState, study: TwinSettings) -> str:
    if state.problems:
        return next(iter(state.problems.values()))
    try:
        study.check()
    except ConfigError as error:
        return str(error)
    return ""


def _is_quick(study: TwinSettings) -> bool:
    return study.dataset != "mnist" and study.seconds <= QUICK_S


def _train_button(state: PageState, study: TwinSettings) -> None:
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


def _to_watch(state: PageState, study: TwinSettings) -> Progress | None:
    """The study of these settings, if it is known or cached; else the last that was begun, if it goes on."""
    key = study.key()
    if jobs.progress(key) is None and _is_cached(study):
        jobs.submit(study)  # which is answered from the cache
    if (progress := jobs.progress(key)) is not None:
        return progress
    begun = jobs.progress(st.session_state.get(f"{state.prefix}__submitted", ""))
    return begun if begun is not None and not begun.is_over else None


def _is_cached(study: TwinSettings) -> bool:
    try:
        return kept_studies.load(study) is not None
    except DamagedRun as error:
        st.warning(as_text(str(error)), icon=":material/heart_broken:")
        return False


def _data(study: TwinSettings) -> None:
    """What both twins will learn from."""
    st.header("What they will learn from", anchor=False)
    if study.dataset != "mnist":
        alt = f"Points of both classes: {study.dataset}"
        plot(points(plane_of(study)), "bn_twins_chart_points", alt)
        return
    try:
        preview.sample_pictures(runs.images(RunConfig().change(dataset="mnist")))
    except DataError as error:
        show_error(error)


def networks(study: TwinSettings) -> None:
    """Both networks as PyTorch writes them."""
    for place, name, lines in zip(st.columns(2), (PLAIN, NORMED), _described(study), strict=True):
        with place:
            st.markdown(f"**{name}**")
            st.code(lines, language=None, wrap_lines=True)


@st.cache_data(show_spinner=False, max_entries=24)
def _described(study: TwinSettings) -> tuple[str, str]:
    from dashlab.experiments.batchnorm.network import described

    return described(study)


def _how_long(study: TwinSettings) -> str:
    return (
        f"These settings take about {live.seconds(study.seconds)} on one core. Press **Train**: the curves "
        "grow while you watch, Stop keeps what is there, and the result is cached."
    )
