"""A race over the contours of its surface, with the frames that replay it in the browser."""

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from PIL import Image

from dashlab.charts.style import CLEAR, FIXED, MARGIN, layout
from dashlab.experiments.optimizers.surfaces import Surface

Array = npt.NDArray[np.float64]

COLOURS = tuple(f"#0000{number:02}" for number in range(1, 11))
"""Stand-ins for the theme's ten colours, in the order in which Streamlit gives them to traces: wherever one
occurs in a figure, it puts the colour of the theme that is in force."""

MOST_FRAMES = 40
TAIL = 3  # frames that the bright end of a track is long while it is replayed
BANDS = 26  # of contours
GROUND = (91, 132, 166)  # blue-grey
CATCHERS = 49  # points along each side of the grid that catches clicks
SPEEDS = {"Play": 90, "Slow": 350, "Fast": 20}  # milliseconds a frame


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
        images=[_image(surface, contours)],
        **_player(stops),
    )
    frames = [_frame(clipped, stops, number) for number in range(len(stops))]
    return Plain(shape, traces, frames)


class Plain(go.Figure):  # type: ignore[misc]
    """A figure of plain JSON, taken as it is.

    Plotly would spend as much time on checking a replay's traces and frames as torch on the race.
    """

    def __init__(
        self, shape: dict[str, Any], traces: Sequence[dict[str, Any]], frames: Sequence[dict[str, Any]] = ()
    ) -> None:
        super().__init__()
        self._shape, self._plain_traces, self._plain_frames = shape, list(traces), list(frames)

    def to_dict(self) -> dict[str, Any]:
        """The figure as JSON has it."""
        whole: dict[str, Any] = super().to_dict()
        whole["layout"] |= self._shape
        return whole | {"data": self._plain_traces, "frames": self._plain_frames}


def ground(heights: Array) -> str:
    """Heights [Y, X], rows from low to high y, as a picture of contours in the address of an image.

    A picture, because a replay takes traces of contours away, and they take a browser long to draw. Its
    grey is transparent where the surface is low, so that it is right on any background.
    """
    low, high = float(heights.min()), float(heights.max())
    bands = np.floor((heights - low) / ((high - low) or 1.0) * BANDS).astype(int)
    edges = np.zeros(bands.shape, dtype=bool)
    edges[1:] |= bands[1:] != bands[:-1]
    edges[:, 1:] |= bands[:, 1:] != bands[:, :-1]
    picture = np.empty((*bands.shape, 4), dtype=np.uint8)
    picture[..., :3] = GROUND
    picture[..., 3] = np.minimum(bands * (150 / BANDS) + 70 * edges, 255)
    out = io.BytesIO()
    Image.fromarray(picture[::-1]).quantize(256).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def _image(surface: Surface, source: str) -> dict[str, Any]:
    (left, right), (bottom, top) = surface.x_range, surface.y_range
    return {
        "source": source,
        "xref": "x",
        "yref": "y",
        "x": left,
        "y": top,
        "sizex": right - left,
        "sizey": top - bottom,
        "sizing": "stretch",
        "layer": "below",
    }


def catchers(x: Array, y: Array, losses: Array) -> dict[str, Any]:
    """Invisible markers over the picture: Plotly reports clicks on points only.

    They stand at all pairs of `x` [X] and `y` [Y], and have `losses` [Y, X] to show.

    All of them answer to a pointer, but only one is drawn: thousands would keep a browser busy.
    """
    across, up = np.meshgrid(x, y)
    return _markers(
        across.ravel(),
        up.ravel(),
        customdata=encoded(losses.ravel()),
        marker={"size": 14, "symbol": "square", "opacity": 0, "color": CLEAR, "maxdisplayed": 1},
        hovertemplate="start at x %{x:.2f}, y %{y:.2f}<br>loss %{customdata:.4g}<extra></extra>",
        opacity=0,
    )


def _tracks(paths: Sequence[Path], clipped: Sequence[Array]) -> Iterator[dict[str, Any]]:
    """For each racer its whole track, thin; then the bright part of each; then each racer itself."""
    for number, (path, points) in enumerate(zip(paths, clipped, strict=True)):
        yield _line(path, points, number, width=1, opacity=0.7)
    for number, (path, points) in enumerate(zip(paths, clipped, strict=True)):
        yield _line(path, points, number, width=2.5, showlegend=True)
    for number, (path, points) in enumerate(zip(paths, clipped, strict=True)):
        edge = {"width": 1.5, "color": "white"}
        marker = {"size": 11, "color": COLOURS[number], "line": edge}
        yield _markers(*points[-1:].T, marker=marker, legendgroup=path.name, hoverinfo="skip")


def _line(path: Path, points: Array, number: int, *, width: float, **more: Any) -> dict[str, Any]:
    return {
        **_xy(points),
        "mode": "lines",
        "name": path.name,
        "legendgroup": path.name,
        "showlegend": False,
        "line": {"width": width, "color": COLOURS[number]},
        "hoverinfo": "skip",
        **more,
    }


def _markers(x: Array, y: Array, *, opacity: float = 1, **more: Any) -> dict[str, Any]:
    """Points that look the same whether a click has chosen some, none or others."""
    same = {"marker": {"opacity": opacity}}
    points = _xy(np.stack([x, y], axis=1))
    return {**points, "mode": "markers", "selected": same, "unselected": same, "showlegend": False, **more}


def _exits(surface: Surface, paths: Sequence[Path]) -> dict[str, Any]:
    """A cross on the edge where each racer left that did not come back."""
    lost = [(number, path) for number, path in enumerate(paths) if path.is_lost and path.left_at is not None]
    places = [edge_crossing(surface, path.points, path.left_at or 0) for _, path in lost]
    return _markers(
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
        yield _markers(
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


def _small(values: Array) -> npt.NDArray[np.float32]:
    """Half as much to be sent: a picture has fewer points than a float32 has values."""
    with np.errstate(over="ignore"):
        return np.asarray(values, dtype=np.float32)


# The replay


def _stops(steps: int) -> list[int]:
    """The steps that a replay shows."""
    stride = -(-steps // MOST_FRAMES)
    return [*range(0, steps, stride), steps]


def _frame(clipped: Sequence[Array], stops: Sequence[int], number: int) -> dict[str, Any]:
    """The bright parts and the racers at one stop; the last frame is the picture at rest."""
    stop, count = stops[number], len(clipped)
    begin = stops[max(0, number - TAIL)] if number < len(stops) - 1 else 0
    tails = [_xy(points[begin : stop + 1]) for points in clipped]
    heads = [_xy(points[stop : stop + 1]) for points in clipped]
    return {
        "name": str(stop),
        "data": [*tails, *heads],
        "traces": list(range(count, 3 * count)),
    }


def _xy(points: Array) -> dict[str, Any]:
    return {"type": "scatter", "x": encoded(points[:, 0]), "y": encoded(points[:, 1])}


def encoded(values: Array) -> dict[str, str]:
    """Numbers of any shape [...] as plotly.js reads them from base64, in float32."""
    data = base64.b64encode(_small(values).tobytes()).decode()
    return {"dtype": "f4", "bdata": data, "shape": ", ".join(map(str, values.shape))}


def _player(stops: Sequence[int]) -> dict[str, Any]:
    """Buttons and a slider below the picture."""
    buttons = [_button(name, None, _pace(pace, fromcurrent=True)) for name, pace in SPEEDS.items()]
    buttons += [_button("Pause", [None], _pace(0)), _button("Rewind", [str(stops[0])], _pace(0))]
    steps = [{"label": str(stop), "method": "animate", "args": [[str(stop)], _pace(0)]} for stop in stops]
    shared = {"x": 0, "xanchor": "left", "y": 0, "yanchor": "top"}
    menu = {
        "type": "buttons",
        "direction": "left",
        "showactive": False,
        "buttons": buttons,
        "pad": {"t": 52, "l": 0},
        "bgcolor": CLEAR,
        "bordercolor": "rgba(128,128,128,0.5)",
        **shared,
    }
    slider = {
        "active": len(stops) - 1,
        "len": 1,
        "pad": {"t": 96, "b": 6},
        # A colour of its own, for that of the labels below is clear; the style of the page replaces it.
        "currentvalue": {"prefix": "Step ", "font": {"color": "rgb(128,128,128)", "size": 14}},
        "bgcolor": "rgba(128,128,128,0.3)",
        "bordercolor": CLEAR,
        "tickcolor": CLEAR,
        "ticklen": 0,
        "minorticklen": 0,
        "steps": steps,
        **shared,
        "font": {"color": CLEAR, "size": 1},  # no label below each of forty steps
    }
    return {"updatemenus": [menu], "sliders": [slider]}


def _button(label: str, frames: list[Any] | None, pace: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "method": "animate", "args": [frames, pace]}


def _pace(milliseconds: int, **more: Any) -> dict[str, Any]:
    frame = {"duration": milliseconds, "redraw": False}
    return {"frame": frame, "transition": {"duration": 0}, "mode": "immediate", **more}
