"""The augmentation previewer: a pipeline of torchvision's transforms, and what it makes of a picture."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashlab.experiments.augmentation.pipeline import Step
from dashlab.experiments.augmentation.presets import PRESETS
from dashlab.experiments.augmentation.settings import AugmentationConfig
from ui.augmentation import results
from ui.augmentation import source as augmentation_source
from ui.augmentation.source import Source
from ui.augmentation.steps import editor
from ui.frame.views import View
from ui.parts.layout import beside, rest
from ui.parts.state import PageState
from ui.parts.text import as_text

if TYPE_CHECKING:
    from dashlab.experiments.augmentation.cache import DrawCache
    from dashlab.experiments.augmentation.draws import Draw

TELL_EVERY_S = 0.1
"""How long an outdated drawing may go on, apart from a single step of a single draw."""
LEAD = (
    "Augmentation shows a network each picture a little different every time, under the same label. Build a "
    "pipeline, look at what comes out of it, and ask of every draw: would you still give it this label? The "
    "order of the steps matters, and so does what each of them leaves of the numbers."
)


def draw(state: PageState, view: View) -> None:
    """The steps beside the draws that they make."""
    left, right = beside(state.prefix, controls=4)
    with left:
        _strip(state, view)
        view.preset_picker(state)
        picture = st.container()
        ways = st.container()
        st.header("Pipeline", anchor=False)
        steps = editor(state)
        view.changed_from_preset(state)
    mixed = any(step.use and step.offer.of_batch for step in steps)
    with picture:
        source = augmentation_source.choose(state, mixed=mixed)
    if source is not None:
        with right:
            draws, chosen = _draws(state, source, steps, ways, mixed=mixed)
            rest()
            _below(state, source, steps, draws, chosen, mixed=mixed)


def _strip(state: PageState, view: View) -> None:
    """Seed, number of draws, and new draws."""

    def again() -> None:
        state.put({"seed": (int(str(state.values["seed"])) + 1) % 2**31})

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button(
            "Draw again",
            key=f"{state.prefix}_again",
            icon=":material/casino:",
            on_click=again,
            type="primary",
        )
        for name in ("seed", "draws"):
            with st.container(width=92):
                view.control(state, name)


def _draws(
    state: PageState, source: Source, steps: Sequence[Step], ways: DeltaGenerator, *, mixed: bool
) -> tuple[tuple[Draw, ...], int]:
    """Show every draw; what came out, and which draw is looked at, from 0.

    `ways` is the place of the controls that say how the draws are shown.
    """
    chosen = state.nearest("draw", range(1, len(source.samples) + 1)) - 1
    draws = _draws_of(state, source, steps, chosen)
    if problem := next((draw.problem for draw in draws if draw.problem), ""):
        st.error(as_text(problem), icon=":material/error:")
    if mixed:
        st.caption(
            "MixUp and CutMix take a batch of different pictures with labels: here each draw is one picture "
            "of the batch."
        )
    with ways:
        results.ways_of_looking(state, draws)
    results.grid(state, draws, draws[chosen].views[0], mixed=mixed)
    if state.values["beside"] == "reversed":
        st.markdown("**In reversed order**, with the same draws of every step")
        results.beside(state, _draws_of(state, source, steps[::-1], None))
    return draws, chosen


def _below(
    state: PageState,
    source: Source,
    steps: Sequence[Step],
    draws: tuple[Draw, ...],
    chosen: int,
    *,
    mixed: bool,
) -> None:
    """One draw taken apart, and everything as numbers, as code and for training."""
    st.header("Step by step", anchor=False)
    results.pick(state, len(draws))
    results.step_by_step(steps, draws[chosen])
    drawn, code, train = st.tabs(["What was drawn", "Code", "Train with it"])
    with drawn:
        results.drawn_table(state, draws, mixed=mixed)
    with code:
        results.code(state, source, steps, draws, mixed=mixed)
    with train:
        results.training(source, steps)


def _draws_of(
    state: PageState, source: Source, steps: Sequence[Step], chosen: int | None
) -> tuple[Draw, ...]:
    """All draws, the pictures of every step of the chosen one among them."""
    place, told_at = st.empty(), time.monotonic()

    def between(share: float) -> None:
        """Streamlit ends a run that nobody waits for any more where the run tells the browser something."""
        nonlocal told_at
        if time.monotonic() - told_at > TELL_EVERY_S:
            place.progress(share, text="Drawing …")
            told_at = time.monotonic()

    draws = _cache().draws(
        steps,
        source.samples,
        picture=source.picture,
        seed=int(str(state.values["seed"])),
        keep=chosen,
        classes=source.classes,
        between=between,
    )
    place.empty()
    return draws


@st.cache_resource(show_spinner=False)
def _cache() -> DrawCache:
    from dashlab.experiments.augmentation.cache import DrawCache

    return DrawCache()


VIEW = View(
    name="",
    title="Augmentation",
    icon=":material/auto_awesome_motion:",
    lead=LEAD,
    config=AugmentationConfig,
    presets=PRESETS,
    draw=draw,
)
