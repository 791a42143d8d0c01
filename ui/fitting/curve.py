"""The view *A curve*: polynomials on noisy points, and what their expected error is made of."""

import streamlit as st

from dashlab.charts.fitting import curve as charts
from dashlab.experiments.fitting import curve as experiment
from dashlab.experiments.fitting import words
from dashlab.experiments.fitting.curve import CurveSample, ErrorParts
from dashlab.experiments.fitting.presets import CURVES
from dashlab.experiments.fitting.settings import MOST_DEGREE, CurveConfig
from ui.fitting.parts import problem_of, slider
from ui.frame.views import View
from ui.parts.computed import computed
from ui.parts.controls import Group
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text

LEAD = (
    "A polynomial is fitted to noisy points. Move the degree: too low and it cannot bend as the truth does; "
    "too high and it follows the noise. Then press **New sample**: a good fit hardly moves, an overfitted "
    "one is another curve each time."
)
COUNTS = (5, 8, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500)
MORE = Group("Samples", ":material/casino:", ("spacing", "faint", "resamples", "seed"))


def draw(state: PageState, view: View) -> None:
    """Controls at the left; the fit, the error over the degree and its parts at the right."""
    left, right = beside("fit_curve")
    with left:
        view.preset_picker(state)
        slider(state, view, "degree", range(MOST_DEGREE + 1))
        st.button(
            "New sample",
            key="fit_curve_new",
            icon=":material/casino:",
            help="Draws other points from the same truth. The fits of the last samples stay as faint lines.",
            on_click=_next_sample,
            args=(state, view),
        )
        slider(state, view, "points", COUNTS)
        for name in ("noise", "penalty", "strength", "function"):
            view.control(state, name)
        view.settings(state, (MORE,))
        view.changed_from_preset(state)
    config: CurveConfig = view.config_of(state)
    with right:
        if problem := problem_of(state, view, config):
            st.info(as_text(problem), icon=":material/tune:")
            return
        drawn = computed(experiment.sample, config.computed(), doing="Fitting every degree …")
        many = config.computed().reset("seed", "faint")
        parts = computed(experiment.decompose, many, doing="Fitting many samples …")
        _pictures(config, drawn, parts)


def _next_sample(state: PageState, view: View) -> None:
    spec, now = state.specs[view.full("seed")], int(str(state.values[view.full("seed")]))
    state.put({view.full("seed"): now + 1 if now < spec.high else int(spec.low)})


def _pictures(config: CurveConfig, drawn: CurveSample, parts: ErrorParts) -> None:
    degree = config.degree
    plot(charts.fits(drawn, degree), "fit_curve_chart", f"A polynomial of degree {degree} and its points")
    plot(
        charts.over_degree(drawn, parts, degree),
        "fit_curve_chart_degree",
        "Training and validation error over the degree",
    )
    rest()
    st.markdown(as_text(words.verdict_words(parts, degree)))
    st.latex(words.formula(config))
    st.header("What the error is made of", anchor=False)
    st.caption(as_text(words.sum_words(parts, degree)))
    plot(
        charts.stacked(parts, degree),
        "fit_curve_chart_parts",
        "Noise, bias squared and variance over the degree",
    )
    plot(
        charts.mean_and_spread(parts, degree),
        "fit_curve_chart_mean",
        f"Mean and spread of {parts.resamples} fits of degree {degree}",
    )
    plot(
        charts.coefficients(drawn, degree), "fit_curve_chart_coefficients", "The coefficients of this sample"
    )
    with st.expander("Numbers behind the pictures", icon=":material/table:"):
        rows = list(words.curve_rows(parts, drawn))
        st.dataframe(rows, hide_index=True, height=300, alt="Errors of every degree")
        csv_download("Every degree as CSV", lambda: rows, "fitting-curve.csv", "fit_curve_csv")


VIEW = View(
    name="curve",
    title="A curve",
    icon=":material/timeline:",
    lead=LEAD,
    config=CurveConfig,
    presets=CURVES,
    draw=draw,
)
