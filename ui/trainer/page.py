"""The trainer: its settings, and the stage on which a run is prepared, watched and looked at."""

from typing import Any

import streamlit as st

from dashlab import jobs
from dashlab.charts.trainer.curves import Curve
from dashlab.errors import ConfigError, DamagedRun
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.jobs import Progress
from dashlab.settings.run import RunConfig, spec_of
from dashlab.store.runs import RunSummary, StoredRun
from dashlab.training import losses
from ui.frame.page import link_popover
from ui.frame.views import View
from ui.parts import controls as widgets
from ui.parts import live, offers, preview, runs
from ui.parts.controls import Group
from ui.parts.layout import beside, rest
from ui.parts.stage import Begun, Stage, wanted
from ui.parts.state import PageState, share
from ui.parts.text import as_text
from ui.trainer import own, results
from ui.trainer.compare import curve_of

PREFIX = "train"
FROM_CACHE = (
    "This run is kept from before: equal settings give equal results. Another seed gives another run."
)
LEAD = (
    "Choose a preset or set everything yourself, then train. Watch how fast the loss falls and where it "
    "levels off, then look at the pictures that the network still gets wrong."
)

STAGE = Stage(prefix=PREFIX, config=RunConfig, from_cache=FROM_CACHE, other="")
GROUPS = (
    Group(
        "Data",
        ":material/photo_library:",
        ("dataset", "path", "side", "grey", "source", "train_size", "val_fraction", "normalize"),
    ),
    Group(
        "Network",
        ":material/hub:",
        (
            *("model", "hidden", "channels", "activation", "batchnorm", "dropout", "dropout_layers"),
            *("init", "init_std"),
        ),
    ),
    Group(
        "Optimizer",
        ":material/trending_down:",
        (
            *("optimizer", "lr", "momentum", "nesterov", "dampening", "weight_decay", "beta1", "beta2"),
            *("eps", "alpha", "centered", "rho", "lr_decay", "amsgrad"),
        ),
    ),
    Group("Schedule", ":material/show_chart:", ("schedule", "step_size", "gamma", "warmup")),
    Group("Loss and regularisation", ":material/balance:", ("loss", "label_smoothing", "l1", "l2")),
    Group(
        "Augmentation",
        ":material/flip:",
        ("flip", "crop_padding", "rotate", "shift", "zoom", "shear", "thickness", "erase"),
    ),
    Group(
        "Run",
        ":material/timer:",
        ("batch_size", "epochs", "patience", "seed", "precision", "compile", "start_from"),
    ),
)


def draw(state: PageState, view: View) -> None:
    """The settings beside the stage."""
    controls, right = beside(state.prefix)
    with controls:
        config, bar = settings(state, view)
    with right:
        stage(state, config, bar)


def settings(state: PageState, view: View) -> tuple[RunConfig | None, Any]:
    """Draw the presets, the Train button, every setting and the link.

    Returns:
        The config whose key names the run; None, and a sentence under the button, where it is not sound. And
        the place under the button where the progress of a run belongs.
    """
    view.preset_picker(state)
    button, bar = st.container(), st.container()
    view.settings(
        state,
        GROUPS,
        custom={"path": own.picker, "dataset": _dataset, "start_from": _start_from},
        is_open=lambda group: "path" in group.names and state.values["dataset"] == "own",
    )
    view.changed_from_preset(state)
    share(state)
    link_popover(state)
    config, problem = _sound(state, view)
    with button:
        STAGE.button(wanted(config) if config is not None else None, problem)
    return config, bar


def _sound(state: PageState, view: View) -> tuple[RunConfig | None, str]:
    """The resolved config, or a sentence that says why there is none."""
    from dashlab.training.engine import resolved

    if unread := view.problem(state):
        return None, unread
    try:
        return resolved(view.config_of(state)), ""
    except ConfigError as error:
        return None, str(error)


def _dataset(state: PageState) -> None:
    widgets.control(state, "dataset")
    own.source_line(state)


def _start_from(state: PageState) -> None:
    """Which cached run's weights to start from; only runs that left weights are offered."""
    chosen = str(state.values["start_from"])
    with_weights = runs.store().grouped(_leaves_weights).get("weights", ())
    titles = {"": "Fresh weights"} | runs.titles(offers.newest(with_weights, [chosen]))
    if chosen not in titles:
        titles[chosen] = f"Run {chosen[:12]}…, which is not here"
    key = f"{PREFIX}_start_from"
    spec, keys = state.specs["start_from"], list(titles)
    place = widgets.start_argument(key, chosen, among=keys, argument="index")
    picked = st.selectbox(
        spec.label, keys, format_func=lambda run: titles[run], key=key, help=spec.help, **place
    )
    offers.say_rest(len(with_weights))
    state.values["start_from"] = str(picked)


def _leaves_weights(run: RunSummary) -> str:
    return "weights" if run.state != "diverged" else ""


def stage(state: PageState, config: RunConfig | None, bar: Any) -> None:
    """The run that the settings name, or the last one that was shown, or what there is before training."""
    key = config.key() if config is not None else ""
    asked = wanted(config) if config is not None else None
    begun = STAGE.watched(asked)
    if begun is not None:
        st.header(as_text(runs.title(begun.config)), anchor=False)
        STAGE.watch(begun, asked, lambda known: _curves(known[0]), bar)
        return
    if own.fetching() is not None:
        own.watch_fetch()
    shown = _to_show(key)
    run = _load(shown) if shown is not None else None
    if shown is not None and run is not None:
        STAGE.remember(Begun(config=shown.config, keys=(shown.key,)))
        _over(shown, run, config)
    elif config is not None:
        if not _without_result(key):
            preview.before_training(config)
    else:
        _what_is_wanted(state)


def _what_is_wanted(state: PageState) -> None:
    """What stands where the pictures would, while the settings are not sound."""
    if state.values["dataset"] == "own" and not state.values["path"]:
        st.info("Your own pictures are needed: under **Data**, upload a zip with one folder for each class.")
        st.code("coins.zip\n├── heads\n│   ├── 1.jpg\n│   └── 2.jpg\n└── tails\n    └── 3.png", language=None)
        st.caption(
            "JPEG, PNG, WebP, GIF, BMP or TIFF of any size: they are resized. "
            "A fifth of each class is kept for testing, unless the zip has a folder for that, such as test."
        )
    else:
        st.info(
            "Correct the setting that the sentence under the button names, and the network can be trained."
        )


def _to_show(key: str) -> RunSummary | None:
    """The cached run that the settings name, else the last one that was begun or shown."""
    last = STAGE.last()
    return runs.find(key) or (runs.find(last.keys[0]) if last is not None else None)


def _curves(progress: Progress) -> None:
    started, config = progress.started, progress.run
    assert config is not None  # a page of runs watches runs
    curve = Curve(
        steps=progress.steps,
        epochs=progress.epochs,
        steps_per_epoch=started.steps_per_epoch if started else 1,
        total_epochs=config.loop.epochs,
        validated=config.data.val_fraction > 0,
        held=losses.held(config.loss, progress.steps),
    )
    results.curves(curve, PREFIX, config)
    rest()
    if started is not None:
        st.caption(
            f"{results.pictures(started, config)} {started.parameters:,} parameters, "
            f"{started.steps:,} steps, on {as_text(started.device)}."
        )


def _load(summary: RunSummary) -> StoredRun | None:
    try:
        return runs.load(summary)
    except DamagedRun:
        return None  # the store has set it aside, and `_without_result` says so


def _over(summary: RunSummary, run: StoredRun, config: RunConfig | None) -> None:
    st.header(as_text(runs.title(summary.config, summary.name)), anchor=False)
    _say_changes(summary, config)
    progress = jobs.progress(summary.key)
    if progress is not None and progress.is_over:
        live.status(progress)
    elif run.result.note:
        st.info(as_text(run.result.note), icon=":material/info:")
    results.figures(run.result)
    results.curves(curve_of(run), PREFIX, run.result.config)
    rest()
    results.details(run, PREFIX)


def _say_changes(summary: RunSummary, config: RunConfig | None) -> None:
    """Say in what the settings differ from the run that is shown."""
    if config is None or config.key() == summary.key:
        return
    changes = config.differences(summary.config)
    listed = ", ".join(
        f"{spec_of(name).label} {spec_of(name).shown(theirs)} → {spec_of(name).shown(ours)}"
        for name, (ours, theirs) in changes.items()
    )
    st.info(f"This run had other settings: {as_text(listed)}. Press Train to see what they do.")


def _without_result(key: str) -> bool:
    """What became of a run that left no result: an exception, a worker that was killed, damaged files.

    Returns:
        Whether it had measured something, which then stands on the page.
    """
    for sentence in runs.store().damaged():
        if key[:12] in sentence:
            st.warning(as_text(sentence), icon=":material/heart_broken:")
    progress = jobs.progress(key)
    if progress is None or not progress.is_over:
        return False
    live.status(progress)
    if not progress.steps:
        return False
    _curves(progress)
    return True


VIEW = View(
    name="",
    title="Trainer",
    icon=":material/model_training:",
    lead=LEAD,
    config=RunConfig,
    presets=PRESETS,
    draw=draw,
    draws_link=True,
)
