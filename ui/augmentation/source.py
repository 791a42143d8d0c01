"""Which picture the pipeline is drawn on: a bundled photograph, one of a data set, or an upload."""

import io
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from dashlab.data.images import IMAGE_SETS
from dashlab.errors import PictureError
from dashlab.settings.run import RunConfig
from ui.parts import runs
from ui.parts.controls import answered, control, start_argument
from ui.parts.state import PageState
from ui.parts.text import as_text

LARGEST = 384
"""Longest side of an upload, in pixels: larger ones are shrunk, so that the page stays quick."""
FORMATS = ("png", "jpg", "jpeg", "jfif", "webp", "bmp", "gif", "tif", "tiff")


@dataclass(frozen=True, slots=True)
class Source:
    """The pictures to draw on.

    Attributes:
        identity: tells them from all others; ends in how many they are, and whether they differ.
        samples: one for each draw.
        classes: how many labels there are.
        dataset: the data set that they are from; the one that they are most like, if they are from none.
    """

    identity: tuple[str | int, ...]
    samples: list[Any]
    classes: int
    dataset: str

    @property
    def picture(self) -> tuple[str | int, ...]:
        """Tells the first of them from all other pictures, however often it is drawn."""
        return self.identity[:-2]


def choose(state: PageState, *, mixed: bool) -> Source | None:
    """Draw the controls; None, and a sentence, while there is no picture.

    `mixed` asks for a batch of different pictures.
    """
    from dashlab.experiments.augmentation import pictures as samples

    count = int(str(state.values["draws"]))
    (first, second), third = st.columns(2, gap="small"), st.container()
    with first:
        source = str(control(state, "source"))
    if source == "upload":
        return _upload(state, count, mixed)
    if source == "photo":
        with second:
            name = str(control(state, "photo"))
        _credit(name)
        chosen = samples.photo_samples(name, count, mixed=mixed)
        return Source((source, name, count, mixed), chosen, samples.classes_of(source), "cifar10")
    images = runs.images(RunConfig().change(dataset=source))
    with second:
        label = _class(state, images.classes)
    with third:
        number = int(str(control(state, "number")))
    st.caption(as_text(images.origin))
    there = int((images.train_y == label).sum())
    if number > there:
        st.caption(f"There are {there:,} pictures of this class: the last is shown.")
    chosen = samples.set_samples(images, label, number, count, mixed=mixed)
    identity = (source, images.source, label, number, count, mixed)
    return Source(identity, chosen, samples.classes_of(source, images), source)


def _credit(name: str) -> None:
    from dashlab.data.photos import PHOTOS

    st.caption(f"{as_text(PHOTOS[name].credit)}.")


def _class(state: PageState, classes: tuple[str, ...]) -> int:
    key, spec = f"{state.prefix}_label", state.specs["label"]
    numbers = range(len(classes))
    place = start_argument(key, state.values["label"], among=numbers, argument="index")
    chosen = st.selectbox(
        spec.label, numbers, format_func=lambda k: classes[k], key=key, help=spec.help, **place
    )
    state.values["label"] = int(chosen)
    return int(chosen)


def _upload(state: PageState, count: int, mixed: bool) -> Source | None:
    from dashlab.experiments.augmentation import pictures as samples

    st.file_uploader(
        "A picture of your own",
        FORMATS,
        key=f"{state.prefix}_file",
        on_change=answered(f"{state.prefix}_file", partial(_keep, state.prefix)),
        max_upload_size=64,
        help="It stays on this machine and is not part of the link.",
    )
    if problem := st.session_state.get(f"{state.prefix}__upload_problem"):
        st.error(as_text(problem), icon=":material/error:")
    upload: tuple[str, bytes] | None = st.session_state.get(f"{state.prefix}__upload")
    if upload is None:
        st.info("Upload a picture to draw on, or choose one of the others above.")
        return None
    picture, fingerprint, notes = _read(upload[1], upload[0])
    if notes:
        st.caption(f"{as_text(upload[0])}: {as_text('; '.join(notes))}.")
    chosen = samples.own_samples(picture, "your picture", count, mixed=mixed)
    identity = ("upload", fingerprint, count, mixed)
    dataset = "mnist" if picture.mode == "L" else "cifar10"
    return Source(identity, chosen, samples.classes_of("upload"), dataset)


def _keep(prefix: str, file: Any) -> None:
    """Take the new file if it can be read; else say why, and keep the one before."""
    st.session_state[f"{prefix}__upload_problem"] = ""
    if file is None:
        st.session_state[f"{prefix}__upload"] = None
        return
    try:
        _read(file.getvalue(), file.name)
    except PictureError as error:
        st.session_state[f"{prefix}__upload_problem"] = str(error)
    else:
        st.session_state[f"{prefix}__upload"] = (file.name, file.getvalue())


@st.cache_data(max_entries=8, show_spinner="Reading the picture …")
def _read(data: bytes, name: str) -> tuple[Any, str, tuple[str, ...]]:
    """The picture, a name made from its content, and what was done to it."""
    import hashlib

    from dashlab.data.pictures import read_picture

    read = read_picture(data, name=name, shrink_to=LARGEST)
    image, notes = read.image, read.notes
    if max(image.size) > LARGEST:
        image = image.copy()
        image.thumbnail((LARGEST, LARGEST))
        notes = (*notes, f"shrunk to {image.width} × {image.height} pixels")
    return image, hashlib.sha256(data).hexdigest(), notes


def png_of(picture: Any) -> bytes:
    """A PIL image as a PNG file, every pixel as it is."""
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def trained_on(dataset: str) -> str:
    """What a data set is called."""
    return IMAGE_SETS[dataset].title
