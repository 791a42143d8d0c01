"""A race over the contours of its surface, with the frames that replay it in the browser."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashlab.charts.ground import spread_out
from dashlab.charts.replay import COLOURS, Plain, markers, player, xy
from dashlab.charts.style import FIXED, MARGIN, layout
from dashlab.experiments.optimizers.surfaces import Surface

Array = npt.NDArray[np.float64]

MOST_FRAMES = 40
TAIL = 3  # frames that the bright end of a track is long while it is replayed


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Path:
    """One racer as it is drawn.

    Attributes:
        name: of the racer.
        points: [steps + 1, 2]; anywhere, also not finite.
        left_at: the first step that ended outside of the picture, None where none did.
        is_lost: whether it stayed outside.
    """

    name: str
    points: Array
    left_at: int | None = None
    is_lost: bool = False


def race_map(surface: Surface, contours: str, catcher: dict[str, Any], paths: Sequence[Path]) -> go.Figure:
    """Contours, tracks, the minima and where racers left; buttons and a slider replay it.

    Args:
        surface: what is raced on.
        contours: picture of them, as `ground` makes it.
        catcher: what catches clicks, as `catchers` makes it.
        paths: one to ten.
    """
    clipped = [_drawn(surface, path) for path in paths]
    traces = [
        *_tracks(paths, clipped),
        _exits(surface, paths),
        *_marks(surface, paths[0].points[:1]),
        catcher,
    ]
    stops = _stops(len(paths[0].points) - 1)
    shape = layout(
        "x",
        "y",
        height=600,  # on a phone the choice of the surface stands under it in the same window
        xaxis={"range": list(surface.x_range), "title": {"standoff": 4}, **FIXED},
        yaxis={"range": list(surface.y_range), "showgrid": False, **FIXED},
        margin=MARGIN,
        hovermode="closest",
        clickmode="event+select",
        images=[spread_out(contours, surface.x_range, surface.y_range)],
        **player(stops),
    )
    frames = [_frame(clipped, stops, number) for number in range(len(stops))]
    return Plain(shape, traces, frames)


def _tracks(paths: Sequence[Path], clipped: Sequence[Array]) -> Iterator[dict[str, Any]]:
    """For each racer its whole track, thin; then the bright part of each; then each racer itself."""
    for number, (path, points) in enumerate(zip(paths, clipped, strict=True)):
        yield _line(path, points, number, width=1, opacity=0.7)
    for number, (path, points) in enumerate(zip(paths, clipped, strict=True)):
        yield _line(path, points, number, width=2.5, showlegend=True)
    for number, (path, points) in enumerate(zip(paths, clipped, strict=True)):
        edge = {"width": 1.5, "color": "white"}
        marker = {"size": 11, "color": COLOURS[number], "line": edge}
        yield markers(*points[-1:].T, marker=marker, legendgroup=path.name, hoverinfo="skip")


def _line(path: Path, points: Array, number: int, *, width: float, **more: Any) -> dict[str, Any]:
    return {
        **xy(points),
        "mode": "lines",
        "name": path.name,
        "legendgroup": path.name,
        "showlegend": False,
        "line": {"width": width, "color": COLOURS[number]},
        "hoverinfo": "skip",
        **more,
    }


def _exits(surface: Surface, paths: Sequence[Path]) -> dict[str, Any]:
    """A cross on the edge where each racer left that did not come back."""
    lost = [(number, path) for number, path in enumerate(paths) if path.is_lost and path.left_at is not None]
    places = [edge_crossing(surface, path.points, path.left_at or 0) for _, path in lost]
    return markers(
        *np.array(places).reshape(-1, 2).T,
        text=[f"{path.name} left at step {path.left_at}" for _, path in lost],
        marker={
            "symbol": "x",
            "size": 14,
            "color": [COLOURS[number] for number, _ in lost],
            "line": {"width": 1.5, "color": "white"},
        },
        hovertemplate="%{text}<extra></extra>",
        cliponaxis=False,
    )


def edge_crossing(surface: Surface, points: Array, left_at: int) -> tuple[float, float]:
    """Where the last piece of the way to point `left_at` of `points` [steps + 1, 2] leaves the picture."""
    inside, outside = points[left_at - 1], points[left_at]
    low, high = np.array([surface.x_range, surface.y_range]).T
    if not np.isfinite(outside).all():
        return float(inside[0]), float(inside[1])
    way = outside - inside
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(way > 0, (high - inside) / way, np.where(way < 0, (low - inside) / way, np.inf))
    x, y = inside + min(1.0, float(shares.min())) * way
    return float(x), float(y)


def _marks(surface: Surface, start: Array) -> Iterator[dict[str, Any]]:
    """The minima, and the start."""
    spots = (("star", 15, np.array(surface.minima), "lowest point"), ("circle", 8, start, "start"))
    for symbol, size, points, words in spots:
        edge = {"width": 1.5, "color": "#1E2A32"}
        yield markers(
            *points.T,
            marker={"symbol": symbol, "size": size, "color": "white", "line": edge},
            hovertemplate=f"{words}: x %{{x:.4g}}, y %{{y:.4g}}<extra></extra>",
        )


def _drawn(surface: Surface, path: Path) -> Array:
    """The points up to where the racer was lost, without those too far out to draw a line to."""
    points = path.points.copy()
    if path.is_lost and path.left_at is not None:
        points[path.left_at + 1 :] = np.nan
    low, high = np.array([surface.x_range, surface.y_range]).T
    with np.errstate(invalid="ignore"):
        near = ((points >= low - 3 * (high - low)) & (points <= high + 3 * (high - low))).all(axis=1)
    return np.where(near[:, None], points, np.nan)


# The replay


def _stops(steps: int) -> list[int]:
    """The steps that a replay shows."""
    stride = -(-steps // MOST_FRAMES)
    return [*range(0, steps, stride), steps]


def _frame(clipped: Sequence[Array], stops: Sequence[int], number: int) -> dict[str, Any]:
    """The bright parts and the racers at one stop; the last frame is the picture at rest."""
    stop, count = stops[number], len(clipped)
    begin = stops[max(0, number - TAIL)] if number < len(stops) - 1 else 0
    tails = [xy(points[begin : stop + 1]) for points in clipped]
    heads = [xy(points[stop : stop + 1]) for points in clipped]
    return {
        "name": str(stop),
        "data": [*tails, *heads],
        "traces": list(range(count, 3 * count)),
    }
