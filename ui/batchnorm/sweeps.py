"""The sweeps: how far each twin survives as the learning rate grows, and as the batch shrinks."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from dashlab.charts.batchnorm import curves as charts
from dashlab.experiments.batchnorm import presets
from dashlab.experiments.batchnorm import sweeps as experiment
from dashlab.experiments.batchnorm.sweeps import BatchSweep, RateSweep, Reach, Sweep, Trial
from ui.batchnorm.parts import before, is_quick, largest_class, numbers
from ui.batchnorm.words import FEW
from ui.frame.views import View
from ui.parts.controls import Group
from ui.parts.layout import beside, rest
from ui.parts.plots import grow
from ui.parts.stage import StudyStage
from ui.parts.state import PageState

__all__ = ["BATCHES_LEAD", "RATES_LEAD", "BatchSweep", "RateSweep", "draw"]

RATES_LEAD = (
    "Both twins are trained again, from the start, at each learning rate. Compare the widths of the two "
    "plateaus: from which rate on does each twin learn, and at which one does it fail or diverge?"
)
BATCHES_LEAD = (
    "Both twins take the same number of steps at every batch size. Follow BatchNorm from right to left: the "
    "fewer inputs a batch has, the noisier its mean and variance, until what it subtracts is mostly noise."
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
    left, right = beside("bn_sweeps")
    with left:
        view.preset_picker(state)
        button, bar = st.container(), st.container()
        for name in ("dataset", *SWEPT[view.name][:2], "seeds"):
            view.control(state, name)
        sweep = Group("Sweep", ":material/linear_scale:", SWEPT[view.name][2:])
        view.settings(state, (sweep, *GROUPS))
        view.changed_from_preset(state)
    with right:
        study = view.config_of(state).without_unused()
        stage = StudyStage(
            prefix=state.prefix,
            config=type(study),
            draw=partial(_picture, view.name),
            before=before,
            is_quick=is_quick,
        )
        stage.show(study, view.problem(state), button=button, bar=bar)


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
    rest()
    bands = " The bands reach from the worst to the best seed." if study.seeds > 1 else ""
    st.caption(f"{charts.SWEPT_WAYS}{bands} {largest_class(study)}")
    if not is_over or not trials:
        return
    if isinstance(study, RateSweep):
        _say_reach(trials, classes)
    else:
        _say_smallest(trials, classes)
    if sentence := _lag(trials):
        st.caption(sentence)
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


def _reach(reach: Reach) -> str:
    if not reach.learns:
        return "does not learn at any of these rates."
    if reach.stops_at is None:
        return f"learns from {reach.learns[0]:g} on{_gaps(reach)}, and still at the highest rate."
    one = len(reach.learns) == 1
    span = (
        f"learns at {reach.learns[0]:g} alone"
        if one
        else f"learns from {reach.learns[0]:g} to {reach.learns[-1]:g}"
    )
    return f"{span}{_gaps(reach)}, and **stops learning at {reach.stops_at:g}**."


def _gaps(reach: Reach) -> str:
    """The rates between, at which it does not learn."""
    return f" (but not at {', '.join(f'{lr:g}' for lr in reach.gaps)})" if reach.gaps else ""


def _say_smallest(trials: Sequence[Trial], classes: int) -> None:
    smallest = min(trial.batch_size for trial in trials)
    for batchnorm, name in ((False, charts.PLAIN), (True, charts.NORMED)):
        found = [trial for trial in trials if trial.batchnorm == batchnorm and trial.batch_size == smallest]
        st.markdown(f"**{name}**, batches of {smallest}: {_accuracy(found, classes)}.")


def _accuracy(trials: Sequence[Trial], classes: int) -> str:
    """The mean over seeds as it is drawn: one that diverged counts as guessing."""
    lost = sum(trial.diverged > 0 for trial in trials)
    if lost == len(trials):
        return "diverged"
    shares = [1 / classes if trial.diverged else trial.by_running for trial in trials]
    mean = f"{100 * sum(shares) / len(shares):.1f} % in eval mode"
    return f"{mean}, where {lost} of {len(trials)} diverged and count as guessing" if lost else mean


def _lag(trials: Sequence[Trial]) -> str:
    """Why train mode is far ahead of eval mode, where it is; "" where it is not."""
    apart = [one for one in trials if not one.diverged and one.by_batch - one.by_running > LAG]
    if any(one.batch_size > FEW for one in apart):
        return (
            "Where the dotted curve runs far above the solid one the weights have learned, but the running "
            "statistics are still those of an earlier network: more steps or a larger momentum close the gap."
        )
    if apart:
        return (
            f"Where the dotted curve runs far above the solid one, at {FEW} inputs a batch or fewer, mean "
            "and variance of a batch are mostly noise: the two modes are two different networks."
        )
    return ""


def _say_diverged(trials: Sequence[Trial]) -> None:
    for batchnorm, name in ((False, charts.PLAIN), (True, charts.NORMED)):
        lost = [trial for trial in trials if trial.batchnorm == batchnorm and trial.diverged]
        if lost:
            first = min(lost, key=lambda trial: (trial.lr, -trial.batch_size))
            st.caption(
                f"{name}, {len(lost)} of the trainings diverged, the first at learning rate {first.lr:g} "
                f"with batches of {first.batch_size}: its loss was no longer a finite number at step "
                f"{first.diverged}. They stand at the accuracy of guessing."
            )


RATES = View(
    name="rates",
    title="Learning-rate sweep",
    icon=":material/speed:",
    lead=RATES_LEAD,
    config=RateSweep,
    presets=presets.RATES,
    draw=draw,
)
BATCHES = View(
    name="batches",
    title="Batch-size sweep",
    icon=":material/stacked_bar_chart:",
    lead=BATCHES_LEAD,
    config=BatchSweep,
    presets=presets.BATCHES,
    draw=draw,
)
