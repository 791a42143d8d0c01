"""The view *A series*: a noisy sine, predicted from its last values."""

import streamlit as st

from dashlab.charts.fitting import series as charts
from dashlab.experiments.fitting import series as experiment
from dashlab.experiments.fitting import words
from dashlab.experiments.fitting.presets import SERIES
from dashlab.experiments.fitting.series import Forecast
from dashlab.experiments.fitting.settings import SeriesConfig
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
    "From its last τ values the next value of a noisy sine is predicted; from predictions, the one after it, "
    "and so on. One step ahead nearly everything looks good. Look k steps ahead, and see with how few and "
    "how many values τ it fails."
)
TAUS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
AHEAD = (1, 2, 4, 8, 16, 32, 64, 128)
GROUPS = (
    Group("Series", ":material/waves:", ("period", "length", "train_count", "seed")),
    Group("Network", ":material/hub:", ("hidden", "steps", "lr")),
)


def draw(state: PageState, view: View) -> None:
    """Controls at the left; the series, errors over τ and over the steps ahead at the right."""
    left, right = beside("fit_series")
    with left:
        view.preset_picker(state)
        slider(state, view, "tau", TAUS)
        slider(state, view, "ahead", AHEAD)
        for name in ("model", "noise", "free_running"):
            view.control(state, name)
        is_mlp = state.values[view.full("model")] == "mlp"
        view.settings(state, GROUPS if is_mlp else GROUPS[:1])
        view.changed_from_preset(state)
    config: SeriesConfig = view.config_of(state)
    with right:
        if problem := problem_of(state, view, config):
            st.info(as_text(problem), icon=":material/tune:")
            return
        config = config.without_unused()
        outcome = computed(experiment.forecast, config.computed(), doing="Predicting …")
        linear = config.computed().change(model="linear").without_unused()
        rows = computed(experiment.over_tau, linear, doing="Trying every τ …")
        _pictures(config, outcome, rows)


def _pictures(config: SeriesConfig, outcome: Forecast, rows: tuple[experiment.TauRow, ...]) -> None:
    plot(
        charts.predictions(outcome, free_running=config.free_running),
        "fit_series_chart",
        "The series and its predictions",
    )
    plot(charts.over_tau(rows, config.tau, config.ahead), "fit_series_chart_tau", "Errors over τ")
    rest()
    st.markdown(as_text(words.ahead_words(outcome)))
    st.markdown(as_text(words.tau_words(rows, config)))
    plot(charts.over_ahead(outcome), "fit_series_chart_ahead", "Error over the steps ahead")
    with st.expander("Numbers behind the pictures", icon=":material/table:"):
        table = [
            {
                "tau": row.tau,
                "training": row.training,
                "one_step": row.one_step,
                f"{config.ahead}_steps": row.k_step,
            }
            for row in rows
        ]
        st.dataframe(table, hide_index=True, alt="Errors of linear models over τ")
        csv_download("Errors as CSV", lambda: table, "series-errors.csv", "fit_series_csv")
        csv_download("Predictions as CSV", lambda: _rows(outcome), "series.csv", "fit_series_values_csv")


def _rows(outcome: Forecast) -> list[dict[str, float]]:
    columns = {
        "value": outcome.values,
        "without_noise": outcome.clean,
        "one_step": outcome.one_step,
        "k_steps": outcome.k_step,
        "on_its_own": outcome.free,
    }
    return [
        {"t": t + 1, **{name: float(column[t]) for name, column in columns.items()}}
        for t in range(len(outcome.values))
    ]


VIEW = View(
    name="series",
    title="A series",
    icon=":material/waves:",
    lead=LEAD,
    config=SeriesConfig,
    presets=SERIES,
    draw=draw,
)
