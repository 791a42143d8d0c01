"""The activations that stand over one another, each with sliders for all that torch lets one set of it."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from dashlab.errors import ConfigError
from dashlab.experiments.activations.catalogue import catalogue, checked, offered, title_of
from dashlab.experiments.activations.entries import Chosen, read_curves, write_curves
from dashlab.experiments.activations.settings import MOST_CURVES, Functions
from ui.frame.views import View
from ui.parts.controls import control, start_argument
from ui.parts.entries import Entries, Place
from ui.parts.fields import Fields
from ui.parts.state import PageState
from ui.parts.text import as_text


def editor(state: PageState, view: View) -> None:
    """Draw the list of a view's activations and take over what is changed in it."""
    name = view.full("curves")
    listed = Entries(
        state=state,
        name=name,
        read=read_curves,
        write=write_curves,
        fewest=1,
        longest=MOST_CURVES,
        stem=f"{state.prefix}_{name}_",
    )
    listed.draw(lambda place, curve: _entry(state, name, place, curve))
    listed.add_button(
        "Add an activation",
        lambda curves: Chosen(_unused(curves)),
        type="tertiary",
        help=f"Up to {MOST_CURVES} are drawn over one another.",
    )


def mode(state: PageState, view: View) -> None:
    """Train or eval mode, where one of the activations draws numbers."""
    config: Functions = view.config_of(state)
    if config.is_random():
        view.control(state, "mode")


def problem_of(config: Functions) -> str:
    """What is not sound in the settings, as a sentence; "" if nothing is."""
    try:
        config.check()
    except ConfigError as error:
        return str(error)
    return ""


def _unused(curves: Sequence[Chosen]) -> str:
    """The first activation that is not there yet."""
    there = {curve.activation for curve in curves}
    return next((name for name in catalogue() if name not in there), "ReLU")


def _entry(state: PageState, name: str, place: Place[Chosen], curve: Chosen) -> Chosen:
    with st.expander(f"**{place.number + 1}** · {as_text(title_of(curve))}", key=f"{place.key}_box"):
        key, names = f"{place.key}_activation", list(catalogue())
        where = start_argument(key, curve.activation, among=names, argument="index")
        activation = st.selectbox(
            "Activation", names, key=key, help="All of torch.nn that map a number to a number.", **where
        )
        drawn = _settings(state, name, f"{place.key}_{activation}", _of(curve, str(activation)))
        with st.container(horizontal=True):
            place.copy_button("Copy", icon=":material/content_copy:", help="The same once more.")
            place.remove_button("Remove", icon=":material/delete:")
    return drawn


def _of(curve: Chosen, activation: str) -> Chosen:
    """The curve, or another activation at its defaults."""
    return curve if curve.activation == activation else Chosen(activation)


def _settings(state: PageState, name: str, key: str, curve: Chosen) -> Chosen:
    """The sliders of one; the curve as they have it, or as it was where that is not possible."""
    offer = offered(curve.activation)
    own = Fields(key, offer.specs, checked(curve))
    for argument in offer.specs:
        control(own, argument)
    if not offer.specs:
        st.caption(f"{offer.name} has nothing to set.")
    changed = tuple(
        (argument, offer.specs[argument].format(value))
        for argument, value in own.values.items()
        if value != offer.defaults[argument]
    )
    made = replace(curve, arguments=changed)
    try:
        if unread := own.problem():
            raise ConfigError(unread)
        checked(made)
    except ConfigError as error:
        state.problems[name] = str(error)
        st.caption(f":red[{as_text(str(error))}]")
        return curve
    return made
