"""The sketch pad: a sheet or an uploaded picture, what the networks read, and what they really see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from dashlab import jobs
from dashlab.charts.pictures import Pixels
from dashlab.errors import ConfigError, DashlabError, PictureError
from dashlab.experiments.sketch.ink import LONGEST, SIDE, Stroke, decode, encode, rasterize
from dashlab.experiments.sketch.prepare import Prepared, prepare
from dashlab.experiments.sketch.presets import PRESETS as EXAMPLES
from dashlab.experiments.sketch.settings import SketchConfig
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.jobs import JobState, Progress
from dashlab.store.runs import RunSummary
from ui.frame.page import link_to
from ui.frame.views import View
from ui.parts import live, runs
from ui.parts.controls import answered, control, start_argument
from ui.parts.pictures import show
from ui.parts.state import PageState, share
from ui.parts.text import as_text, show_error
from ui.sketch import networks, verdict
from ui.sketch.canvas import canvas, sheet_of

PREFIX = "sketch"
PREVIEW = 220  # pixels that the longer side of an uploaded picture is shown at
FORMATS = ("png", "jpg", "jpeg", "jfif", "webp", "bmp", "gif", "tif", "tiff")
LEAD = (
    "Draw a digit, and watch what the network makes of it each time you lift the pen. Look at the 28 × 28 "
    "pixels that are left of your drawing, and at which of them mattered."
)


def draw(state: PageState, view: View) -> None:
    """The networks and the examples above the sheet and what is read from it."""
    jobs.warm_up()
    with st.container(horizontal=True, gap="medium"):
        with st.container(key=f"{PREFIX}_strip"):  # there in every run: the sheet must never be mounted anew
            picked = _strip(state)
        with st.container(width=SIDE):
            view.preset_picker(
                state,
                label="Example",
                placeholder="Or start from a drawing",
                help="Puts a drawing worth looking at on the sheet, in place of yours.",
                has_about=False,
            )
    _pad(state, view, picked)


def _strip(state: PageState) -> Sequence[RunSummary]:
    """The networks that read, a training that goes on, or a button that starts one: about equally high.

    It stands outside of the pad, for the one fragment that watches a training must not be inside another.
    """
    readable = networks.readable()
    progress = _to_watch()
    is_training = progress is not None and not progress.is_over
    picked = networks.picker(state, readable) if readable else []
    if is_training and progress is not None:
        live.watch([progress.key], PREFIX, lambda known: _so_far(known[0]))
        return picked
    if progress is not None and progress.state is not JobState.FINISHED:
        live.status(progress)
    if not networks.made_for_it():
        _offer_training(readable)
    return picked


def _to_watch() -> Progress | None:
    started = st.session_state.get(f"{PREFIX}__training", "")
    mine = jobs.progress(started) if started else None
    if mine is not None and not mine.is_over:
        return mine
    elsewhere = (job for job in jobs.active() if job.run is not None and runs.preset_of(job.run) == PREFIX)
    return next(elsewhere, mine)


def _so_far(progress: Progress) -> None:
    words = "The network sees its first digits …"
    if progress.steps:
        last = progress.steps[-1]
        words = (
            f"It classifies **{100 * last.accuracy:.1f} %** of the digits it has just trained on correctly."
        )
    st.caption(f"{words} Draw meanwhile: what is on the sheet is classified as soon as the training is over.")


@st.fragment
def _pad(state: PageState, view: View, picked: Sequence[RunSummary]) -> None:
    """The sheet and everything that follows from it; a lifted pen runs this alone."""
    with st.container(horizontal=True, gap="medium"):
        left, right = st.container(width=SIDE), st.container(width="stretch")
    try:
        with left:
            prepared = _picture(state)
        with right:
            if state.preset in view.presets:
                st.caption(view.presets[state.preset].about)
            readers = networks.loaded(picked)
            verdict.answers(prepared, readers, state)
        verdict.what_it_sees(prepared, readers, state)
    except DashlabError as error:
        show_error(error)
    share(state)


def _picture(state: PageState) -> Prepared | None:
    """What there is to read, from the sheet or from an upload."""
    if control(state, "source") == "upload":
        return _upload()
    strokes = _sheet(state)
    _pen(state)
    return prepare(rasterize(strokes)) if strokes else None


def _sheet(state: PageState) -> tuple[Stroke, ...]:
    """The canvas, in step with the setting `ink`: a link or an example fills it, drawing changes the link."""
    key, known = f"{PREFIX}_canvas", f"{PREFIX}__ink"
    if state.values["ink"] != st.session_state.get(known, ""):
        sheet_of(key).put(_drawing_of(str(state.values["ink"])))
    st.caption("One digit, with the mouse or a finger.")
    strokes = canvas(key, pen=int(str(state.values["pen"])))
    text = encode(strokes)
    if len(text) > LONGEST:
        st.caption(
            "This drawing is too long for the address of the page: a link would open with an empty sheet."
        )
        text = ""
    st.session_state[known] = state.values["ink"] = text
    return strokes


def _drawing_of(text: str) -> tuple[Stroke, ...]:
    try:
        return decode(text)
    except ConfigError as error:
        show_error(error)
        return ()


def _pen(state: PageState) -> None:
    spec, key = state.specs["pen"], f"{PREFIX}_pen"
    state.values["pen"] = st.slider(
        spec.label,
        int(spec.low),
        int(spec.high),
        key=key,
        help=spec.help,
        **start_argument(key, state.values["pen"]),
    )


def _upload() -> Prepared | None:
    key, slot = f"{PREFIX}_file", f"{PREFIX}__upload"

    def keep(file: Any) -> None:
        st.session_state[slot] = (file.name, file.getvalue()) if file is not None else None

    st.file_uploader(
        "A picture of one digit",
        FORMATS,
        key=key,
        on_change=answered(key, keep),
        max_upload_size=64,
        help="Drawn, scanned or photographed; dark on light or light on dark.",
    )
    upload: tuple[str, bytes] | None = st.session_state.get(slot)
    if upload is None:
        return None
    name, data = upload
    try:
        read = _read_upload(data, name)
    except PictureError as error:
        show_error(error)
        st.session_state[slot] = None
        return None
    show(read.preview, name, side=PREVIEW)
    st.caption(as_text(f"{name}: {'; '.join(read.notes)}." if read.notes else name))
    if read.prepared is None:
        st.warning(
            f"There is no visible ink in {as_text(name)}: take a picture in which one digit stands out "
            "from the paper.",
            icon=":material/visibility_off:",
        )
    return read.prepared


@dataclass(frozen=True)
class _Upload:
    """An uploaded picture, read once: its pixels to be shown, what was done to it, and prepared."""

    preview: Pixels
    notes: tuple[str, ...]
    prepared: Prepared | None


@st.cache_data(max_entries=8, show_spinner="Preparing the picture …")
def _read_upload(data: bytes, name: str) -> _Upload:
    from dashlab.data.pictures import read_picture

    picture = read_picture(data, name=name, shrink_to=960)
    preview = picture.image.convert("RGB")
    preview.thumbnail((2 * PREVIEW, 2 * PREVIEW))
    return _Upload(np.moveaxis(np.asarray(preview), 2, 0), picture.notes, prepare(picture.image))


def _offer_training(readable: Sequence[RunSummary]) -> None:
    """A button that trains the network made for this page; it comes first where no other reads well."""
    is_first, is_needed = not readable, not networks.reads_digits_well(readable)
    with st.container(horizontal=True, vertical_alignment="center"):
        clicked = st.button(
            "Train a network" if is_first else "Train the network made for this page",
            key=f"{PREFIX}_train",
            type="primary" if is_needed else "tertiary",
            icon=":material/play_arrow:",
            help=as_text(PRESETS[PREFIX].about),
        )
        if is_first:
            st.caption(
                "No network that could read a digit has been trained yet. This takes a few seconds; what you "
                "have drawn stays on the sheet.",
                width=400,
            )
            link_to("trainer", "Train one of your own")
        elif is_needed:
            st.caption(
                f"None of these networks classifies {100 * networks.GOOD:.0f} % of the test digits "
                "correctly.",
                width=400,
            )
    if clicked:
        st.session_state[f"{PREFIX}__training"] = jobs.submit(PRESETS[PREFIX].config)
        st.rerun()


VIEW = View(
    name="",
    title="Sketch a digit",
    icon=":material/draw:",
    lead=LEAD,
    config=SketchConfig,
    presets=EXAMPLES,
    draw=draw,
    left_alone=("runs",),
    draws_link=True,
)
