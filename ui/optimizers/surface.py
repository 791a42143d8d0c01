"""The view *On a surface*: what is raced, the race over the contours, and what is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashlab.charts.ground import CATCHERS, catchers, ground
from dashlab.charts.optimizers.race import Path, race_map
from dashlab.charts.style import CONFIG
from dashlab.experiments.optimizers.outcome import outcome, sentence
from dashlab.experiments.optimizers.race import Course, RaceConfig, racer_names
from dashlab.experiments.optimizers.surface_presets import SURFACE
from dashlab.experiments.optimizers.surfaces import SURFACES
from dashlab.settings.optim import SurfaceOptimConfig
from ui.frame.views import View
from ui.optimizers import racers
from ui.optimizers import surface_details as details
from ui.optimizers.surface_table import SurfaceRun, table
from ui.parts.controls import clicked, start_argument
from ui.parts.layout import beside, rest
from ui.parts.state import PageState
from ui.parts.text import as_text

if TYPE_CHECKING:
    from dashlab.experiments.optimizers.cache import TrackCache
    from dashlab.experiments.optimizers.grid import Grid
    from dashlab.experiments.optimizers.search import Search

LEAD = (
    "Every racer is a real `torch.optim` object on the same surface, from the same start. Press **Play** and "
    "watch who crosses the valley and who follows it. Then click the picture for another start, or change "
    "one coefficient of one racer."
)
PIXELS = 480  # along each side of the picture of contours


def draw(state: PageState, view: View) -> None:
    """Controls beside the picture."""
    left, right = beside("optim_surface")
    with left:
        _controls(state, view)
    with right:
        _stage(state, view)
    with left:  # last: more is chosen beside the picture
        view.changed_from_preset(state)


# What is set


def _controls(state: PageState, view: View) -> None:
    view.preset_picker(state)
    _surface(state, view)
    _start(state, view)
    view.control(state, "steps")
    view.control(state, "rates")
    view.control(state, "lr")
    st.markdown("**Racers**")
    hidden = () if state.values[view.full("rates")] == "own" else ("lr",)
    racers.editor(state, view.full("racers"), SurfaceOptimConfig, names=racer_names, hidden=hidden)
    _noise(state, view)
    view.control(state, "tolerance")


def _surface(state: PageState, view: View) -> None:
    """Choose the surface; another one sets a start that suits it."""
    before = state.values[view.full("surface")]
    chosen = SURFACES[str(view.control(state, "surface"))]
    if state.values[view.full("surface")] != before:
        _put_start(state, view, *chosen.start)
    st.latex(rf"\small {chosen.formula}")
    st.caption(f"{as_text(chosen.about)} {as_text(chosen.source)}")


def _start(state: PageState, view: View) -> None:
    config = view.config_of(state)
    surface, wanted = SURFACES[config.surface], (config.x, config.y)
    inside = surface.nearest_inside(*wanted)
    if inside != wanted:
        _put_start(state, view, *inside)
        st.caption(":orange[The start was outside of the picture: it is at the edge now.]")
    left, right = st.columns(2)
    with left:
        _coordinate(state, view, "x", surface.x_range)
    with right:
        _coordinate(state, view, "y", surface.y_range)


def _coordinate(state: PageState, view: View, name: str, limits: tuple[float, float]) -> None:
    full = view.full(name)
    key, spec = f"{state.prefix}_{full}", view.config.spec_of(name)
    more: dict[str, Any] = {"step": 0.1, "format": "%.4f", "key": key, "help": spec.help}
    start = float(state.values[full])  # type: ignore[arg-type]
    low, high = limits
    state.values[full] = st.number_input(spec.label, low, high, **more, **start_argument(key, start))


def _put_start(state: PageState, view: View, x: float, y: float) -> None:
    state.put({view.full("x"): x, view.full("y"): y})


def _noise(state: PageState, view: View) -> None:
    view.control(state, "noise")
    if not state.values[view.full("noise")]:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view.control(state, "seed")
        seed = int(str(state.values[view.full("seed")]))
        st.button(
            "New seed",
            key=f"{state.prefix}_new_seed",
            icon=":material/casino:",
            help="Other noise from the same start.",
            on_click=state.put,
            args=({view.full("seed"): (seed + 1) % 2**31},),
        )


# The race


def _stage(state: PageState, view: View) -> None:
    config: RaceConfig = view.config_of(state)
    course = config.course()
    searches = _searches(course, config.field()) if config.rates == "best" else ()
    field = config.field()
    if searches:
        field = tuple(racer.change(lr=own.best) for racer, own in zip(field, searches, strict=True))
    tracks = _tracks().race(course, field)
    run = SurfaceRun(
        course=course,
        names=racer_names(field),
        tracks=tracks,
        outcomes=tuple(outcome(course.on, track.points, track.losses, config.tolerance) for track in tracks),
        searches=searches,
    )
    _picture(state, view, run)
    rest()
    _say_outcomes(run)
    details.chosen(state, view, run)
    table(run, config.tolerance, state.prefix)


def _picture(state: PageState, view: View, run: SurfaceRun) -> None:
    surface, key = run.course.on, f"{state.prefix}_map"
    coarse = _grid(run.course.surface, CATCHERS)
    paths = [
        Path(name=name, points=track.points, left_at=end.left_at, is_lost=end.is_lost)
        for name, track, end in zip(run.names, run.tracks, run.outcomes, strict=True)
    ]
    st.plotly_chart(
        race_map(
            surface,
            _ground(run.course.surface),
            catchers(coarse.x, coarse.y, coarse.losses),
            paths,
        ),
        key=key,
        config=CONFIG,
        on_select=clicked(key, partial(_take_click, state, view)),
        selection_mode="points",
        alt=f"Tracks of {', '.join(run.names)} over the contours of {surface.title}",
    )


def _take_click(state: PageState, view: View, point: Any) -> None:
    """A click on the picture sets the start."""
    _put_start(state, view, *(round(float(point[axis]), 4) for axis in "xy"))


def _say_outcomes(run: SurfaceRun) -> None:
    """Which racers left the picture."""
    words = [sentence(name, end) for name, end in zip(run.names, run.outcomes, strict=True)]
    lines = [as_text(line) for line in words if line]
    if lines:
        st.warning("  \n".join(lines), icon=":material/logout:")


@st.cache_resource(show_spinner=False)
def _tracks() -> TrackCache:
    from dashlab.experiments.optimizers.cache import TrackCache

    return TrackCache()


@st.cache_data(show_spinner=False, max_entries=64)
def _ground(surface: str) -> str:
    return ground(_grid(surface, PIXELS).heights)


@st.cache_data(show_spinner=False, max_entries=64)
def _grid(surface: str, count: int) -> Grid:
    from dashlab.experiments.optimizers.grid import grid

    return grid(surface, count)


def _searches(course: Course, field: Sequence[SurfaceOptimConfig]) -> tuple[Search, ...]:
    """The search of each racer; its own rate plays no part in it."""
    return tuple(_search(course, racer.change(lr=1.0)) for racer in field)


@st.cache_data(show_spinner="Searching the best learning rate of each racer …", max_entries=128)
def _search(course: Course, racer: SurfaceOptimConfig) -> Search:
    from dashlab.experiments.optimizers.search import search

    return search(course, [racer])[0]


VIEW = View(
    name="surface",
    title="On a surface",
    icon=":material/terrain:",
    lead=LEAD,
    config=RaceConfig,
    draw=draw,
    presets=SURFACE,
)
