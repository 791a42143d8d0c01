"""The drawing canvas: streamlit-drawable-canvas behind one function, or a sentence where it is missing.

What has been drawn belongs to the session, not to the component: it is still there after another page was
visited, and when the component is mounted anew. Strokes cross the border, not pixels: the same strokes give
the same pixels in every browser, and fit into a link.
"""

import importlib.util
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashlab.experiments.sketch.ink import MOST_PEN, SIDE, Point, Stroke, simplified

PAPER, INK = "#FFFFFF", "#000000"
"""The same in a light and a dark page: a sheet of paper is white in both."""

_WITHOUT_TOOLBAR = """
export default function ({ parentElement, data }) {
  const style = new CSSStyleSheet();
  style.replaceSync(".dc-toolbar { display: none !important }");
  const hide = () => {
    for (const element of document.querySelectorAll(`.st-key-${data.frame} *`)) {
      const root = element.shadowRoot;
      if (root && !root.adoptedStyleSheets.includes(style)) root.adoptedStyleSheets.push(style);
    }
  };
  const watcher = new MutationObserver(hide);
  const frame = document.querySelector(`.st-key-${data.frame}`);
  if (frame) watcher.observe(frame, { childList: true, subtree: true });
  hide();
  return () => watcher.disconnect();
}
"""
_hide = st.components.v2.component("dashlab_without_toolbar", js=_WITHOUT_TOOLBAR, isolate_styles=False)
"""Hides the component's own toolbar: unseen, it floats over the upper right corner of the sheet, and what is
drawn there would be clicks on its buttons."""

Objects = list[dict[str, Any]]  # Fabric's descriptions of what was drawn, in that order


@dataclass
class Sheet:
    """The sheet of one canvas, as the session keeps it.

    Attributes:
        strokes: what is on the sheet, simplified.
        start: what the component was told to begin with; it begins anew whenever that changes.
        edition: told along with `start`, so that clearing twice is two changes.
        reported: what the component reported last, and `strokes` has taken over.
    """

    strokes: tuple[Stroke, ...] = ()
    start: tuple[Stroke, ...] = ()
    edition: int = 0
    reported: Objects | None = None

    def put(self, strokes: Sequence[Stroke]) -> None:
        """Have these strokes on the sheet instead; call before `canvas`, or from a callback."""
        self.strokes = self.start = tuple(strokes)
        self.edition += 1

    def take(self, reported: Objects) -> None:
        """Take over a new report; until the component has begun anew it repeats its last one."""
        if reported != self.reported:
            self.strokes, self.reported = strokes_of(reported), reported


def is_available() -> bool:
    """Whether the package that draws is installed."""
    return importlib.util.find_spec("streamlit_drawable_canvas") is not None


def sheet_of(key: str) -> Sheet:
    """The sheet of the canvas called `key`, empty at first."""
    sheet: Sheet = st.session_state.setdefault(f"{key}__sheet", Sheet())
    if key not in st.session_state and sheet.strokes != sheet.start:
        sheet.put(sheet.strokes)  # the component was away, and knows nothing of the strokes since
    return sheet


def canvas(key: str, *, pen: int) -> tuple[Stroke, ...]:
    """A square sheet to draw on with a round pen `pen` pixels wide, with undo and clear; gives its strokes.

    A lifted pen runs the fragment (or page) around it again. Where the package is missing, a sentence stands
    there instead.
    """
    sheet = sheet_of(key)
    if is_available():
        with st.container(key=f"{key}_frame", gap=None):
            _show(key, sheet, pen)
            _hide(data={"frame": f"{key}_frame"}, key=f"{key}_without_toolbar", height="content")
    else:
        st.info(
            "Drawing needs the package streamlit-drawable-canvas, which is not installed: upload a picture "
            "instead.",
            icon=":material/draw:",
        )
    _buttons(key, sheet)
    return sheet.strokes


def _show(key: str, sheet: Sheet, pen: int) -> None:
    from streamlit_drawable_canvas import st_canvas

    result = st_canvas(
        stroke_width=pen,
        stroke_color=INK,
        background_color=PAPER,
        height=SIDE,
        width=SIDE,
        initial_drawing={"objects": objects_of(sheet.start), "edition": sheet.edition},
        key=key,
    )
    sheet.take((result.json_data or {}).get("objects", []))


def _buttons(key: str, sheet: Sheet) -> None:
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Undo",
            key=f"{key}_undo",
            icon=":material/undo:",
            on_click=lambda: sheet.put(sheet.strokes[:-1]),
            disabled=not sheet.strokes,
            help="Undo the last stroke.",
        )
        st.button(
            "Clear",
            key=f"{key}_clear",
            icon=":material/delete:",
            on_click=lambda: sheet.put(()),
            disabled=not sheet.strokes,
            help="Start again with an empty sheet.",
        )


def objects_of(strokes: Sequence[Stroke]) -> Objects:
    """The strokes as Fabric describes them."""
    return [
        {
            "type": "Path",
            "path": [["M" if number == 0 else "L", *point] for number, point in enumerate(_line(stroke))],
            "stroke": INK,
            "strokeWidth": stroke.pen,
            "strokeLineCap": "round",
            "strokeLineJoin": "round",
            "fill": None,
        }
        for stroke in strokes
    ]


def _line(stroke: Stroke) -> tuple[Point, ...]:
    return stroke.points if len(stroke.points) > 1 else stroke.points * 2  # a dot is a line to itself


def strokes_of(objects: Objects) -> tuple[Stroke, ...]:
    """What Fabric's paths look like on the sheet; objects that are no pen strokes are left out."""
    found = (_stroke_of(item) for item in objects if item.get("type") == "Path" and item.get("path"))
    return tuple(stroke for stroke in found if stroke is not None)


def _stroke_of(item: Mapping[str, Any]) -> Stroke | None:
    points = _along(item["path"])
    if not points:
        return None
    pen = float(item.get("strokeWidth", 1))
    if "left" in item:  # as Fabric reports it: perhaps moved, scaled or turned with the toolbar's edit mode
        points = _moved(points, item)
        pen *= (abs(item.get("scaleX", 1)) + abs(item.get("scaleY", 1))) / 2
    return simplified(Stroke(min(max(round(pen), 1), MOST_PEN), tuple(points)))


def _along(path: Sequence[Sequence[Any]]) -> list[Point]:
    """Points along a path of M, L and Q (a quadratic Bézier curve)."""
    points: list[Point] = []
    for command, *numbers in path:
        end = float(numbers[-2]), float(numbers[-1])
        if command == "Q" and points:
            (x0, y0), (x1, y1) = points[-1], (float(numbers[0]), float(numbers[1]))
            points += [
                (
                    (1 - t) ** 2 * x0 + 2 * t * (1 - t) * x1 + t * t * end[0],
                    (1 - t) ** 2 * y0 + 2 * t * (1 - t) * y1 + t * t * end[1],
                )
                for t in (0.25, 0.5, 0.75)
            ]
        points.append(end)
    return points


def _moved(points: Sequence[Point], item: Mapping[str, Any]) -> list[Point]:
    """The points where Fabric draws them: about the middle of their box, which stands at (left, top)."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    middle_x, middle_y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    angle = math.radians(item.get("angle", 0))
    cos, sin = math.cos(angle), math.sin(angle)
    moved = []
    for x, y in points:
        dx, dy = (x - middle_x) * item.get("scaleX", 1), (y - middle_y) * item.get("scaleY", 1)
        moved.append((item["left"] + cos * dx - sin * dy, item["top"] + sin * dx + cos * dy))
    return moved
