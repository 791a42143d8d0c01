"""Trainer: choose, train, watch, and look at the mistakes."""

import streamlit as st

from ui import training
from ui.page import open_page

LEAD = (
    "Choose a preset or set everything yourself, then train. Watch how fast the loss falls and where it "
    "levels off, then look at the pictures that the network still gets wrong."
)

with open_page("trainer", LEAD):
    controls, stage = st.columns([3, 7], gap="medium")
    with controls:
        config, bar = training.settings()
    with stage:
        training.stage(config, bar)
