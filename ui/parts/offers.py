"""Which of the cached runs a list to choose from offers: the newest, and what is chosen already."""

from collections.abc import Iterable, Sequence

import streamlit as st

from dashlab.store.runs import RunSummary
from ui.parts import runs

MOST = 200
"""Runs in a list to choose from; nobody reads more, and each needs a title and is sent to the browser."""


def newest(group: Sequence[RunSummary], chosen: Iterable[str]) -> list[RunSummary]:
    """The newest runs of a group and, wherever they stand, those whose keys are chosen."""
    offered = list(group[:MOST])
    there = {run.key for run in offered}
    found = (runs.find(key) for key in dict.fromkeys(chosen) if key and key not in there)
    return offered + [run for run in found if run is not None]


def say_rest(count: int) -> None:
    """Say that there are more runs than are offered, where there are."""
    if count > MOST:
        st.caption(f"The newest {MOST:,} of {count:,} runs are listed.")
