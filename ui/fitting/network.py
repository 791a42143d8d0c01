"""The view *Few pictures*: every combination of the cures chosen, and the learning curve."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from dashlab import jobs
from dashlab.errors import DamagedRun, DataError
from dashlab.experiments.fitting import cure_words as words
from dashlab.experiments.fitting import network as experiment
from dashlab.experiments.fitting.effects import outcome_of
from dashlab.experiments.fitting.network import CURES, CureRun, CuresConfig
from dashlab.experiments.fitting.presets import CURES as PRESETS
from dashlab.jobs import JobState, Progress
from dashlab.training.results import EpochRow
from dashlab.training.together import StackedRuns, orders
from ui.fitting import network_pictures as pictures
from ui.fitting.parts import problem_of, slider
from ui.frame.views import View
from ui.parts import live, preview, runs
from ui.parts.controls import Group
from ui.parts.layout import beside
from ui.parts.stage import Stage, Wanted
from ui.parts.state import PageState
from ui.parts.text import show_error

LEAD = (
    "With few pictures a large network learns them by heart: the training loss falls to nothing while the "
    "validation loss rises. Switch on some cures; every combination of them is trained from the same start "
    "on the same pictures, so that each shows what it brings alone and on top of the others."
)
GROUPS = (
    Group(
        "How strong",
        ":material/tune:",
        ("l1_strength", "l2_strength", "dropout_p", "patience", "times", "units"),
    ),
    Group(
        "Network and training", ":material/hub:", ("hidden", "lr", "batch_size", "epochs", "seeds", "seed")
    ),
)
STAGE = Stage(
    prefix="fit",
    config=CuresConfig,
    start="fit_network_start",
    train="Train all",
    going="Training …",
    there="Everything is there",
    one_at_a_time=True,
)


def draw(state: PageState, view: View) -> None:
    """Controls at the left; what the cures bring, and the curves, at the right."""
    left, right = beside("fit_network")
    with left:
        view.preset_picker(state)
        button, bar, spot = st.container(), st.container(), st.container()
        view.control(state, "task")
        for cure in CURES:
            view.control(state, cure)
        view.control(state, "dataset")
        _count(state, view)
        view.control(state, "measured")
        view.settings(state, GROUPS)
        view.control(state, "log_loss")
    config: CuresConfig = view.config_of(state).without_unused()
    problem = problem_of(state, view, config)
    by_itself = _starts_by_itself(state, view, config)
    asked = None if problem else _asked(config, _entries(config))
    with button:
        STAGE.button(asked, problem)
        if by_itself and not _known(_entries(config)):
            STAGE.begin(_without_cures(config))
    with right:
        _stage(state, view, config, asked, bar, spot)
    with left:  # last: what is there decides which combination can be chosen
        view.changed_from_preset(state)


def _count(state: PageState, view: View) -> None:
    name = "pictures" if state.values[view.full("task")] == "cures" else "most"
    slider(state, view, name, (*experiment.COUNTS, 300))


def _entries(config: CuresConfig) -> tuple[CureRun, ...]:
    from dashlab.data.images import available_source

    return _all_entries(config.computed(), available_source(config.dataset))


@st.cache_data(show_spinner=False, max_entries=50)
def _all_entries(config: CuresConfig, source: str) -> tuple[CureRun, ...]:
    return experiment.entries(config, source)


# -- what is known of the runs ----------------------------------------------------------------------------


@st.cache_data(show_spinner=False, max_entries=600)
def _stored(root: str, key: str, created: datetime) -> pictures.Known | None:  # noqa: ARG001 - a new run, a new time
    try:
        run = runs.store().load(key)
    except DamagedRun:
        return None
    if run is None or run.result.state == "stopped":
        return None
    result = run.result
    graded = result.evaluation
    stops = bool(result.config.loop.patience)
    return pictures.Known(
        outcome=outcome_of(result.epochs, graded.accuracy if graded else None, stops=stops),
        epochs=result.epochs,
        guessing=graded.largest_class()[1] if graded else None,
    )


def _known(wanted: Sequence[CureRun]) -> dict[str, pictures.Known]:
    """What the store has of these runs, by key."""
    store = runs.store()
    there = {one.key: run for one in wanted if (run := store.find(one.key)) is not None}
    read = {key: _stored(str(store.root), key, run.created) for key, run in there.items()}
    return {key: known for key, known in read.items() if known is not None}


def _going(known: Sequence[Progress]) -> dict[str, tuple[EpochRow, ...]]:
    """The epochs so far of runs that are being trained, by key."""
    epochs: dict[str, tuple[EpochRow, ...]] = {}
    for progress in known:
        if progress.state is not JobState.RUNNING:
            continue
        if isinstance(progress.config, StackedRuns):
            keys = [config.key() for config in progress.config.configs()]
            for place, key in enumerate(keys):
                epochs[key] = tuple(row.epoch for row in progress.rows if row.racer == place and row.epoch)
        else:
            epochs[progress.key] = progress.epochs
    return epochs


# -- start and watch --------------------------------------------------------------------------------------


def _asked(config: CuresConfig, wanted: Sequence[CureRun]) -> Wanted[CuresConfig]:
    there = _known(wanted)
    missing = [one for one in wanted if one.key not in there]
    rest_s = experiment.seconds(config) * len(missing) / len(wanted)
    return Wanted(
        config=config.computed(),
        orders=lambda: orders(one.config for one in missing),
        going=_going_on({one.key for one in missing}),
        is_there=not missing,
        count=words.runs_words(wanted, len(there), rest_s),
    )


def _without_cures(config: CuresConfig) -> Wanted[CuresConfig]:
    """The first run alone, which is overfitted: it takes a second, and shows what there is to cure."""
    first = _entries(config)[0]
    return Wanted(config=config.computed(), orders=lambda: [first.config], going=())


def _starts_by_itself(state: PageState, view: View, config: CuresConfig) -> bool:
    """Whether this session sees the view for the first time, as it is at first, and nothing else goes on."""
    key = f"{state.prefix}_{view.name}__seen"
    is_first = key not in st.session_state
    st.session_state[key] = True
    return is_first and config.computed() == CuresConfig().computed() and not jobs.active()


def _going_on(missing: set[str]) -> tuple[str, ...]:
    """The jobs that train these runs, if all of them are being trained."""
    own = {job.key: missing.intersection(_keys_of(job)) for job in jobs.active()}
    keys = tuple(key for key, some in own.items() if some)
    return keys if missing and missing == set().union(*own.values()) else ()


def _keys_of(job: Progress) -> list[str]:
    config = job.config
    return [one.key() for one in config.configs()] if isinstance(config, StackedRuns) else [job.key]


def _stage(
    state: PageState,
    view: View,
    config: CuresConfig,
    asked: Wanted[CuresConfig] | None,
    bar: Any,
    spot: Any,
) -> None:
    """What goes on, else what is known of the runs that are set; `spot` is the place of what is chosen."""
    begun = STAGE.watched(asked)
    if begun is not None:
        seen = begun.config.seen_as(config)
        STAGE.watch(begun, asked, lambda known: _while_training(state, view, seen, known), bar)
        return
    if asked is None:
        st.info("Correct what the sentence at the controls names, and the training can begin.")
        return
    last = STAGE.last()
    ends = [progress for progress in jobs.batch(last.keys if last else ()) if progress.is_over]
    for progress in [one for one in ends if one.state in (JobState.FAILED, JobState.LOST)][:1]:
        live.status(progress)
    if ends and all(one.state is JobState.STOPPED for one in ends):
        st.info("Stopped. What was trained until then is kept.", icon=":material/stop_circle:")
    wanted = _entries(config)
    known = _known(wanted)
    if known:
        pictures.draw(state, view, config, wanted, known, spot)
    else:
        _before(config, wanted)


def _while_training(state: PageState, view: View, config: CuresConfig, progress: Sequence[Progress]) -> None:
    wanted = _entries(config)
    pictures.growing(wanted, _going(progress), config)
    if known := _known(wanted):
        pictures.overview(config, wanted, known, chosen=int(str(state.values[view.full("chosen")])))


def _before(config: CuresConfig, wanted: Sequence[CureRun]) -> None:
    """What stands where the curves would, before anything is trained."""
    st.info(
        f"Press **Train all**: {len(wanted)} runs of {config.epochs} epochs. What differs in L1, L2 and "
        "early stopping alone is trained all at once; every run is kept, and costs nothing when it is wanted "
        "again."
    )
    try:
        images = runs.images(wanted[0].config)
    except DataError as error:
        show_error(error)
        return
    st.header("What it will learn from", anchor=False)
    preview.sample_pictures(images)


VIEW = View(
    name="network",
    title="Few pictures",
    icon=":material/healing:",
    lead=LEAD,
    config=CuresConfig,
    presets=PRESETS,
    draw=draw,
)
