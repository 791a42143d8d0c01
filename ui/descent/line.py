"""The view *A line through points*: what is fitted, how, and the descent in three pictures at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from dashlab.charts.descent import line as charts
from dashlab.charts.style import CONFIG
from dashlab.errors import ConfigError
from dashlab.experiments.descent import line, line_words
from dashlab.experiments.descent.line_rows import LineRun, largest_rate
from dashlab.experiments.descent.line_surface import LossGround
from dashlab.experiments.descent.presets import LINES
from dashlab.experiments.descent.settings import LineConfig
from ui.descent import line_details, line_points
from ui.frame.views import View
from ui.parts.computed import computed
from ui.parts.controls import clicked
from ui.parts.layout import beside, rest
from ui.parts.sliders import along
from ui.parts.state import PageState

LEAD = (
    "Gradient descent turns a line until it fits the points: each step goes downhill on the loss. Press "
    "**Play**. Then raise the learning rate past the largest stable one, click the surface for another "
    "start, or click beside the points for one more."
)
FACTORS = {"⅒": 0.1, "0.99 ×": 0.99, "1.01 ×": 1.01}
"""Of the largest stable rate, on buttons."""


def draw(state: PageState, view: View) -> None:
    """Controls beside the picture."""
    left, right = beside("descent_line")
    with left:
        places = _controls(state, view)
    config: LineConfig = view.config_of(state).without_unused()
    with right:
        try:
            run, base = computed(line.picture, config.computed(), doing="Fitting the line …")
        except ConfigError as error:
            st.info(str(error), icon=":material/tune:")
            return
        with places.step:
            step = along(state, view.full("step"), range(run.steps + 1)) or 0
        _picture(state, view, run, base, step)
        rest()
        st.markdown(line_words.ending(config, run))
        line_details.chosen(state, view, config, run, step)
    with places.rate:
        _stable_rate(state, view, config, run)
    with left:
        line_points.editor(state, view, run)
        view.changed_from_preset(state)


@dataclass(frozen=True, slots=True)
class LinePlaces:
    """Places among the controls for what is known only once the line is fitted."""

    rate: Any
    step: Any


def _controls(state: PageState, view: View) -> LinePlaces:
    """What decides the descent."""
    view.preset_picker(state)
    view.control(state, "lr")
    rate = st.container()
    view.control(state, "standardise")
    for name in ("loss", "delta", "batch", "batch_size"):
        view.control(state, name)
    step = st.container()
    with st.expander("Start and end", icon=":material/flag:"):
        for name in ("start", "start_std", "start_w", "start_w2", "start_b"):
            view.control(state, name)
        for name in ("stop", "stop_loss", "every", "epochs", "steps"):
            view.control(state, name)
    with st.expander("Points", icon=":material/scatter_plot:"):
        for name in ("data", "count", "inputs", "slope", "slope2", "intercept", "noise", "seed"):
            view.control(state, name)
    return LinePlaces(rate, step)


def _picture(state: PageState, view: View, run: LineRun, base: LossGround, step: int) -> None:
    key = f"{state.prefix}_{view.name}_map"
    revision = f"{view.config_of(state).computed().key()} {step}"
    st.plotly_chart(
        charts.replay(run, base, charts.contours(base), step, revision=revision),
        key=key,
        config=CONFIG,
        on_select=clicked(key, partial(_take_click, state, view, run)),
        selection_mode="points",
        alt="The points with the fitted line, the loss over its weights with the path of the descent, and "
        "the loss against the step",
    )


def _take_click(state: PageState, view: View, run: LineRun, point: Any) -> None:
    """A click on the surface sets the start; one beside the points makes one more."""
    x, y = float(point["x"]), float(point["y"])
    if point["curve_number"] == charts.NEW_POINT:
        line_points.add(state, view, run, (x, y))
    elif point["curve_number"] == charts.NEW_START:
        other = "start_b" if len(run.names) == 2 else "start_w2"
        state.put({view.full("start"): "chosen", view.full("start_w"): _inside(view, "start_w", x)})
        state.put({view.full(other): _inside(view, other, y)})


def _inside(view: View, name: str, value: float) -> float:
    spec = view.config.spec_of(name)
    return float(spec.clamp(round(value, 4), 0.0))  # type: ignore[arg-type]


def _stable_rate(state: PageState, view: View, config: LineConfig, run: LineRun) -> None:
    """The largest stable rate, said and put on buttons."""
    limit = largest_rate(run.data.hessian)
    st.caption(line_words.rate_words(config, run))
    spec = view.config.spec_of("lr")
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        for place, (label, factor) in enumerate(FACTORS.items()):
            st.button(
                label,
                key=f"{state.prefix}_{view.name}_rate_{place}",
                help=f"Sets α to {factor:g} times the largest stable rate.",
                disabled=not spec.low <= factor * limit <= spec.high,
                on_click=state.put,
                args=({view.full("lr"): float(f"{factor * limit:.6g}")},),
            )
        st.caption("of the largest stable rate")


VIEW = View(
    name="line",
    title="A line through points",
    icon=":material/show_chart:",
    lead=LEAD,
    config=LineConfig,
    draw=draw,
    presets=LINES,
    left_alone=("detail", "step"),
)
