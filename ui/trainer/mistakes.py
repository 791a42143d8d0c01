"""The mistakes of a run: its confusion matrix, the pictures in each cell, and the worst mistakes."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from dashlab.charts.style import CONFIG
from dashlab.charts.trainer import confusion as charts
from dashlab.data.images import ImageSet
from dashlab.errors import DataError
from dashlab.experiments.trainer.confusion import confused_pairs
from dashlab.experiments.trainer.mistakes import Reading, cell_readings, worst_mistakes
from dashlab.store.runs import StoredRun
from dashlab.training.results import Evaluation
from ui.parts import runs
from ui.parts.controls import clicked, start_argument
from ui.parts.pictures import show
from ui.parts.plots import plot
from ui.parts.tables import csv_download
from ui.parts.text import as_text, show_error

MOST_PICTURES = 24
"""Of one cell."""
MOST_MISTAKES = 12


def _pictures_of(run: StoredRun) -> ImageSet | None:
    """The data set of the run; None, and a sentence, where its pictures are no longer there."""
    try:
        images = runs.images(run.result.config)
    except DataError as error:
        show_error(error)
        return None
    if len(images.test_y) != run.result.started.test_count:
        st.warning("The pictures have changed since this run: its mistakes cannot be shown.")
        return None
    return images


def confusion(run: StoredRun, prefix: str) -> None:
    """The confusion matrix beside the accuracy on each class, and the pictures of the chosen cell below."""
    evaluation, classes = run.result.evaluation, run.result.started.classes
    assert evaluation is not None
    pairs = confused_pairs(evaluation.confusion)
    chosen = _chosen_cell(prefix, run.key, len(classes), pairs)
    st.markdown(
        "Each row is a true class, in per cent. **Choose a cell to see its pictures**, here or below."
    )
    left, right = st.columns([3, 2])
    with left:
        if len(classes) <= charts.MOST_CLASSES:
            _matrix(evaluation, classes, chosen, prefix)
        else:
            _pairs_table(pairs, classes, evaluation)
    with right:
        plot(
            charts.class_accuracy(evaluation.confusion, classes),
            f"{prefix}_chart_classes",
            "Accuracy on each class in per cent",
        )
    _cell(run, evaluation, chosen, prefix)


def _matrix(evaluation: Evaluation, classes: Sequence[str], chosen: tuple[int, int], prefix: str) -> None:
    key = f"{prefix}_chart_matrix"
    st.plotly_chart(
        charts.confusion(evaluation.confusion, classes, chosen),
        key=key,
        config=CONFIG,
        on_select=clicked(key, partial(_take_click, prefix)),
        selection_mode="points",
        alt="Confusion matrix: true classes against predicted classes",
    )


def _take_click(prefix: str, point: Any) -> None:
    """A click on a cell sets the two menus below."""
    truth, predicted, _count = point["customdata"]
    _put_cell(prefix, int(truth), int(predicted))


def _put_cell(prefix: str, truth: int, predicted: int) -> None:
    """Choose a cell: the menus start anew from it."""
    st.session_state[f"{prefix}__cell"] = (truth, predicted)
    for name in ("true", "read"):
        st.session_state.pop(f"{prefix}_{name}", None)


def _chosen_cell(
    prefix: str, run_key: str, classes: int, pairs: Sequence[tuple[int, int, int]]
) -> tuple[int, int]:
    """The chosen cell; of a run that is looked at for the first time, its most frequent mistake."""
    if st.session_state.get(f"{prefix}__cell_of") != run_key:
        st.session_state[f"{prefix}__cell_of"] = run_key
        _put_cell(prefix, *(pairs[0][:2] if pairs else (0, 0)))
    truth, predicted = st.session_state[f"{prefix}__cell"]
    truth, predicted = (
        min(int(st.session_state.get(f"{prefix}_{name}", known)), classes - 1)
        for name, known in (("true", truth), ("read", predicted))
    )
    st.session_state[f"{prefix}__cell"] = (truth, predicted)
    return truth, predicted


def _cell(run: StoredRun, evaluation: Evaluation, chosen: tuple[int, int], prefix: str) -> None:
    classes = run.result.started.classes
    for place, label, name, start in zip(
        st.columns(2), ("True class", "Predicted class"), ("true", "read"), chosen, strict=True
    ):
        key, numbers = f"{prefix}_{name}", range(len(classes))
        index = start_argument(key, start, among=numbers, argument="index")
        place.selectbox(label, numbers, format_func=lambda k: classes[k], key=key, **index)
    truth, predicted = chosen
    count, total = evaluation.confusion[truth][predicted], sum(evaluation.confusion[truth])
    st.markdown(
        f"**{count:,}** of {total:,} pictures of *{as_text(classes[truth])}* were predicted as "
        f"*{as_text(classes[predicted])}*" + (": correctly." if truth == predicted else ".")
    )
    images = _pictures_of(run) if count else None
    if images is not None:
        shown = cell_readings(evaluation.probabilities, images.test_y, truth, predicted, MOST_PICTURES)
        readings(shown, images)
        if count > len(shown):
            st.caption(f"The {len(shown)} most confident are shown.")


def _pairs_table(
    pairs: Sequence[tuple[int, int, int]], classes: Sequence[str], evaluation: Evaluation
) -> None:
    st.dataframe(
        [
            {
                "True class": classes[i],
                "Predicted class": classes[j],
                "Pictures": count,
                "Share of the class": 100 * count / sum(evaluation.confusion[i]),
            }
            for i, j, count in pairs[:200]
        ],
        column_config={"Share of the class": st.column_config.NumberColumn(format="%.1f %%")},
        alt="The most frequent confusions",
    )


def worst(run: StoredRun, prefix: str) -> None:
    """The wrongly classified pictures of which the network was most confident, with its likeliest classes."""
    evaluation = run.result.evaluation
    assert evaluation is not None
    images = _pictures_of(run)
    if images is None:
        return
    shown = worst_mistakes(evaluation.probabilities, images.test_y, MOST_MISTAKES)
    if not shown:
        st.success("Every test picture was classified correctly.", icon=":material/check_circle:")
        return
    wrong = sum(count for _, _, count in confused_pairs(evaluation.confusion))
    st.markdown(
        f"The network classifies **{wrong:,}** of {run.result.started.test_count:,} test pictures wrongly. "
        "These are the ones it was most confident about. Would you have got them right?"
    )
    readings(shown, images, top=3)
    csv_download(
        "These mistakes as CSV",
        lambda: [_reading_row(reading, images.classes) for reading in shown],
        f"mistakes-{run.key[:12]}.csv",
        key=f"{prefix}_mistakes_csv",
    )


def readings(shown: Sequence[Reading], images: ImageSet, *, top: int = 0) -> None:
    """Test pictures, each with its classes; with `top`, also the likeliest classes as bars."""
    with st.container(horizontal=True, gap="small"):
        for reading in shown:
            with st.container(width=142 if top else 96, border=bool(top), gap="xxsmall"):
                _reading(reading, images, top)


def _reading(reading: Reading, images: ImageSet, top: int) -> None:
    truth, predicted = as_text(images.classes[reading.truth]), as_text(images.classes[reading.predicted])
    show(
        images.test_x[reading.index].numpy(),
        f"Test picture {reading.index}: true class {images.classes[reading.truth]}",
        side=108 if top else 96,
    )
    if not top:
        st.caption(f"{predicted}: {100 * reading.confidence:.1f} %")
        return
    st.caption(f"true: **{truth}**" if reading.truth != reading.predicted else f"**{truth}**, right")
    for k, probability in reading.top(top):
        st.progress(probability, text=f"**{as_text(images.classes[k])}** · {100 * probability:.1f} %")


def _reading_row(reading: Reading, classes: Sequence[str]) -> dict[str, Any]:
    return {
        "index": reading.index,
        "true": classes[reading.truth],
        "predicted": classes[reading.predicted],
        **{f"p({name})": p for name, p in zip(classes, reading.probabilities, strict=True)},
    }
