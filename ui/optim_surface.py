"""The view *On a surface*: racers, their tracks over the contours, and what happened inside of them."""

from __future__ import annotations

import streamlit as st

from dashlab.experiments.race import RaceConfig
from ui.state import PageState
from ui.views import View, ViewPreset

LEAD = (
    "Every racer is a real `torch.optim` object on the same surface, from the same start. Press play and "
    "watch who crosses the valley and who follows it; then click another start, or change one coefficient."
)


def draw(state: PageState, view: View) -> None:
    """Controls beside the picture."""
    left, right = st.columns([3, 7], gap="medium")
    with left:
        view.preset_picker(state)
        view.control(state, "surface")
        view.control(state, "steps")
    config = view.config_of(state)
    with right:
        st.write(config.surface)


VIEW = View(
    name="surface",
    title="On a surface",
    icon=":material/terrain:",
    lead=LEAD,
    config=RaceConfig,
    draw=draw,
    presets={"ravine": ViewPreset("Ravine", "Momentum against plain SGD.", RaceConfig())},
)
