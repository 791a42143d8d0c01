"""The view *Ten classes*: softmax regression by hand beside `torch.nn`, and the weights as pictures."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st

from dashlab.charts.descent import ten_classes as charts
from dashlab.errors import DataError
from dashlab.experiments.descent import ten_classes_words as words
from dashlab.experiments.descent.presets import TEN_CLASSES
from dashlab.experiments.descent.ten_classes_settings import TenClassesConfig, TenClassesLook, TenClassesRow
from dashlab.settings.run import RunConfig
from ui.frame.views import View
from ui.parts import guessing, pictures, preview, runs
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.sliders import menu
from ui.parts.stage import StudyStage
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text, show_error

LEAD = (
    "Softmax regression has one picture of weights for each class: where it is red, ink speaks for the "
    "class, where it is blue, against it. Press **Play** and see them form. All of it is written by hand, "
    "and torch.nn runs beside it: the numbers are the same."
)
QUICK_S = 3.0
"""What takes about as long as this on one core is computed while people wait, without a button."""
SIDE = 84  # pixels


def draw(state: PageState, view: View) -> None:
    """Controls at the left; the weights as they form, and one picture, at the right."""
    left, right = beside("descent_softmax")
    with left:
        view.preset_picker(state)
        button, bar = st.container(), st.container()
        spot = st.container()
        for name in ("dataset", "lr", "picture", "scale"):
            view.control(state, name)
        with st.expander("Training", icon=":material/timer:"):
            for name in ("train_size", "batch_size", "epochs", "std", "seed"):
                view.control(state, name)
        view.changed_from_preset(state)
    with right:
        config: TenClassesLook = view.config_of(state)
        stage = StudyStage(
            prefix="descent_softmax",
            config=TenClassesConfig,
            draw=partial(_draw, state, view, spot, config),
            before=_before,
            is_quick=_is_quick,
        )
        stage.show(config.computed(), view.problem(state), button=button, bar=bar)


def _is_quick(study: TenClassesConfig) -> bool:
    from dashlab.data.images import IMAGE_SETS, available_source

    info = IMAGE_SETS[study.dataset]
    is_full = available_source(study.dataset) == "full"
    there = (info.full_counts if is_full else info.bundled_counts)[0]
    return study.change(train_size=min(study.train_size or there, there)).seconds <= QUICK_S


def _before(study: TenClassesConfig) -> None:
    st.info(
        f"Press **Train**: about {study.seconds:.0f} s on one core, by hand and by torch.nn beside each "
        "other. It is kept, and costs nothing when it is wanted again."
    )
    try:
        images = runs.images(RunConfig().change(dataset=study.dataset))
    except DataError as error:
        show_error(error)
        return
    preview.sample_pictures(images)


def _draw(
    state: PageState,
    view: View,
    spot: object,
    config: TenClassesLook,
    study: TenClassesConfig,
    rows: Sequence[TenClassesRow],
    is_over: bool,
) -> None:
    if not rows:
        st.caption("The first step comes soon.")
        return
    try:
        images = runs.images(RunConfig().change(dataset=study.dataset))
    except DataError as error:
        show_error(error)
        return
    at = len(rows) - 1
    if is_over:
        steps = [row.step for row in rows]
        with spot:  # type: ignore[attr-defined]
            shown = menu(state, view.full("step"), steps, lambda step: f"Step {step:,}")
        at = steps.index(shown) if shown in steps else at
    plot(
        charts.replay(rows, at, images.classes, revision=f"{study.key()} {at} {len(rows)}"),
        "descent_softmax_chart",
        "The weights of every class as pictures, and the loss",
    )
    if not is_over:
        return
    rest()
    st.markdown(as_text(words.result_words(rows[-1])))
    if (share := rows[-1].largest_share) is not None:
        st.caption(as_text(guessing.sentence([share])))
    st.markdown(as_text(words.same_words(rows)))
    _one_picture(config, rows[at])
    table = list(words.step_rows(rows))
    with st.expander("By hand and by torch.nn, step by step", icon=":material/table:"):
        st.code(BY_HAND, language="python")
        st.dataframe(table, hide_index=True, height=300, alt="Losses and differences at the steps kept")
        csv_download("Every step kept as CSV", lambda: table, "softmax.csv", "descent_softmax_csv")


BY_HAND = """z = X @ W.T + b
z = z - z.max(1, keepdims=True)
p = exp(z) / exp(z).sum(1, keepdims=True)
W -= lr * (p - y).T @ X / len(X)
b -= lr * (p - y).mean(0)"""


def _one_picture(config: TenClassesLook, row: TenClassesRow) -> None:
    """p − y of the picture, and both softmaxes of its outputs."""
    from dashlab.experiments.descent.ten_classes import two_softmaxes

    images = runs.images(RunConfig().change(dataset=config.dataset))
    place = min(config.picture, len(images.test_y) - 1)
    pixels, label = images.test_x[place].numpy(), int(images.test_y[place])
    outputs = row.matrix().astype(float) @ (pixels.ravel() / 255) + np.array(row.biases)
    two, plain = two_softmaxes(outputs, config.scale), two_softmaxes(outputs, 1.0)
    best = int(plain.stable.argmax())
    st.header("One picture", anchor=False)
    pictures.show(pixels, f"A test picture: {images.classes[label]}", side=SIDE)
    share = float(plain.stable[best])
    st.markdown(as_text(words.error_words(images.classes[label], images.classes[best], share, row.step)))
    plot(
        charts.error(plain.stable, label, images.classes),
        "descent_softmax_chart_error",
        "p and p − y of the picture",
    )
    st.latex(r"\frac{\partial \ell}{\partial z} = p - y, \qquad p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}")
    st.header("The naive softmax and the stable one", anchor=False)
    st.markdown(as_text(words.overflow_words(two)))
    rows = [
        {"class": name, "z": z, "e^z in float32": e, "naive": naive, "stable": stable}
        for name, z, e, naive, stable in zip(
            images.classes,
            two.outputs.tolist(),
            map(_text, two.exponentials.tolist()),
            map(_text, two.naive.tolist()),
            two.stable.tolist(),
            strict=True,
        )
    ]
    shown = {name: st.column_config.NumberColumn(format="%.4g") for name in ("z", "stable")}
    st.dataframe(rows, hide_index=True, column_config=shown, alt="Both softmaxes of the picture")


def _text(value: float) -> str:
    return "no number (∞/∞)" if np.isnan(value) else "∞" if np.isinf(value) else f"{value:.4g}"


VIEW = View(
    name="softmax",
    title="Ten classes",
    icon=":material/apps:",
    lead=LEAD,
    config=TenClassesLook,
    draw=draw,
    presets=TEN_CLASSES,
    left_alone=("step",),
)
