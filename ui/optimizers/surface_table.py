"""A finished race on a surface, its table, and everything as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from dashlab.experiments.optimizers.outcome import Outcome, distances, is_inside
from dashlab.experiments.optimizers.race import Course
from ui.parts.tables import csv_download

if TYPE_CHECKING:
    from dashlab.experiments.optimizers.run import Track
    from dashlab.experiments.optimizers.search import Search


@dataclass(frozen=True, kw_only=True)
class SurfaceRun:
    """A finished race; `searches` is empty unless each racer runs at its best rate."""

    course: Course
    names: tuple[str, ...]
    tracks: tuple[Track, ...]
    outcomes: tuple[Outcome, ...]
    searches: tuple[Search, ...]

    @property
    def highest(self) -> float:
        """The largest loss above the lowest that curves show: what diverges shall not ruin the axis."""
        within = [
            float((track.losses[is_inside(self.course.on, track.points)] - self.course.on.lowest).max())
            for track in self.tracks
        ]
        return 3 * max(*within, 1e-6)


def table(run: SurfaceRun, tolerance: float, prefix: str) -> None:
    """One line a racer, and everything as CSV."""
    rows = [_row(*racer) for racer in zip(run.names, run.tracks, run.outcomes, strict=True)]
    st.dataframe(
        [{name: _cell(value) for name, value in row.items()} for row in rows],
        column_config={
            "Racer": st.column_config.TextColumn(pinned=True),
            "Final loss": _column("Above the lowest of the surface, after the last step."),
            "Best loss": _column("Above the lowest of the surface: the least on the way."),
            "Distance": _column("From the last point to the nearest minimum."),
            "Arrived": _column(f"The first step after which the loss is within {tolerance:g} of the lowest."),
            "Left": _column("The first step that ended outside of the picture."),
            "Gradients": _column("How many it asked for; a line search asks for several a step."),
        },
        alt="Result of each racer",
    )
    with st.container(horizontal=True):
        csv_download("This table as CSV", lambda: rows, "race.csv", f"{prefix}_table_csv")
        csv_download("Every step as CSV", lambda: every_step(run), "steps.csv", f"{prefix}_steps_csv")


def _column(help_: str) -> Any:
    return st.column_config.TextColumn(help=help_, alignment="right")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _row(name: str, track: Track, end: Outcome) -> dict[str, Any]:
    return {
        "Racer": name,
        "Final loss": end.final if np.isfinite(end.final) else None,
        "Best loss": end.best,
        "Distance": end.distance if np.isfinite(end.distance) else None,
        "Arrived": end.arrived_at,
        "Left": end.left_at,
        "Gradients": int(track.evaluations[-1]),
    }


def every_step(run: SurfaceRun) -> Iterator[dict[str, Any]]:
    """The gradient and the length are those of the step that begins at the point."""
    surface = run.course.on
    for name, track in zip(run.names, run.tracks, strict=True):
        away, ways = distances(surface, track.points), np.diff(track.points, axis=0)
        for step, (point, loss) in enumerate(zip(track.points, track.losses, strict=True)):
            is_last = step == len(ways)
            gradient, way = (("", ""), None) if is_last else (track.gradients[step], ways[step])
            yield {
                "racer": name,
                "step": step,
                "x": point[0],
                "y": point[1],
                "loss": loss,
                "loss above the lowest": loss - surface.lowest,
                "distance": away[step],
                "gradient x": gradient[0],
                "gradient y": gradient[1],
                "length of the next step": "" if way is None else float(np.hypot(*way)),
            }
