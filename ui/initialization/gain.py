"""The view *Gain of an activation*: measured on samples, beside `calculate_gain`."""

from collections.abc import Sequence

import streamlit as st

from dashlab.charts.initialization import gain as charts
from dashlab.charts.initialization.gain import GainCurve
from dashlab.experiments.initialization import gain as experiment
from dashlab.experiments.initialization.gain import Followed, Gain, Measured
from dashlab.experiments.initialization.presets import GAINS
from dashlab.experiments.initialization.settings import ACTIVATIONS, GainConfig
from ui.frame.views import View
from ui.initialization.settings import folded
from ui.parts.computed import computed
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text

LEAD = (
    "An activation makes a signal narrower or wider; its gain is the factor that makes up for it. Look at "
    "where the bars, measured on samples, differ from the marks, which are PyTorch's table, and at how much "
    "the gain depends on the spread of what comes in."
)


def draw(state: PageState, view: View) -> None:
    """Settings beside the pictures."""
    left, right = beside("init_gain")
    with left:
        view.preset_picker(state)
        view.control(state, "activation")
        view.control(state, "std")
        folded(state, view, "Samples", ":material/casino:", ("samples", "slope", "seed"))
        view.changed_from_preset(state)
    with right:
        config: GainConfig = view.config_of(state).check()
        measured = computed(experiment.measure, config, doing="Measuring the gains …")
        gains = measured.gains
        chosen = next(one for one in gains if one.activation == config.activation)
        plot(
            charts.beside(
                [ACTIVATIONS[one.activation] for one in gains],
                [one.gain for one in gains],
                [one.calculated for one in gains],
            ),
            "init_chart_gains",
            "Measured gain of each activation as bars, calculate_gain as marks",
        )
        rest()
        _metrics(chosen)
        if sentence := unmarked(gains):
            st.caption(sentence)
        st.markdown(explained(chosen, config))
        _before_and_after(config, measured)
        _against_spread(config, measured.followed)
        _table(gains)


def _metrics(chosen: Gain) -> None:
    name = as_text(ACTIVATIONS[chosen.activation])
    known = "not known" if chosen.calculated is None else f"{chosen.calculated:.4f}"
    with st.container(horizontal=True, gap="large"):
        st.metric(f"Measured, {name}", f"{chosen.gain:.4f}", help="std before / std after.", width="content")
        st.metric(
            "By an integral", f"{chosen.exact:.4f}", help="As of infinitely many samples.", width="content"
        )
        st.metric(
            "calculate_gain", known, help="torch.nn.init.calculate_gain of this activation.", width="content"
        )
        st.metric(
            "By mean square",
            f"{chosen.gain_rms:.4f}",
            help="√(mean square before / mean square after).",
            width="content",
        )


EXPLAINED = {
    "none": "Without an activation nothing is lost: the gain is 1.",
    "sigmoid": "The sigmoid's slope is at most 1/4, so that it narrows the signal at least fourfold, and it "
    "adds a mean of 1/2. calculate_gain's 1 makes up for none of it.",
    "tanh": "Over many layers PyTorch's 5/3 settles at a spread of 0.65, for which it is just the gain that "
    "keeps it.",
    "relu": "√2 is the gain of the *mean square*: half of it is cut off. The std shrinks more, because "
    "ReLU's outputs have a mean above 0; the next layer's sums feel the mean square.",
    "leaky_relu": "√(2 / (1 + slope²)) is the gain of the *mean square*, as for ReLU.",
    "gelu": "GELU is newer than the table. This page takes ReLU's √2 where an "
    "initializer asks for the gain; by mean square it would be 1.53 on N(0, 1).",
    "selu": "SELU's constants are made so that N(0, 1) stays at mean 0 and std 1: gain 1. calculate_gain's "
    "3/4 gives that up for steadier gradients.",
}


def explained(chosen: Gain, config: GainConfig) -> str:
    """What is measured beside PyTorch's number, in words, and why."""
    why = EXPLAINED[chosen.activation]
    if chosen.activation != "tanh" or chosen.calculated is None:
        return why
    relation = "less" if chosen.gain < chosen.calculated else "more"
    return (
        f"Measured {chosen.gain:.2f} at a spread of {config.std:g}, {relation} than PyTorch's 5/3, which is "
        f"{chosen.calculated:.2f}. {why}"
    )


def unmarked(gains: Sequence[Gain]) -> str:
    """Which activations have no mark, and why; "" if all have one."""
    names = [as_text(ACTIVATIONS[one.activation]) for one in gains if one.calculated is None]
    if not names:
        return ""
    has = "has" if len(names) == 1 else "have"
    return (
        f"{' and '.join(names)} {has} no mark: calculate_gain raises a ValueError, for it knows no such name."
    )


def _before_and_after(config: GainConfig, measured: Measured) -> None:
    both = (measured.before, measured.after)
    before, after = ((found.low, found.high, found.counts) for found in both)
    name = ACTIVATIONS[config.activation]
    plot(
        charts.before_and_after(before, after, name),
        "init_chart_before_after",
        f"Histograms of {config.samples} samples before and after {name}",
    )


def _against_spread(config: GainConfig, followed: Sequence[Followed]) -> None:
    st.markdown(
        "**The gain depends on the spread of what comes in.** Only for functions that are straight on "
        "both sides of 0 (none, ReLU, leaky ReLU) is it one number."
    )
    curves = [GainCurve(ACTIVATIONS[one.activation], one.stds, one.gains) for one in followed]
    plot(
        charts.against_spread(curves, at=config.std),
        "init_chart_gain_spread",
        "Gain of each activation against the spread of its input",
    )


def _table(gains: Sequence[Gain]) -> None:
    rows = [
        {
            "Activation": ACTIVATIONS[one.activation],
            "Std before": one.std_in,
            "Std after": one.std,
            "Mean after": one.mean,
            "Measured gain": one.gain,
            "By an integral": one.exact,
            "By mean square": one.gain_rms,
            "calculate_gain": one.calculated,
        }
        for one in gains
    ]
    shown = {name: st.column_config.NumberColumn(format="%.4f") for name in rows[0] if name != "Activation"}
    st.dataframe(
        rows, hide_index=True, column_config=shown, alt="Gain of each activation, measured and calculated"
    )
    csv_download("Gains as CSV", lambda: rows, "gains.csv", key="init_csv_gains")


VIEW = View(
    name="gain",
    title="Gain of an activation",
    icon=":material/compress:",
    lead=LEAD,
    config=GainConfig,
    presets=GAINS,
    draw=draw,
)
