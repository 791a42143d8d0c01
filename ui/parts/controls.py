"""Widgets made from the descriptions of settings, and the choice of a preset."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashlab.errors import ConfigError
from dashlab.settings.fields import Spec, Value, following, starting
from ui.parts.fields import Fields
from ui.parts.state import PageState
from ui.parts.text import as_text

MEMORIES = (
    0.0,
    0.1,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    0.85,
    0.9,
    0.95,
    0.98,
    0.99,
    0.995,
    0.999,
    0.9999,
    0.99999,
)
"""Stops for coefficients of running means: what counts is how near they are to 1."""

MOST_LETTERS = 16
"""A choice with no more letters than this in all its names stands open; others are a menu."""


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that belong together, under one heading."""

    title: str
    icon: str
    names: tuple[str, ...]


def settings(
    state: PageState,
    groups: Sequence[Group],
    *,
    is_used: Callable[[str], bool],
    custom: Mapping[str, Callable[[PageState], object]] | None = None,
    is_open: Callable[[Group], bool] = lambda _group: False,
) -> None:
    """Draw every group that has something to set, with one switch where some of it is advanced.

    A setting without effect under the others is not drawn; an advanced one is drawn when the switch is on or
    when it differs from its default. `custom` draws the named settings its own way; `is_open` says which
    groups stand unfolded.
    """
    everything = any(state.specs[name].advanced for group in groups for name in group.names) and st.toggle(
        "Advanced settings",
        key=f"{state.prefix}_advanced",
        help="Also show the settings that rarely need a change.",
        persist_state="session",
    )
    defaults = state.start("") or {}
    for group in groups:
        if not any(map(is_used, group.names)):
            continue
        key = f"{state.prefix}_group_{group.names[0]}"
        with st.expander(group.title, is_open(group), icon=group.icon, key=key):
            for name in group.names:
                # Asked one by one: what is drawn above decides whether it has an effect.
                usual = starting(state.specs, defaults, state.values)[name]
                is_plain = everything or not state.specs[name].advanced or state.values[name] != usual
                if is_plain and is_used(name):
                    (custom or {}).get(name, _draw(name))(state)
                else:
                    state.problems.pop(name, None)  # what is not drawn cannot be mended


def _draw(name: str) -> Callable[[PageState], object]:
    return lambda state: control(state, name)


def control(state: Fields, name: str) -> Value:
    """Draw the widget of one setting and take its value over into the state.

    A text that cannot be read leaves the value as it was and stands in `state.problems` until it is mended.
    """
    spec, key = state.specs[name], f"{state.prefix}_{name}"
    to_widget, draw, from_widget = _WIDGETS[_widget_of(spec)]
    state.problems.pop(name, None)
    try:
        value = from_widget(spec, draw(spec, key, to_widget(spec, state.values[name])))
        if value is not None and (problem := spec.problem(value)):
            raise ConfigError(f"{spec.label} {problem}.")
    except ConfigError as error:
        state.problems[name] = str(error)
        st.caption(f":red[{as_text(str(error))}]")
    else:
        if value is not None and value != state.values[name]:
            state.put(following(state.specs, state.values, {name: value}))
            state.values[name] = value
    return state.values[name]


def start_argument(
    key: str, start: Any, *, among: Sequence[Any] | None = None, argument: str = "value"
) -> dict[str, Any]:
    """The argument of a widget that shows `start` at first, and then what people have made of it.

    A browser learns a value from the session in that run alone in which the script sets it. One that is told
    to go on before it has drawn the widget would draw it in the next run with Streamlit's own default, and
    send that back as if people had chosen it.

    Args:
        key: of the widget.
        start: as the widget holds it.
        among: what can be chosen; anything else gives way to `start`.
        argument: the widget's name for where it starts; `index` is the place in `among`.
    """
    now = st.session_state.get(key)
    if key not in st.session_state or (among is not None and now not in among):
        st.session_state[key] = start
        return {}
    return {argument: among.index(now) if among is not None and argument == "index" else now}


def answered(key: str, take: Callable[[Any], object]) -> Callable[[], None]:
    """A callback that hands `take` what the widget holds.

    A browser may answer a widget that the page has meanwhile stopped drawing: it is gone from the session
    when the callback comes, and then nothing is taken.
    """

    def callback() -> None:
        if key in st.session_state:
            take(st.session_state[key])

    return callback


def clicked(key: str, take: Callable[[Any], object]) -> Callable[[], None]:
    """A callback that hands `take` the point of a chart that was clicked.

    An empty selection, as a redraw sends it, takes nothing.
    """

    def first(chosen: Any) -> None:
        if chosen.selection.points:
            take(chosen.selection.points[0])

    return answered(key, first)


def one_of(state: Fields, name: str, names: Mapping[str, str], *, label: str, **more: Any) -> str:
    """Choose one of a few that stand side by side; `names` maps them to what people read."""
    key = f"{state.prefix}_{name}"
    more |= start_argument(key, state.values[name], among=list(names), argument="default")
    chosen = st.segmented_control(
        label, list(names), format_func=names.__getitem__, key=key, required=True, wrap=True, **more
    )
    if chosen in names:
        state.values[name] = str(chosen)
    return str(state.values[name])


def preset_picker(
    state: PageState,
    presets: Mapping[str, tuple[str, str]],
    *,
    names: Iterable[str] | None = None,
    label: str = "Preset",
    placeholder: str = "None: the defaults",
    help: str = "Sets every control below to a case worth seeing; change what you like from there.",
    has_about: bool = True,
) -> None:
    """Choose a preset, which sets everything, or the settings in `names` alone.

    `presets` maps names to titles and descriptions; `has_about` says whether that of the chosen one follows.
    """
    key = f"{state.prefix}_preset"
    st.session_state[key] = state.preset if state.preset in presets else None

    def choose(chosen: str | None) -> None:
        if chosen:
            state.put_preset(chosen, names)

    st.selectbox(
        label,
        list(presets),
        format_func=lambda name: presets[name][0],
        key=key,
        on_change=answered(key, choose),
        placeholder=placeholder,
        help=help,
    )
    if has_about and state.preset in presets:
        st.caption(presets[state.preset][1])


def changed_from_preset(
    state: PageState, presets: Mapping[str, tuple[str, str]], *, names: Iterable[str] | None = None
) -> None:
    """Say what differs from the chosen preset, with a button that puts it back; call after the settings.

    `names` are the settings that are looked at; all if None.
    """
    start = state.start(state.preset) or {}
    looked_at = state.values if names is None else names
    changed = [name for name in looked_at if state.values[name] != start.get(name)]
    if not changed:
        return
    base = presets[state.preset][0] if state.preset in presets else "the defaults"
    listed = ", ".join(
        f"{state.specs[name].label} {state.specs[name].shown(state.values[name])}" for name in changed
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Changed from {as_text(base)}: {as_text(listed)}.")
        st.button(
            "Put back",
            key=f"{state.prefix}_put_back",
            icon=":material/undo:",
            type="tertiary",
            on_click=state.put_preset,
            args=(state.preset, names),
        )


def stops(spec: Spec, value: float) -> list[float]:
    """The values that a slider for `spec` stops at, `value` among them.

    Even steps on a logarithmic scale (1, 2, 5, 10 ...), or the usual memories of a running mean.
    """
    usual: Iterable[float] = MEMORIES
    ends: tuple[float, ...] = (spec.low, spec.high)
    if spec.log:
        low = spec.low if spec.low > 0 else 1e-8
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(spec.high)) + 1)
        usual = (float(f"{digit}e{power}") for power in decades for digit in (1, 2, 3, 5, 7))
        ends = (spec.low,)
    ends += tuple(float(str(own)) for own in spec.default_by[1].values()) if spec.default_by else ()
    return sorted({float(value), *ends, *(stop for stop in usual if spec.low <= stop <= spec.high)})


def _widget_of(spec: Spec) -> str:
    if spec.kind == "number":
        return "stops" if spec.log or 0.99 < spec.high < 1 else "slider"
    if spec.kind == "choice":
        letters = sum(len(spec.shown(choice)) for choice in spec.choices)
        return "segments" if letters <= MOST_LETTERS else "menu"
    return spec.kind


def _stops(spec: Spec, key: str, start: float) -> Any:
    more: dict[str, Any] = {"format_func": lambda v: f"{v:g}", "key": key, "help": spec.help}
    return st.select_slider(spec.label, stops(spec, start), **more, **start_argument(key, start))


def _slider(spec: Spec, key: str, start: float) -> Any:
    span = spec.high - spec.low
    step = float(spec.step) or (0.01 if span <= 1 else 0.5 if span <= 20 else 1.0)
    more: dict[str, Any] = {"step": step, "format": "%g", "key": key, "help": spec.help}
    return st.slider(spec.label, spec.low, spec.high, **more, **start_argument(key, start))


def _integer(spec: Spec, key: str, start: int) -> Any:
    more: dict[str, Any] = {"step": int(spec.step) or 1, "key": key, "help": spec.help}
    return st.number_input(spec.label, int(spec.low), int(spec.high), **more, **start_argument(key, start))


def _flag(spec: Spec, key: str, start: bool) -> Any:
    return st.toggle(spec.label, key=key, help=spec.help, **start_argument(key, start))


def _menu(spec: Spec, key: str, start: str) -> Any:
    place = start_argument(key, start, among=spec.choices, argument="index")
    return st.selectbox(spec.label, spec.choices, format_func=spec.shown, key=key, help=spec.help, **place)


def _segments(spec: Spec, key: str, start: str) -> Any:
    return st.segmented_control(
        spec.label,
        spec.choices,
        format_func=spec.shown,
        key=key,
        help=spec.help,
        required=True,
        width="stretch",
        **start_argument(key, start, among=spec.choices, argument="default"),
    )


def _text(spec: Spec, key: str, start: str) -> Any:
    return st.text_input(spec.label, key=key, help=spec.help, max_chars=1024, **start_argument(key, start))


def _same(_spec: Spec, value: Any) -> Any:
    return value


def _as_float(_spec: Spec, value: Any) -> Any:
    return None if value is None else float(value)


_WIDGETS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "stops": (_as_float, _stops, _as_float),
    "slider": (_as_float, _slider, _as_float),
    "integer": (_same, _integer, _same),
    "flag": (_same, _flag, _same),
    "menu": (_same, _menu, _same),
    "segments": (_same, _segments, _same),
    "sizes": (Spec.format, _text, Spec.parse),
    "text": (_same, _text, _same),
}
"""For each kind of widget: the setting's value as the widget holds it, the widget, and the way back."""
