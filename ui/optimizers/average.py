"""The exponential moving average behind momentum and Adam, on a noisy series."""

from typing import Any

import streamlit as st

from dashlab.charts.optimizers import average as charts
from dashlab.experiments.optimizers import average as experiment
from dashlab.experiments.optimizers.average import Averages
from dashlab.experiments.optimizers.presets import AVERAGES
from dashlab.experiments.optimizers.settings import AverageConfig
from ui.frame.views import View
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.state import PageState
from ui.parts.tables import csv_download

LEAD = (
    "Momentum and Adam do not follow a gradient but its moving average. See how a larger β makes the "
    "average smoother and later, and how an average that starts from 0 is too small in its first steps "
    "until the bias correction mends it."
)

USES = (
    ("SGD with momentum", "momentum", 0.9),
    ("Adam, average of the gradient", "β₁", 0.9),
    ("Adam, average of its square", "β₂", 0.999),
    ("RMSProp, average of the square", "α", 0.99),
    ("BatchNorm, running statistics", "1 − momentum", 0.9),
)


def draw(state: PageState, view: View) -> None:
    """Controls at the left; the series, the weights and the numbers at the right."""
    left, right = beside("optim_ema")
    with left:
        _controls(state, view)
    config: AverageConfig = view.config_of(state).check()
    result, at = _averages(config.computed()), state.nearest(view.full("at"), range(1, config.length + 1))
    with right:
        plot(charts.averages(result, at), "optim_ema_chart_series", "A noisy series and its moving averages")
        rest()
        _facts(config, result, at)
        _weights(config, result, at)
        _tables(result)
        _uses()


def _controls(state: PageState, view: View) -> None:
    view.preset_picker(state)
    view.control(state, "beta")
    st.latex(
        r"\begin{aligned} m_t &= \beta\,m_{t-1} + (1 - \beta)\,g_t \\"
        r"\hat m_t &= m_t / (1 - \beta^t) \end{aligned}"
    )
    view.control(state, "neighbours")
    view.control(state, "at")
    with st.expander("Series", icon=":material/ssid_chart:"):
        for name in ("series", "noise", "length", "seed"):
            view.control(state, name)
    view.changed_from_preset(state)


@st.cache_data(show_spinner=False, max_entries=128)
def _averages(config: AverageConfig) -> Averages:
    return experiment.averages(config)


def _facts(config: AverageConfig, result: Averages, at: int) -> None:
    beta = config.beta
    expected = experiment.noise_factor(beta)
    left = f"{100 * result.noise_left[0] / config.noise:.0f} %" if config.noise else "no noise"
    facts = (
        (
            "Window 1/(1 − β)",
            f"{experiment.window(beta):,.4g} steps",
            "Over about so many values it averages.",
        ),
        ("Delay β/(1 − β)", f"{experiment.lag(beta):,.4g} steps", "Mean age of the values in the average."),
        ("Noise left, measured", left, "Of its standard deviation, over the second half of these steps."),
        ("Noise left, in theory", f"{100 * expected:.0f} %", "√((1 − β)/(1 + β)), in the long run."),
    )
    with st.container(horizontal=True):
        for label, value, help_ in facts:
            st.metric(label, value, help=help_, width="content")
    st.markdown(_step_words(result, beta, at))


def _step_words(result: Averages, beta: float, at: int) -> str:
    share = experiment.sums_of_weights((beta,), at)[-1, 0]
    plain, corrected = result.from_zero[at - 1, 0], result.corrected[at - 1, 0]
    return (
        f"At step {at} the weights of the values so far add up to 1 − β$^{{{at}}}$ = {share:.4f}. The "
        f"average from 0 is **{plain:.3f}**; divided by this sum it is **{corrected:.3f}**, where the series "
        f"without noise stands at {result.clean[at - 1]:.3f}."
    )


def _weights(config: AverageConfig, result: Averages, at: int) -> None:
    plain = experiment.weights(config.beta, at)
    sums = experiment.sums_of_weights((config.beta,), len(result.values))[:, 0]
    left, right = st.columns(2)
    with left:
        plot(
            charts.weights(plain / sums[at - 1], plain, experiment.window(config.beta)),
            "optim_ema_chart_weights",
            "Weights of the values in the average",
        )
        share = experiment.window_share(config.beta, at)
        st.caption(
            f"How much each value counts at that step. Grey: the window, with {share:.0%} of the weight."
        )
    with right:
        plot(charts.corrections(sums, at), "optim_ema_chart_sums", "Sum of the weights at each step")
        st.caption("What the weights add up to. Where it is near 1, there is nothing left to correct.")


def _tables(result: Averages) -> None:
    rows = _rows(result)
    with st.expander("The numbers", icon=":material/table:"):
        st.dataframe(rows, hide_index=True, height=260, alt="The series and its averages")
        csv_download("Series and averages as CSV", lambda: rows, "moving-average.csv", "optim_ema_csv")


def _rows(result: Averages) -> list[dict[str, Any]]:
    return [
        {
            "step": step + 1,
            "value": float(value),
            "without noise": float(result.clean[step]),
            **{
                f"from 0, β={beta:g}": float(result.from_zero[step, k]) for k, beta in enumerate(result.betas)
            },
            **{
                f"corrected, β={beta:g}": float(result.corrected[step, k])
                for k, beta in enumerate(result.betas)
            },
        }
        for step, value in enumerate(result.values)
    ]


def _uses() -> None:
    with st.expander("Where optimizers use it", icon=":material/function:"):
        st.markdown(
            "**Adam** keeps two such averages, of the gradient $g$ and of its square, corrects both, and "
            "steps by their ratio:"
        )
        st.latex(r"w \leftarrow w - \alpha\,\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}")
        st.markdown(
            "**Momentum** in `torch.optim.SGD` leaves out the factor $1 - \\beta$: $v \\leftarrow \\beta v "
            "+ g$. Its velocity is the average from 0 divided by $1 - \\beta$, so in a steady slope its "
            "steps grow to $1/(1 - \\beta)$ times the plain ones: ten times at 0.9. It needs no correction, "
            "for too small a first step does no harm."
        )
        st.dataframe(
            [
                {
                    "Where": where,
                    "Called": called,
                    "Usual β": beta,
                    "Window in steps": experiment.window(beta),
                    "Half-life in steps": experiment.half_life(beta),
                    "Noise left in %": 100 * experiment.noise_factor(beta),
                }
                for where, called, beta in USES
            ],
            hide_index=True,
            column_config={
                "Window in steps": st.column_config.NumberColumn(format="%.0f"),
                "Half-life in steps": st.column_config.NumberColumn(
                    format="%.0f", help="After so long a value counts half as much as a new one."
                ),
                "Noise left in %": st.column_config.NumberColumn(format="%.1f"),
            },
            alt="Moving averages in optimizers",
        )
        st.caption("Kingma and Ba 2015, Adam: A Method for Stochastic Optimization, section 3.")


VIEW = View(
    name="ema",
    title="Moving average",
    icon=":material/ssid_chart:",
    lead=LEAD,
    config=AverageConfig,
    draw=draw,
    presets=AVERAGES,
)
