"""Home: what there is, where to start, and what was trained before."""

import streamlit as st

from ui.frame import home
from ui.frame.page import open_page

LEAD = (
    "A laboratory for learning how neural networks train. Every control drives **real PyTorch on real "
    "pictures**, on this machine: nothing is a video or an answer computed before."
)

with open_page("home", LEAD):
    home.start()
    home.pages()
    left, right = st.columns(2, gap="large")
    with left:
        home.data_sets()
    with right:
        home.recent_runs()
