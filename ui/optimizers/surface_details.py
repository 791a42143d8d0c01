"""Below the race on a surface: curves, inner state, one step, 3-D, basins, the search; and the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from dashlab.charts.optimizers import curves as race_curves
from dashlab.charts.optimizers import views as race_views
from dashlab.experiments.optimizers.outcome import distances, is_inside
from dashlab.experiments.optimizers.race import DETAILS, Course
from dashlab.experiments.optimizers.terms import Term, resting, terms
from dashlab.settings.optim import SurfaceOptimConfig
from ui.frame.views import View
from ui.optimizers.surface_table import SurfaceRun
from ui.parts.controls import one_of
from ui.parts.plots import plot
from ui.parts.sliders import along, menu
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text

if TYPE_CHECKING:
    from dashlab.experiments.optimizers.basins import Basins
    from dashlab.experiments.optimizers.grid import Grid
    from dashlab.experiments.optimizers.run import Track


def chosen(state: PageState, view: View, run: SurfaceRun) -> None:
    """The switch between the details, and the one that is chosen."""
    name = one_of(state, view.full("detail"), DETAILS, label="Look at")
    _DETAILS[name](state, view, run)


def _curves(state: PageState, _view: View, run: SurfaceRun) -> None:
    """Loss, distance to the nearest minimum, and size of each step, of all racers."""
    surface = run.course.on
    steps = [np.hypot(*np.diff(track.points, axis=0).T) for track in run.tracks]
    away = [distances(surface, track.points) for track in run.tracks]
    width = float(np.hypot(np.ptp(surface.x_range), np.ptp(surface.y_range)))
    panel = race_curves.Panel
    above = [track.losses - surface.lowest for track in run.tracks]
    panels = (
        panel(title="Loss above lowest", values=above, highest=run.highest),
        panel(title="Distance to minimum", values=away, highest=width),
        panel(title="Length of step", values=steps, highest=width, first=1),
    )
    plot(
        race_curves.curves(run.names, panels),
        f"{state.prefix}_curves",
        "Loss, distance to the nearest minimum and length of the step of each racer against the step",
    )
    st.caption(
        "All three axes are logarithmic: a straight line down is a constant factor per step. A curve ends "
        "where its racer is higher or farther out than the picture shows."
    )


def _search(state: PageState, _view: View, run: SurfaceRun) -> None:
    """The loss at the end under each rate."""
    if not run.searches:
        st.info(
            "Choose *Each at its best* under **Learning rates**: every racer is then run with sixteen rates "
            "from 0.0001 to 10, and this chart shows where each of them ends.",
            icon=":material/manage_search:",
        )
        return
    figure = race_curves.searched(
        run.names,
        run.searches[0].rates,
        [np.array(search.finals) for search in run.searches],
        [search.best for search in run.searches],
        run.highest,
    )
    plot(figure, f"{state.prefix}_search", "Final loss of each racer against its learning rate")
    st.caption(
        f"Each optimizer from the same start, {run.course.steps} steps, with sixteen rates. The large dot is "
        "the rate it races with: the lowest final loss, or the quickest of those below 10⁻¹². Where a curve "
        "is missing, the racer left the picture or ended higher than it can show."
    )
    rows = [
        {
            "racer": name,
            "learning rate": rate,
            "final loss above the lowest": final,
            "best": rate == search.best,
        }
        for name, search in zip(run.names, run.searches, strict=True)
        for rate, final in zip(search.rates, search.finals, strict=True)
    ]
    csv_download("The search as CSV", lambda: rows, "search.csv", f"{state.prefix}_search_csv")


def _racer(state: PageState, view: View, run: SurfaceRun) -> int:
    """Choose the racer that is looked at; its index."""
    places = range(1, len(run.names) + 1)
    number = menu(state, view.full("racer"), places, lambda place: run.names[place - 1])
    assert number is not None  # somebody races
    return number - 1


def _terms(run: SurfaceRun, track: Track) -> list[Term]:
    noisy = run.course.noise > 0
    return terms(track.racer, track.points, track.gradients, track.state, noisy=noisy)


RESTS = (
    "L-BFGS rests once the gradient or the slope along its direction is below its tolerance: it takes no "
    "step, and direction, length and step are shown as 0."
)
_STATE_TITLES = {
    "velocity": ("Velocity: what is remembered of the gradients", False),
    "squares": ("Squares: how large the gradients were", True),
    "correction": ("Bias correction: averages that start at 0 are too small at first", True),
    "rate": ("Effective rate of each coordinate", True),
}


def _state(state: PageState, view: View, run: SurfaceRun) -> None:
    """What the optimizer has in its memory, and what follows from it."""
    index = _racer(state, view, run)
    terms = _terms(run, run.tracks[index])
    for kind, (title, log) in _STATE_TITLES.items():
        own = [term for term in terms if term.kind == kind]
        if not own:
            continue
        st.markdown(f"**{title}**" + "".join(f"  \n${term.formula}$" for term in own))
        named = [(term.name, term.values) for term in own]
        plot(
            race_curves.both_coordinates(named, y_title="", log=log),
            f"{state.prefix}_state_{kind}",
            f"{title}, of {run.names[index]}, in x and y against the step",
        )
    rests = resting(run.tracks[index].racer, run.tracks[index].points)
    if rests.any():
        st.caption(
            f"{RESTS} Here in {rests.sum()} of {len(rests)} steps, first in step {rests.argmax() + 1}."
        )
    csv_download(
        "The inner state as CSV", lambda: state_rows(terms), "state.csv", f"{state.prefix}_state_csv"
    )
    if not any(term.remembered for term in terms):
        st.caption("This optimizer remembers nothing: every step is the rate times the gradient.")


def state_rows(terms: Sequence[Term]) -> Iterator[dict[str, Any]]:
    """One row a step, each term in both coordinates."""
    for step in range(len(terms[0].values)):
        row: dict[str, Any] = {"step": step + 1}
        for term in terms:
            row |= {f"{term.name} {axis}": term.values[step, place] for place, axis in enumerate("xy")}
        yield row


def _step(state: PageState, view: View, run: SurfaceRun) -> None:
    """One step of one racer: formulas, numbers, arrows."""
    left, right = st.columns(2)
    with left:
        index = _racer(state, view, run)
    with right:
        step = _step_slider(state, view, run)
    track = run.tracks[index]
    terms = _terms(run, track)
    taken = track.points[step] - track.points[step - 1]
    if not np.isfinite(taken).all() or np.abs(track.points[step]).max() > 1e6:
        st.warning(f"At step {step} {as_text(run.names[index])} is too far out for this to mean anything.")
        return
    st.markdown(_step_table(terms, step, track))
    if resting(track.racer, track.points)[step - 1]:
        st.caption(RESTS)
        return
    named = [
        (words, -term.values[step - 1] if term.kind != "update" else term.values[step - 1])
        for words, term in _directions(terms, track.racer)
    ]
    x, y = track.points[step - 1].tolist()
    ground = _close_up(run.course.surface, x, y, float(np.hypot(*taken)))
    plot(
        race_views.arrows((ground.x, ground.y, ground.losses), track.points[step - 1], named, taken),
        f"{state.prefix}_arrows",
        f"Step {step} of {run.names[index]} as arrows over the contours around it",
    )
    st.caption(
        "The step is drawn to scale. The other arrows show directions, at the length of the step: the "
        "gradient downhill, and what the optimizer remembers of earlier ones."
    )


def _step_slider(state: PageState, view: View, run: SurfaceRun) -> int:
    step = along(state, view.full("step"), range(1, run.course.steps + 1))
    assert step is not None  # a race has at least one step
    return step


def _directions(terms: Sequence[Term], racer: SurfaceOptimConfig) -> Iterator[tuple[str, Term]]:
    yield "downhill: −gradient", terms[0]
    sign = "" if racer.optimizer == "lbfgs" else "−"
    for term in terms:
        if term.kind == "velocity" and racer.optimizer != "lbfgs":
            yield f"{sign}{term.name.lower()}", term


def _step_table(terms: Sequence[Term], step: int, track: Track) -> str:
    """Every term with its formula and its two numbers, as a Markdown table."""
    lines = [f"| step t = {step} | | x | y |", "| --- | --- | ---: | ---: |"]
    lines.append(f"| Where it was | $w_{{t-1}}$ | {_pair(track.points[step - 1])} |")
    lines += [f"| {term.name} | ${term.formula}$ | {_pair(term.values[step - 1])} |" for term in terms]
    lines.append(f"| Where it is | $w_t=w_{{t-1}}+\\Delta_t$ | {_pair(track.points[step])} |")
    return "\n".join(lines)


def _pair(values: Any) -> str:
    return " | ".join(f"{value:.5g}".replace("-", "−") for value in values)


@st.cache_data(show_spinner=False, max_entries=64)
def _close_up(surface: str, x: float, y: float, length: float) -> Grid:
    from dashlab.experiments.optimizers.grid import grid_over
    from dashlab.experiments.optimizers.surfaces import SURFACES

    half = 1.6 * max(length, 1e-9)
    sides = (np.linspace(centre - half, centre + half, 41) for centre in (x, y))
    return grid_over(SURFACES[surface], *sides)


def _space(state: PageState, _view: View, run: SurfaceRun) -> None:
    """The surface and the tracks in three dimensions."""
    surface = run.course.on
    ground = _ground(run.course.surface)
    tracks = []
    for track in run.tracks:
        where = np.column_stack([track.points, _heights(run.course.surface, track.losses)])
        tracks.append(np.where(is_inside(surface, track.points)[:, None], where, np.nan))
    title = "log₁₀ loss" if surface.log_levels else "loss"
    figure = race_views.in_space(run.names, (ground.x, ground.y, ground.heights), tracks, title)
    plot(figure, f"{state.prefix}_space", f"{surface.title} in three dimensions, with the tracks on it")
    st.caption("Drag to turn it." + (" Heights are logarithms of the loss." if surface.log_levels else ""))


@st.cache_data(show_spinner=False, max_entries=32)
def _ground(surface: str) -> Grid:
    from dashlab.experiments.optimizers.grid import grid

    return grid(surface, 61)


def _heights(surface: str, losses: Any) -> Any:
    from dashlab.experiments.optimizers.grid import heights
    from dashlab.experiments.optimizers.surfaces import SURFACES

    with np.errstate(invalid="ignore", over="ignore"):
        return heights(SURFACES[surface], losses)


def _basins(state: PageState, view: View, run: SurfaceRun) -> None:
    """Many starts of one racer, in the colour of the minimum that each reaches."""
    index = _racer(state, view, run)
    racer, surface = run.tracks[index].racer, run.course.on
    if racer.optimizer == "lbfgs":
        st.info(
            "L-BFGS measures all coordinates together, so its starts cannot be stepped as one tensor: "
            "choose another racer.",
            icon=":material/block:",
        )
        return
    basins = _basins_of(run.course, racer)
    figure = race_views.basin_map(surface, basins.x, basins.y, basins.reached)
    plot(figure, f"{state.prefix}_basins", f"Starts coloured by the minimum that {run.names[index]} reaches")
    shares = [
        f"**{letter}** {basins.share(place):.1%}"
        for place, letter in enumerate(race_views.LETTERS[: len(surface.minima)])
    ]
    st.markdown(
        f"{basins.reached.size:,} starts, {run.course.steps} steps of {as_text(run.names[index])} each: "
        f"{', '.join(shares)} end within {basins.reach:.2g} of a minimum; "
        f"{basins.share(-1):.1%} (grey) reach none."
    )
    csv_download("The basins as CSV", lambda: _starts(basins), "basins.csv", f"{state.prefix}_basins_csv")


def _starts(basins: Basins) -> Iterator[dict[str, Any]]:
    for y, line in zip(basins.y, basins.reached, strict=True):
        for x, place in zip(basins.x, line, strict=True):
            minimum = "none" if place < 0 else race_views.LETTERS[place]
            yield {"start x": x, "start y": y, "minimum": minimum}


@st.cache_data(show_spinner="Many starts at once …", max_entries=32)
def _basins_of(course: Course, racer: SurfaceOptimConfig) -> Basins:
    from dashlab.experiments.optimizers.basins import basins

    return basins(course, racer)


_DETAILS: Mapping[str, Callable[[PageState, View, SurfaceRun], None]] = {
    "curves": _curves,
    "search": _search,
    "state": _state,
    "step": _step,
    "space": _space,
    "basins": _basins,
}
