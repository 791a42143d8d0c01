"""The view *One layer*: a real layer of torch on a picture, and how its pixels are linked."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from dashlab.charts.convolution import layer as charts
from dashlab.charts.style import CONFIG
from dashlab.errors import DashlabError
from dashlab.experiments.convolution import code, one_layer, words
from dashlab.experiments.convolution.presets import ONE_LAYER
from dashlab.experiments.convolution.rows import LayerOutcome, Linked
from dashlab.experiments.convolution.settings import LayerConfig
from ui.frame.views import View
from ui.parts.computed import computed
from ui.parts.controls import Group, clicked
from ui.parts.layout import beside, rest
from ui.parts.sliders import along
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text, show_error

LEAD = (
    "A layer slides a window over a picture. **Click a pixel of the output**: the window that it comes from "
    "is drawn into the picture, and its sum stands below. Click a pixel of the picture, and see which "
    "outputs it feeds."
)
MORE = Group(
    "More of the layer",
    ":material/tune:",
    ("padding_mode", "groups", "output_padding", "ceil_mode", "count_include_pad", "divisor_override", "bias",
     "seed"),
)  # fmt: skip
WHOLE = ("kernel", "output_size", "stride", "padding", "dilation")
"""Whole numbers that are tried one after the other."""
PICTURE = Group("Picture", ":material/image:", ("source", "item", "side", "colour"))


def draw(state: PageState, view: View) -> None:
    """Controls at the left; picture, output and their links at the right."""
    left, right = beside("conv_layer")
    with left:
        view.preset_picker(state)
        view.control(state, "layer")
        for name in ("weights", "own"):
            view.control(state, name)
        for name in WHOLE:
            _slider(state, view, name)
        spot = st.container()
        view.settings(state, (MORE, PICTURE))
        view.changed_from_preset(state)
    config: LayerConfig = view.config_of(state).without_unused()
    with right:
        if problem := view.problem(state):
            st.info(as_text(problem), icon=":material/tune:")
            return
        try:
            config.check()
            outcome = computed(one_layer.outcome, config.computed(), doing="Sliding …")
            config = _placed(state, view, config, outcome, spot)
            link = computed(one_layer.linked, config, doing="Following a pixel …")
        except DashlabError as error:
            show_error(error)
            return
        _pictures(state, view, config, outcome, link)


def _slider(state: PageState, view: View, name: str) -> None:
    spec = view.config.spec_of(name)
    if view.config_of(state).is_used(name):
        along(state, view.full(name), range(int(spec.low), int(spec.high) + 1))


def _placed(
    state: PageState, view: View, config: LayerConfig, outcome: LayerOutcome, spot: Any
) -> LayerConfig:
    """The config with the pixel that is looked at, which ends where the picture or the output does."""
    with spot:
        looks = str(view.control(state, "looks"))
        shape = outcome.output.shape if looks == "output" else outcome.picture.shape
        row = along(state, view.full("row"), range(shape[1])) or 0
        column = along(state, view.full("column"), range(shape[2])) or 0
    return config.change(looks=looks, row=row, column=column)


def _take_click(state: PageState, view: View, point: Any) -> None:
    looks = charts.CLICKS.get(point["curve_number"])
    if looks is not None:
        state.put({view.full("looks"): looks})
        state.put({view.full("row"): round(float(point["y"])), view.full("column"): round(float(point["x"]))})


def _pictures(state: PageState, view: View, config: LayerConfig, outcome: LayerOutcome, link: Linked) -> None:
    key = f"{state.prefix}_{view.name}_chart"
    st.plotly_chart(
        charts.pair(outcome, link),
        key=key,
        config=CONFIG,
        on_select=clicked(key, partial(_take_click, state, view)),
        selection_mode="points",
        alt="The picture at the left, what the layer makes of it at the right",
    )
    rest()
    st.markdown(as_text(words.linked_words(config, link)))
    if channels := words.channel_words(outcome):
        st.caption(as_text(channels))
    if link.looks == "output" and len(link.rows) and not words.is_pooled(config):
        st.latex(words.sum_formula(link))
    st.header("What comes out", anchor=False)
    st.latex(outcome.formula)
    st.latex(outcome.numbers)
    st.caption(as_text(words.cost_words(outcome)))
    st.markdown(as_text(words.layer_words(config)))
    with st.expander("As code", icon=":material/code:"):
        st.code(code.code_of(config), language="python")
    with st.expander("Every linked pixel", icon=":material/table:"):
        rows = list(words.linked_rows(link))
        st.dataframe(rows, hide_index=True, height=300, alt="Linked pixels with their weights")
        csv_download("Linked pixels as CSV", lambda: rows, "pixels.csv", "conv_layer_csv")


VIEW = View(
    name="layer",
    title="One layer",
    icon=":material/grid_view:",
    lead=LEAD,
    config=LayerConfig,
    draw=draw,
    presets=ONE_LAYER,
    left_alone=("row", "column", "looks"),
)
