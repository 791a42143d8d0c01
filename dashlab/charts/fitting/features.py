"""The error over the number of random features, through the threshold at as many features as points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from dashlab.charts.style import FAINT, FIXED, MARGIN, figure

if TYPE_CHECKING:  # the experiment imports torch, charts do not
    from dashlab.experiments.fitting.features import Interpolation

LINE = "#E0572F"
GREY = "rgba(128,128,128,0.75)"
SMALLEST = 1e-4
"""A training error below it is drawn there: past the threshold it is nothing but rounding."""


def over_features(fits: Interpolation, at: int, ridge: float) -> go.Figure:
    """Median error over the number of features, both logarithmic; every seed as a faint line.

    `at` is the position of the count that is looked at.
    """
    seeds = [
        go.Scatter(x=fits.counts, y=errors, mode="lines", name="each seed", legendgroup="seeds",
                   showlegend=seed == 0, line={"width": 1, "color": FAINT}, hoverinfo="skip")
        for seed, errors in enumerate(fits.every.T)
    ]  # fmt: skip
    curves = (
        ("smallest weights", fits.errors, "circle", "solid"),
        (f"ridge λ = {ridge:g}", fits.errors_ridge, "diamond", "dash"),
        ("training, smallest weights", fits.training.clip(SMALLEST), "x-thin-open", "dot"),
    )
    traces = [
        go.Scatter(x=fits.counts, y=values, mode="lines+markers", name=name,
                   line={"width": 2.5, "dash": dash}, marker={"symbol": symbol, "size": 7},
                   hovertemplate="%{y:.3g}")
        for name, values, symbol, dash in curves
    ]  # fmt: skip
    return figure(
        [*seeds, *traces],
        x_title="Random features p",
        y_title="Mean squared error",
        height=320,
        shapes=[_mark(fits.points, GREY, "dash"), _mark(fits.counts[at], LINE, "dot")],
        annotations=[
            {"text": f"p = n = {fits.points}", "x": float(np.log10(fits.points)), "y": 1, "yref": "paper",
             "xanchor": "left", "showarrow": False, "font": {"size": 12, "color": GREY}}
        ],
        xaxis={"type": "log", "tickvals": _ticks(fits), **FIXED},
        yaxis={"type": "log", "exponentformat": "power", **FIXED},
        margin=MARGIN,
    )  # fmt: skip


def along(fits: Interpolation, at: int, ridge: float) -> go.Figure:
    """The fits with one number of features along the direction u, and the first seed's points.

    The other inputs are 0 along the line; at the points they are not, so that no fit need pass through them.
    """
    count = fits.counts[at]
    traces = [
        go.Scatter(x=fits.dots[0], y=fits.dots[1], mode="markers", name="points", hoverinfo="skip",
                   marker={"size": 6, "color": GREY}),
        go.Scatter(x=fits.along, y=fits.truth, mode="lines", name="truth",
                   line={"width": 2, "dash": "dash", "color": GREY}, hovertemplate="%{y:.3f}"),
        go.Scatter(x=fits.along, y=fits.fits[at], mode="lines", name=f"{count:,} features",
                   line={"width": 3}, hovertemplate="%{y:.3f}"),
        go.Scatter(x=fits.along, y=fits.fits_ridge[at], mode="lines", name=f"with ridge λ = {ridge:g}",
                   line={"width": 2, "dash": "dot"}, hovertemplate="%{y:.3f}"),
    ]  # fmt: skip
    most = 1.6 * float(max(abs(fits.dots[1]).max(), abs(fits.truth).max()))
    return figure(
        traces, x_title="u·x", y_title="y", height=250, hovermode="closest",
        yaxis={"range": [-most, most], **FIXED}, xaxis=FIXED, margin=MARGIN,
    )  # fmt: skip


def norms(fits: Interpolation, at: int, ridge: float) -> go.Figure:
    """How large the weights must be: at the threshold they explode, past it they shrink again."""
    traces = [
        go.Scatter(x=fits.counts, y=values, mode="lines+markers", name=name, line={"width": 2, "dash": dash},
                   hovertemplate="%{y:.3g}")
        for name, values, dash in (
            ("smallest weights", fits.norms, "solid"), (f"ridge λ = {ridge:g}", fits.norms_ridge, "dash")
        )
    ]  # fmt: skip
    return figure(
        traces, x_title="Random features p", y_title="Norm of the weights", height=280,
        shapes=[_mark(fits.points, GREY, "dash"), _mark(fits.counts[at], LINE, "dot")],
        xaxis={"type": "log", "tickvals": _ticks(fits), **FIXED},
        yaxis={"type": "log", "exponentformat": "power", **FIXED}, margin=MARGIN,
    )  # fmt: skip


def _mark(x: float, color: str, dash: str) -> dict[str, Any]:
    line = {"width": 1.5, "dash": dash, "color": color}
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": x, "x1": x, "line": line}


def _ticks(fits: Interpolation) -> list[int]:
    """Tenth, half, as many, twice, five and ten times as many as points, as far as the curve goes."""
    wanted = (round(fits.points * ratio) for ratio in (0.1, 0.2, 0.5, 1, 2, 5, 10))
    return [tick for tick in wanted if fits.counts[0] <= tick <= fits.counts[-1]]
