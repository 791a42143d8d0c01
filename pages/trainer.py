"""Trainer: choose, train, watch, and look at the mistakes."""

import streamlit as st

from ui import training
from ui.page import open_page

with open_page("trainer", "Choose a preset or set everything yourself, then train."):
    left, right = st.columns([1, 2], gap="large")
    with left:
        config = training.controls()
    with right:
        st.write(config)
