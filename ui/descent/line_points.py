"""Points of one's own for the line: a table, a click, an outlier, a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from dashlab.errors import DataError
from dashlab.experiments.descent.line_rows import LineRun
from dashlab.experiments.descent.points import (
    MOST,
    Point,
    outlier_of,
    points_of,
    problem_of,
    read_csv,
    text_of_points,
)
from ui.frame.views import View
from ui.parts.controls import answered
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text

MOST_MIB = 1
"""Of an upload; what is larger is not even taken."""


def shown_points(run: LineRun) -> tuple[Point, ...]:
    """The points that are fitted, of one input."""
    return tuple(zip(run.data.x[:, 0].tolist(), run.data.y.tolist(), strict=True))


def put(state: PageState, view: View, points: Sequence[Point], *, what: str) -> bool:
    """Fit these points from now on, and say so; what is wrong with them is told, and then nothing changes."""
    if problem := problem_of(points):
        _tell(state, view, f"{what} {problem}.")
        return False
    state.put({view.full("data"): "own", view.full("points"): text_of_points(points)})
    return True


def _tell(state: PageState, view: View, problem: str) -> None:
    """A sentence that stands until other points are fitted."""
    st.session_state[f"{state.prefix}__points_problem"] = problem, _fitted(state, view)


def _fitted(state: PageState, view: View) -> tuple[object, ...]:
    """What decides the points."""
    return tuple(state.values[view.full(name)] for name in ("data", "points", "count", "seed"))


def add(state: PageState, view: View, run: LineRun, point: Point) -> None:
    """One more point."""
    put(state, view, (*shown_points(run), point), what="With one more there")


def editor(state: PageState, view: View, run: LineRun) -> None:
    """The button for an outlier; the table and the file, folded up."""
    problem, then = st.session_state.get(f"{state.prefix}__points_problem", ("", ()))
    with st.container():  # of its own, so that the table keeps its place and with it the focus
        if problem and then == _fitted(state, view):
            st.error(as_text(problem), icon=":material/error:")
    if run.data.x.shape[1] > 1:
        return
    points = shown_points(run)
    st.button(
        "Add an outlier",
        key=f"{state.prefix}_{view.name}_outlier",
        icon=":material/add_circle:",
        help="One more point, far off the others. See how much it turns the line under each loss.",
        disabled=len(points) >= MOST,
        on_click=add,
        args=(state, view, run, outlier_of(points)),
    )
    with st.expander("Table and file", icon=":material/table:"):
        _table(state, view, points)
        _file(state, view)


@dataclass(slots=True)
class PointsTable:
    """What is remembered of the table, so that it stays as it is while it is edited.

    Attributes:
        base: the points that it began with.
        made: what has been made of them.
        taken: what of that is fitted; where others are, the table begins anew.
        number: of such beginnings.
    """

    base: str = ""
    made: str = ""
    taken: str = ""
    number: int = 0

    def begins(self, text: str) -> None:
        """Begin with these points, unless they are those that came of the table."""
        if text != self.taken:
            self.base = self.made = self.taken = text
            self.number += 1


def _table(state: PageState, view: View, points: Sequence[Point]) -> None:
    """Every point, to be changed; a row below the last is a new point."""
    if len(points) > MOST:
        st.caption(f"A table of more than {MOST} points cannot be edited: choose fewer points.")
        return
    table: PointsTable = st.session_state.setdefault(f"{state.prefix}__{view.name}_table", PointsTable())
    table.begins(text_of_points(points))
    edited = st.data_editor(
        pd.DataFrame(points_of(table.base), columns=["x", "y"]),
        key=f"{state.prefix}_{view.name}_table_{table.number}",
        num_rows="dynamic",
        hide_index=True,
        height=260,
        alt="The points",
    )
    rows = edited.dropna()
    after = tuple((float(x), float(y)) for x, y in rows.itertuples(index=False))
    if text_of_points(after) != table.made:
        table.made = text_of_points(after)
        if put(state, view, after, what="The points of the table"):
            table.taken = table.made
        st.rerun()
    csv_download(
        "Points as CSV",
        lambda: [{"x": x, "y": y} for x, y in points],
        "points.csv",
        f"{state.prefix}_{view.name}_points_csv",
    )


def _file(state: PageState, view: View) -> None:
    key = f"{state.prefix}_{view.name}_file"
    st.file_uploader(
        "A CSV file of two columns, x and y",
        "csv",
        key=key,
        on_change=answered(key, partial(_take_file, state, view)),
        max_upload_size=MOST_MIB,
        help=f"Up to {MOST} rows; a first row of names is passed over. The points become part of the link.",
    )


def _take_file(state: PageState, view: View, upload: Any) -> None:
    if upload is None:
        return
    try:
        points = read_csv(upload.getvalue())
    except DataError as error:
        _tell(state, view, str(error))
    else:
        put(state, view, points, what="The points of the file")
