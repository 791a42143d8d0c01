"""The view *Every number of a step*: forward, backward and update of a network small enough to be read."""

from functools import partial
from typing import Any

import streamlit as st

from dashlab.charts.descent import graph as charts
from dashlab.charts.style import CONFIG
from dashlab.errors import ConfigError
from dashlab.experiments.descent import backprop, backprop_words
from dashlab.experiments.descent.backprop import StepNumbers
from dashlab.experiments.descent.backprop_settings import BackpropConfig, text_of_numbers
from dashlab.experiments.descent.presets import BACKPROP
from ui.frame.views import View
from ui.parts.controls import answered, clicked
from ui.parts.layout import beside, rest
from ui.parts.sliders import along
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text

LEAD = (
    "Every number of one step of gradient descent. Press **Play**: values go forward, from the loss the δ "
    "come back, and every weight takes its step. **Click a unit or a line** to see its part of the chain "
    "rule with the numbers put in."
)
NETWORK = ("hidden", "inputs", "outputs", "activation", "loss", "output", "batch", "seed")


def draw(state: PageState, view: View) -> None:
    """Controls at the left; the graph and what is said of the part that is chosen at the right."""
    left, right = beside("descent_backprop")
    with left:
        view.preset_picker(state)
        spot, choice, value = st.container(), st.container(), st.container()
        _steps(state, view)
        view.control(state, "lr")
        with st.expander("Network and batch", icon=":material/hub:"):
            for name in NETWORK:
                view.control(state, name)
    config: BackpropConfig = view.config_of(state).without_unused()
    with right:
        try:
            step = backprop.take(config)
        except ConfigError as error:
            st.info(as_text(str(error)), icon=":material/tune:")
            step = None
    if step is not None:
        with spot:
            phase = along(state, view.full("phase"), range(config.phases + 1)) or 0
            example = along(state, view.full("example"), range(1, config.batch + 1)) or 1
        with choice:
            chosen = _choose(state, view, config)
        with value:
            _value(state, view, config, step, chosen)
        with right:
            _pictures(state, view, step, (phase, example), chosen)
    with left:
        view.changed_from_preset(state)


def _steps(state: PageState, view: View) -> None:
    """Take a step for good, or go back to the first."""
    name = view.full("taken")
    taken, spec = int(str(state.values[name])), state.specs[name]
    with st.container(horizontal=True):
        st.button(
            "Take the step",
            key="descent_backprop_take",
            icon=":material/skip_next:",
            help="The weights go on to where the update leads, and the next step begins.",
            disabled=taken >= spec.high,
            on_click=state.put,
            args=({name: taken + 1},),
        )
        if taken:
            st.button(
                "To the first",
                key="descent_backprop_first",
                icon=":material/first_page:",
                on_click=state.put,
                args=({name: 0},),
            )
    if taken:
        st.caption(f"Steps taken: {taken}.")


def _choose(state: PageState, view: View, config: BackpropConfig) -> str:
    """A menu of all units, weights and biases: what a click in the picture chooses, by keyboard."""
    name = view.full("chosen")
    names = [*config.units(), *config.parameters()]
    chosen = str(state.values[name]) if state.values[name] in names else "w1.1.1"
    key = f"{state.prefix}_{name}_menu"
    st.session_state[key] = chosen

    def take(picked: str) -> None:
        state.values[name] = picked

    st.selectbox(
        state.specs[name].label,
        names,
        format_func=partial(backprop_words.title_of, config),
        key=key,
        help=state.specs[name].help,
        on_change=answered(key, take),
    )
    return chosen


def _value(state: PageState, view: View, config: BackpropConfig, step: StepNumbers, chosen: str) -> None:
    """Put a number in by hand: of a weight or bias, or of an input."""
    name, hand = view.full("by_hand"), config.hand()
    by_name = f"x{config.example}.{chosen[3:]}" if chosen.startswith("a0.") else chosen
    if by_name[0] != "a":
        key = f"descent_backprop_hand_{by_name.replace('.', '_')}"
        st.session_state[key] = _at_first(backprop.begin(config), by_name)

        def put(value: float | None) -> None:
            if value is not None:
                state.values[name] = text_of_numbers(hand | {by_name: value})

        st.number_input(
            f"{by_name} before the first step",
            -100.0,
            100.0,
            step=0.1,
            format="%.4g",
            key=key,
            help="Put another number in, and see how the loss answers.",
            on_change=answered(key, put),
        )
    if hand:
        st.button(
            "Take out the numbers by hand",
            key="descent_backprop_clear",
            icon=":material/undo:",
            type="tertiary",
            on_click=state.put,
            args=({name: ""},),
        )
    drawn = backprop.take(config.change(by_hand="")).loss if hand else None
    following = backprop.one_step(config, backprop.after(step)).loss
    st.markdown(as_text(backprop_words.loss_words(step, following, drawn)).replace("\\*\\*", "**"))


def _at_first(first: backprop.Start, name: str) -> float:
    if name[0] == "x":
        example, place = (int(part) - 1 for part in name[1:].split("."))
        return float(first.x[example, place])
    layer, *place_in = (int(part) - 1 for part in name[1:].split("."))
    arrays = first.weights if name[0] == "w" else first.biases
    return float(arrays[layer][tuple(place_in)])


def _take_click(state: PageState, view: View, point: Any) -> None:
    name = point.get("customdata")
    name = name[0] if isinstance(name, list | tuple) else name
    if name:
        state.put({view.full("chosen"): str(name)})


def _pictures(state: PageState, view: View, step: StepNumbers, at: tuple[int, int], chosen: str) -> None:
    (phase, example), config = at, step.config
    key = "descent_backprop_chart"
    st.plotly_chart(
        charts.graph(step, example, phase, chosen, revision=f"{config.computed().key()} {phase} {chosen}"),
        key=key,
        config=CONFIG,
        on_select=clicked(key, partial(_take_click, state, view)),
        selection_mode="points",
        alt=f"The network with the numbers of example {example}",
    )
    rest()
    title = backprop_words.phase_title(config, phase)
    st.markdown(f"**{title}.** {as_text(backprop_words.phase_words(step, phase))}")
    _chain(step, example, phase, chosen)
    _checks(step)
    with st.expander("The matrices, with their shapes", icon=":material/grid_on:"):
        for tex in backprop_words.matrices(step, phase):
            st.latex(tex)


def _chain(step: StepNumbers, example: int, phase: int, chosen: str) -> None:
    st.header(f"The chain rule for {chosen}", anchor=False)
    known = backprop_words.formulas(step, chosen, example, phase)
    for tex in known:
        st.latex(tex)
    whole = backprop_words.formulas(step, chosen, example, step.config.phases)
    if len(known) < len(whole):
        st.caption("The rest comes when the step has gone farther: move on to see it.")
    layer, unit = (int(part) for part in chosen[1:].split(".")[:2])
    if layer and phase >= backprop_words.backward_at(step.config, layer):
        ways = list(backprop.paths(step, layer, unit, example))
        st.markdown(as_text(backprop_words.paths_words(ways, f"z{layer}.{unit}")))
        if len(ways) > 1:
            with st.expander("The paths, one by one", icon=":material/route:"):
                st.markdown("\n".join(f"- {as_text(line)}" for line in backprop_words.path_lines(ways)))


def _checks(step: StepNumbers) -> None:
    checked = backprop.checks(step)
    st.header("Checked", anchor=False)
    st.markdown(as_text(backprop_words.check_words(checked)))
    rows = backprop_words.check_rows(checked)
    numbers = {name: st.column_config.NumberColumn(format="%.6f") for name in rows[0] if name != "name"}
    st.dataframe(rows, hide_index=True, height=300, column_config=numbers, alt="Every derivative, three ways")
    csv_download("Every derivative as CSV", lambda: rows, "backpropagation.csv", "descent_backprop_csv")


VIEW = View(
    name="backprop",
    title="Every number of a step",
    icon=":material/schema:",
    lead=LEAD,
    config=BackpropConfig,
    draw=draw,
    presets=BACKPROP,
    left_alone=("phase", "example", "chosen"),
)
