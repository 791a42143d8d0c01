"""The view *Softmax*: numbers become probabilities, sharper or flatter with the temperature."""

import streamlit as st

from dashlab.charts.activations import softmax as charts
from dashlab.experiments.activations import softmax as experiment
from dashlab.experiments.activations import words
from dashlab.experiments.activations.presets import SOFTMAX
from dashlab.experiments.activations.settings import SoftmaxConfig
from dashlab.experiments.activations.table import SOFTMAX as USE
from ui.frame.views import View
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text

LEAD = (
    "Softmax alone looks at all numbers at once: it makes probabilities of them, which add up to 1. Raise "
    "one number and see all others fall. Then lower the temperature until one takes all."
)


def draw(state: PageState, view: View) -> None:
    """Sliders at the left; probabilities, temperature and slopes at the right."""
    left, right = beside("act_softmax")
    with left:
        view.preset_picker(state)
        for name in ("temperature", "first", "second", "third", "fourth"):
            view.control(state, name)
        view.changed_from_preset(state)
    config: SoftmaxConfig = view.config_of(state).check()
    answer = experiment.softmax(config)
    with right:
        plot(charts.probabilities(answer), "act_softmax_chart", "Probability of each number")
        plot(
            charts.over_temperature(answer, config.temperature),
            "act_softmax_chart_temperature",
            "Probabilities over the temperature",
        )
        rest()
        st.latex(r"p_i = \frac{e^{z_i / T}}{\sum_j e^{z_j / T}}")
        st.markdown(
            as_text(words.softmax_words(config.temperature, answer.probabilities.tolist(), answer.effective))
        )
        st.markdown("**Slopes** ∂p/∂z: how much each probability answers to each number.")
        plot(charts.slopes(answer), "act_softmax_chart_slopes", "Slope of each probability by each number")
        st.caption(as_text(words.use_words("Softmax", USE)))
        csv_download("Probabilities as CSV", lambda: _rows(answer), "softmax.csv", "act_softmax_csv")


def _rows(answer: experiment.Softmax) -> list[dict[str, float]]:
    """One row for each temperature, with the probabilities at it."""
    return [
        {"temperature": temperature, **{f"p{place}": p for place, p in enumerate(row, 1)}}
        for temperature, row in zip(
            answer.temperatures.tolist(), answer.over_temperature.tolist(), strict=True
        )
    ]


VIEW = View(
    name="softmax",
    title="Softmax",
    icon=":material/bar_chart:",
    lead=LEAD,
    config=SoftmaxConfig,
    presets=SOFTMAX,
    draw=draw,
)
