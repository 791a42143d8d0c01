"""What networks make of one picture of a digit: probabilities as bars, pixels that mattered as colours."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashlab.charts.style import figure

Pixels = NDArray[np.uint8]

FOR, AGAINST = (240, 160, 70), (80, 160, 245)
"""Orange and blue, on black: apart for every kind of colour vision."""


def probability_bars(
    probabilities: Sequence[Sequence[float]], names: Sequence[str], classes: Sequence[Sequence[str]]
) -> go.Figure:
    """The probabilities of all classes in per cent; of several networks, a group of bars for each class.

    Args:
        probabilities: for each network one in [0, 1] for each class.
        names: of the networks.
        classes: for each network the names of its classes.
    """
    several = len(names) > 1
    traces = [
        _bars(row, name, labels, several=several)
        for row, name, labels in zip(probabilities, names, classes, strict=True)
    ]
    drawn = figure(
        traces,
        x_title="",
        y_title="Probability in %",
        height=260 + (22 * len(names) if several else 0),
        legend=several,
    )
    alike = len({tuple(labels) for labels in classes}) == 1
    count = len(classes[0])
    drawn.update_xaxes(
        tickvals=list(range(count)),
        ticktext=list(classes[0]) if alike else [str(k) for k in range(count)],
        range=[-0.5, count - 0.5],
        tickfont={"size": 16 if max(map(len, classes[0])) == 1 or not alike else 11},
    )
    drawn.update_yaxes(range=[0, 112], tickvals=[0, 25, 50, 75, 100])
    drawn.update_layout(hovermode="closest", bargap=0.2, bargroupgap=0.05)
    return drawn


def _bars(row: Sequence[float], name: str, labels: Sequence[str], *, several: bool) -> go.Bar:
    best = max(row)
    return go.Bar(
        x=list(range(len(row))),
        y=[100 * p for p in row],
        name=name,
        marker={"opacity": [1.0 if several or p == best else 0.5 for p in row]},
        text=None if several else [f"{100 * p:.0f}" if p >= 0.015 else "" for p in row],
        textposition="outside",
        cliponaxis=False,
        customdata=list(labels),
        hovertemplate="%{customdata}: %{y:.2f} %<extra>" + (name if several else "") + "</extra>",
    )


def saliency_overlay(picture: Pixels, values: NDArray[np.float32]) -> Pixels:
    """The picture in grey, the pixels that mattered in colour: orange for, blue against.

    Args:
        picture: uint8 [H, W].
        values: float32 [H, W], above 0 for and below 0 against; the strongest hundredth gets the full colour.

    Returns:
        uint8 [3, H, W].
    """
    strongest = float(np.quantile(np.abs(values), 0.99)) or float(np.abs(values).max()) or 1.0
    strength = np.clip(np.abs(values) / strongest, 0, 1)[..., None]
    hue = np.where((values > 0)[..., None], np.array(FOR, np.float32), np.array(AGAINST, np.float32))
    grey = picture[..., None].astype(np.float32) * 0.4
    colours = grey * (1 - strength) + hue * strength
    return np.moveaxis(np.rint(colours).astype(np.uint8), 2, 0)
