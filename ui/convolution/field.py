"""The view *Receptive field*: what one output pixel sees of a picture, through a stack of layers."""

from __future__ import annotations

import streamlit as st

from dashlab.charts.convolution import field as charts
from dashlab.errors import DashlabError
from dashlab.experiments.convolution import field as experiment
from dashlab.experiments.convolution import field_words as words
from dashlab.experiments.convolution.field import Field
from dashlab.experiments.convolution.presets import FIELDS
from dashlab.experiments.convolution.stack_settings import MOST_LAYERS, FieldConfig, StackedLayer
from ui.frame.views import View
from ui.parts.computed import computed
from ui.parts.controls import control
from ui.parts.entries import Place, entries
from ui.parts.fields import Fields
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.sliders import along
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text, show_error

LEAD = (
    "One output of a deep layer sees a whole part of the picture. Move the layer, and watch the frame grow: "
    "a pooling or a stride makes every later layer add twice as much. Most of what counts stands in the "
    "middle."
)


def draw(state: PageState, view: View) -> None:
    """Controls at the left; the picture with the field, and how it grew, at the right."""
    left, right = beside("conv_field")
    with left:
        view.preset_picker(state)
        spot = st.container()
        _editor(state, view)
        view.control(state, "side")
        view.changed_from_preset(state)
    config: FieldConfig = view.config_of(state)
    with right:
        if problem := view.problem(state):
            st.info(as_text(problem), icon=":material/tune:")
            return
        try:
            field = computed(experiment.field, config, doing="Following a pixel back …")
        except DashlabError as error:
            show_error(error)
            return
        with spot:
            up_to = along(state, view.full("up_to"), range(len(field.rows))) or 0
            size = field.rows[up_to].size
            row = along(state, view.full("row"), range(size)) or 0
            column = along(state, view.full("column"), range(size)) or 0
        moved = config.change(up_to=up_to, row=row, column=column)
        _pictures(field if moved == config else experiment.field(moved), up_to)


def _pictures(field: Field, up_to: int) -> None:
    plot(charts.on_picture(field), "conv_field_chart", "The picture, with what the output pixel sees of it")
    rest()
    st.markdown(as_text(words.field_words(field, up_to)))
    plot(charts.growing(field, up_to), "conv_field_chart_growth", "Receptive field and jump over the layers")
    st.latex(words.FORMULA)
    rows = list(words.field_rows(field.rows))
    st.dataframe(rows, hide_index=True, alt="Size, receptive field and jump of every layer")
    csv_download("Layers as CSV", lambda: rows, "receptive-field.csv", "conv_field_csv")
    st.caption("After Dumoulin and Visin 2016; what counts, after Luo et al. 2016.")


def _editor(state: PageState, view: View) -> None:
    listed = entries(state, view.full("layers"), StackedLayer)
    listed.draw(_entry)
    listed.add_button(
        "Add a layer",
        lambda layers: layers[-1],
        type="tertiary",
        help=f"A copy of the last one, to be changed; up to {MOST_LAYERS}.",
    )


def _entry(place: Place[StackedLayer], entry: StackedLayer) -> StackedLayer:
    with st.expander(f"**{place.number + 1}** · {as_text(entry.title)}", key=f"{place.key}_box"):
        own = Fields(place.key, StackedLayer.specs(), dict(entry.flat()))
        for name in StackedLayer.specs():
            if StackedLayer().change(**own.values).is_used(name):
                control(own, name)
        if place.count > 1:
            place.remove_button("Remove", icon=":material/delete:")
    return StackedLayer().change(**own.values).without_unused()


VIEW = View(
    name="field",
    title="Receptive field",
    icon=":material/center_focus_strong:",
    lead=LEAD,
    config=FieldConfig,
    draw=draw,
    presets=FIELDS,
    left_alone=("up_to", "row", "column"),
)
