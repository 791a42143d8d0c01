"""The view *Which ones learn*: the same stack trained under each setting, side by side."""

import math
from collections.abc import Sequence
from typing import cast

import streamlit as st

from dashlab import jobs
from dashlab.charts.initialization import training as charts
from dashlab.charts.initialization.signals import Signal, by_layer
from dashlab.errors import ConfigError, DamagedRun
from dashlab.experiments.initialization.training import (
    LARGEST_CLASS,
    LEARNS,
    SLOWLY,
    TEST_COUNT,
    StackTraining,
    TrainedRow,
    verdict,
)
from dashlab.jobs import Progress
from dashlab.training.records import plain
from ui.frame.views import View
from ui.initialization.measured import measured
from ui.initialization.presets import TRAININGS
from ui.initialization.settings import editor, folded, slider, width_slider
from ui.parts import guessing, kept_studies, live
from ui.parts.layout import beside, rest
from ui.parts.plots import grow, plot
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text, show_error

LEAD = (
    "A stack between an input and an output layer learns to read digits, once under each setting. Look at "
    "which loss falls below 2.3, that of guessing, and compare it with the gradient that reached the lowest "
    "layer: a signal that stays level helps, but it is not all that is needed."
)
PREFIX = "init_learn"
TRAINING = ("optimizer", "lr", "steps", "batch", "seed")


def draw(state: PageState, view: View) -> None:
    """Settings beside the curves."""
    left, right = beside("init_learn")
    with left:
        view.preset_picker(state)
        place = st.container()
        slider(state, view, "depth")
        width_slider(state, view)
        st.markdown("**Settings, side by side**")
        editor(state, view)
        folded(state, view, "Training", ":material/trending_down:", TRAINING)
    study, problem = _sound(view.config_of(state))
    with right:
        rows = _cached(study) if study is not None else None
    with place:
        _button(study, problem, is_trained=rows is not None)
    with right:
        _stage(study, rows)
    with left:  # last: more is chosen beside the curves
        view.changed_from_preset(state)


def _button(study: StackTraining | None, problem: str, *, is_trained: bool) -> None:
    """The button that trains, and the sentence that says why it cannot be pressed."""
    going_on = study is not None and _going_on(study)
    clicked = st.button(
        "Trained" if is_trained else "Training …" if going_on else "Train all of them",
        key=f"{PREFIX}_start",
        type="primary",
        icon=":material/check:" if is_trained else ":material/play_arrow:",
        width="stretch",
        disabled=study is None or going_on or is_trained,
    )
    if problem:
        st.caption(f":red[{as_text(problem)}]")
    if clicked and study is not None:
        live.forget_stop(PREFIX)
        st.session_state[f"{PREFIX}__shown"] = jobs.submit(study)
        st.rerun()


def _sound(asked: StackTraining) -> tuple[StackTraining | None, str]:
    try:
        return asked.check(), ""
    except ConfigError as error:
        return None, str(error)


def _going_on(study: StackTraining) -> bool:
    progress = jobs.progress(study.key())
    return progress is not None and not progress.is_over


def _stage(study: StackTraining | None, rows: Sequence[TrainedRow] | None) -> None:
    """The training that goes on, or the rows that are cached, or what there is before."""
    watched = _to_watch(study, is_cached=rows is not None)
    if watched is not None:
        live.watch(watched.key, PREFIX, _running)
    elif study is None:
        st.info("Mend the setting that the sentence under the button names, and the stacks can be trained.")
    elif rows is not None:
        _result(study, rows)
        _download(study, rows)
    else:
        _before(study)


def _to_watch(study: StackTraining | None, *, is_cached: bool) -> Progress | None:
    """What the settings name, if it was trained here just now; else the last one, as long as it goes on."""
    mine = jobs.progress(study.key()) if study is not None else None
    last = jobs.progress(st.session_state.get(f"{PREFIX}__shown", ""))
    if mine is not None or is_cached or last is None or last.is_over:
        return mine
    st.caption("This training goes on; it has other settings than those beside it.")
    return last


def _cached(study: StackTraining) -> Sequence[TrainedRow] | None:
    try:
        stored = kept_studies.load(study)
    except DamagedRun as error:
        show_error(error)
        return None
    return stored.rows if stored is not None else None


def _before(study: StackTraining) -> None:
    """What reaches the weights of each stack before the first step: something to guess from."""
    st.info(
        "This is what reaches the weights before the first step, of random inputs and a random gradient from "
        "the top. Guess which of them will learn, then press "
        "**Train all of them**: they take turns, batch by batch, so that their curves grow together. On one "
        f"core it takes about {live.seconds(study.seconds)}; the result is kept.",
        icon=":material/play_arrow:",
    )
    stacks = measured([study.stack(setting) for setting in study.entries()])
    signals = [
        Signal(name, [layer.weight_gradient for layer in stats.layers])
        for name, stats in zip(_names(study), stacks, strict=True)
    ]
    plot(
        by_layer(signals, y_title="Norm of the weights' gradient"),
        f"{PREFIX}_chart_before",
        "Norm of the gradient of each layer's weights before training, one curve for each setting",
    )


def _running(progress: Progress) -> None:
    study = cast(StackTraining, progress.config)
    _result(study, progress.rows)
    if progress.is_over:
        _download(study, progress.rows)


def _result(study: StackTraining, rows: Sequence[TrainedRow]) -> None:
    _curves(study, rows)
    st.caption(
        f"Test accuracy is of {TEST_COUNT:,} digits that were not trained on. A setting learns from "
        f"{100 * LEARNS:.0f} % on, and slowly from {100 * SLOWLY:.0f} %. "
        f"{guessing.sentence([LARGEST_CLASS])} All have the same learning rate, so one that just fails may "
        "learn at another."
    )


def _download(study: StackTraining, rows: Sequence[TrainedRow]) -> None:
    names = _names(study)
    csv_download(
        "All steps as CSV",
        lambda: [plain(row) | {"setting": names[row.setting]} for row in rows],
        "which-learn.csv",
        key="init_csv_learn",
    )


def _names(study: StackTraining) -> list[str]:
    return [f"{at} · {setting.title}" for at, setting in enumerate(study.entries(), 1)]


def _of(rows: Sequence[TrainedRow], at: int) -> list[TrainedRow]:
    return [row for row in rows if row.setting == at]


def _curves(study: StackTraining, rows: Sequence[TrainedRow]) -> None:
    names, by_setting = _names(study), [_of(rows, at) for at in range(len(study.entries()))]
    losses = [[(row.step, row.loss) for row in own] for own in by_setting]
    rights = [[(row.step, row.accuracy) for row in own] for own in by_setting]
    grow(charts.loss(names, losses, steps=study.steps), f"{PREFIX}_chart_loss", "Training loss over steps")
    rest()
    _table(study, rows)
    grow(
        charts.accuracy(names, rights, steps=study.steps),
        f"{PREFIX}_chart_accuracy",
        "Training accuracy over steps",
    )


def _table(study: StackTraining, rows: Sequence[TrainedRow]) -> None:
    table = [_row(name, _of(rows, at)) for at, name in enumerate(_names(study))]
    if not any(row["Test accuracy"] for row in table):  # known at the end alone
        for row in table:
            del row["Test accuracy"]
    st.dataframe(table, hide_index=True, alt="Which settings learn")


def _row(name: str, rows: Sequence[TrainedRow]) -> dict[str, str]:
    first, last = (rows[0], rows[-1]) if rows else (None, None)
    test = last.test_accuracy if last else None
    return {
        "Setting": name,
        "Verdict": verdict(rows),
        "Test accuracy": "" if test is None else f"{100 * test:.1f} %",
        "Last loss": _number(last.loss) if last else "",
        "Gradient below, step 1": _number(first.first_gradient) if first else "",
        "Gradient above, step 1": _number(first.last_gradient) if first else "",
    }


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "not finite"


VIEW = View(
    name="learn",
    title="Which ones learn",
    icon=":material/school:",
    lead=LEAD,
    config=StackTraining,
    presets=TRAININGS,
    draw=draw,
)
