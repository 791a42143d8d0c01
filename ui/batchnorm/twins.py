"""The twins view: settings, decision boundaries, curves, and a look inside."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from dashlab.charts.batchnorm import curves as charts
from dashlab.charts.batchnorm.boundary import boundaries, cells
from dashlab.experiments.batchnorm.look import TwinsLook
from dashlab.experiments.batchnorm.presets import TWINS
from dashlab.experiments.batchnorm.rows import GRID, TwinsConfig, TwinsEpoch, frames_of
from ui.batchnorm import inside, words
from ui.batchnorm.parts import before, is_quick, largest_class, networks, numbers, plane_of
from ui.frame.views import View
from ui.parts.controls import Group
from ui.parts.layout import beside, rest
from ui.parts.plots import grow, plot
from ui.parts.sliders import along
from ui.parts.stage import StudyStage
from ui.parts.state import PageState

LEAD = (
    "Two networks start from the same weights and see the same batches; one of them normalises every layer "
    "over the batch. Compare how soon each of them learns; and the accuracy of the latter in **eval mode**, "
    "with running statistics, with that in **train mode**, with those of the batch."
)
NORMALISED = r"\frac{x - \mu_B}{\sqrt{\sigma_B^2 + \varepsilon}}"


GROUPS = (
    Group(
        "Data",
        ":material/scatter_plot:",
        ("points", "factor", "turns", "noise", "test_fraction", "train_size", "pixels", "seed"),
    ),
    Group("Network", ":material/hub:", ("hidden", "activation", "activated", "init", "init_std", "bias")),
    Group("BatchNorm", ":material/align_vertical_center:", ("order", "affine", "track", "eps")),
    Group("Training", ":material/timer:", ("batch_size", "epochs", "shuffle", "measured")),
)


def draw(state: PageState, view: View) -> None:
    """Controls at the left, pictures at the right."""
    left, right = beside("bn_twins")
    with left:
        view.preset_picker(state)
        button, bar = st.container(), st.container()
        for name in ("dataset", "lr", "momentum"):
            view.control(state, name)
        formula = {view.full("order"): lambda state: _with_formula(state, view)}
        view.settings(state, GROUPS, custom=formula)
    with right:
        stage = StudyStage(
            prefix=state.prefix,
            config=TwinsConfig,
            draw=partial(_pictures, state, view),
            before=before,
            is_quick=is_quick,
        )
        stage.show(view.config_of(state).computed(), view.problem(state), button=button, bar=bar)
    with left:  # last: the epoch, the pane and more are chosen beside the pictures
        view.changed_from_preset(state)


def _with_formula(state: PageState, view: View) -> None:
    affine = bool(state.values[view.full("affine")])
    st.latex(rf"y = \gamma\,{NORMALISED} + \beta" if affine else f"y = {NORMALISED}")
    view.control(state, "order")


def _pictures(
    state: PageState, view: View, study: TwinsConfig, rows: Sequence[TwinsEpoch], is_over: bool
) -> None:
    if not rows:
        if not is_over:
            st.caption("Waiting for the first numbers.")
        return
    if not is_over:
        _so_far(study, rows, log=bool(state.values[view.full("log")]))
        return
    picture = st.container()
    at = _epoch_slider(state, view, study, rows)
    if study.dataset == "mnist":
        log = bool(view.control(state, "log"))
        with picture:
            _curves(study, rows, log=log)
        rest()
    else:
        figure = _boundaries((study.key(), len(rows), at.epoch), study, rows, at)
        with picture:
            plot(figure, "bn_twins_chart_boundary", _alt(study, at))
        rest()
        with st.expander("Numbers behind the boundaries", icon=":material/table:"):
            st.caption(f"The probability of class 1 in each of {GRID} × {GRID} cells after epoch {at.epoch}.")
            numbers(cells(at, plane_of(study)), f"batchnorm-boundary-{at.epoch}.csv", "bn_twins_csv_boundary")
    words.figures(rows)
    st.caption(largest_class(study))
    for sentence in words.what_happened(study, rows, at):
        st.markdown(sentence)
    if study.dataset != "mnist":
        _curves(study, rows, log=bool(view.control(state, "log")))
    _table(rows)
    with st.expander("The two networks", icon=":material/hub:"):
        networks(study)
    st.divider()
    inside.draw(state, view, study, rows, at)


def _so_far(study: TwinsConfig, rows: Sequence[TwinsEpoch], *, log: bool) -> None:
    """The latest boundary and the curves, without widgets: a timer draws them again and again."""
    latest = next((row for row in reversed(rows) if row.plain.boundary or row.normed.boundary), None)
    if latest is not None:
        figure = boundaries([latest], latest, plane_of(study))
        plot(figure, "bn_twins_chart_boundary", _alt(study, latest))
        rest()
    _curves(study, rows, log=log)


def _alt(study: TwinsConfig, at: TwinsEpoch) -> str:
    return f"Decision boundaries of both twins on {study.dataset} after epoch {at.epoch}"


@st.cache_resource(show_spinner=False, max_entries=32)  # a third of a megabyte each
def _boundaries(
    identity: tuple[str, int, int],  # noqa: ARG001 - stands for all the others
    _study: TwinsConfig,
    _rows: Sequence[TwinsEpoch],
    _at: TwinsEpoch,
) -> Any:
    """Built once: it takes longer than all the rest of a rerun that looks elsewhere."""
    return boundaries(_rows, _at, plane_of(_study))


def _epoch_slider(state: PageState, view: View, study: TwinsConfig, rows: Sequence[TwinsEpoch]) -> TwinsEpoch:
    kept = set(frames_of(study.epochs))
    by_epoch = {row.epoch: row for row in rows if row.epoch in kept}
    at = along(state, view.full("at"), list(by_epoch))
    assert at is not None  # epoch 0 comes first and is kept
    return by_epoch[at]


def _curves(study: TwinsConfig, rows: Sequence[TwinsEpoch], *, log: bool) -> None:
    classes = study.widths[-1]
    for known in (True, False) if study.measured == "both" else (False,):
        key, on = ("known_", " on the training data") if known else ("", "")
        left, right = st.columns(2)
        with left:
            chart = charts.loss(rows, epochs=study.epochs, classes=classes, log=log, known=known)
            grow(chart, f"bn_twins_chart_{key}loss", f"Loss of both twins over epochs{on}")
        with right:
            chart = charts.accuracy(rows, epochs=study.epochs, known=known)
            grow(chart, f"bn_twins_chart_{key}accuracy", f"Accuracy of both twins over epochs{on}")
        st.caption(charts.KNOWN_WAYS if known else f"{charts.WAYS} {largest_class(study)}")
    if cut := charts.cut_off(rows, classes):
        st.caption(
            f"Losses above {charts.cut_loss(classes):.1f} are left out of the picture; the largest was "
            f"{cut[1]:.3g} after epoch {cut[0]}."
        )


def _table(rows: Sequence[TwinsEpoch]) -> None:
    listed = list(_epochs(rows))
    with st.expander("Numbers behind the curves", icon=":material/table:"):
        numbers(listed, "batchnorm-epochs.csv", "bn_twins_csv_epochs")


def _epochs(rows: Sequence[TwinsEpoch]) -> Iterable[dict[str, Any]]:
    for row in rows:
        figures: dict[str, Any] = {"epoch": row.epoch, "step": row.step}
        for name, twin in (("plain", row.plain), ("batchnorm", row.normed)):
            scores = [
                ("train", twin.training),
                ("test_eval_mode", twin.by_running),
                ("test_train_mode", twin.by_batch),
            ]
            if known := twin.on_training:
                scores += [
                    ("training_data_eval_mode", known.by_running),
                    ("training_data_train_mode", known.by_batch),
                ]
            for how, score in scores:
                figures[f"{name}_{how}_loss"] = score.loss
                figures[f"{name}_{how}_accuracy"] = score.accuracy
            figures[f"{name}_diverged_at_step"] = twin.diverged
        yield figures


VIEW = View(
    name="twins",
    title="Twins",
    icon=":material/compare:",
    lead=LEAD,
    config=TwinsLook,
    presets=TWINS,
    draw=draw,
)
