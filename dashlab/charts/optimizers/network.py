"""A race of optimizers on a network: loss against steps and seconds, test accuracy, the grid of rates.

What grows while a race goes on is Vega-Lite, as in `charts.training`; the others are plotly.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from dashlab.charts.style import CLEAR, figure, thinned
from dashlab.charts.vega import LEGEND_ROW, MOST_LETTERS, Point, VegaChart, under_the_pointer

Curve = Sequence[tuple[int, float, float, float, float]]
"""(step, seconds, mean, lowest, highest) of each row."""

X_TITLES = {"step": "Step", "seconds": "Seconds of training"}


def loss(
    names: Sequence[str], curves: Sequence[Curve], *, x: str, steps: int, log: bool, banded: bool
) -> VegaChart:
    """Training loss of every racer.

    Args:
        names: of the racers.
        curves: one for each racer; empty where nothing is known yet.
        x: "step" or "seconds".
        steps: of the whole race, if x is "step".
        log: whether the loss has a logarithmic axis.
        banded: whether to draw the range over the seeds.
    """
    rows: list[Point] = []
    for name, curve in zip(names, curves, strict=True):
        for step, seconds, mean, low, high in thinned(curve, 400):
            at = float(step) if x == "step" else seconds
            if all(map(math.isfinite, (at, mean, low, high))) and (low > 0 or not log):
                rows.append({"series": name, "at": at, "step": step, "value": mean, "low": low, "high": high})
    domain = {"scale": {"domain": [0, steps]}} if x == "step" else {}
    near = under_the_pointer(
        {"field": "series", "title": "Racer"},
        {"field": "value", "title": "Loss", "format": ".4f"},
        {"field": "step", "title": "Step", "format": ","},
        *([] if x == "step" else [{"field": "at", "title": X_TITLES[x], "format": ",.4~r"}]),
        y=_y("value", log),
    )
    spec = {
        "height": 310 + _legend_height(names) if x == "step" else 290,
        "encoding": {
            "x": {
                "field": "at",
                "type": "quantitative",
                "title": X_TITLES[x],
                "axis": {"grid": False, **({"tickMinStep": 1} if x == "step" else {})},
                **domain,
            },
            "color": _colour(names, legend=x == "step"),
        },
        "layer": [*([_band(log)] if banded else []), _line(log), near],
    }
    return VegaChart(spec, rows or [_nothing(names)])


def _nothing(names: Sequence[str]) -> Point:
    """A row that draws nothing: the columns of a chart must be there from its first drawing on."""
    nan = math.nan
    return {"series": names[0], "at": nan, "step": nan, "value": nan, "low": nan, "high": nan}


def _legend_height(names: Sequence[str]) -> int:
    return 0 if sum(map(len, names)) <= MOST_LETTERS else LEGEND_ROW * -(-len(names) // 2)


def _colour(names: Sequence[str], *, legend: bool) -> dict[str, Any]:
    columns = 0 if sum(map(len, names)) <= MOST_LETTERS else 2
    shown = {"orient": "top", "columns": columns, "labelLimit": 220, "symbolOpacity": 1}
    return {
        "field": "series",
        "type": "nominal",
        "title": None,
        "scale": {"domain": list(names)},
        "legend": shown if legend else None,
    }


def _y(field: str, log: bool, **more: Any) -> dict[str, Any]:
    scale = {"type": "log"} if log else {"zero": True}
    return {"field": field, "type": "quantitative", "title": "Training loss", "scale": scale, **more}


def _band(log: bool) -> dict[str, Any]:
    mark = {"type": "area", "opacity": 0.16, "clip": True, "aria": False}
    return {"mark": mark, "encoding": {"y": _y("low", log), "y2": {"field": "high"}}}


def _line(log: bool) -> dict[str, Any]:
    return {"mark": {"type": "line", "strokeWidth": 2, "clip": True}, "encoding": {"y": _y("value", log)}}


def accuracy(names: Sequence[str], dots: Sequence[tuple[str, int, float]]) -> VegaChart:
    """Test accuracy: a dot for each seed, (racer, seed, per cent), and a stroke at each racer's mean."""
    rows: list[Point] = [{"series": name, "seed": seed, "value": value} for name, seed, value in dots]
    order = {"field": "series", "type": "nominal", "title": None, "sort": list(names)}
    y = {**order, "scale": {"domain": list(names)}, "axis": {"labelLimit": 110}}
    x = {"type": "quantitative", "title": "Test accuracy in %", "scale": {"zero": False, "nice": True}}
    colour = _colour(names, legend=False)
    tooltip = [
        {"field": "series", "title": "Racer"},
        {"field": "seed", "title": "Seed"},
        {"field": "value", "title": "Test accuracy in %", "format": ".2f"},
    ]
    spec = {
        "height": 290,
        "layer": [
            {
                "mark": {"type": "tick", "thickness": 3, "size": 26, "aria": False},
                "encoding": {"x": {**x, "field": "value", "aggregate": "mean"}, "y": y, "color": colour},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 80, "opacity": 0.7, "aria": False},
                "encoding": {"x": {**x, "field": "value"}, "y": y, "color": colour, "tooltip": tooltip},
            },
        ],
    }
    return VegaChart(spec, rows or [{"series": names[0], "seed": math.nan, "value": math.nan}])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of the grid, over its seeds."""

    value: float | None  # what the colour shows; None while nothing is known
    words: str  # in the cell
    more: str  # under the pointer


def grid(
    names: Sequence[str],
    rates: Sequence[float],
    cells: Sequence[Sequence[Cell]],
    *,
    chosen: tuple[int, int] | None,
    higher_is_better: bool,
) -> go.Figure:
    """Racers by learning rates; every cell can be clicked, which reports the customdata (racer, column)."""
    values = [[math.nan if cell.value is None else cell.value for cell in row] for row in cells]
    heat = go.Heatmap(
        z=values,
        text=[["" if cell.value is None else cell.words for cell in row] for row in cells],
        texttemplate="%{text}",
        showscale=False,
        reversescale=not higher_is_better,
        hoverinfo="skip",
        hoverongaps=False,
        xgap=2,
        ygap=2,
    )
    places = [(row, column) for row in range(len(names)) for column in range(len(rates))]
    drawn = figure(
        [heat, _catchers(places, cells, names, rates)],
        x_title="Learning rate",
        y_title="",
        height=130 + 56 * len(names),
        legend=False,
    )
    ticks = {"tickvals": list(range(len(rates))), "ticktext": [f"{rate:g}" for rate in rates]}
    drawn.update_xaxes(**ticks, range=[-0.5, len(rates) - 0.5])
    rows = {"tickvals": list(range(len(names))), "ticktext": [_broken(name) for name in names]}
    drawn.update_yaxes(**rows, range=[len(names) - 0.5, -0.5], showgrid=False)
    drawn.update_layout(hovermode="closest", clickmode="event+select")
    if chosen is not None:
        _frame(drawn, *chosen)
    return drawn


def _broken(name: str) -> str:
    """A name on two lines where it has coefficients."""
    return name.replace(", ", "<br>", 1)


def _catchers(
    places: Sequence[tuple[int, int]],
    cells: Sequence[Sequence[Cell]],
    names: Sequence[str],
    rates: Sequence[float],
) -> go.Scatter:
    """Invisible markers: plotly reports clicks on points alone.

    With the words of cells without a colour, which the heat map would write in dark letters on a dark page.
    """
    return go.Scatter(
        x=[column for _, column in places],
        y=[row for row, _ in places],
        mode="markers+text",
        marker={"size": 34, "symbol": "square", "opacity": 0, "color": CLEAR},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=[list(place) for place in places],
        text=[cell.words if (cell := cells[row][column]).value is None else "" for row, column in places],
        hovertext=[
            f"{names[row]}, learning rate {rates[column]:g}<br>{cells[row][column].more}"
            for row, column in places
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )


def _frame(drawn: go.Figure, row: int, column: int) -> None:
    drawn.add_shape(
        type="rect",
        x0=column - 0.5,
        x1=column + 0.5,
        y0=row - 0.5,
        y1=row + 0.5,
        line={"width": 3, "color": "#E0572F"},
    )


def linear(
    names: Sequence[str],
    tracks: Sequence[tuple[Sequence[int], Sequence[float]]],
    *,
    floor: float,
    top: float,
) -> go.Figure:
    """Loss over all samples against updates, one line for each racer; a diverging one leaves at the top.

    Args:
        names: of the racers.
        tracks: updates and losses of each.
        floor: the loss that no linear layer can beat, drawn as a line.
        top: the highest loss that is shown.
    """
    lines = [
        go.Scatter(
            x=updates,
            y=losses,
            name=name,
            mode="lines",
            line={"width": 2},
            hovertemplate="%{y:.4g}",
        )
        for name, (updates, losses) in zip(names, tracks, strict=True)
    ]
    drawn = figure(lines, x_title="Updates", y_title="Loss", height=250)
    low, high = math.log10(floor), math.log10(top)
    drawn.update_yaxes(type="log", range=[low - 0.05 * (high - low), high])
    drawn.add_hline(floor, line={"dash": "dot", "width": 1, "color": "#7A8B97"})
    drawn.update_layout(legend={"font": {"size": 11}})
    return drawn
