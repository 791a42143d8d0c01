"""A noisy series and its moving averages, and the weights behind one value of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashlab.charts.style import FAINT, MOST_POINTS, figure

if TYPE_CHECKING:  # the experiment imports torch, charts do not
    from dashlab.experiments.optimizers.average import Averages

Array = NDArray[np.float64]

LINE = "#E0572F"
GREY = "rgba(128,128,128,0.65)"


def averages(result: Averages, at: int) -> go.Figure:
    """The values, what lies under them, and the averages; `at` is the step that is looked at, from 1."""
    steps = np.arange(1, len(result.values) + 1)
    stride = -(-len(steps) // MOST_POINTS)
    named = [
        (f"corrected, β = {result.betas[0]:g}", result.corrected[:, 0], {"width": 3}),
        (f"from 0, β = {result.betas[0]:g}", result.from_zero[:, 0], {"width": 2, "dash": "dash"}),
        *(
            (f"corrected, β = {beta:g}", result.corrected[:, k], {"width": 1.5})
            for k, beta in enumerate(result.betas)
            if k > 0
        ),
    ]
    lines = [
        go.Scatter(x=steps[::stride], y=values[::stride], mode="lines", name=name, line=line,
                   hovertemplate="%{y:.3f}")
        for name, values, line in named
    ]  # fmt: skip
    drawn = figure([*lines, *_series(result, steps, stride)], x_title="Step t", y_title="Value", height=400)
    drawn.add_vline(x=at, line={"width": 1.5, "color": LINE, "dash": "dot"})
    return drawn


def _series(result: Averages, steps: NDArray[np.int64], stride: int) -> list[go.Scatter]:
    return [
        go.Scatter(
            x=steps[::stride],
            y=result.values[::stride],
            mode="markers",
            name="values",
            marker={"size": 4, "color": GREY},
            zorder=-2,
            hovertemplate="%{y:.3f}",
        ),
        go.Scatter(
            x=steps[::stride],
            y=result.clean[::stride],
            mode="lines",
            name="without noise",
            line={"width": 1.5, "color": GREY, "dash": "dot"},
            zorder=-1,
            hovertemplate="%{y:.3f}",
        ),
    ]


def weights(corrected: Array, from_zero: Array, window: float) -> go.Figure:
    """The weight of each value in the average, the newest first; the window is marked.

    Args:
        corrected: the weights after bias correction, [steps].
        from_zero: those of the average that starts from 0, [steps].
        window: 1 / (1 − β), in steps.
    """
    shown = min(len(corrected), max(10, round(5 * window)))
    back = np.arange(shown)
    stride = -(-shown // MOST_POINTS)
    traces = [
        go.Scatter(
            x=back[::stride],
            y=values[:shown][::stride],
            mode="lines+markers" if shown <= 60 else "lines",
            name=name,
            line={"dash": dash, "width": 2},
            marker={"size": 5},
            hovertemplate="%{y:.4f}",
        )
        for name, values, dash in (("corrected", corrected, "solid"), ("from 0", from_zero, "dash"))
    ]
    drawn = figure(traces, x_title="Steps back", y_title="Weight", height=290)
    drawn.update_yaxes(rangemode="tozero")
    drawn.update_xaxes(range=[-0.5, max(shown - 0.5, 1.5)])
    if window <= shown:
        drawn.add_vrect(x0=-0.5, x1=window - 0.5, fillcolor=FAINT, line_width=0, layer="below")
    return drawn


def corrections(sums: Array, at: int) -> go.Figure:
    """What the weights add up to after each step, 1 − βᵗ: the average from 0 is too small by this factor.

    Args:
        sums: of the weights after each step, [steps].
        at: the step that is marked, from 1.
    """
    steps = np.arange(1, len(sums) + 1)
    stride = -(-len(steps) // MOST_POINTS)
    drawn = figure(
        [go.Scatter(x=steps[::stride], y=sums[::stride], mode="lines", hovertemplate="%{y:.4f}")],
        x_title="Step t",
        y_title="1 − βᵗ",
        height=290,
        legend=False,
    )
    drawn.update_yaxes(range=[0, 1.05])
    drawn.add_vline(x=at, line={"width": 1.5, "color": LINE, "dash": "dot"})
    return drawn
