"""What a race on a network shows: curves, test accuracies, the final table, the grid and its chosen cell."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from dashlab.charts.optimizers import network as charts
from dashlab.charts.optimizers.network import Cell
from dashlab.charts.style import CONFIG
from dashlab.experiments.optimizers.network import NetworkRace, RaceRun, names
from dashlab.experiments.optimizers.standings import (
    Difference,
    Lane,
    Standing,
    best_column,
    curve,
    difference,
    mean_counted,
    standing,
)
from ui.frame.page import link_to
from ui.frame.views import View
from ui.parts import guessing, runs
from ui.parts.controls import clicked
from ui.parts.layout import rest
from ui.parts.plots import grow, plot
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text

SMOOTH_SHARE = 15
"""A curve is smoothed over one in so many of its rows."""

Lanes = Mapping[str, Lane]


def race(config: NetworkRace, entries: Sequence[RaceRun], lanes: Lanes, prefix: str) -> None:
    """Loss against steps and seconds, and the test accuracies, as far as they are known."""
    called = names(config)
    of_racer = [[lanes[e.key] for e in entries if e.racer == k] for k in range(len(called))]
    longest = max((len(lane.steps) for own in of_racer for lane in own), default=0)
    smooth = max(1, longest // SMOOTH_SHARE)
    curves = [curve(own, smooth) for own in of_racer]
    steps = max((lane.started.steps for own in of_racer for lane in own if lane.started), default=1)
    shared: dict[str, Any] = {"steps": steps, "log": config.log_loss, "banded": config.seeds > 1}
    chart = charts.loss(called, curves, x="step", **shared)
    grow(chart, f"{prefix}_chart_steps", "Training loss of every racer against steps")
    smoothed = f"Each point is the mean over {smooth} readings. " if smooth > 1 else ""
    rest()
    band = " The shade spans the seeds." if config.seeds > 1 else ""
    st.caption(f"{smoothed}A diverged curve ends where it did.{band}")
    left, right = st.columns(2)
    with left:
        chart = charts.loss(called, curves, x="seconds", **shared)
        grow(chart, f"{prefix}_chart_seconds", "Training loss of every racer against seconds")
    with right:
        _accuracies(called, entries, lanes, prefix)


def _accuracies(called: Sequence[str], entries: Sequence[RaceRun], lanes: Lanes, prefix: str) -> None:
    known = {k for k in range(len(called)) if mean_counted(_of_cell(entries, lanes, k, 0), "accuracy")}
    dots = [
        (called[e.racer], e.seed, 100 * accuracy)
        for e in entries
        if e.racer in known and (accuracy := lanes[e.key].counted("accuracy")) is not None
    ]
    if dots:
        grow(charts.accuracy(called, dots), f"{prefix}_chart_accuracy", "Test accuracy of every racer")
        _say_largest(lanes)
    else:
        st.caption("The test pictures are used once, at the end of each run.")


def _say_largest(lanes: Lanes) -> None:
    """What the test accuracies stand beside: all these runs have the same test pictures."""
    if words := _largest(lanes):
        st.caption(words)


def _largest(lanes: Lanes) -> str:
    return guessing.sentence(
        [lane.largest_class for lane in lanes.values() if lane.largest_class is not None]
    )


def table(config: NetworkRace, entries: Sequence[RaceRun], lanes: Lanes, prefix: str) -> None:
    """The final table, what is to be said about single racers, and the CSV files."""
    groups = _groups(config, entries, lanes)
    rows = [standing(name, lanes_) for name, lanes_ in groups]
    apart = _differences(config, groups, rows)
    if config.task == "grid":
        _say_best(config, entries, lanes)
    whole = all(row.finished == config.seeds for row in rows)
    st.dataframe(
        [
            _figures(row, config) | more | ({} if whole else {"Finished": _ends(row, config.seeds)})
            for row, more in zip(rows, apart, strict=True)
        ],
        hide_index=True,
        alt="The racers with their figures, as mean ± standard deviation over the seeds",
    )
    if config.seeds > 1:
        st.caption(f"Mean ± standard deviation over the seeds.{_COUNTED if _is_mixed(rows) else ''}")
    _say_largest(lanes)
    for note in dict.fromkeys(note for row in rows for note in row.notes[:1]):
        whose = ", ".join(row.name for row in rows if note in row.notes[:1])
        st.caption(f":material/info: **{as_text(whose)}**: {as_text(note)}")
    _downloads(config, entries, lanes, prefix)


def _differences(
    config: NetworkRace, groups: Sequence[tuple[str, Sequence[Lane]]], rows: Sequence[Standing]
) -> list[dict[str, str]]:
    """What each racer's row says of its distance from the best, seed by seed; nothing of a single seed."""
    known = [k for k, row in enumerate(rows) if row.accuracy is not None]
    if config.task == "grid" or config.seeds < 2 or len(known) < 2:
        return [{} for _ in rows]
    best = max(known, key=lambda k: (rows[k].accuracy or (0.0,))[0])
    differences = [difference(own, groups[best][1]) if k in known and k != best else None
             for k, (_, own) in enumerate(groups)]  # fmt: skip
    st.caption(
        f"Against **{as_text(rows[best].name)}**, the best on average: the difference in test accuracy seed "
        "by seed, and at how many seeds it is lower. Where its spread is larger than the difference itself, "
        "or its sign changes with the seed, these seeds do not tell which is better."
    )
    return [{"Against the best in points": _apart(one)} for one in differences]


def _apart(one: Difference | None) -> str:
    if one is None:
        return "–"
    return f"{_with_sd((one.mean, one.sd), 100, '+.2f')} ({one.below} of {one.seeds} lower)"


_COUNTED = " ✕: a seed that diverged. In the means it counts as guessing."


def _is_mixed(rows: Sequence[Standing]) -> bool:
    """Whether a racer diverged with some of its seeds, which then count as guessing."""
    return any(row.finished and row.diverged for row in rows)


def _groups(config: NetworkRace, entries: Sequence[RaceRun], lanes: Lanes) -> list[tuple[str, list[Lane]]]:
    """Runs that differ in the seed alone, with what they are called."""
    called, rates = names(config), config.rates()
    groups: dict[tuple[int, int], list[Lane]] = {}
    for e in entries:
        groups.setdefault((e.racer, e.column), []).append(lanes[e.key])
    return [
        (f"{called[racer]} {rates[column]:g}" if config.task == "grid" else called[racer], own)
        for (racer, column), own in groups.items()
    ]


def _say_best(config: NetworkRace, entries: Sequence[RaceRun], lanes: Lanes) -> None:
    """Each racer's best rate, by the pictures that were held back, and what it then read of the test."""
    called, rates = names(config), config.rates()
    words = []
    for row, name in enumerate(called):
        columns = [_of_cell(entries, lanes, row, column) for column in range(len(rates))]
        best = best_column(columns)
        if best is not None and (accuracy := mean_counted(columns[best], "accuracy")):
            words.append(f"**{as_text(name)}** at {rates[best]:g} ({100 * accuracy[0]:.2f} %)")
    if words:
        st.markdown(
            "Each at the rate that is best on the validation pictures, with the share of the test pictures "
            f"that it classifies correctly there: {', '.join(words)}."
        )


def _figures(row: Standing, config: NetworkRace) -> dict[str, str]:
    held_back = {"Validation accuracy in %": _with_sd(row.val_accuracy, 100, ".2f")}
    return {
        "Racer": row.name,
        **(held_back if config.task == "grid" else {}),
        "Test accuracy in %": _with_sd(row.accuracy, 100, ".2f"),
        "Training loss": _with_sd(row.train_loss, 1, ".4f"),
        "Test loss": _with_sd(row.test_loss, 1, ".4f"),
        "Seconds": _with_sd(row.train_s, 1, ".2f"),
    }


def _ends(row: Standing, seeds: int) -> str:
    return f"{row.finished} of {seeds}" + (f", {row.diverged} diverged ✕" if row.diverged else "")


def _with_sd(figure: tuple[float, float | None] | None, factor: float, form: str) -> str:
    if figure is None:
        return "–"
    mean, sd = figure
    return f"{factor * mean:{form}}" + (f" ± {factor * sd:{form.lstrip('+')}}" if sd is not None else "")


def _downloads(config: NetworkRace, entries: Sequence[RaceRun], lanes: Lanes, prefix: str) -> None:
    called = names(config)
    with st.container(horizontal=True):
        csv_download(
            "Runs as CSV",
            lambda: [_run_row(called[e.racer], e, lanes[e.key]) for e in entries],
            "race-runs.csv",
            key=f"{prefix}_csv_runs",
        )
        csv_download(
            "Curves as CSV",
            lambda: _step_rows(called, entries, lanes),
            "race-curves.csv",
            key=f"{prefix}_csv_curves",
        )


def _step_rows(called: Sequence[str], entries: Sequence[RaceRun], lanes: Lanes) -> Iterator[dict[str, Any]]:
    for entry in entries:
        for row in lanes[entry.key].steps:
            yield {
                "racer": called[entry.racer],
                "lr": entry.config.optim.lr,
                "seed": entry.seed,
                "step": row.step,
                "training loss": row.loss,
                "training accuracy": row.accuracy,
            }


def _run_row(name: str, entry: RaceRun, lane: Lane) -> dict[str, Any]:
    return {
        "racer": name,
        "optimizer": entry.config.optim.optimizer,
        "lr": entry.config.optim.lr,
        "seed": entry.seed,
        "state": lane.state,
        "validation accuracy": lane.val_accuracy,
        "test accuracy": lane.accuracy,
        "test loss": lane.test_loss,
        "training loss": lane.last_loss,
        "seconds": lane.train_s,
        "note": lane.note,
    }


# -- the grid ---------------------------------------------------------------------------------------------


def grid(
    state: PageState, view: View, config: NetworkRace, entries: Sequence[RaceRun], lanes: Lanes, *, over: bool
) -> None:
    """The heat map; once all is over, also its chosen cell."""
    called, rates = names(config), config.rates()
    picked = _picked(state, view, len(called) * len(rates))
    cells = [
        [_cell(config, _of_cell(entries, lanes, row, column)) for column in range(len(rates))]
        for row in range(len(called))
    ]
    chosen = divmod(picked - 1, len(rates)) if picked else None
    figure = charts.grid(
        called, rates, cells, chosen=chosen, higher_is_better=config.cell_shows == "accuracy"
    )
    shown = "Validation accuracy in %" if config.cell_shows == "accuracy" else "Training loss at the end"
    seeds = f", mean over {config.seeds} seeds" if config.seeds > 1 else ""
    marked = _COUNTED if any(" ✕" in cell.words for row in cells for cell in row) else ""
    st.caption(f"{shown}{seeds}.{marked} {_largest(lanes)}".rstrip())
    key = f"{state.prefix}_{view.name}_chart_grid"
    alt = "Racers by learning rates, each cell coloured by how its runs ended"
    if not over:
        plot(figure, f"{key}_going", alt)
        rest()
        return
    st.plotly_chart(
        figure,
        key=key,
        config=CONFIG,
        on_select=clicked(key, partial(_take_click, state, view, len(rates))),
        selection_mode="points",
        alt=alt,
    )
    rest()
    _chosen(state, view, config, entries, lanes, chosen)


def _cell_key(state: PageState, view: View) -> str:
    return f"{state.prefix}_{view.full('cell')}"


def _picked(state: PageState, view: View, count: int) -> int:
    """The chosen cell, from 1; 0 for none. The menu below the picture has it before the picture is drawn."""
    key = _cell_key(state, view)
    picked = int(st.session_state.get(key, state.values[view.full("cell")]))
    state.settled(view.full("cell"), None if picked <= count else f"there are {count} cells: none is chosen")
    state.values[view.full("cell")] = st.session_state[key] = picked if picked <= count else 0
    return picked if picked <= count else 0


def _of_cell(entries: Sequence[RaceRun], lanes: Lanes, row: int, column: int) -> list[Lane]:
    return [lanes[e.key] for e in entries if (e.racer, e.column) == (row, column)]


def _cell(config: NetworkRace, lanes: Sequence[Lane]) -> Cell:
    row = standing("", lanes)
    if row.val_accuracy is not None and row.train_loss is not None:
        shown = 100 * row.val_accuracy[0] if config.cell_shows == "accuracy" else row.train_loss[0]
        more = (
            f"{_with_sd(row.val_accuracy, 100, '.2f')} % of the validation and "
            f"{_with_sd(row.accuracy, 100, '.2f')} % of the test pictures correct, training loss "
            f"{_with_sd(row.train_loss, 1, '.4f')}"
        )
        if row.diverged:
            more += f"; {row.diverged} of {len(lanes)} seeds diverged and count as guessing"
        marks = f" ✕{row.diverged}" if row.diverged else ""
        return Cell(value=shown, words=f"{shown:.3g}{marks}", more=more)
    if any(lane.state == "diverged" for lane in lanes):
        return Cell(value=None, words="✕", more="diverged")
    if any(lane.state == "running" for lane in lanes):
        return Cell(value=None, words="…", more="being trained")
    return Cell(value=None, words="", more="not trained")


def _take_click(state: PageState, view: View, columns: int, point: Any) -> None:
    row, column = point["customdata"]
    state.put({view.full("cell"): int(row) * columns + int(column) + 1})


def _chosen(
    state: PageState,
    view: View,
    config: NetworkRace,
    entries: Sequence[RaceRun],
    lanes: Lanes,
    chosen: tuple[int, int] | None,
) -> None:
    """The runs of the chosen cell, with a link that opens each in the trainer."""
    called, rates = names(config), config.rates()

    def title(place: int) -> str:
        row, column = divmod(place - 1, len(rates))
        return f"{called[row]}, learning rate {rates[column]:g}" if place else "none: click one"

    places = range(len(called) * len(rates) + 1)
    st.selectbox("Cell", places, format_func=title, key=_cell_key(state, view), help="Or click the picture.")
    if chosen is None:
        return
    for entry in entries:
        if (entry.racer, entry.column) == chosen:
            _open(entry, lanes[entry.key])
    _say_largest(lanes)


def _open(entry: RaceRun, lane: Lane) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        found = f"{100 * lane.accuracy:.2f} % test accuracy" if lane.accuracy is not None else lane.state
        st.markdown(f"Seed {entry.seed}: **{as_text(found)}**", width="content")
        link_to(
            "trainer", "Open in the trainer", runs.training_link(entry.config), icon=":material/open_in_new:"
        )
    if lane.note:
        st.caption(as_text(lane.note))
