"""Choose one cached run, or what a page has trained itself."""

from collections.abc import Mapping

import streamlit as st

from dashlab.store.runs import RunSummary
from ui.parts import offers, runs
from ui.parts.controls import answered
from ui.parts.state import PageState
from ui.parts.text import as_text

KEY_LETTERS = 12  # of a run's key, in a link


def choose(state: PageState, full: str, *, own: str) -> RunSummary | None:
    """A menu of the cached runs that left weights; the choice goes into the setting `full`.

    Args:
        state: of the page.
        full: the setting, as the state has it: the first letters of a key; empty for the page's own network.
        own: what people read for that one.

    Returns:
        The run; None for the page's own network. A link that names a run that is not here is said.
    """
    wished = str(state.values[full])
    named = [run for run in runs.store().starting(wished) if _left_weights(run)] if wished else []
    if wished and not named:
        st.warning(
            f"The link names a run that is not here: {as_text(wished)}. {own} is shown instead.",
            icon=":material/link_off:",
        )
        state.values[full] = ""
    fit = runs.store().grouped(_left_weights).get("yes", ())
    offered = offers.newest(fit, [named[0].key] if named else [])
    titles: Mapping[str, str] = {"": own, **runs.titles(offered)}
    key = f"{state.prefix}_{full}_menu"
    st.session_state[key] = named[0].key if named else ""

    def take(picked: str) -> None:
        state.values[full] = picked[:KEY_LETTERS]

    spec = state.specs[full]
    st.selectbox(
        spec.label,
        list(titles),
        format_func=titles.__getitem__,
        key=key,
        on_change=answered(key, take),
        help=spec.help,
    )
    offers.say_rest(len(fit))
    return named[0] if named else None


def _left_weights(run: RunSummary) -> str:
    return "yes" if run.state != "diverged" else ""
