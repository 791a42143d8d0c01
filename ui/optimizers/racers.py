"""Editing a list of optimizers, each with its own coefficients: one fold per racer, add, copy, remove.

The list is one setting of the page, as `dashlab.settings.lists.items` declares it; the widgets of an entry
come and go with it.
"""

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

import streamlit as st

from dashlab.errors import ConfigError
from dashlab.experiments.optimizers.formulas import printed
from dashlab.settings.lists import ListSpec, entries_of, text_of
from dashlab.settings.optim import OptimConfig
from ui.parts import controls
from ui.parts.state import PageState
from ui.parts.text import as_text

E = TypeVar("E", bound=OptimConfig)


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
    base = f"{state.prefix}_{name}"
    _forget_if_replaced(state, name)
    state.problems.pop(name, None)
    racers = entries_of(str(state.values[name]), kind)
    drawn = []
    for number, (racer, title) in enumerate(zip(racers, names(racers), strict=True)):
        with st.expander(as_text(title), key=f"{base}_{number}_box", icon=":material/sprint:"):
            drawn.append(_racer(state, name, racer, number, hidden))
            _change_buttons(state, name, racers, number)
    _add_button(state, name, racers)
    state.values[name] = st.session_state[_drawn_key(state, name)] = text_of(drawn)
    return tuple(drawn)


def _drawn_key(state: PageState, name: str) -> str:
    return f"{state.prefix}_{name}__drawn"


def _forget_if_replaced(state: PageState, name: str) -> None:
    """A preset, a link or a button has put other racers there: the widgets of the old ones must not speak."""
    if st.session_state.get(_drawn_key(state, name)) == state.values[name]:
        return
    base = f"{state.prefix}_{name}_"
    for key in [key for key in st.session_state if str(key).startswith(base)]:
        del st.session_state[key]


def _racer(state: PageState, name: str, racer: E, number: int, hidden: Collection[str]) -> E:
    """The widgets of one racer; the racer as they have it, or as it was if that is not sound."""
    kind = type(racer)
    part = PageState(
        prefix=f"{state.prefix}_{name}_{number}",
        specs=kind.specs(),
        start=lambda _preset: None,
        home="",
        values=dict(racer.flat()),
    )
    controls.control(part, "optimizer")
    st.markdown("  \n".join(f"${line}$" for line in printed(kind().change(**part.values))))
    everything = st.toggle("All coefficients", key=f"{part.prefix}_all", help="Also those rarely changed.")
    for setting, spec in kind.specs().items():
        if setting == "optimizer" or setting in hidden or not kind().change(**part.values).is_used(setting):
            continue
        usual = kind().change(optimizer=part.values["optimizer"]).flat()[setting]
        if everything or not spec.advanced or part.values[setting] != usual:
            controls.control(part, setting)
    try:
        if part.problems:
            raise ConfigError(next(iter(part.problems.values())))
        return kind().change(**part.values).without_unused().check()
    except ConfigError as error:
        state.problems[name] = str(error)
        st.caption(f":red[{as_text(str(error))}]")
        return racer


def _change_buttons(state: PageState, name: str, racers: Sequence[OptimConfig], number: int) -> None:
    base = f"{state.prefix}_{name}_{number}"
    copied = [*racers[: number + 1], racers[number], *racers[number + 1 :]]
    without = [racer for place, racer in enumerate(racers) if place != number]
    with st.container(horizontal=True):
        st.button(
            "Copy",
            key=f"{base}_copy",
            icon=":material/content_copy:",
            type="tertiary",
            disabled=len(racers) >= state.specs[name].longest,
            help="The same once more, to change one coefficient.",
            on_click=_put,
            args=(state, name, copied),
        )
        st.button(
            "Remove",
            key=f"{base}_remove",
            icon=":material/delete:",
            type="tertiary",
            disabled=len(racers) <= _fewest(state, name),
            on_click=_put,
            args=(state, name, without),
        )


def _fewest(state: PageState, name: str) -> int:
    spec = state.specs[name]
    return spec.fewest if isinstance(spec, ListSpec) else 1


def _add_button(state: PageState, name: str, racers: Sequence[E]) -> None:
    """Adds an optimizer that is not there yet."""
    kind = type(racers[0])
    there = {racer.optimizer for racer in racers}
    choices = kind.spec_of("optimizer").choices
    new = next((choice for choice in ("adam", "sgd", "rmsprop", *choices) if choice not in there), "sgd")
    full = len(racers) >= state.specs[name].longest
    st.button(
        "Add a racer",
        key=f"{state.prefix}_{name}_add",
        icon=":material/add:",
        disabled=full,
        help=f"At most {state.specs[name].longest} race at once." if full else None,
        on_click=_put,
        args=(state, name, [*racers, kind().change(optimizer=new)]),
    )


def _put(state: PageState, name: str, racers: Sequence[OptimConfig]) -> None:
    state.put({name: text_of(racers)})
