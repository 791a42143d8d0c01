"""The view *Dropout*: masks and scaling on a table of numbers, and the mean over many masks."""

import streamlit as st

from dashlab.charts.fitting import dropout as charts
from dashlab.experiments.fitting import dropout as experiment
from dashlab.experiments.fitting import words
from dashlab.experiments.fitting.dropout import Masks
from dashlab.experiments.fitting.presets import MASKS
from dashlab.experiments.fitting.settings import DropoutConfig
from ui.fitting.parts import problem_of
from ui.frame.views import View
from ui.parts.computed import computed
from ui.parts.controls import Group
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.sliders import along
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text

LEAD = (
    "A dropout layer sets each number to 0 with probability p, and multiplies those that stay by 1/(1 − p). "
    "Go through the masks: each is another one. The mean over many of them is the table again, which is why "
    "nothing needs to be done in eval mode."
)
MORE = Group("Table and masks", ":material/grid_on:", ("rows", "columns", "masks", "seed"))


def draw(state: PageState, view: View) -> None:
    """Controls at the left; the table, one mask and the mean at the right."""
    left, right = beside("fit_dropout")
    with left:
        view.preset_picker(state)
        count = int(str(state.values[view.full("masks")]))
        mask = along(state, view.full("mask"), range(1, count + 1)) or 1
        view.control(state, "p")
        view.control(state, "mode")
        view.settings(state, (MORE,))
        view.changed_from_preset(state)
    config: DropoutConfig = view.config_of(state)
    with right:
        if problem := problem_of(state, view, config):
            st.info(as_text(problem), icon=":material/tune:")
            return
        outcome = computed(experiment.masks, config.computed(), doing="Drawing masks …")
        _pictures(outcome, min(mask, config.masks))


def _pictures(outcome: Masks, mask: int) -> None:
    before, after = st.columns(2)
    with before:
        st.markdown("**What goes in**")
        plot(charts.table(outcome), "fit_dropout_chart_table", "The table before dropout")
    with after:
        st.markdown(f"**Under mask {mask}**")
        plot(charts.table(outcome, mask), "fit_dropout_chart_mask", f"The table under mask {mask}")
    rest()
    st.markdown(as_text(words.mask_words(outcome, mask)))
    st.header("The mean over the masks", anchor=False)
    st.markdown(as_text(words.mean_words(outcome)))
    plot(charts.mean_table(outcome), "fit_dropout_chart_mean", "The mean over all masks")
    if outcome.scale != 1:
        plot(charts.convergence(outcome), "fit_dropout_chart_distance", "Distance of the mean from the table")
    st.caption("After Srivastava et al. 2014.")
    csv_download("Masks as CSV", lambda: _rows(outcome), "dropout.csv", "fit_dropout_csv")


def _rows(outcome: Masks) -> list[dict[str, float]]:
    return [
        {"mask": mask, "row": row + 1, "column": column + 1, "before": float(before), "after": float(after)}
        for mask, table in enumerate(outcome.outputs, 1)
        for row, (line, changed) in enumerate(zip(outcome.values, table, strict=True))
        for column, (before, after) in enumerate(zip(line, changed, strict=True))
    ]


VIEW = View(
    name="dropout",
    title="Dropout",
    icon=":material/blur_on:",
    lead=LEAD,
    config=DropoutConfig,
    presets=MASKS,
    draw=draw,
)
