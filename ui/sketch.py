"""The sketch pad: a sheet or an uploaded picture, what the networks read, and what they really see."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashlab import jobs
from dashlab.errors import DashlabError, PictureError
from dashlab.experiments.sketch import Prepared, prepare
from dashlab.fields import Spec, Value
from dashlab.jobs import JobState, Progress
from dashlab.presets import PRESETS
from dashlab.store import RunSummary
from ui import live, networks, runs, verdict
from ui.canvas import canvas
from ui.controls import control
from ui.page import as_text, link_to, show_error, show_notes
from ui.state import PageState, arrive, share

if TYPE_CHECKING:
    from dashlab.classifier import Classifier

PREFIX = "sketch"
SIDE = 300  # pixels of the sheet; fits beside the margins of a telephone
FORMATS = ("png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff")
SPECS: dict[str, Spec] = {
    "source": Spec(
        kind="choice",
        label="Picture",
        help="Draw, or upload a picture of one digit.",
        choices=("draw", "upload"),
    ),
    "pen": Spec(kind="integer", label="Pen width", help="In pixels, of a sheet of 300.", low=4, high=40),
    "runs": Spec(kind="text", label="Networks", help="The trained networks that read the picture."),
    "map": Spec(
        kind="choice",
        label="Colour the pixels by",
        help="evidence: what the ink that is there contributed. sensitivity: what more ink would do.",
        choices=("evidence", "sensitivity"),
    ),
    "about": Spec(
        kind="choice",
        label="For the class",
        help="Ask why a network did or did not read this one.",
        choices=("read", *"0123456789"),
    ),
}
DEFAULTS: Mapping[str, Value] = {"source": "draw", "pen": 18, "runs": "", "map": "evidence", "about": "read"}


def start(preset: str) -> Mapping[str, Value] | None:
    """The settings before anything was touched; this page has no presets."""
    return DEFAULTS if preset == "" else None


def page() -> None:
    """All of the page below its lead."""
    jobs.warm_up()
    state = arrive(PREFIX, SPECS, start)
    show_notes(state.notes)
    with st.container(key=f"{PREFIX}_training"):  # there in every run: what stands below must not move
        is_training = _training()
    _pad(state, is_training)


def _training() -> bool:
    """Watch the training that this page started, or that goes on for it elsewhere."""
    progress = _to_watch()
    if progress is None:
        return False
    if not progress.is_over:
        live.watch(progress.key, PREFIX, _curve)
        return True
    if progress.state is not JobState.FINISHED:
        live.status(progress)
    return False


def _to_watch() -> Progress | None:
    started = st.session_state.get(f"{PREFIX}__training", "")
    mine = jobs.progress(started) if started else None
    if mine is not None and not mine.is_over:
        return mine
    elsewhere = (job for job in jobs.active() if runs.preset_of(job.config) == PREFIX)
    return next(elsewhere, mine)


def _curve(progress: Progress) -> None:
    words = "The network sees its first digits …"
    if progress.steps:
        last = progress.steps[-1]
        words = f"It reads **{100 * last.accuracy:.1f} %** of the digits rightly that it has just trained on."
    st.caption(f"{words} Draw meanwhile: what is on the sheet is read as soon as the training is over.")


@st.fragment
def _pad(state: PageState, is_training: bool) -> None:
    """The sheet and everything that follows from it; a lifted pen runs this alone."""
    left, right = st.columns([2, 3], gap="large")
    try:
        with left:
            kept = networks.readable()
            prepared = _picture(state)
        with right:
            found = _read_by(state, kept, is_training)
            verdict.answers(prepared, found, state)
        verdict.what_it_sees(prepared, found, state)
    except DashlabError as error:
        show_error(error)
    share(state)


def _picture(state: PageState) -> Prepared | None:
    """What there is to read, from the sheet or from an upload."""
    if control(state, "source") == "upload":
        return _upload()
    drawing = canvas(f"{PREFIX}_canvas", side=SIDE, pen=int(state.values["pen"]))
    _pen(state)
    return prepare(drawing.picture) if drawing.picture is not None else None


def _pen(state: PageState) -> None:
    spec, key = SPECS["pen"], f"{PREFIX}_pen"
    st.session_state.setdefault(key, state.values["pen"])
    state.values["pen"] = st.slider(
        spec.label, int(spec.low), int(spec.high), key=key, help=spec.help, width=SIDE
    )


def _upload() -> Prepared | None:
    key, kept = f"{PREFIX}_file", f"{PREFIX}__upload"

    def keep() -> None:
        file = st.session_state[key]
        st.session_state[kept] = (file.name, file.getvalue()) if file is not None else None

    st.file_uploader(
        "A picture of one digit",
        FORMATS,
        key=key,
        on_change=keep,
        max_upload_size=64,
        help="Drawn, scanned or photographed; dark on light or light on dark.",
    )
    upload: tuple[str, bytes] | None = st.session_state.get(kept)
    if upload is None:
        return None
    name, data = upload
    st.image(data, caption=name, width=min(SIDE, 220))
    try:
        prepared, notes = _prepared(data, name)
    except PictureError as error:
        show_error(error)
        st.session_state[kept] = None
        return None
    if notes:
        st.caption(f"{as_text(name)}: {as_text('; '.join(notes))}.")
    if prepared is None:
        st.warning(
            f"There is no ink to be seen in {as_text(name)}: take a picture in which one digit stands out "
            "from the paper.",
            icon=":material/visibility_off:",
        )
    return prepared


@st.cache_data(max_entries=8, show_spinner="Preparing the picture …")
def _prepared(data: bytes, name: str) -> tuple[Prepared | None, tuple[str, ...]]:
    from dashlab.data.pictures import read_picture

    picture = read_picture(data, name=name, shrink_to=960)
    return prepare(picture.image), picture.notes


def _read_by(state: PageState, kept: Sequence[RunSummary], is_training: bool) -> "Mapping[str, Classifier]":
    """The networks that read, chosen among the trained ones; a button that trains one where there is none."""
    if kept:
        picked = networks.picker(state, kept)
        if not any(runs.preset_of(run.config) == PREFIX for run in kept) and not is_training:
            _train_button("Train the network made for this page", primary=False)
        return networks.loaded(picked)
    if is_training:
        return {}
    st.info(
        "There is no trained network yet that could read a digit. Training one takes a few seconds, on "
        "40,000 digits of MNIST; what you have drawn stays.",
        icon=":material/model_training:",
    )
    _train_button("Train a network", primary=True)
    link_to("trainer", "Or train one of your own")
    return {}


def _train_button(label: str, *, primary: bool) -> None:
    if st.button(
        label,
        key=f"{PREFIX}_train",
        type="primary" if primary else "tertiary",
        icon=":material/play_arrow:",
        help=as_text(PRESETS[PREFIX].about),
    ):
        st.session_state[f"{PREFIX}__training"] = jobs.submit(PRESETS[PREFIX].config)
        st.rerun()
