"""What the cures bring, as pictures: while they are trained, and when they are there."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st

from dashlab.charts.fitting import network as charts
from dashlab.errors import DamagedRun
from dashlab.experiments.fitting import cure_words as words
from dashlab.experiments.fitting.effects import Combination, CureOutcome, effects, together
from dashlab.experiments.fitting.network import CureRun, CuresConfig, title_of
from dashlab.experiments.fitting.weights import NEAR, WeightRow, weight_rows
from dashlab.training.results import EpochRow
from ui.frame.views import View
from ui.parts import guessing, runs
from ui.parts.layout import rest
from ui.parts.plots import grow, plot
from ui.parts.sliders import menu
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text, show_error

REACH = 0.25
"""Histograms of weights go from minus to plus this; what lies beyond is counted at the edges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one run that is there."""

    outcome: CureOutcome
    epochs: tuple[EpochRow, ...]
    guessing: float | None  # test accuracy of always predicting the largest class; None where not evaluated


def growing(wanted: Sequence[CureRun], epochs: Mapping[str, Sequence[EpochRow]], config: CuresConfig) -> None:
    """The losses of the runs that are being trained just now."""
    mine = [(title_of(one.cures), epochs[one.key]) for one in wanted if one.key in epochs]
    grow(
        charts.growing(mine, epochs=config.epochs, log=config.log_loss),
        "fit_network_chart_growing",
        "Training and validation loss of the runs that are being trained",
    )


def overview(
    config: CuresConfig, wanted: Sequence[CureRun], known: Mapping[str, Known], *, chosen: int
) -> tuple[Combination, ...]:
    """Every combination that is there, or the learning curve; they are returned."""
    outcomes = {key: one.outcome for key, one in known.items()}
    there = together(wanted, outcomes, measured=config.measured)
    if config.task == "counts":
        plot(
            charts.learning_curve(there, config.measured),
            "fit_network_chart_counts",
            "Over the number of training pictures",
        )
    else:
        plot(
            charts.combinations(there, config.measured, chosen=min(chosen, len(there) - 1)),
            "fit_network_chart",
            "Every combination of the cures with its spread over the seeds",
        )
    return there


def draw(
    state: PageState,
    view: View,
    config: CuresConfig,
    wanted: Sequence[CureRun],
    known: Mapping[str, Known],
    spot: Any,
) -> None:
    """All of it, with the curves and weights of the combination that is chosen at `spot`."""
    wished = int(str(state.values[view.full("chosen")]))
    there = overview(config, wanted, known, chosen=wished)
    with spot:
        at = menu(state, view.full("chosen"), range(len(there)), lambda place: _title(there[place])) or 0
    both = _beside(wanted, known, there[at])
    rows = [(title, known[run.key].epochs) for title, run in both]
    plot(
        charts.epochs(rows, "loss", log=config.log_loss),
        "fit_network_chart_loss",
        "Training and validation loss over the epochs",
    )
    rest()
    for title, run in both:
        st.markdown(as_text(f"{title}: {words.overfit_words(known[run.key].outcome)}"))
    plot(
        charts.epochs(rows, "accuracy"),
        "fit_network_chart_accuracy",
        "Training and validation accuracy over the epochs",
    )
    shares = {one.guessing for one in known.values() if one.guessing is not None}
    st.caption(as_text(guessing.sentence(shares)))
    if len(there) > 1:
        st.markdown(as_text(words.best_words(there, config)))
    if config.task == "cures":
        _effects(config, wanted, known)
    _weights(wanted, known, there[at])
    with st.expander("Numbers behind the pictures", icon=":material/table:"):
        table = list(words.combination_rows(there))
        st.dataframe(table, hide_index=True, alt="Every combination of the cures")
        csv_download("Combinations as CSV", lambda: table, "cures.csv", "fit_network_csv")


def _title(one: Combination) -> str:
    return f"{title_of(one.cures)}, {one.pictures:,} pictures"


def _first(wanted: Sequence[CureRun], known: Mapping[str, Known], one: Combination) -> CureRun | None:
    """The first run of a combination that is there."""
    mine = (run for run in wanted if (run.cures, run.pictures) == (one.cures, one.pictures))
    return next((run for run in mine if run.key in known), None)


def _beside(
    wanted: Sequence[CureRun], known: Mapping[str, Known], chosen: Combination
) -> list[tuple[str, CureRun]]:
    """A run without any cure and, where it is another one, one of the combination that is chosen."""
    every = [run for run in wanted if run.key in known and run.pictures == chosen.pictures]
    plain = next((run for run in every if not run.cures), None)
    mine = _first(wanted, known, chosen)
    both = dict.fromkeys(run for run in (plain, mine) if run is not None)
    return [(title_of(run.cures), run) for run in both]


def _effects(config: CuresConfig, wanted: Sequence[CureRun], known: Mapping[str, Known]) -> None:
    outcomes = {key: one.outcome for key, one in known.items()}
    every = effects(wanted, outcomes, measured=config.measured)
    brought = [one for one in every if not math.isnan(one.alone)]
    if not brought:
        return
    st.header("What each cure brings", anchor=False)
    plot(charts.effects(brought, config.measured), "fit_network_chart_effects", "What each cure brings")
    for one in brought:
        st.markdown(f"- {as_text(words.effect_words(one, config.measured))}")


def _weights(wanted: Sequence[CureRun], known: Mapping[str, Known], chosen: Combination) -> None:
    both = [(title, rows) for title, run in _beside(wanted, known, chosen) if (rows := _rows(run))]
    if not both:
        return
    st.header("The weights of the first layer", anchor=False)
    plot(
        charts.weights([(title, rows[0]) for title, rows in both]),
        "fit_network_chart_weights",
        "Histograms of the weights of the first layer",
    )
    if len(both) > 1:
        (_, plain), (title, rows) = both
        st.markdown(as_text(words.weight_words(title, rows, plain, NEAR)))


def _rows(run: CureRun) -> tuple[WeightRow, ...]:
    summary = runs.find(run.key)
    return () if summary is None else _weight_rows(str(runs.store().root), run.key, summary.created)


@st.cache_data(show_spinner=False, max_entries=64)
def _weight_rows(root: str, key: str, created: datetime) -> tuple[WeightRow, ...]:  # noqa: ARG001 - a new run, a new time
    try:
        stored = runs.store().load(key)
    except DamagedRun as error:
        show_error(error)
        return ()
    return weight_rows(stored.result.weights, reach=REACH) if stored is not None else ()
