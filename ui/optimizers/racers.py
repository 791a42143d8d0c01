"""The optimizers that race, each with its own coefficients: a fold per racer."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TypeVar

import streamlit as st

from dashlab.errors import ConfigError
from dashlab.experiments.optimizers.formulas import printed
from dashlab.settings.optim import OptimConfig
from ui.parts import controls
from ui.parts.entries import Place, entries
from ui.parts.fields import Fields
from ui.parts.state import PageState
from ui.parts.text import as_text

E = TypeVar("E", bound=OptimConfig)
COPY = "The same once more, to change one coefficient."


def editor(
    state: PageState,
    name: str,
    kind: type[E],
    *,
    names: Callable[[Sequence[E]], Sequence[str]],
    hidden: Collection[str] = (),
) -> tuple[E, ...]:
    """Draw the list that the setting `name` holds and take changes over into the state.

    Args:
        state: of the page.
        name: of the setting, as the state has it.
        kind: of the entries.
        names: what the racers are called, all at once.
        hidden: settings of an entry that are not drawn.

    Returns:
        The racers. A change that makes no sound racer is said under it, stands in `state.problems`, and is
        not taken over.
    """
    listed = entries(state, name, kind)
    titles = names(listed.now())

    def entry(place: Place[E], racer: E) -> E:
        title = as_text(titles[place.number])
        with st.expander(title, key=f"{place.key}_box", icon=":material/sprint:"):
            drawn = _racer(state, name, place.key, racer, hidden)
            with st.container(horizontal=True):
                place.copy_button("Copy", icon=":material/content_copy:", help=COPY)
                place.remove_button("Remove", icon=":material/delete:")
        return drawn

    drawn = listed.draw(entry)
    longest = state.specs[name].longest
    most = f"At most {longest} race at once." if len(drawn) >= longest else None
    listed.add_button("Add a racer", partial(_another, kind), help=most)
    return drawn


def _racer(state: PageState, name: str, key: str, racer: E, hidden: Collection[str]) -> E:
    """The widgets of one racer; the racer as they have it, or as it was if that is not sound."""
    kind = type(racer)
    part = Fields(key, kind.specs(), dict(racer.flat()))
    controls.control(part, "optimizer")
    st.markdown("  \n".join(f"${line}$" for line in printed(kind().change(**part.values))))
    everything = st.toggle(
        "All coefficients", key=f"{part.prefix}_all", help="Also show those that are rarely changed."
    )
    for setting, spec in kind.specs().items():
        if setting == "optimizer" or setting in hidden or not kind().change(**part.values).is_used(setting):
            continue
        usual = kind().change(optimizer=part.values["optimizer"]).flat()[setting]
        if everything or not spec.advanced or part.values[setting] != usual:
            controls.control(part, setting)
    try:
        if unread := part.problem():
            raise ConfigError(unread)
        return kind().change(**part.values).without_unused().check()
    except ConfigError as error:
        state.problems[name] = str(error)
        st.caption(f":red[{as_text(str(error))}]")
        return racer


def _another(kind: type[E], racers: Sequence[E]) -> E:
    """An optimizer that is not there yet."""
    there = {racer.optimizer for racer in racers}
    choices = kind.spec_of("optimizer").choices
    new = next((choice for choice in ("adam", "sgd", "rmsprop", *choices) if choice not in there), "sgd")
    return kind().change(optimizer=new)
