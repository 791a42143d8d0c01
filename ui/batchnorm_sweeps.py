"""The sweeps: how far each twin survives as the learning rate grows, and as the batch shrinks."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from dashlab.charts import twins as charts
from dashlab.experiments import twins_sweeps as experiment
from dashlab.experiments.twins_sweeps import BatchSweep, RateSweep, Reach, Sweep, Trial
from ui.batchnorm_parts import numbers
from ui.batchnorm_run import stage
from ui.charts import grow
from ui.controls import Group
from ui.state import PageState
from ui.views import View

__all__ = ["BATCHES_LEAD", "RATES_LEAD", "BatchSweep", "RateSweep", "draw"]

RATES_LEAD = (
    "Both twins are trained anew at each learning rate. Look at the width of each plateau: BatchNorm learns "
    "at rates that are too small for the other, and still at rates where the other fails or diverges."
)
BATCHES_LEAD = (
    "Both twins take the same number of steps at every batch size. Follow BatchNorm from right to left: the "
    "fewer inputs a batch has, the noisier its mean and variance, until what it subtracts is only noise."
)

GROUPS = (
    Group(
        "Data",
        ":material/scatter_plot:",
        ("points", "factor", "turns", "noise", "test_fraction", "train_size", "pixels", "shuffle", "seed"),
    ),
    Group("Network", ":material/hub:", ("hidden", "activation", "activated", "init", "init_std", "bias")),
    Group("BatchNorm", ":material/align_vertical_center:", ("order", "momentum", "affine", "track", "eps")),
)
LAG = 0.1
"""From this difference between the modes on something is said about it."""
SWEPT = {
    "rates": ("lowest", "highest", "count", "epochs", "batch_size"),
    "batches": ("largest", "lr", "steps"),
}


def draw(state: PageState, view: View) -> None:
    """Controls at the left, the curve at the right."""
    left, right = st.columns([3, 7], gap="medium")
    with left:
        view.preset_picker(state)
        button, bar = st.container(), st.container()
        for name in ("dataset", *SWEPT[view.name][:2], "seeds"):
            view.control(state, name)
        rest = Group("Sweep", ":material/linear_scale:", SWEPT[view.name][2:])
        view.settings(state, (rest, *GROUPS))
        view.changed_from_preset(state)
    with right:
        study = view.config_of(state).without_unused()
        stage(state, study, partial(_picture, view.name), button=button, bar=bar)


def _picture(name: str, study: Sweep, trials: Sequence[Trial], is_over: bool) -> None:
    classes = study.widths[-1]
    if isinstance(study, RateSweep):
        over, title = "lr", "Learning rate"
        places = [lr for lr, _, _ in study.settings()]
    else:
        over, title = "batch_size", "Batch size"
        places = [size for _, size, _ in study.settings()]
    chart = charts.swept(trials, over=over, title=title, places=places, classes=classes)
    grow(chart, f"bn_{name}_chart", f"Final test accuracy of both twins over {title.lower()}")
    bands = " The bands reach from the worst to the best seed." if study.seeds > 1 else ""
    st.caption(charts.SWEPT_WAYS + bands)
    if not is_over or not trials:
        return
    if isinstance(study, RateSweep):
        _say_reach(trials, classes)
    else:
        _say_smallest(trials)
    _say_lag(trials)
    _say_diverged(trials)
    with st.expander("Numbers behind this picture", icon=":material/table:"):
        numbers([_row(trial) for trial in trials], f"batchnorm-{name}.csv", f"bn_{name}_csv")


def _row(trial: Trial) -> dict[str, Any]:
    return {
        "twin": charts.NORMED if trial.batchnorm else charts.PLAIN,
        "learning_rate": trial.lr,
        "batch_size": trial.batch_size,
        "seed": trial.seed,
        "steps": trial.steps,
        "training_loss": trial.training_loss,
        "test_eval_mode_accuracy": trial.by_running,
        "test_train_mode_accuracy": trial.by_batch,
        "diverged_at_step": trial.diverged,
    }


def _say_reach(trials: Sequence[Trial], classes: int) -> None:
    enough = 100 * experiment.threshold(trials, classes)
    for batchnorm, name in ((False, charts.PLAIN), (True, charts.NORMED)):
        st.markdown(f"**{name}**: {_reach(experiment.reach(trials, batchnorm=batchnorm, classes=classes))}")
    st.caption(
        f"A twin counts as learning where its mean test accuracy in eval mode is at least {enough:.0f} %, "
        "half way from guessing to the best of all; one that diverged counts as guessing."
    )


def _reach(found: Reach) -> str:
    if not found.learns:
        return "does not learn at any of these rates."
    if found.stops_at is None:
        return f"learns from {found.learns[0]:g} on, and still at the highest rate."
    one = len(found.learns) == 1
    span = (
        f"learns at {found.learns[0]:g} alone"
        if one
        else f"learns from {found.learns[0]:g} to {found.learns[-1]:g}"
    )
    return f"{span}, and **stops learning at {found.stops_at:g}**."


def _say_smallest(trials: Sequence[Trial]) -> None:
    smallest = min(trial.batch_size for trial in trials)
    for batchnorm, name in ((False, charts.PLAIN), (True, charts.NORMED)):
        found = [trial for trial in trials if trial.batchnorm == batchnorm and trial.batch_size == smallest]
        sound = [trial.by_running for trial in found if not trial.diverged]
        accuracy = f"{100 * sum(sound) / len(sound):.1f} %" if sound else "diverged"
        st.markdown(f"**{name}**, batches of {smallest}: {accuracy} in eval mode.")


def _say_lag(trials: Sequence[Trial]) -> None:
    gaps = [trial.by_batch - trial.by_running for trial in trials if not trial.diverged]
    if max(gaps, default=0.0) > LAG:
        st.caption(
            "Where the dotted curve runs far above the solid one the weights have learned, but the running "
            "statistics are still those of an earlier network: more steps or a larger momentum close the gap."
        )


def _say_diverged(trials: Sequence[Trial]) -> None:
    for batchnorm, name in ((False, charts.PLAIN), (True, charts.NORMED)):
        lost = [trial for trial in trials if trial.batchnorm == batchnorm and trial.diverged]
        if lost:
            first = min(lost, key=lambda trial: (trial.lr, -trial.batch_size))
            st.caption(
                f"{name}, {len(lost)} of the trainings diverged, the first at learning rate {first.lr:g} "
                f"with batches of {first.batch_size}: its loss was no finite number any more at step "
                f"{first.diverged}. They stand at the accuracy of guessing."
            )
