"""The view *On a network*: one network, the same first weights and batches, under several optimizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from dashlab import jobs
from dashlab.errors import DamagedRun, DashlabError
from dashlab.experiments.optimizers.network import (
    HELD_BACK,
    NetworkRace,
    RaceRun,
    entries,
    without_rates,
)
from dashlab.experiments.optimizers.presets import NETWORK
from dashlab.experiments.optimizers.race import racer_names
from dashlab.experiments.optimizers.standings import Lane, lane_of, lanes_of
from dashlab.jobs import JobState, Progress
from dashlab.settings.optim import OptimConfig
from dashlab.training.together import StackedRuns, orders
from ui.frame.views import View
from ui.optimizers import linear as linear_race
from ui.optimizers import network_pictures as network_race
from ui.optimizers import racers
from ui.parts import live, preview, runs
from ui.parts.layout import beside
from ui.parts.stage import Begun, Stage, Wanted
from ui.parts.state import PageState

LEAD = (
    "Every racer trains the same network from the same first weights on the same batches; only the optimizer "
    "differs. Watch who is fast at first and who ends best, then run it over more seeds: at each seed all "
    "racers begin alike, so the table compares them seed by seed."
)

DATA = ("dataset", "train_size", "network", "hidden", "batchnorm")
RUN = ("batch_size", "epochs", "seeds", "seed")


def draw(state: PageState, view: View) -> None:
    """Controls beside what came of them."""
    left, right = beside("optim_net")
    with left:
        config, bar = _controls(state, view)
    with right:
        if config is None:
            st.info("Correct what the sentence at the controls names, and the race can begin.")
        elif config.task == "linear":
            linear_race.draw(config, f"{state.prefix}_{view.name}")
        else:
            _stage(state, view, config, bar)
    with left:  # last: the cell of the grid is chosen beside the picture
        view.changed_from_preset(state)


def _controls(state: PageState, view: View) -> tuple[NetworkRace | None, Any]:
    """All controls; the race they describe, None where it is not sound; and where its progress belongs."""
    view.preset_picker(state)
    view.control(state, "task")
    button, bar = st.container(), st.container()
    st.markdown("**Racers**")
    is_grid = state.values[view.full("task")] == "grid"
    called, hidden = (without_rates, ("lr",)) if is_grid else (racer_names, ())
    racers.editor(state, view.full("racers"), OptimConfig, names=called, hidden=hidden)
    _group(state, view, "Learning rates", ":material/grid_on:", ("lr_low", "lr_high", "lr_count"), True)
    _group(state, view, "Data and network", ":material/hub:", DATA)
    _group(state, view, "Run", ":material/timer:", (*RUN, "targets", "samples", "passes", "full_passes"))
    view.control(state, "log_loss")
    view.control(state, "cell_shows")
    config: NetworkRace = view.config_of(state).without_unused()
    problem = view.problem(state)
    try:
        config.check()
    except DashlabError as error:
        problem = problem or str(error)
    by_itself = _starts_by_itself(state, view, config)
    with button:
        if problem or config.task == "linear":
            STAGE.below(problem)
        else:
            cached = _cached(_entries(config))
            asked = _asked(config, cached)
            STAGE.button(asked)
            if by_itself and not cached:
                STAGE.begin(asked)
    return (None if problem else config), bar


def _group(
    state: PageState, view: View, title: str, icon: str, settings: Sequence[str], is_open: bool = False
) -> None:
    config: NetworkRace = view.config_of(state)
    if any(config.is_used(name) for name in settings):
        with st.expander(title, is_open, icon=icon, key=f"{state.prefix}_{view.name}_group_{settings[0]}"):
            for name in settings:
                view.control(state, name)


# -- the runs ---------------------------------------------------------------------------------------------


def _entries(config: NetworkRace) -> tuple[RaceRun, ...]:
    from dashlab.data.images import available_source

    return _all_entries(config.computed(), available_source(config.dataset))


@st.cache_data(show_spinner=False, max_entries=50)
def _all_entries(config: NetworkRace, source: str) -> tuple[RaceRun, ...]:
    return entries(config, source)


@st.cache_data(show_spinner=False, max_entries=600)
def _stored(root: str, key: str, created: datetime) -> Lane | None:  # noqa: ARG001 - a new run, a new time
    try:
        run = runs.store().load(key)
    except DamagedRun:
        return None
    return lane_of(run.result) if run is not None else None


def _cached(wanted: Sequence[RaceRun]) -> dict[str, Lane]:
    """What the store has of these runs, by key."""
    store = runs.store()
    there = {e.key: run for e in wanted if (run := store.find(e.key)) is not None}
    found = {key: _stored(str(store.root), key, run.created) for key, run in there.items()}
    return {key: lane for key, lane in found.items() if lane is not None}


def _missing(wanted: Sequence[RaceRun], cached: Mapping[str, Lane]) -> list[RaceRun]:
    return [e for e in wanted if e.key not in cached or cached[e.key].state == "stopped"]


def _lanes(wanted: Sequence[RaceRun], job_keys: Sequence[str]) -> dict[str, Lane]:
    """Everything that is known of these runs: what is cached, and what goes on."""
    lanes = {e.key: Lane() for e in wanted} | _cached(wanted)
    for key in job_keys:
        progress = jobs.progress(key)
        if progress is not None and not progress.is_over:
            lanes |= {run: lane for run, lane in _going(progress).items() if run in lanes}
    return lanes


def _going(progress: Progress) -> dict[str, Lane]:
    """The lanes of a job that goes on, by key of the run."""
    if isinstance(progress.config, StackedRuns):
        keys = _runs_of(progress)
        return dict(zip(keys, lanes_of(progress.rows, len(keys)), strict=True))
    state = "running" if progress.state is JobState.RUNNING else "waiting"
    lane = Lane(state=state, started=progress.started, steps=progress.steps, epochs=progress.epochs)
    return {progress.key: lane}


def _runs_of(progress: Progress) -> list[str]:
    """The keys of the runs that a job trains."""
    config = progress.config
    return [one.key() for one in config.configs()] if isinstance(config, StackedRuns) else [progress.key]


# -- start and watch --------------------------------------------------------------------------------------


STAGE = Stage(
    prefix="optim",
    config=NetworkRace,
    start="optim_net_start",
    train="Start",
    going="Racing …",
    there="Everything is there",
    icon=":material/sports_score:",
    there_icon=":material/sports_score:",
    one_at_a_time=True,
)


def _asked(config: NetworkRace, cached: Mapping[str, Lane]) -> Wanted[NetworkRace]:
    """What the stage needs to know of a race of which so much is cached."""
    every = _entries(config)
    missing = _missing(every, cached)
    count, there = len(every), len(every) - len(missing)
    known = f"{there} of them there already" if there else "none trained yet"
    return Wanted(
        config=config.computed(),
        orders=lambda: orders(entry.config for entry in missing),
        going=_going_on({entry.key for entry in missing}),
        is_there=not missing,
        count=f"{count} run{'s' if count > 1 else ''}, {known if missing else 'there already'}.",
        note=f"{there} of {count} were there already, at no cost." if there else "",
    )


def _going_on(missing: set[str]) -> tuple[str, ...]:
    """The jobs that train these runs, if all of them are being trained."""
    found = {job.key: missing.intersection(_runs_of(job)) for job in jobs.active()}
    keys = tuple(key for key, own in found.items() if own)
    return keys if missing and missing == set().union(*found.values()) else ()


def _starts_by_itself(state: PageState, view: View, config: NetworkRace) -> bool:
    """Whether this session sees the view for the first time, with the race of the defaults, which is short.

    Who stops one, or comes back to the defaults, has not asked for it; nor does it hold up other trainings.
    """
    key = f"{state.prefix}_{view.name}__seen"
    is_first = key not in st.session_state
    st.session_state[key] = True
    return is_first and config.computed() == NetworkRace().computed() and not jobs.active()


def _stage(state: PageState, view: View, config: NetworkRace, bar: Any) -> None:
    """The race that goes on, else what is known of the one that is set."""
    asked = _asked(config, _cached(_entries(config)))
    begun = STAGE.watched(asked)
    if begun is not None:
        raced: NetworkRace = begun.config.seen_as(config)
        STAGE.watch(begun, asked, lambda _known: _draw(state, view, raced, begun.keys, over=False), bar)
        return
    _say_how_it_ended(STAGE.last())
    _draw(state, view, config, (), over=True)


def _say_how_it_ended(begun: Begun[NetworkRace] | None) -> None:
    """The sentences of jobs that did not come to their end."""
    ends = [progress for progress in jobs.batch(begun.keys if begun else ()) if progress.is_over]
    bad = [p for p in ends if p.state in (JobState.FAILED, JobState.LOST)]
    for progress in bad[:1]:
        live.status(progress)
    if not bad and any(p.state is JobState.STOPPED for p in ends):
        st.info("Stopped. What was trained until then is kept.", icon=":material/stop_circle:")


def _draw(state: PageState, view: View, config: NetworkRace, job_keys: Sequence[str], *, over: bool) -> None:
    wanted = _entries(config)
    lanes = _lanes(wanted, job_keys)
    prefix = f"{state.prefix}_{view.name}"
    if over and not any(lane.steps or lane.note for lane in lanes.values()):
        _before(config, wanted)
    elif config.task == "grid":
        network_race.grid(state, view, config, wanted, lanes, over=over)
    else:
        network_race.race(config, wanted, lanes, prefix)
    if over and any(lane.steps or lane.note for lane in lanes.values()):
        network_race.table(config, wanted, lanes, prefix)


def _before(config: NetworkRace, wanted: Sequence[RaceRun]) -> None:
    """What stands where the curves would, before anything is trained."""
    pictures = f"{config.train_size:,}" if config.train_size else "all"
    held_back = f", of which {HELD_BACK:.0%} are held back to choose the rates by" * (config.task == "grid")
    st.info(
        f"Press **Start**: {len(wanted)} run{'s' if len(wanted) > 1 else ''} of {config.epochs} "
        f"epoch{'s' if config.epochs > 1 else ''} over {pictures} training pictures{held_back}. "
        "Small fully connected networks are trained all at once; every run is kept, and costs nothing when "
        "it is wanted again."
    )
    preview.before_training(wanted[0].config, len(wanted))


VIEW = View(
    name="net",
    title="On a network",
    icon=":material/hub:",
    lead=LEAD,
    config=NetworkRace,
    draw=draw,
    presets=NETWORK,
)
