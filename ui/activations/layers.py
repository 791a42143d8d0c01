"""The view *Layer after layer*: what N(0, 1) becomes on its way through a stack."""

from typing import Any

import streamlit as st

from dashlab.charts.activations import curves as charts
from dashlab.experiments.activations import signals, words
from dashlab.experiments.activations.presets import LAYERS
from dashlab.experiments.activations.settings import LayersConfig
from ui.activations import functions
from ui.frame.views import View
from ui.parts.computed import computed
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.sliders import along
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text

LEAD = (
    "Numbers from N(0, 1) go through layer after layer: weights, then the activation. A curve that stays "
    "level is a stack that learns at any depth; one that falls or rises multiplies its signal in every "
    "layer. Move the layer to see what has become of the bell curve there."
)


def draw(state: PageState, view: View) -> None:
    """Controls at the left; the layers and one of them at the right."""
    left, right = beside("act_layers")
    with left:
        view.preset_picker(state)
        depth = int(str(state.values[view.full("layers")]))
        layer = along(state, view.full("layer"), range(1, depth + 1)) or 1
        view.control(state, "gain")
        view.control(state, "shown")
        functions.mode(state, view)
        functions.editor(state, view)
        with st.expander("Stack", icon=":material/layers:"):
            for name in ("layers", "width", "seed"):
                view.control(state, name)
        view.changed_from_preset(state)
    config: LayersConfig = view.config_of(state)
    with right:
        if problem := view.problem(state) or functions.problem_of(config):
            st.info(as_text(problem), icon=":material/tune:")
            return
        _pictures(config, min(layer, config.layers))


def _pictures(config: LayersConfig, layer: int) -> None:
    passed = computed(signals.signals, config.computed(), doing="Going through the layers …")
    title = config.spec_of("shown").shown(config.shown)
    plot(
        charts.by_layer(passed, config.shown, title, layer=layer),
        "act_layers_chart",
        f"{title} of the outputs over the layers",
    )
    plot(charts.histograms(passed, layer=layer), "act_layers_chart_layer", f"Outputs of layer {layer}")
    rest()
    for signal in passed:
        st.markdown(f"- {as_text(words.signal_words(signal))}")
    with st.expander("Numbers behind the pictures", icon=":material/table:"):
        rows: list[dict[str, Any]] = list(words.signal_rows(passed))
        st.dataframe(rows, hide_index=True, height=300, alt="What was measured of every layer")
        csv_download("Every layer as CSV", lambda: rows, "activations-layers.csv", "act_layers_csv")


VIEW = View(
    name="layers",
    title="Layer after layer",
    icon=":material/layers:",
    lead=LEAD,
    config=LayersConfig,
    presets=LAYERS,
    draw=draw,
)
