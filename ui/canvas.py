"""The drawing canvas: streamlit-drawable-canvas behind one function, or a sentence where it is missing.

What has been drawn belongs to the session, not to the component: it is still there after another page was
visited, and when the component is mounted anew.
"""

import importlib.util
import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

PAPER, INK = "#FFFFFF", "#000000"
"""The same in a light and a dark page: a sheet of paper is white in both."""

Strokes = list[dict[str, Any]]  # Fabric's description of each stroke, in the order in which they were drawn


@dataclass
class Sheet:
    """The sheet of one canvas, as the session keeps it.

    Attributes:
        start: the strokes with which the component is told to begin; it begins anew whenever they change.
        edition: told along with `start`, so that clearing twice is two changes.
        strokes: all strokes that are on the sheet now.
        picture: the sheet as PNG; None until something was drawn.
        outdated: what the component still reports until it has begun anew; None when it is up to date.
    """

    start: Strokes = field(default_factory=list)
    edition: int = 0
    strokes: Strokes = field(default_factory=list)
    picture: bytes | None = None
    outdated: Strokes | None = None

    def begin_anew(self, strokes: Strokes) -> None:
        """Have the component replace what is on the sheet."""
        self.outdated = self.strokes
        self.start, self.strokes = list(strokes), list(strokes)
        self.edition += 1

    def take(self, strokes: Strokes, picture: bytes | None) -> None:
        """Take over what the component reports; without a picture it has reported nothing yet."""
        if picture is None or strokes == self.outdated:
            return
        self.strokes, self.picture, self.outdated = strokes, picture, None


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """What is on a canvas."""

    strokes: int
    picture: NDArray[np.uint8] | None  # RGBA [H, W, 4]; None on an empty sheet


def is_available() -> bool:
    """Whether the package that draws is installed."""
    return importlib.util.find_spec("streamlit_drawable_canvas") is not None


def canvas(key: str, *, side: int, pen: int) -> Drawing:
    """A square sheet of `side` pixels to draw on with a round pen `pen` pixels wide, with undo and clear.

    A lifted pen runs the fragment (or page) around it again. Where the package is missing, a sentence stands
    there instead and the drawing is empty.
    """
    if not is_available():
        st.info(
            "Drawing needs the package streamlit-drawable-canvas, which is not installed: upload a picture "
            "instead.",
            icon=":material/draw:",
        )
        return Drawing(0, None)
    sheet = _sheet(key)
    _show(key, sheet, side=side, pen=pen)
    _buttons(key, sheet)
    return Drawing(len(sheet.strokes), _decoded(sheet.picture) if sheet.strokes else None)


def _sheet(key: str) -> Sheet:
    sheet: Sheet = st.session_state.setdefault(f"{key}__sheet", Sheet())
    if key not in st.session_state and sheet.strokes != sheet.start:
        sheet.begin_anew(sheet.strokes)  # the component was away, and knows nothing of the strokes since
    return sheet


def _show(key: str, sheet: Sheet, *, side: int, pen: int) -> None:
    from streamlit_drawable_canvas import st_canvas

    result = st_canvas(
        stroke_width=pen,
        stroke_color=INK,
        background_color=PAPER,
        height=side,
        width=side,
        initial_drawing={"objects": sheet.start, "edition": sheet.edition},
        return_image_data=True,
        key=key,
    )
    sheet.take((result.json_data or {}).get("objects", []), result.image_bytes)


def _buttons(key: str, sheet: Sheet) -> None:
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Undo",
            key=f"{key}_undo",
            icon=":material/undo:",
            on_click=lambda: sheet.begin_anew(sheet.strokes[:-1]),
            disabled=not sheet.strokes,
            help="Take the last stroke back.",
        )
        st.button(
            "Clear",
            key=f"{key}_clear",
            icon=":material/delete:",
            on_click=lambda: sheet.begin_anew([]),
            disabled=not sheet.strokes,
            help="Take a new sheet.",
        )


def _decoded(picture: bytes | None) -> NDArray[np.uint8] | None:
    if picture is None:
        return None
    with Image.open(io.BytesIO(picture), formats=("PNG",)) as opened:
        return np.asarray(opened.convert("RGBA"))
