"""A run beside other cached runs: their curves over each other, and what they differ in."""

from collections.abc import Sequence

import streamlit as st

from dashlab.charts.trainer import curves as charts
from dashlab.charts.trainer.curves import Curve
from dashlab.errors import DamagedRun
from dashlab.settings.run import spec_of
from dashlab.store.runs import RunSummary, StoredRun
from dashlab.training import losses
from ui.parts import offers, runs
from ui.parts.live import seconds
from ui.parts.plots import grow
from ui.parts.tables import csv_download
from ui.parts.text import show_error

MOST_RUNS = 8
"""As many as there are chart colours."""


def tab(run: StoredRun, prefix: str) -> None:
    """Choose other runs and see them beside this one."""
    store = runs.store()
    count = store.count() - 1
    if count < 1:
        st.info("This is the only cached run so far: change a setting and train again to compare the two.")
        return
    key = f"{prefix}_compare_{run.key[:12]}"
    alike = store.grouped(_finished_on).get(run.result.config.data.dataset, ())[:3]
    first = [other.key for other in alike if other.key != run.key][:2]
    recent = [other for other in store.newest(offers.MOST + 1) if other.key != run.key]
    others = offers.newest(recent, [*first, *st.session_state.get(key, ())])
    titles = runs.titles([*others, *filter(None, [runs.find(run.key)])])
    chosen = st.multiselect(
        "Compare with",
        [other.key for other in others],
        default=first,
        format_func=lambda key: titles[key],
        key=key,
        max_selections=MOST_RUNS - 1,
        placeholder="Choose cached runs",
        persist_state="session",
    )
    offers.say_rest(count)
    summaries = filter(None, map(runs.find, [run.key, *chosen]))
    stored = [loaded for summary in summaries if (loaded := _load(summary)) is not None]
    _curves(stored, titles, prefix)
    _table(stored, titles, prefix)


def _finished_on(run: RunSummary) -> str:
    """The pictures of a run that came to its end."""
    return run.config.data.dataset if run.state == "finished" else ""


def _load(summary: RunSummary) -> StoredRun | None:
    try:
        return runs.load(summary)
    except DamagedRun as error:
        show_error(error)
        return None


def curve_of(run: StoredRun, name: str = "") -> Curve:
    """The curve of a run that is over."""
    started = run.result.started
    return Curve(
        name=name,
        steps=run.result.steps,
        epochs=run.result.epochs,
        steps_per_epoch=started.steps_per_epoch,
        total_epochs=started.epochs,
        validated=started.val_count > 0,
        held=losses.held(run.result.config.loss, run.result.steps),
    )


def _curves(stored: Sequence[StoredRun], titles: dict[str, str], prefix: str) -> None:
    drawn = [curve_of(run, titles[run.key]) for run in stored]
    log = bool(st.session_state.get(f"{prefix}_log", False))
    # Below each other: half the width would cut the names of the runs.
    grow(charts.compared_loss(drawn, log=log), f"{prefix}_chart_compared_loss", "Training loss of the runs")
    if words := losses.compared_words([(run.result.config.loss, run.result.steps) for run in stored]):
        st.caption(words)
    grow(
        charts.compared_accuracy(drawn),
        f"{prefix}_chart_compared_accuracy",
        "Training accuracy of the runs",
    )


def _table(stored: Sequence[StoredRun], titles: dict[str, str], prefix: str) -> None:
    differing = runs.differing([run.result.config for run in stored])
    rows = []
    for position, run in enumerate(stored):
        evaluation = run.result.evaluation
        rows.append(
            {
                "Run": titles[run.key],
                "Test accuracy in %": round(100 * evaluation.accuracy, 2) if evaluation else None,
                "Largest class alone in %": round(100 * evaluation.largest_class()[1], 2)
                if evaluation
                else None,
                "Training took": seconds(run.result.seconds.train),
                **{
                    spec_of(name).label: spec_of(name).shown(values[position])
                    for name, values in differing.items()
                },
            }
        )
    st.dataframe(
        rows,
        hide_index=True,
        column_config={"Run": st.column_config.TextColumn(width="medium", pinned=False)},
        alt="The runs, their test accuracy and the settings that differ",
    )
    csv_download("Comparison as CSV", lambda: rows, "comparison.csv", key=f"{prefix}_compare_csv")
