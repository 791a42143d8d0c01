"""What came out of a pipeline: draws beside the original, each step of one draw, numbers, code, training."""

from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from dashlab.charts.pictures import Pixels
from dashlab.experiments.augmentation.pipeline import Step
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.settings.run import RunConfig
from ui.augmentation.source import Source, png_of, trained_on
from ui.frame.page import link_to
from ui.parts import runs
from ui.parts.controls import answered, control
from ui.parts.pictures import show
from ui.parts.state import PageState
from ui.parts.tables import csv_download, download
from ui.parts.text import as_text

TILE = 144
"""Width of a picture, in pixels: two stand side by side on a telephone."""


def ways_of_looking(state: PageState, draws: Sequence[Any]) -> None:
    """How the draws are shown."""
    with st.container(horizontal=True, gap="small"):
        if any(draw.last.undone is not None for draw in draws):
            with st.container(width=160):
                control(state, "show")
        with st.container(width=160):
            control(state, "beside")


def grid(state: PageState, draws: Sequence[Any], original: Any, *, mixed: bool) -> None:
    """The original beside every draw; the pictures of a batch have no common one."""
    with st.container(horizontal=True, gap="small", key=f"{state.prefix}_grid"):
        if not mixed:
            height, width = original.raw.pixels.shape[1:]
            _tile(original.raw.pixels, "Original", f"{width} × {height}")
        for number, draw in enumerate(draws, 1):
            _tile(_shown(state, draw.last), *_under(number, draw, mixed))
    if any(_is_raw(state, draw.last) and draw.last.raw.mapped is not None for draw in draws):
        st.caption(
            "Values outside of 0 to 1 cannot be shown: each such picture is mapped, its smallest value to "
            "black and its largest to white."
        )


def pick(state: PageState, count: int) -> None:
    """Choose the draw that is taken apart."""
    key, spec = f"{state.prefix}_draw", state.specs["draw"]
    st.session_state[key] = state.nearest("draw", range(1, count + 1))

    def choose(chosen: int | None) -> None:
        if chosen is not None:
            state.values["draw"] = chosen

    st.segmented_control(
        spec.label,
        list(range(1, count + 1)),
        key=key,
        on_change=answered(key, choose),
        help=spec.help,
        required=True,
    )


def beside(state: PageState, draws: Sequence[Any]) -> None:
    """The draws of the reversed pipeline."""
    if draws[0].problem:
        st.warning(f"In reversed order: {as_text(draws[0].problem)}", icon=":material/swap_vert:")
    with st.container(horizontal=True, gap="small", key=f"{state.prefix}_reversed"):
        for number, draw in enumerate(draws, 1):
            _tile(_shown(state, draw.last), f"Draw {number}")


def step_by_step(steps: Sequence[Step], draw: Any) -> None:
    """The picture after each step of one draw, and what was drawn for it."""
    with st.container(horizontal=True, gap="small", key="aug_trace"):
        for row, view in zip(draw.rows, draw.views, strict=True):
            with st.container(width=TILE, gap="xxsmall"):
                show(view.raw.pixels, f"After {row.transform or 'nothing'}", side=TILE)
                st.caption("  \n".join(_draw_lines(row, view)))
                if view.undone is not None and row.transform == "Normalize":
                    show(view.undone.pixels, "Normalize taken back", side=TILE)
                    st.caption("The same with Normalize taken back: x · std + mean.")
    for row in draw.rows:
        if row.note:
            st.caption(f":material/info: {as_text(row.note)}")
    st.dataframe(list(_fact_rows(draw)), hide_index=True, column_config=_numbers(), alt="After each step")
    used = {step.transform for step in steps if step.use}
    if "Normalize" in used:
        st.caption(
            "With the mean and deviation of a data set, Normalize moves those over the whole set to 0 and 1; "
            "one picture alone may lie elsewhere."
        )


def drawn_table(state: PageState, draws: Sequence[Any], *, mixed: bool) -> None:
    """What was drawn for each picture, as far as the transforms say."""
    rows = [{"Draw": number, **dict(_drawn_cells(draw, mixed))} for number, draw in enumerate(draws, 1)]
    st.dataframe(rows, hide_index=True, alt="What was drawn for each picture")
    st.caption(
        "A dash: the step left this picture as it is. Steps that draw nothing, or do not say what, are empty."
    )
    csv_download(
        "All numbers as CSV",
        lambda: [row for number, draw in enumerate(draws, 1) for row in _csv_rows(number, draw)],
        "augmentation.csv",
        key=f"{state.prefix}_csv",
    )


def code(
    state: PageState, source: Source, steps: Sequence[Step], draws: Sequence[Any], *, mixed: bool
) -> None:
    """The pipeline as Python, and the lines that give the chosen draw again."""
    from dashlab.experiments.augmentation.code import draw_code, pipeline_code, split

    single, _ = split(steps)
    st.code(pipeline_code(steps, classes=source.classes if mixed else 0), language="python")
    if any(draw.problem for draw in draws):
        st.caption("Once every step can be done, a draw can be reproduced.")
        return
    chosen = state.nearest("draw", range(1, len(draws) + 1)) - 1
    st.markdown(f"**Draw {chosen + 1} again**" if not mixed else "**This batch again**")
    if mixed:
        seeds = [seed for draw in draws for seed in draw.seeds[: len(single)]] + list(
            draws[0].seeds[len(single) :]
        )
        files = [f"picture{number}.png" for number in range(1, len(draws) + 1)]
        labels = [sample.label for sample in source.samples]
        st.code(draw_code(steps, seeds, files=files, labels=labels), language="python")
        return
    st.code(draw_code(steps, draws[chosen].seeds, files=["picture.png"]), language="python")
    download(
        "The original as picture.png",
        lambda: png_of(source.samples[0].picture),
        "picture.png",
        "image/png",
        f"{state.prefix}_original",
    )


def training(source: Source, steps: Sequence[Step]) -> None:
    """A link that opens the trainer with what it can do of the pipeline, and what it cannot."""
    from dashlab.experiments.augmentation.carry_over import carry_over

    if source.identity[0] in ("photo", "upload"):
        st.markdown(
            f"One picture is not enough to train on: {as_text(trained_on(source.dataset))} stands in for it."
        )
    carried = carry_over(steps, source.dataset)
    st.markdown(
        f"The trainer changes whole batches of {as_text(trained_on(source.dataset))} at once, in an order of "
        "its own: mirror, crop, then turn, zoom, slant and move together, then erase."
    )
    words = {
        "carried": "is carried over",
        "nearly": "is carried over approximately",
        "needless": "is not needed",
        "left out": "is left out",
    }
    lines = [
        f"- **{row.transform}** (step {row.number}) {words[row.fate]}. {as_text(row.why)}" for row in carried
    ]
    st.markdown("\n".join(lines) or "There is no step to carry over.")
    link_to(
        "trainer",
        "Train with this pipeline",
        runs.training_link(training_config(steps, source.dataset)),
        icon=":material/model_training:",
    )


def training_config(steps: Sequence[Step], dataset: str) -> RunConfig:
    """A network that trains in seconds to minutes on a CPU, with what the trainer can do of the steps."""
    from dashlab.experiments.augmentation.carry_over import carry_over, trainer_settings

    config = PRESETS["mnist-fast"].config
    if dataset == "cifar10":
        config = config.change(model="cnn", channels=(32, 64), hidden=(128,), lr=0.1, epochs=5)
    return config.change(**trainer_settings(carry_over(steps, dataset), dataset))


def _tile(picture: Pixels, *under: str) -> None:
    with st.container(width=TILE, gap="xxsmall"):
        show(picture, under[0], side=TILE)
        st.caption("  \n".join(map(as_text, under)))


def _under(number: int, draw: Any, mixed: bool) -> Iterator[str]:
    height, width = draw.last.raw.pixels.shape[1:]
    yield f"Draw {number}"
    if mixed:
        yield draw.label
    elif draw.problem:
        yield f"before step {draw.problem.partition(' (')[0].removeprefix('Step ')}"
    else:
        yield f"{width} × {height}"


def _shown(state: PageState, view: Any) -> Pixels:
    pixels: Pixels = (view.raw if _is_raw(state, view) else view.undone).pixels
    return pixels


def _is_raw(state: PageState, view: Any) -> bool:
    return view.undone is None or state.values["show"] == "raw"


def _draw_lines(row: Any, view: Any) -> Iterator[str]:
    yield f"**{row.number}. {row.transform}**" if row.number else "**Original**"
    yield as_text(f"{row.facts.shape} {row.facts.dtype}")
    if not row.applied:
        yield "left as it is"
    elif words := _drawn_words(row):
        yield as_text(words)
    if view.raw.mapped is not None:
        yield as_text(f"black: {view.raw.mapped[0]:.3g}, white: {view.raw.mapped[1]:.3g}")


def _drawn_words(row: Any) -> str:
    """What was drawn; of a random step that draws nothing but whether it acts, that it did."""
    return str(row.drawn or ("done" if row.transform.startswith("Random") else ""))


def _fact_rows(draw: Any) -> Iterator[dict[str, Any]]:
    for row in draw.rows:
        yield {
            "Step": f"{row.number}. {row.transform}" if row.number else "Original",
            "Shape": row.facts.shape,
            "Dtype": row.facts.dtype,
            "Least": row.facts.low,
            "Greatest": row.facts.high,
            "Mean": row.facts.mean,
            "Std": row.facts.std,
            "Kind": row.facts.kind,
        }


def _numbers() -> dict[str, Any]:
    return {
        name: st.column_config.NumberColumn(format="%.4g", help="In the tensor's own units.")
        for name in ("Least", "Greatest", "Mean", "Std")
    }


def _drawn_cells(draw: Any, mixed: bool) -> Iterator[tuple[str, str]]:
    for row in draw.rows[1:]:
        yield f"{row.number}. {row.transform}", _drawn_words(row) if row.applied else "–"
    if mixed:
        yield "Label", draw.label


def _csv_rows(number: int, draw: Any) -> Iterator[dict[str, Any]]:
    for row in draw.rows:
        yield {
            "draw": number,
            "step": row.number,
            "transform": row.transform,
            "applied": int(row.applied),
            "drawn": row.drawn,
            "kind": row.facts.kind,
            "shape": row.facts.shape,
            "dtype": row.facts.dtype,
            "least": row.facts.low,
            "greatest": row.facts.high,
            "mean": row.facts.mean,
            "std": row.facts.std,
            "label": draw.label,
            "note": row.note,
        }
