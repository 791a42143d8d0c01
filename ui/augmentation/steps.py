"""The pipeline as a list of steps: add, remove, move, switch off, and set each one's parameters."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import streamlit as st

from dashlab.experiments.augmentation.numbers import NumbersSpec
from dashlab.experiments.augmentation.pipeline import (
    CHANCE,
    MOST_STEPS,
    Step,
    make_step,
    place_for,
    read_steps,
    write_steps,
)
from dashlab.experiments.augmentation.transforms import catalogue
from dashlab.settings.fields import Spec, Value
from ui.parts.controls import answered, control, start_argument
from ui.parts.entries import Entries, Place
from ui.parts.fields import Fields
from ui.parts.state import PageState
from ui.parts.text import as_text

FORMULAS: Mapping[str, tuple[str, str]] = {
    "Normalize": (
        r"\begin{gathered} x' = \frac{x - \text{mean}}{\text{std}} "
        r"\\ x = x' \cdot \text{std} + \text{mean} \end{gathered}",
        "Channel by channel; the second formula takes it back.",
    ),
    "MixUp": (
        r"\begin{gathered} x' = \lambda x_i + (1-\lambda)\,x_{i-1} "
        r"\\ \lambda \sim \mathrm{Beta}(\alpha, \alpha) \end{gathered}",
        "One λ for the whole batch; labels are blended alike.",
    ),
    "CutMix": (
        r"\lambda = 1 - \frac{\text{patch}}{\text{picture}}",
        "By area. λ is the share of the label that the picture itself keeps.",
    ),
    "GaussianNoise": (
        r"\begin{gathered} x' = x + \varepsilon "
        r"\\ \varepsilon \sim \mathcal{N}(\text{mean}, \sigma^2) \end{gathered}",
        "ε is drawn separately for every value.",
    ),
    "RandomSolarize": (
        r"x' = \begin{cases} x & x < t \\ \text{max} - x & x \ge t \end{cases}",
        "t: the threshold; max: 255, or 1 after ToDtype.",
    ),
    "RandomRotation": (
        r"\binom{u}{v} = R(\varphi)\left[\binom{x}{y} - c\right] + c",
        "R: turn by φ, about the centre c.",
    ),
    "ColorJitter": (
        r"\begin{gathered} x \to b\,x \\ x \to c\,x + (1-c)\,\bar g \\ x \to s\,x + (1-s)\,g \end{gathered}",
        "b, c, s: factors for brightness, contrast, saturation; g: the pixel as grey, ḡ: its mean over "
        "the picture.",
    ),
    "GaussianBlur": (
        r"w(u, v) \propto e^{-(u^2+v^2)/2\sigma^2}",
        "The weight of the pixel that lies u to the right and v below.",
    ),
    "RandomPosterize": (
        r"x' = x - (x \bmod 2^{8-\text{bits}})",
        "Of 0 to 255: the lowest 8 − bits binary digits become 0.",
    ),
    "RandomAffine": (
        r"\binom{u}{v} = s\,R(\varphi)\,S\,\binom{x}{y} + \binom{t_x}{t_y}",
        "s: zoom, R: turn by φ, S: slant, t: shift, about the centre.",
    ),
    "ToDtype": (
        r"x' = x / 255",
        "From uint8 to a float, with scale; without it the values stay.",
    ),
}
"""What some transforms compute, and what the letters mean."""


def editor(state: PageState) -> tuple[Step, ...]:
    """Draw the steps and take over what was set; the steps as they are now."""
    listed = Entries(
        state=state,
        name="pipeline",
        read=read_steps,
        write=write_steps,
        fewest=0,
        longest=MOST_STEPS,
        stem=f"{state.prefix}_step",
    )
    steps = listed.draw(_step)
    if not steps:
        st.caption("No step yet: what comes out is the original.")
    _adder(listed, len(steps))
    return steps


def _step(place: Place[Step], step: Step) -> Step:
    with st.container(key=f"{place.key}_box", gap="xxsmall"):
        use = _head(place, step)
        values, chance = dict(step.values), step.chance
        if _has_settings(step):
            with st.expander(_label(step), place.is_added, key=f"{place.key}_open"):
                values, chance = _settings(place.key, step)
    return replace(step, values=values, chance=chance, use=use)


def _head(place: Place[Step], step: Step) -> bool:
    """Whether the step is used, what it is called, and what moves it."""
    key = f"{place.key}_use"
    with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall", wrap=False):
        use = st.checkbox(
            f"{place.number + 1}. **{step.transform}**",
            key=key,
            width="stretch",
            **start_argument(key, step.use),
        )
        place.earlier_button("", icon=":material/arrow_upward:", help="One step earlier")
        place.later_button("", icon=":material/arrow_downward:", help="One step later")
        place.remove_button("", icon=":material/close:", help="Remove the step")
    return bool(use)


def _label(step: Step) -> str:
    share = [f"in {100 * step.chance:g} %"] if step.chance < 1 else []
    return as_text(" · ".join([*share, step.summary()]).replace("~", " ")) or "Settings"


def _has_settings(step: Step) -> bool:
    return bool(step.values) or _has_chance(step)


def _has_chance(step: Step) -> bool:
    """Whether it makes sense to leave the step out of some pictures, and it does not do so of itself."""
    is_plain = not (step.offer.of_batch or step.offer.group == "Type" or "p" in step.values)
    return is_plain or step.chance != 1


def _settings(key: str, step: Step) -> tuple[dict[str, Value], float]:
    st.caption(as_text(step.offer.about))
    if step.transform in FORMULAS:
        formula, words = FORMULAS[step.transform]
        st.latex(formula)
        st.caption(words)
    specs: dict[str, Spec] = {**step.offer.specs}
    values: dict[str, Value] = {**step.values}
    if _has_chance(step):
        specs["chance"], values["chance"] = CHANCE, step.chance
    own = Fields(key, specs, values)
    for name, spec in specs.items():
        _widget(spec)(own, name)
    return {name: values[name] for name in step.values}, float(str(values.get("chance", step.chance)))


def _widget(spec: Spec) -> Callable[[Fields, str], object]:
    if isinstance(spec, NumbersSpec) and spec.ascending:
        return _range
    if isinstance(spec, NumbersSpec) and spec.whole and spec.counts == (1, 2) and spec.label == "Size":
        return _size
    return control


def _range(own: Fields, name: str) -> None:
    """Two ends on one slider."""
    spec, key = own.specs[name], f"{own.prefix}_{name}"
    assert isinstance(spec, NumbersSpec)
    low, high = spec.numbers(own.values[name])
    span = spec.high - spec.low
    of = int if spec.whole or (span > 100 and low == int(low) and high == int(high)) else float
    ends = st.slider(
        spec.label,
        of(spec.low),
        of(spec.high),
        step=of(1) if span > 30 else 0.01 if span <= 4 else 0.1,
        key=key,
        help=spec.help,
        **start_argument(key, (of(low), of(high))),
    )
    own.values[name] = spec.text_of(tuple(ends))


def _size(own: Fields, name: str) -> None:
    """One slider for a square (or the shorter side), two when height and width are set apart."""
    spec, key = own.specs[name], f"{own.prefix}_{name}"
    assert isinstance(spec, NumbersSpec)
    numbers = spec.numbers(own.values[name])
    apart = start_argument(f"{key}_apart", len(numbers) == 2)
    labels = ("Height", "Width") if st.session_state[f"{key}_apart"] else (spec.label,)
    sides = []
    for place, label in enumerate(labels):
        side = f"{key}_{place}"
        start = start_argument(side, int(numbers[min(place, len(numbers) - 1)]))
        sides.append(
            st.slider(label, int(spec.low), int(spec.high), key=side, help=f"Pixels. {spec.help}", **start)
        )
    st.toggle("Height and width apart", key=f"{key}_apart", **apart)
    own.values[name] = spec.text_of(tuple(sides))


def _adder(listed: Entries[Step], count: int) -> None:
    key = f"{listed.state.prefix}_add"
    if count >= MOST_STEPS:
        st.caption(f"A pipeline has at most {MOST_STEPS} steps here.")
        return

    def add(name: str | None) -> None:
        st.session_state[key] = None
        if name:
            listed.add(lambda _steps: make_step(name), place_for(listed.now(), name))

    st.selectbox(
        "Add a step",
        list(catalogue()),
        index=None,
        format_func=lambda name: f"{name} · {catalogue()[name].group}",
        key=key,
        on_change=answered(key, add),
        placeholder="Choose a transform",
        help="Every transform of pictures that the installed torchvision has. It is put where it usually "
        "stands; the arrows move it.",
    )
