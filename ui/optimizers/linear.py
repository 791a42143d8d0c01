"""Optimizers on a linear layer: one picture for each size of batch, and the numbers."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashlab.charts.optimizers import network as charts
from dashlab.experiments.optimizers.linear import FAR, MOST_UPDATES, REGIMES, LinearTrack, floor
from dashlab.experiments.optimizers.linear import race as run_race
from dashlab.experiments.optimizers.network import NetworkRace, names
from ui.parts.computed import computed
from ui.parts.layout import rest
from ui.parts.plots import plot
from ui.parts.tables import csv_download
from ui.parts.text import as_text

FORMULA = (
    r"L = \tfrac{1}{5N}\sum_n \lVert W x_n + b - y_n \rVert^2,\quad "
    r"x_n \in \mathbb{R}^{10},\ y_n \in \mathbb{R}^5"
)
_OR_LARGER = {"BGD": "", "Mini-batch 64": " or a larger batch", "SGD": " or a larger batch"}
ABOUT = {
    "BGD": "all samples for each update",
    "Mini-batch 64": "64 samples for each update",
    "SGD": "one sample for each update",
}


def _tracks(config: NetworkRace) -> tuple[tuple[LinearTrack, ...], float]:
    """The tracks, and the lowest loss that a layer can have."""
    of = {"count": config.samples, "seed": config.seed, "targets": config.targets}
    passes = {"passes": config.passes, "full_passes": config.full_passes}
    tracks = computed(run_race, config.field(), doing="Racing on a linear layer …", **passes, **of)
    return tracks, computed(floor, doing="Racing on a linear layer …", **of)


def draw(config: NetworkRace, prefix: str) -> None:
    """One loss chart for each size of batch, side by side, and a table."""
    called = names(config)
    tracks, lowest = _tracks(config)
    start = max(track.losses[0] for track in tracks)
    top = max(1.1 * start, min(3 * start, max(max(track.losses) for track in tracks)))
    for regime in REGIMES:
        own = [track for track in tracks if track.regime == regime]
        st.markdown(f"**{regime}**: {ABOUT[regime]}")
        drawn = [(track.updates, track.losses) for track in own]
        figure = charts.linear(called, drawn, floor=lowest, top=top)
        plot(figure, f"{prefix}_chart_linear_{regime[:3]}", f"Loss of every racer under {regime}")
        if regime == next(iter(REGIMES)):
            rest()
    st.latex(FORMULA)
    st.caption(
        f"A pass over {config.samples:,} samples is 1 update for BGD, {-(-config.samples // 64):,} with "
        f"batches of 64 and {config.samples:,} for SGD, which ends here after {MOST_UPDATES:,}. The dotted "
        f"line at {lowest:.5f} is the loss of the least-squares fit to these samples: no linear layer gets "
        "below it."
    )
    _table(called, tracks, prefix)


def _loss_at_end(track: LinearTrack) -> str:
    return f"{track.losses[-1]:.4f}" if track.diverged_at is None else "diverged"


def _table(called: Sequence[str], tracks: Sequence[LinearTrack], prefix: str) -> None:
    rows = [
        {"Racer": name} | {track.regime: _loss_at_end(track) for track in tracks if track.racer == number}
        for number, name in enumerate(called)
    ]
    st.markdown("**Loss over all samples at the end**")
    st.dataframe(rows, hide_index=True, alt="The loss of every racer at the end, for each size of batch")
    for track in tracks:
        if track.diverged_at is not None:
            st.caption(
                f":material/trending_up: **{as_text(called[track.racer])}** diverged under {track.regime}: "
                f"by update {track.diverged_at:,} its loss was {FAR:,.0f} times that of the start, or is "
                f"no longer a number. A smaller learning rate{_OR_LARGER[track.regime]} calms it."
            )
    csv_download(
        "Curves as CSV",
        lambda: [
            {"batch": track.regime, "racer": called[track.racer], "update": update, "pass": at, "loss": loss}
            for track in tracks
            for update, at, loss in zip(track.updates, track.passes, track.losses, strict=True)
        ],
        "linear-race.csv",
        key=f"{prefix}_csv_linear",
    )
