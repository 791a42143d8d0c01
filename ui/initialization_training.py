"""The view *Which ones learn*: the same stack trained under each setting, side by side."""

from collections.abc import Sequence
from typing import Any, cast

import streamlit as st

from dashlab import jobs, studies
from dashlab.charts import stack_training as charts
from dashlab.errors import ConfigError, DamagedRun
from dashlab.experiments.stack_training import (
    LEARNS,
    SLOWLY,
    TEST_COUNT,
    StackTraining,
    TrainedRow,
    verdict,
)
from dashlab.jobs import Progress
from dashlab.records import plain
from ui import live
from ui.charts import grow
from ui.controls import Group
from ui.initialization_presets import TRAININGS
from ui.initialization_settings import editor, slider, width_slider
from ui.page import as_text, csv_download, show_error
from ui.state import PageState
from ui.views import View

LEAD = (
    "A stack between an input and an output layer learns to read digits, once under each setting. Look at "
    "which loss falls below 2.3, that of guessing, and compare it with the gradient that reached the lowest "
    "layer: a signal that stays level is needed, but it is not all that is needed."
)
GROUPS = (Group("Training", ":material/trending_down:", ("optimizer", "lr", "steps", "batch", "seed")),)
PREFIX = "init_learn"


def draw(state: PageState, view: View) -> None:
    """Settings beside the curves."""
    left, right = st.columns([3, 7], gap="medium")
    with left:
        view.preset_picker(state)
        place = st.container()
        slider(state, view, "depth")
        width_slider(state, view)
        st.markdown("**Settings, side by side**")
        editor(state, view)
        view.settings(state, GROUPS)
        view.changed_from_preset(state)
        with place:
            study = _button(view.config_of(state))
    with right:
        _stage(study)


def _button(asked: StackTraining) -> StackTraining | None:
    """The button that trains; None, and a sentence, where the settings do not fit together."""
    study, problem = _sound(asked)
    going_on = study is not None and _going_on(study)
    clicked = st.button(
        "Training …" if going_on else "Train all of them",
        key=f"{PREFIX}_start",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=study is None or going_on,
    )
    if problem:
        st.caption(f":red[{as_text(problem)}]")
    if clicked and study is not None:
        live.forget_stop(PREFIX)
        st.session_state[f"{PREFIX}__shown"] = jobs.submit(study)
        st.rerun()
    return study


def _sound(asked: StackTraining) -> tuple[StackTraining | None, str]:
    try:
        return asked.check(), ""
    except ConfigError as error:
        return None, str(error)


def _going_on(study: StackTraining) -> bool:
    progress = jobs.progress(study.key())
    return progress is not None and not progress.is_over


def _stage(study: StackTraining | None) -> None:
    """The training that goes on, or the rows that are cached, or what there is before."""
    watched = _to_watch(study)
    if watched is not None:
        live.watch(watched.key, PREFIX, _running)
    elif study is None:
        st.info("Mend the setting that the sentence under the button names, and the stacks can be trained.")
    elif (rows := _cached(study)) is not None:
        _result(study, rows)
        _download(study, rows)
    else:
        _before(study)


def _to_watch(study: StackTraining | None) -> Progress | None:
    """What the settings name, if it was trained here just now; else the last one, as long as it goes on."""
    mine = jobs.progress(study.key()) if study is not None else None
    last = jobs.progress(st.session_state.get(f"{PREFIX}__shown", ""))
    if mine is not None or last is None or last.is_over:
        return mine
    st.caption("This training goes on, and it has other settings than those beside it.")
    return last


def _cached(study: StackTraining) -> Sequence[TrainedRow] | None:
    try:
        stored = studies.load(study)
    except DamagedRun as error:
        show_error(error)
        return None
    return stored.rows if stored is not None else None


def _before(study: StackTraining) -> None:
    st.info(
        "Press **Train all of them**: the settings take turns, batch by batch, so that their curves grow "
        "together. The result is kept under these settings.",
        icon=":material/play_arrow:",
    )
    _curves(study, ())


def _running(progress: Progress) -> None:
    study = cast(StackTraining, progress.config)
    _result(study, progress.rows)
    if progress.is_over:
        _download(study, progress.rows)


def _result(study: StackTraining, rows: Sequence[TrainedRow]) -> None:
    _table(study, rows)
    _curves(study, rows)
    st.caption(
        f"Test accuracy is of {TEST_COUNT:,} digits that were not trained on. A setting learns from "
        f"{100 * LEARNS:.0f} % on, and slowly from {100 * SLOWLY:.0f} %; guessing gives 10 %. All have the "
        "same learning rate, so one that just fails may learn at another."
    )


def _download(study: StackTraining, rows: Sequence[TrainedRow]) -> None:
    names = _names(study)
    table = [plain(row) | {"setting": names[row.setting]} for row in rows]
    csv_download("All steps as CSV", table, "which-learn.csv", key="init_csv_learn")


def _names(study: StackTraining) -> list[str]:
    return [f"{at} · {setting.title}" for at, setting in enumerate(study.entries(), 1)]


def _of(rows: Sequence[TrainedRow], at: int) -> list[TrainedRow]:
    return [row for row in rows if row.setting == at]


def _curves(study: StackTraining, rows: Sequence[TrainedRow]) -> None:
    names, by_setting = _names(study), [_of(rows, at) for at in range(len(study.entries()))]
    losses = [[(row.step, row.loss) for row in own] for own in by_setting]
    rights = [[(row.step, row.accuracy) for row in own] for own in by_setting]
    grow(charts.loss(names, losses, steps=study.steps), f"{PREFIX}_chart_loss", "Training loss over steps")
    grow(
        charts.accuracy(names, rights, steps=study.steps),
        f"{PREFIX}_chart_accuracy",
        "Training accuracy over steps",
    )


def _table(study: StackTraining, rows: Sequence[TrainedRow]) -> None:
    table = [_row(name, _of(rows, at)) for at, name in enumerate(_names(study))]
    shown: dict[str, Any] = {
        "Setting": st.column_config.TextColumn(width="medium", pinned=False),
        "Test accuracy in %": st.column_config.NumberColumn(format="%.1f"),
        "Last loss": st.column_config.NumberColumn(format="%.3g"),
        "First step: gradient, lowest layer": st.column_config.NumberColumn(format="%.2g"),
        "First step: gradient, highest layer": st.column_config.NumberColumn(format="%.2g"),
    }
    st.dataframe(table, hide_index=True, column_config=shown, alt="Which settings learn")


def _row(name: str, rows: Sequence[TrainedRow]) -> dict[str, Any]:
    first, last = (rows[0], rows[-1]) if rows else (None, None)
    test = last.test_accuracy if last else None
    return {
        "Setting": name,
        "Verdict": verdict(rows),
        "Test accuracy in %": None if test is None else 100 * test,
        "Last loss": last.loss if last else None,
        "First step: gradient, lowest layer": first.first_gradient if first else None,
        "First step: gradient, highest layer": first.last_gradient if first else None,
    }


VIEW = View(
    name="learn",
    title="Which ones learn",
    icon=":material/school:",
    lead=LEAD,
    config=StackTraining,
    presets=TRAININGS,
    draw=draw,
)
