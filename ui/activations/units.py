"""The view *Units of a network*: which are dead or saturated, layer by layer, in any run that is cached."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashlab import jobs
from dashlab.charts.activations import curves as charts
from dashlab.errors import DashlabError
from dashlab.experiments.activations import examples, units, words
from dashlab.experiments.activations.presets import UNITS
from dashlab.experiments.activations.rows import NetworkUnits
from dashlab.experiments.activations.settings import UnitsConfig
from dashlab.store.runs import RunSummary
from ui.frame.views import View
from ui.parts import guessing, one_run, runs
from ui.parts.computed import computed
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.sliders import along
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text, show_error

LEAD = (
    "A ReLU unit whose input is below 0 for every picture is dead: its slope is 0, and no step moves it "
    "again. A unit is saturated where its slope is nearly 0 for nearly all pictures. See which layers of a "
    "trained network have how many of them; train one in the trainer and look at it here."
)
OWN = "A small network of this page"


def draw(state: PageState, view: View) -> None:
    """Which network at the left; its layers at the right."""
    left, right = beside("act_units")
    with left:
        view.preset_picker(state)
        chosen = one_run.choose(state, view.full("run"), own=OWN)
        if chosen is None:
            view.control(state, "example")
        view.control(state, "pictures")
        layer_place = st.container()
        view.changed_from_preset(state)
    config: UnitsConfig = view.config_of(state).check()
    with right:
        try:
            network = _units(config, chosen)
        except DashlabError as error:
            show_error(error)
            return
        with layer_place:
            layer = along(state, view.full("layer"), range(1, len(network.layers) + 1)) or 1
        _pictures(network, layer - 1)


def _units(config: UnitsConfig, run: RunSummary | None) -> NetworkUnits:
    if run is None:
        small = UnitsConfig(example=config.example, pictures=config.pictures)
        return computed(examples.example_units, small, doing="Training a small network …")
    network: NetworkUnits = computed(
        jobs.of_run,
        str(runs.store().root),
        run.key,
        run.created,
        units.units_in,
        config.pictures,
        doing="Looking at its units …",
    )
    return network


def _pictures(network: NetworkUnits, at: int) -> None:
    plot(
        charts.units(network.layers), "act_units_chart", "Dead and saturated units of each layer, in per cent"
    )
    plot(
        charts.flat_units(network.layers[at]),
        "act_units_chart_layer",
        f"Units of {network.layers[at].name} by how often they are flat",
    )
    rest()
    st.markdown(as_text(words.units_words(network.layers, network.pictures)))
    st.caption(as_text(words.units_chosen_words(network.layers[at])))
    if network.accuracy is not None and network.guessing is not None:
        graded = words.accuracy_words(network.accuracy)
        st.caption(as_text(f"{graded} {guessing.sentence([network.guessing])}"))
    rows: Sequence[dict[str, Any]] = list(words.unit_rows(network.layers))
    percent = {
        name: st.column_config.NumberColumn(format="percent")
        for name in ("dead", "saturated", "flat", "zeros")
    }
    st.dataframe(rows, hide_index=True, column_config=percent, alt="Units of every layer")
    csv_download("Units as CSV", lambda: rows, "units.csv", "act_units_csv")


VIEW = View(
    name="units",
    title="Units of a network",
    icon=":material/hub:",
    lead=LEAD,
    config=UnitsConfig,
    presets=UNITS,
    draw=draw,
)
