"""The view *A line through points*: what is fitted, how, and the descent in three pictures at once."""

from __future__ import annotations

import streamlit as st

from dashlab.charts.descent import line as charts
from dashlab.errors import ConfigError
from dashlab.experiments.descent import line
from dashlab.experiments.descent.presets import LINES
from dashlab.experiments.descent.settings import LineConfig
from ui.frame.views import View
from ui.parts.computed import computed
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.state import PageState

LEAD = (
    "Gradient descent turns a line until it fits the points. Each step goes downhill on the loss; its length "
    "is the learning rate times the slope. Press **Play**, then raise the learning rate past the largest "
    "stable one."
)


def draw(state: PageState, view: View) -> None:
    """Controls beside the picture."""
    left, right = beside("descent_line")
    with left:
        view.preset_picker(state)
        for name in LineConfig.specs():
            view.control(state, name)
        view.changed_from_preset(state)
    config: LineConfig = view.config_of(state)
    with right:
        try:
            run, _ground = computed(line.picture, config.computed(), doing="Fitting the line …")
        except ConfigError as error:
            st.info(str(error), icon=":material/tune:")
            return
        plot(charts.losses(run), "descent_line_losses", "The loss against the step")
        rest()


VIEW = View(
    name="line",
    title="A line through points",
    icon=":material/show_chart:",
    lead=LEAD,
    config=LineConfig,
    draw=draw,
    presets=LINES,
)
