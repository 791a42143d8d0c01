"""The view *Which ones learn*: the same stack trained under each setting, side by side."""

import math
from collections.abc import Sequence

import streamlit as st

from dashlab.charts.initialization import training as charts
from dashlab.charts.initialization.signals import Signal, by_layer
from dashlab.experiments.initialization.presets import TRAININGS
from dashlab.experiments.initialization.training import (
    LARGEST_CLASS,
    LEARNS,
    SLOWLY,
    TEST_COUNT,
    StackTraining,
    TrainedRow,
    verdict,
)
from dashlab.training.records import plain
from ui.frame.views import View
from ui.initialization.measured import measured
from ui.initialization.settings import depth_slider, editor, folded, width_slider
from ui.parts import guessing, live
from ui.parts.layout import beside, rest
from ui.parts.plots import grow, plot
from ui.parts.stage import StudyStage
from ui.parts.state import PageState
from ui.parts.tables import csv_download

LEAD = (
    "A stack between an input and an output layer learns to classify digits, once under each setting. Look "
    "at which loss falls below 2.3, that of guessing, and compare it with the gradient that reached the "
    "lowest layer: a signal that stays level helps, but it is not all that is needed."
)
PREFIX = "init_learn"
TRAINING = ("optimizer", "lr", "steps", "batch", "seed")


def draw(state: PageState, view: View) -> None:
    """Settings beside the curves."""
    left, right = beside("init_learn")
    with left:
        view.preset_picker(state)
        place = st.container()
        depth_slider(state, view)
        width_slider(state, view)
        st.markdown("**Settings, side by side**")
        editor(state, view)
        folded(state, view, "Training", ":material/trending_down:", TRAINING)
    with right:
        STAGE.show(view.config_of(state), button=place)
    with left:  # last: more is chosen beside the curves
        view.changed_from_preset(state)


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


def _shown(study: StackTraining, rows: Sequence[TrainedRow], is_over: bool) -> None:
    _result(study, rows)
    if is_over:
        _download(study, rows)


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


STAGE = StudyStage(
    prefix=PREFIX,
    config=StackTraining,
    train="Train all of them",
    there="Trained",
    draw=_shown,
    before=_before,
    mend="Correct the setting that the sentence under the button names, and the stacks can be trained.",
)
VIEW = View(
    name="learn",
    title="Which ones learn",
    icon=":material/school:",
    lead=LEAD,
    config=StackTraining,
    presets=TRAININGS,
    draw=draw,
)
