"""The view *Beyond the points*: the error falls, peaks and falls again."""

import streamlit as st

from dashlab.charts.fitting import features as charts
from dashlab.experiments.fitting import features as experiment
from dashlab.experiments.fitting import words
from dashlab.experiments.fitting.features import Interpolation
from dashlab.experiments.fitting.presets import FEATURES
from dashlab.experiments.fitting.settings import FeaturesConfig
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
    "A network whose first layer is random has p features; only the weights above them are fitted. With as "
    "many features as points the error is at its highest. With far more it falls again: of all fits that "
    "pass through every point, the one with the smallest weights is taken. Ridge removes the peak."
)
MORE = Group("Data", ":material/scatter_plot:", ("inputs", "teacher", "points", "most", "seeds", "seed"))


def draw(state: PageState, view: View) -> None:
    """Controls at the left; error over the features, and one fit, at the right."""
    left, right = beside("fit_features")
    with left:
        view.preset_picker(state)
        spot = st.container()
        for name in ("ridge", "noise"):
            view.control(state, name)
        view.settings(state, (MORE,))
        view.changed_from_preset(state)
    config: FeaturesConfig = view.config_of(state)
    with right:
        if problem := problem_of(state, view, config):
            st.info(as_text(problem), icon=":material/tune:")
            return
        with spot:
            at = slider(state, view, "at", experiment.counts_of(config))
        fits = computed(experiment.interpolate, config.computed(), doing="Fitting random features …")
        _pictures(config, fits, fits.nearest(at))


def _pictures(config: FeaturesConfig, fits: Interpolation, at: int) -> None:
    plot(
        charts.over_features(fits, at, config.ridge),
        "fit_features_chart",
        "Error over the number of random features",
    )
    plot(
        charts.along(fits, at, config.ridge),
        "fit_features_chart_fit",
        f"The fit with {fits.counts[at]} features",
    )
    rest()
    st.markdown(as_text(words.peak_words(fits, config)))
    plot(charts.norms(fits, at, config.ridge), "fit_features_chart_norms", "Norm of the fitted weights")
    st.caption("After Belkin et al. 2019 and Hastie et al. 2022.")
    with st.expander("Numbers behind the pictures", icon=":material/table:"):
        rows = _rows(fits)
        st.dataframe(rows, hide_index=True, height=300, alt="Errors for every number of features")
        csv_download("Every fit as CSV", lambda: rows, "fitting-features.csv", "fit_features_csv")


def _rows(fits: Interpolation) -> list[dict[str, float]]:
    return [
        {
            "features": count,
            "error": float(fits.errors[place]),
            "error_with_ridge": float(fits.errors_ridge[place]),
            "training": float(fits.training[place]),
            "norm": float(fits.norms[place]),
            "norm_with_ridge": float(fits.norms_ridge[place]),
        }
        for place, count in enumerate(fits.counts)
    ]


VIEW = View(
    name="features",
    title="Beyond the points",
    icon=":material/ssid_chart:",
    lead=LEAD,
    config=FeaturesConfig,
    presets=FEATURES,
    draw=draw,
)
