"""Which classes are taken for which."""

from collections.abc import Sequence

import plotly.graph_objects as go

from dashlab.charts.style import CLEAR, figure
from dashlab.experiments.trainer.confusion import class_accuracies, normalised

MOST_CLASSES = 40
"""A matrix of more classes than this cannot be read, and is slow to draw."""


def confusion(
    counts: Sequence[Sequence[int]], classes: Sequence[str], chosen: tuple[int, int] | None = None
) -> go.Figure:
    """Shares of each true class, counts on hover; every cell can be clicked.

    Plotly reports clicks on points only, so an invisible marker lies on each cell; its customdata is (true
    class, predicted class, count).
    """
    shares = normalised(counts)
    ticks = list(range(len(classes)))
    drawn = figure(
        [_cells(shares), _catchers(counts, shares, classes)],
        x_title="Predicted class",
        y_title="True class",
        height=max(300, min(720, 150 + 33 * len(classes))),
        legend=False,
    )
    names = [shortened(name) for name in classes]
    edges = [-0.5, len(classes) - 0.5]
    drawn.update_xaxes(tickvals=ticks, ticktext=names, range=edges, side="bottom", showgrid=False)
    drawn.update_yaxes(tickvals=ticks, ticktext=names, range=edges[::-1], showgrid=False)
    drawn.update_layout(hovermode="closest", clickmode="event+select")
    if chosen is not None:
        drawn.add_shape(
            type="rect",
            x0=chosen[1] - 0.5,
            x1=chosen[1] + 0.5,
            y0=chosen[0] - 0.5,
            y1=chosen[0] + 0.5,
            line={"width": 3, "color": "#E0572F"},
        )
    return drawn


def _cells(shares: list[list[float]]) -> go.Heatmap:
    few = len(shares) <= 20
    # Square roots, so that the few mistakes of a good network still show beside the diagonal.
    return go.Heatmap(
        z=[[share**0.5 for share in row] for row in shares],
        zmin=0,
        zmax=1,
        text=[[_percent(share) for share in row] for row in shares] if few else None,
        texttemplate="%{text}" if few else None,
        showscale=False,
        hoverinfo="skip",
        xgap=1,
        ygap=1,
    )


def _catchers(
    counts: Sequence[Sequence[int]], shares: list[list[float]], classes: Sequence[str]
) -> go.Scatter:
    cells = [(i, j) for i in range(len(classes)) for j in range(len(classes))]
    return go.Scatter(
        x=[j for _, j in cells],
        y=[i for i, _ in cells],
        mode="markers",
        marker={"size": 26, "symbol": "square", "opacity": 0, "color": CLEAR},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=[[i, j, counts[i][j]] for i, j in cells],
        text=[
            f"true {classes[i]}, predicted as {classes[j]}<br>{counts[i][j]:,} of {sum(counts[i]):,} "
            f"({100 * shares[i][j]:.1f} %)"
            for i, j in cells
        ],
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )


def _percent(share: float) -> str:
    """Per cent without a sign, short enough for a cell; nothing below half a tenth."""
    percent = 100 * share
    if percent < 0.05:
        return ""
    return f"{percent:.0f}" if percent >= 10 else f"{percent:.1f}"


def class_accuracy(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> go.Figure:
    """The accuracy on each class in per cent, in the order of the classes."""
    shares = class_accuracies(counts)
    percents = [None if share is None else 100 * share for share in shares]
    bars = go.Bar(
        x=percents,
        y=list(range(len(classes))),
        orientation="h",
        text=["no picture" if p is None else f"{p:.1f} %" for p in percents],
        textposition=["outside" if p is None or p < 30 else "inside" for p in percents],
        textangle=0,
        customdata=[[classes[k], sum(counts[k]) - counts[k][k], sum(counts[k])] for k in range(len(classes))],
        hovertemplate="%{customdata[0]}: %{x:.2f} %<br>"
        "%{customdata[1]:,} of %{customdata[2]:,} wrong<extra></extra>",
    )
    drawn = figure(
        [bars],
        x_title="Classified correctly, in %",
        y_title="",
        height=max(240, min(900, 90 + 28 * len(classes))),
        legend=False,
    )
    drawn.update_xaxes(range=[0, 100])
    drawn.update_yaxes(
        tickvals=list(range(len(classes))),
        ticktext=[shortened(name) for name in classes],
        range=[len(classes) - 0.5, -0.5],
        showgrid=False,
    )
    drawn.update_layout(hovermode="closest", bargap=0.25)
    return drawn


def shortened(name: str, most: int = 14) -> str:
    """A class name that fits beside a chart."""
    return name if len(name) <= most else f"{name[: most - 1]}…"
