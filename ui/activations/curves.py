"""The view *Value and slope*: activations over one another, with a point that is moved along them."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from dashlab.charts.activations import curves as charts
from dashlab.charts.style import CONFIG
from dashlab.errors import ConfigError
from dashlab.experiments.activations import cost, shapes, words
from dashlab.experiments.activations.catalogue import offered
from dashlab.experiments.activations.entries import Chosen
from dashlab.experiments.activations.presets import CURVES
from dashlab.experiments.activations.rows import Shape
from dashlab.experiments.activations.settings import CurvesConfig
from dashlab.experiments.activations.written import formula_of
from ui.activations import functions
from ui.frame.views import View
from ui.parts.computed import computed
from ui.parts.controls import clicked, start_argument
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text, show_error

LEAD = (
    "An activation stands between two linear layers; without one, they would be one. Look at the slope: a "
    "gradient on its way back is multiplied by it, so where it is near 0 (shaded for the first activation) "
    "little or nothing is learned. **Click a curve**, or move x."
)


def draw(state: PageState, view: View) -> None:
    """Controls at the left; values, slopes and what is said of them at the right."""
    left, right = beside("act_curves")
    with left:
        view.preset_picker(state)
        _point(state, view)
        functions.mode(state, view)
        functions.editor(state, view)
        with st.expander("What is drawn", icon=":material/tune:"):
            for name in ("reach", "derivative", "seed"):
                view.control(state, name)
        view.changed_from_preset(state)
    config: CurvesConfig = view.config_of(state)
    with right:
        if problem := view.problem(state) or functions.problem_of(config):
            st.info(as_text(problem), icon=":material/tune:")
            return
        drawn = computed(shapes.shapes, config.computed(), doing="Following the curves …")
        _pictures(state, view, config, drawn)
        rest()
        _at_the_point(config)
        _sentences(config, drawn)
        _costs(config)
        csv_download("Curves as CSV", lambda: _rows(drawn), "activations.csv", "act_curves_csv")


def _point(state: PageState, view: View) -> None:
    """Moves x within what is drawn; what a link wished beyond that is shown at the edge."""
    name = view.full("point")
    key, spec = f"{state.prefix}_{name}", state.specs[name]
    reach = float(str(state.values[view.full("reach")]))
    shown = min(max(float(str(state.values[name])), -reach), reach)
    if abs(float(st.session_state.get(key, 0.0))) > reach:
        del st.session_state[key]
    more = start_argument(key, shown)
    chosen = st.slider(spec.label, -reach, reach, step=0.1, format="%g", key=key, help=spec.help, **more)
    if chosen != shown:
        state.values[name] = float(chosen)


def _take_click(state: PageState, view: View, point: Any) -> None:
    state.put({view.full("point"): round(float(point["x"]), 1) + 0.0})


def _pictures(state: PageState, view: View, config: CurvesConfig, drawn: Sequence[Shape]) -> None:
    key = f"{state.prefix}_{view.name}_chart_values"
    reach = config.reach
    point = min(max(config.point, -reach), reach)
    st.plotly_chart(
        charts.values(drawn, point=point),
        key=key,
        config=CONFIG,
        on_select=clicked(key, partial(_take_click, state, view)),
        selection_mode="points",
        alt="Value of each activation over x",
    )
    if config.derivative:
        plot(charts.slopes(drawn, point=point), f"{key}_slopes", "Slope of each activation over x")


def _at_the_point(config: CurvesConfig) -> None:
    point = min(max(config.point, -config.reach), config.reach)
    there = shapes.at_point(config.change(point=point))
    st.markdown(words.point_words(point, there))
    rows = [{"Activation": title, "f(x)": value, "f′(x)": slope} for title, value, slope in there]
    numbers = {name: st.column_config.NumberColumn(format="%.4f") for name in ("f(x)", "f′(x)")}
    st.dataframe(rows, hide_index=True, column_config=numbers, alt="Value and slope at the point")


def _sentences(config: CurvesConfig, drawn: Sequence[Shape]) -> None:
    for curve, shape in zip(config.entries(), drawn, strict=True):
        use = words.use_words(curve.activation, offered(curve.activation).use)
        about = f"{words.zone_words(shape, config.reach)} {words.kink_words(shape)}"
        st.markdown(f"- {as_text(use)}  \n{as_text(about)}{_formula(curve)}")


def _formula(curve: Chosen) -> str:
    """A line with value and slope as formulas."""
    formulas = formula_of(curve)
    return f"  \n`f(x) = {formulas[0]}`  \n`f′(x) = {formulas[1]}`" if formulas else ""


def _costs(config: CurvesConfig) -> None:
    """What a call costs, measured when it is unfolded."""
    with st.expander(
        "What a call costs", icon=":material/timer:", key="act_curves_cost_box", on_change="rerun"
    ) as box:
        if not box.open:
            return
        try:
            measured = computed(cost.costs, config.entries(), doing="Measuring …")
        except ConfigError as error:
            show_error(error)
            return
        plot(charts.costs(measured), "act_curves_chart_cost", "Nanoseconds of a call for each number")
        if len(measured) > 1:
            st.markdown(as_text(words.cost_words(measured, "this server")))


def _rows(drawn: Sequence[Shape]) -> list[dict[str, Any]]:
    return [
        {"activation": shape.title, "x": x, "value": y, "slope": slope}
        for shape in drawn
        for x, y, slope in zip(shape.x, shape.y, shape.slope, strict=True)
    ]


VIEW = View(
    name="curves",
    title="Value and slope",
    icon=":material/show_chart:",
    lead=LEAD,
    config=CurvesConfig,
    presets=CURVES,
    draw=draw,
)
