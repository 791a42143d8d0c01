"""Polynomials over their points, the error over the degree, and what the expected error is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashlab.charts.style import FAINT, FIXED, MARGIN, figure

if TYPE_CHECKING:  # the experiment imports torch, charts do not
    from dashlab.experiments.fitting.curve import CurveSample, ErrorParts

Array = NDArray[np.float64]

LINE = "#E0572F"
GREY = "rgba(128,128,128,0.75)"
ROOM = 0.6
"""Above and below the points and the truth, as a share of their height; a wild fit is cut off there."""
ABOVE = 1.2
"""A bar that leaves the axis ends at so many times its top, its parts in their shares."""
DECADES = 3.0
"""An error axis ends so many powers of ten above its lowest value."""


def fits(drawn: CurveSample, degree: int) -> go.Figure:
    """The points, the truth, the fit of one degree, and faintly those of the samples before."""
    before = [
        go.Scatter(x=drawn.grid, y=one[degree], mode="lines", name="samples before", legendgroup="before",
                   showlegend=place == 0, line={"width": 1, "color": GREY}, opacity=0.5, hoverinfo="skip")
        for place, one in enumerate(drawn.before)
    ]  # fmt: skip
    seen = [
        go.Scatter(x=drawn.grid, y=drawn.truth, mode="lines", name="truth", hovertemplate="%{y:.3f}",
                   line={"width": 2, "dash": "dash", "color": GREY}),
        go.Scatter(x=drawn.grid, y=drawn.fits[degree], mode="lines", name=f"degree {degree}",
                   line={"width": 3, "color": LINE}, hovertemplate="%{y:.3f}"),
        go.Scatter(x=drawn.x, y=drawn.y, mode="markers", name="points", marker={"size": 7},
                   hovertemplate="%{y:.3f}"),
    ]  # fmt: skip
    return figure(
        [*before, *seen],
        x_title="x",
        y_title="y",
        height=290,
        hovermode="closest",
        xaxis={"range": [-1.03, 1.03], **FIXED},
        yaxis={"range": _range(np.concatenate((drawn.y, drawn.truth))), **FIXED},
        margin=MARGIN,
    )


def mean_and_spread(parts: ErrorParts, degree: int) -> go.Figure:
    """The mean of all fits with a band of one standard deviation about it, and the truth."""
    mean, spread = parts.mean[degree], parts.spread[degree]
    low, high = _range(parts.truth)
    band = np.concatenate((mean + spread, (mean - spread)[::-1])).clip(low - 9, high + 9)
    traces = [
        go.Scatter(x=np.concatenate((parts.grid, parts.grid[::-1])), y=band, mode="lines", fill="toself",
                   name="± one standard deviation", line={"width": 0}, fillcolor=FAINT, hoverinfo="skip"),
        go.Scatter(x=parts.grid, y=parts.truth, mode="lines", name="truth", hovertemplate="%{y:.3f}",
                   line={"width": 2, "dash": "dash", "color": GREY}),
        go.Scatter(x=parts.grid, y=mean, mode="lines", name=f"mean of {parts.resamples:,} fits",
                   line={"width": 3, "color": LINE}, hovertemplate="%{y:.3f}"),
    ]  # fmt: skip
    return figure(
        traces, x_title="x", y_title="y", height=300,
        xaxis={"range": [-1.03, 1.03], **FIXED}, yaxis={"range": [low, high], **FIXED}, margin=MARGIN,
    )  # fmt: skip


def over_degree(drawn: CurveSample, parts: ErrorParts, degree: int) -> go.Figure:
    """Training and validation error of this sample over the degree, and the mean over all samples."""
    curves = (
        ("training", drawn.training, {"width": 3}, "circle"),
        ("validation", drawn.validation, {"width": 3}, "diamond"),
        (f"training, mean of {parts.resamples:,}", parts.training, {"width": 1.5, "dash": "dot"}, None),
        (f"new points, mean of {parts.resamples:,}", parts.measured, {"width": 1.5, "dash": "dash"}, None),
    )
    degrees = np.arange(len(parts.bias2))
    traces = [
        go.Scatter(x=degrees, y=values, name=name, mode="lines+markers" if symbol else "lines", line=line,
                   marker={"symbol": symbol, "size": 6}, hovertemplate="%{y:.3g}")
        for name, values, line, symbol in curves
    ]  # fmt: skip
    seen = np.concatenate((drawn.validation, parts.measured))
    return _by_degree(traces, degree, _decades(seen), "Mean squared error")


def stacked(parts: ErrorParts, degree: int) -> go.Figure:
    """Noise, bias² and variance on top of each other over the degree, and what was measured beside them.

    The axis is not logarithmic, on which heights could not be added; it ends where the overfitted fits leave.
    """
    degrees = np.arange(len(parts.bias2))
    layers = (
        ("noise", np.full(len(degrees), parts.noise)),
        ("bias²", parts.bias2),
        ("variance", parts.variance),
    )
    top = _top(parts)
    shown = np.minimum(1.0, ABOVE * top / np.maximum(parts.expected, 1e-300))
    traces = [
        go.Bar(x=degrees, y=values * shown, name=name, customdata=values,
               hovertemplate="%{customdata:.3g}")
        for name, values in layers
    ]  # fmt: skip
    traces.append(
        go.Scatter(x=degrees, y=parts.measured, name="measured on new points", mode="markers",
                   error_y={"array": parts.standard_error, "width": 3, "color": GREY},
                   marker={"symbol": "line-ew-open", "size": 14, "line": {"width": 3}, "color": GREY},
                   hovertemplate="%{y:.3g}")
    )  # fmt: skip
    drawn = _by_degree(traces, degree, None, "Expected squared error")
    drawn.update_layout(barmode="stack", bargap=0.15)
    drawn.update_yaxes(range=[0, top])
    return drawn


def coefficients(drawn: CurveSample, degree: int) -> go.Figure:
    """The coefficients of the Legendre polynomials: L1 makes some exactly 0, L2 makes all of them smaller."""
    values = drawn.coefficients[degree, : degree + 1]
    trace = go.Bar(x=np.arange(degree + 1), y=values, hovertemplate="c<sub>%{x}</sub> = %{y:.4g}", name="")
    return figure(
        [trace], x_title="Legendre polynomial k", y_title="Coefficient", height=240, legend=False,
        hovermode="closest", bargap=0.3,
    )  # fmt: skip


def _by_degree(traces: list[go.Scatter], degree: int, decades: list[float] | None, y_title: str) -> go.Figure:
    y = {"type": "log", "range": decades, "exponentformat": "power"} if decades else {}
    mark = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": degree, "x1": degree,
            "line": {"width": 1.5, "dash": "dot", "color": LINE}}  # fmt: skip
    return figure(
        traces, x_title="Degree", y_title=y_title, height=270, shapes=[mark],
        xaxis={"range": [-0.7, len(traces[0].x) - 0.3], **FIXED}, yaxis={**y, **FIXED}, margin=MARGIN,
    )  # fmt: skip


def _decades(values: Array) -> list[float]:
    low = float(np.log10(max(values.min(), 1e-12)))
    return [low - 0.8, min(float(np.log10(max(values.max(), 1e-12))), low + DECADES) + 0.1]


def _top(parts: ErrorParts) -> float:
    """High enough for every degree below the best one, and for some of what comes after it."""
    best = int(parts.expected.argmin())
    return float(max(1.1 * parts.expected[: best + 1].max(), 3 * parts.expected[best], 1e-9))


def _range(values: Array) -> list[float]:
    low, high = float(values.min()), float(values.max())
    room = ROOM * (high - low) or 1.0
    return [low - room, high + room]
