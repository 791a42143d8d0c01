"""The view *Two classes*: a logistic regression, its boundary and its probabilities, step by step."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashlab.charts.descent import classes as charts
from dashlab.errors import ConfigError
from dashlab.experiments.descent import classes, classes_words
from dashlab.experiments.descent.classes_rows import ClassesRun
from dashlab.experiments.descent.classes_settings import DETAILS, ClassesConfig
from dashlab.experiments.descent.presets import CLASSES
from ui.frame.views import View
from ui.parts.computed import computed
from ui.parts.controls import one_of
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.sliders import along
from ui.parts.state import PageState
from ui.parts.tables import csv_download

LEAD = (
    "Logistic regression gives each place a probability of class 1, by a sigmoid of w₁x₁ + w₂x₂ + b; "
    "where it is the threshold lies the boundary, a straight line. Press **Play** and watch it turn; "
    "then see what it makes of circles."
)

FORMULA = (
    r"\small \begin{aligned} p_i &= \frac{1}{1 + e^{-(w \cdot x_i + b)}},\quad "
    r"\frac{\partial L}{\partial w} = \frac1n \sum_i (p_i - y_i)\, x_i \\"
    r"L &= -\frac1n \sum_i \bigl[ y_i \log p_i + (1 - y_i) \log(1 - p_i) \bigr] \end{aligned}"
)


def draw(state: PageState, view: View) -> None:
    """Controls beside the picture."""
    left, right = beside("descent_classes")
    with left:
        scrubber = _controls(state, view)
    config: ClassesConfig = view.config_of(state).without_unused()
    with right:
        try:
            run = computed(classes.fit, config.computed(), doing="Fitting the boundary …")
        except ConfigError as error:
            st.info(str(error), icon=":material/tune:")
            return
        with scrubber:
            step = along(state, view.full("step"), range(run.steps + 1)) or 0
        revision = f"{config.computed().key()} {step} {config.threshold}"
        plot(
            charts.replay(run, config.threshold, step, revision=revision),
            f"{state.prefix}_{view.name}_map",
            "The points of two classes with the boundary and the probabilities, the loss and the accuracy",
        )
        rest()
        st.markdown(classes_words.ending(config, run))
        _chosen(state, view, config, run, step)


def _controls(state: PageState, view: View) -> Any:
    """What decides the descent; the place for the step."""
    view.preset_picker(state)
    for name in ("data", "threshold", "lr", "momentum"):
        view.control(state, name)
    scrubber = st.container()
    with st.expander("Points", icon=":material/scatter_plot:"):
        for name in ("count", "mean", "shift", "noise", "seed"):
            view.control(state, name)
    with st.expander("When it ends", icon=":material/flag:"):
        for name in ("stops", "stop_accuracy", "every", "steps"):
            view.control(state, name)
    view.changed_from_preset(state)
    return scrubber


def _chosen(state: PageState, view: View, config: ClassesConfig, run: ClassesRun, step: int) -> None:
    """The switch between the details, and the one that is chosen."""
    if one_of(state, view.full("detail"), DETAILS, label="Look at") == "step":
        st.latex(FORMULA)
        st.markdown(classes_words.step_table(config, run, step))
        st.markdown(classes_words.counts_table(run, config.threshold, step))
    else:
        plot(charts.growth(run), "descent_classes_growth", "The length of the weights against the step")
        st.markdown(classes_words.growth_words(run))
    csv_download(
        "Every step of the boundary as CSV",
        lambda: classes_words.step_rows(config, run),
        "boundary.csv",
        "descent_classes_csv",
    )


VIEW = View(
    name="classes",
    title="Two classes",
    icon=":material/join_left:",
    lead=LEAD,
    config=ClassesConfig,
    draw=draw,
    presets=CLASSES,
    left_alone=("detail", "step"),
)
