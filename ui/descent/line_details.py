"""Below the replay of a line: learned values, learning rates, how steep and flat it is, one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import streamlit as st

from dashlab.charts.descent import fit as fit_charts
from dashlab.charts.descent import rates as charts
from dashlab.experiments.descent import line_losses, line_rates, line_words
from dashlab.experiments.descent.line_rows import LineRun, condition, curvatures
from dashlab.experiments.descent.settings import DETAILS, LOSSES, MULTIPLES, LineConfig
from ui.frame.views import View
from ui.parts.computed import computed
from ui.parts.controls import one_of
from ui.parts.plots import plot
from ui.parts.state import PageState
from ui.parts.tables import csv_download

MOST_EPOCHS = 50
"""A table after each epoch has no more rows than this."""


def chosen(state: PageState, view: View, config: LineConfig, run: LineRun, step: int) -> None:
    """Learned values; the switch between the details, and the one that is chosen."""
    _learned(run)
    name = one_of(state, view.full("detail"), DETAILS, label="Look at")
    _DETAILS[name](state, view, config, run, step)
    csv_download(
        "Every step as CSV", lambda: line_words.step_rows(run), "descent.csv", "descent_line_steps_csv"
    )


def _learned(run: LineRun) -> None:
    """Learned, least-squares and true values; after each epoch where there are few."""
    number = st.column_config.NumberColumn(format="%.5g")
    rows = list(line_words.learned_rows(run))
    st.dataframe(
        rows,
        hide_index=True,
        column_config={name: number for name in rows[0] if name != "Weight"},
        alt="Learned, least-squares and true weights",
    )
    st.caption(
        "Least squares is the closed form: the weights with the least squared loss, from "
        "`torch.linalg.lstsq` in one step. All values are for x as it was drawn."
    )
    if run.per_epoch > 1 and 0 < run.epochs <= MOST_EPOCHS:
        st.markdown("**After each epoch**")
        table = list(line_words.epoch_rows(run))
        st.dataframe(
            table,
            hide_index=True,
            column_config={name: number for name in table[0] if name != "Epoch"},
            alt="Weights and loss after each epoch",
        )
        csv_download("Epochs as CSV", lambda: table, "epochs.csv", "descent_line_epochs_csv")


def _rates(_state: PageState, _view: View, config: LineConfig, run: LineRun, _step: int) -> None:
    """A tenth of the largest stable rate, just below it, at it and above it."""
    runs = computed(line_rates.compare, config.computed(), doing="Trying other learning rates …")
    named = [
        (f"{title}: {times * runs.limit:.3g}", losses)
        for (title, times), losses in zip(MULTIPLES.items(), runs.losses, strict=True)
    ]
    plot(
        charts.losses(named, (f"yours: {config.lr:.3g}", runs.own), runs.lowest),
        "descent_line_rates",
        "The loss against the step with several learning rates",
    )
    st.markdown(line_words.compared(config, runs))
    plot(
        charts.factors(curvatures(run.data.hessian), config.lr),
        "descent_line_factors",
        "By what a step multiplies the error along the steepest and the flattest direction",
    )
    if config.data != "own" and config.loss != "absolute" and config.batch == "full":
        kept = {name: getattr(config, name) for name in ("data", "count", "inputs", "standardise")}
        recipe = LineConfig(**kept).without_unused()
        limits = computed(line_rates.limits, recipe, doing="Drawing other data sets …")
        st.markdown(line_words.unstable_words(config, limits))


def _round(_state: PageState, _view: View, config: LineConfig, run: LineRun, _step: int) -> None:
    """The ellipses before and after the inputs are standardised."""
    before, after = run.data.raw_hessian, line_words.standard_hessian(run)
    pair = [0, 1]
    figure = charts.ellipses(
        before[np.ix_(pair, pair)],
        after[np.ix_(pair, pair)],
        (
            f"as drawn: λmax/λmin {condition(before):.3g}",
            f"standardised: λmax/λmin {condition(after):.3g}",
        ),
        (run.names[0], run.names[1]),
    )
    plot(figure, "descent_line_ellipses", "Level lines of the squared loss before and after standardising")
    st.markdown(line_words.conditioning_words(config, run))
    st.caption("Level lines of the squared loss around its lowest point, both axes to one scale.")


def _losses(_state: PageState, _view: View, config: LineConfig, _run: LineRun, _step: int) -> None:
    """Where the same descent ends on each of the three losses."""
    data, each = computed(line_losses.side_by_side, config.computed(), doing="Trying the other losses …")
    names = [LOSSES[one.loss] for one in each]
    plot(
        fit_charts.three(data, dict(zip(names, (one.weights for one in each), strict=True))),
        "descent_line_losses",
        "The fits of the three losses over the points",
    )
    rows = list(line_words.loss_rows(data, each))
    number = st.column_config.NumberColumn(format="%.4g")
    st.dataframe(
        rows,
        hide_index=True,
        column_config={name: number for name in rows[0] if name != "Loss"},
        alt="Weights and errors under each loss",
    )
    st.caption(line_words.LOSSES_COMPARED)


def _step(_state: PageState, _view: View, config: LineConfig, run: LineRun, step: int) -> None:
    """One step with every number put in; the picture above stands at it too."""
    st.latex(rf"\small {line_words.formula(config)}")
    st.markdown(line_words.step_table(config, run, step))
    st.caption(line_words.step_caption(config, run))


_DETAILS: Mapping[str, Callable[[PageState, View, LineConfig, LineRun, int], None]] = {
    "rates": _rates,
    "round": _round,
    "losses": _losses,
    "step": _step,
}
