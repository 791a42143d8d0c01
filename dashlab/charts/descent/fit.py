"""The first panel of the line's replay: the points, the fit and its errors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashlab.charts.descent.panels import GREY, Trace, evenly
from dashlab.charts.replay import COLOURS, Plain, encoded, xy
from dashlab.charts.style import CLEAR, layout
from dashlab.experiments.descent.line_rows import LineData

Array = npt.NDArray[np.float64]
MOST_ERRORS, MOST_SHOWN = 50, 80
"""Of the points so many have their error drawn, and so many are drawn; all are fitted."""


@dataclass(frozen=True, slots=True)
class FitPanel:
    """x against y for a line; for a plane, which has two x, the measured y against the predicted one."""

    data: LineData

    @property
    def is_line(self) -> bool:
        """Whether there is one input."""
        return bool(self.data.x.shape[1] == 1)

    @property
    def titles(self) -> tuple[str, str]:
        """Of the axes."""
        return ("x", "y") if self.is_line else ("y, measured", "y, predicted")

    @property
    def ranges(self) -> tuple[list[float], list[float]]:
        """Of the axes; there is room for a point that lies off the others."""
        across = self.data.x[:, 0] if self.is_line else self.data.y
        return _padded(across, 0.06), _padded(self.data.y, 0.25)

    def catcher(self) -> Trace:
        """Invisible points over the panel, which report where a click wants a new point; none on a plane."""
        (left, right), (bottom, top) = self.ranges
        sides = (61, 31) if self.is_line else (0, 0)
        across, up = np.meshgrid(np.linspace(left, right, sides[0]), np.linspace(bottom, top, sides[1]))
        same = {"marker": {"opacity": 0}}
        return {
            **xy(np.column_stack([across.ravel(), up.ravel()])),
            "mode": "markers",
            "opacity": 0,
            "marker": {"size": 10, "opacity": 0, "color": CLEAR, "maxdisplayed": 1},
            "hovertemplate": "a new point at x %{x:.3g}, y %{y:.3g}<extra></extra>",
            "selected": same,
            "unselected": same,
            "showlegend": False,
        }

    def fixed(self) -> Iterator[Trace]:
        """What no step moves: the least-squares line, and the points; on a plane the diagonal."""
        best = self.moving(self.data.best) if self.is_line else self._diagonal()
        dashed = {"width": 2, "dash": "dash", "color": GREY}
        name = "least squares" if self.is_line else "predicted = measured"
        yield {**best, "mode": "lines", "name": name, "line": dashed, "hoverinfo": "skip"}
        if self.is_line:
            points = np.column_stack([self.data.x[:, 0], self.data.y])
            yield {
                **xy(points),
                "mode": "markers",
                "name": "points",
                "marker": {"size": 8, "color": COLOURS[0], "line": {"width": 1, "color": "white"}},
                "hovertemplate": "x %{x:.4g}, y %{y:.4g}<extra></extra>",
            }

    def moving(self, weights: Array) -> Trace:
        """The line with the weights [2], from edge to edge; on a plane, [3], the predictions."""
        data = self.data
        if self.is_line:
            ends = np.array(self.ranges[0])
            return xy(np.column_stack([ends, self._on_line(ends, weights)]))
        chosen = evenly(len(data.y), MOST_SHOWN)
        return xy(np.column_stack([data.y[chosen], data.features[chosen] @ weights]))

    def errors(self, weights: Array) -> Trace:
        """From each point to what the weights [P] predict for it, as one line with gaps."""
        data = self.data
        chosen = evenly(len(data.y), MOST_ERRORS)
        predicted = data.features[chosen] @ weights
        across = data.x[chosen, 0] if self.is_line else data.y[chosen]
        ends = np.stack([data.y[chosen], predicted, np.full(len(chosen), np.nan)], 1)
        return {"type": "scatter", "x": encoded(np.repeat(across, 3)), "y": encoded(ends.ravel())}

    def _on_line(self, x: Array, weights: Array) -> Array:
        standard = (x - self.data.mean[0]) / self.data.scale[0]
        height: Array = standard * weights[0] + weights[1]
        return height

    def _diagonal(self) -> Trace:
        ends = np.array(self.ranges[0])
        return xy(np.column_stack([ends, ends]))

    def looks(self) -> tuple[Trace, Trace]:
        """How the errors and what moves are drawn."""
        errors = {"mode": "lines", "name": "errors", "line": {"width": 1, "color": COLOURS[1]}}
        line = {"mode": "lines", "name": "line", "line": {"width": 3, "color": COLOURS[2]}}
        dots = {"mode": "markers", "name": "points", "marker": {"size": 5, "color": COLOURS[2]}}
        skip = {"hoverinfo": "skip"}
        return errors | skip, (line if self.is_line else dots) | skip


def _padded(values: Array, share: float) -> list[float]:
    low, high = float(values.min()), float(values.max())
    room = share * ((high - low) or 1.0)
    return [low - room, high + room]


def three(data: LineData, named: Mapping[str, Array]) -> go.Figure:
    """The points and several fits, by name, each with its weights [P]."""
    panel = FitPanel(data)
    fixed = [trace for trace in panel.fixed() if trace["name"] != "least squares"]
    moved = []
    for place, (name, weights) in enumerate(named.items()):
        look = {"width": 3, "dash": ("solid", "dash", "dot")[place]}
        symbol = {"size": 6, "symbol": ("circle", "x", "diamond-open")[place]}
        mode = {"mode": "lines", "line": look} if panel.is_line else {"mode": "markers", "marker": symbol}
        moved.append({**panel.moving(weights), **mode, "name": name, "hoverinfo": "name"})
    (x_range, y_range), (x_title, y_title) = panel.ranges, panel.titles
    axes: dict[str, Any] = {"xaxis": {"range": x_range}, "yaxis": {"range": y_range}}
    shape = layout(x_title, y_title, height=320, hovermode="closest", **axes)
    return Plain(shape, [*moved, *fixed])
