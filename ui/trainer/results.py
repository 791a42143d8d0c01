"""A run that has come to its end: figures, curves, mistakes, layers, other runs beside it, downloads."""

from functools import partial

import streamlit as st

from dashlab.charts.trainer import curves as charts
from dashlab.charts.trainer.curves import Curve
from dashlab.experiments.trainer.presets import PUBLISHED
from dashlab.settings.run import RunConfig
from dashlab.store.runs import StoredRun
from dashlab.training import losses
from dashlab.training.results import Evaluation, Result, Started
from ui.parts import preview, runs
from ui.parts.live import seconds
from ui.parts.plots import grow
from ui.parts.text import as_text
from ui.trainer import compare, downloads, mistakes


def curves(curve: Curve, prefix: str, config: RunConfig) -> None:
    """Loss and accuracy side by side, what they are, and the learning rate where a schedule moves it."""
    pictures = st.container()
    log = st.toggle(
        "Logarithmic loss",
        key=f"{prefix}_log",
        help="Equal factors take equal heights: what happens late in the run can be seen.",
        persist_state="session",
    )
    left, right = pictures.columns(2)
    with left:
        grow(charts.loss(curve, log=log), f"{prefix}_chart_loss", "Training and validation loss over epochs")
    with right:
        grow(
            charts.accuracy(curve), f"{prefix}_chart_accuracy", "Training and validation accuracy over epochs"
        )
    with pictures:
        if words := losses.words(config, curve.steps, validated=curve.validated):
            st.caption(as_text(words))
        if config.schedule.schedule != "none":
            grow(charts.learning_rate(curve), f"{prefix}_chart_rate", "Learning rate over epochs")


def figures(result: Result) -> None:
    """The numbers of a run in one row, and what it ran on in a line below."""
    last = result.epochs[-1] if result.epochs else None
    with st.container(horizontal=True, gap="medium"):
        if result.evaluation is not None:
            _test_figures(result, result.evaluation)
        if last is not None:
            _metric(
                "Training accuracy",
                f"{100 * last.train_accuracy:.2f} %",
                "In the last epoch, while training.",
            )
        if last is not None and last.val_accuracy is not None:
            _metric("Validation accuracy", f"{100 * last.val_accuracy:.2f} %", "After the last epoch.")
        _metric("Training took", seconds(result.seconds.train), _spent(result))
    started = result.started
    st.caption(
        f"{pictures(started, result.config)} {started.parameters:,} parameters, trained on "
        f"{as_text(started.device)}: {_spent(result)}"
    )
    if result.evaluation is not None and (words := result.evaluation.guessing_words(started.classes)):
        st.warning(as_text(words), icon=":material/casino:")


def pictures(started: Started, config: RunConfig) -> str:
    """Which pictures a run has, and how many of them it learns from where that is not all."""
    return as_text(started.pictures(config))


def _test_figures(result: Result, evaluation: Evaluation) -> None:
    _metric(
        "Test accuracy",
        f"{100 * evaluation.accuracy:.2f} %",
        f"On {result.started.test_count:,} pictures that it never saw. Test loss {evaluation.loss:.4f}.",
    )
    largest, share = evaluation.largest_class()
    _metric(
        "Largest class alone",
        f"{100 * share:.2f} %",
        f"The test accuracy of always predicting {as_text(result.started.classes[largest])}: no class has "
        "more test pictures. A network that has learned something is above it.",
    )
    if published := PUBLISHED.get(runs.preset_of(result.config)):
        _metric("Published", published, "What the course material reports for this recipe.")


def _metric(label: str, value: str, help: str) -> None:
    st.metric(label, value, help=help, width="content")


def _spent(result: Result) -> str:
    spent = result.seconds
    read = f", {seconds(spent.evaluate)} to evaluate the test set" if result.evaluation is not None else ""
    return f"{seconds(spent.load)} to load, {seconds(spent.train)} to train{read}."


def details(run: StoredRun, prefix: str) -> None:
    """Everything about a run but its curves, in tabs; only the open one is computed."""
    result = run.result
    network = partial(preview.network, result.config, result.started.shape, len(result.started.classes))
    views = {
        "Confusion matrix": partial(mistakes.confusion, run, prefix),
        "Worst mistakes": partial(mistakes.worst, run, prefix),
        "Network": network,
        "Compare": partial(compare.tab, run, prefix),
        "Downloads": partial(downloads.tab, run, prefix),
    }
    if result.evaluation is None:
        del views["Confusion matrix"], views["Worst mistakes"]
    tabs = st.tabs(list(views), key=f"{prefix}_tabs", on_change="rerun")
    for tab, view in zip(tabs, views.values(), strict=True):
        if tab.open:
            with tab:
                view()
