"""Which trained networks read a drawing: those that take 28×28 grey pixels and know ten classes."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from dashlab.errors import DamagedRun
from dashlab.store.runs import RunSummary
from dashlab.training.classifier import Classifier
from ui.parts import offers, runs
from ui.parts.controls import answered
from ui.parts.state import PageState
from ui.parts.text import show_error

MOST = 4
"""Networks side by side; more cannot be told apart in one chart."""
NONE = "none"
"""Stands in a link for a choice that was emptied; an empty text lets the page choose."""

GOOD = 0.95
"""Below this test accuracy on digits, a network errs so often that the page offers to train its own first."""

_KEY_LETTERS = 12  # of a run's key, in a link


def readable() -> Sequence[RunSummary]:
    """The cached runs that can read a drawing, those trained on digits first, newest first."""
    fit = runs.store().grouped(_reads)
    return (*fit.get("digits", ()), *fit.get("other", ()))


def made_for_it() -> Sequence[RunSummary]:
    """Those of them that follow the preset of this page."""
    return runs.store().grouped(_made_for_it).get("made", ())


def _reads(run: RunSummary) -> str:
    data = run.config.data
    pixels_fit = data.dataset in ("mnist", "fashion") or (
        data.dataset == "own" and data.side == 28 and data.grey
    )
    if not pixels_fit or len(run.classes) != 10 or run.state == "diverged":
        return ""
    return "digits" if data.dataset == "mnist" else "other"


def _made_for_it(run: RunSummary) -> str:
    return "made" if _reads(run) and runs.preset_of(run.config) == "sketch" else ""


def automatic(summaries: Sequence[RunSummary]) -> list[str]:
    """The run that reads when nobody has chosen.

    The one made for it; else, of those trained on the same pictures as the first, the one that reads the
    most test pictures correctly; else the first, which was not trained to its end.
    """
    made = next((run for run in made_for_it() if run.accuracy is not None), None)
    if made is not None:
        return [made.key]
    first = next((run for run in summaries if run.accuracy is not None), None)
    if first is None:
        return [run.key for run in summaries[:1]]
    dataset = first.config.data.dataset
    alike = (run for run in summaries if run.accuracy is not None and run.config.data.dataset == dataset)
    return [max(alike, key=lambda run: run.accuracy or 0.0).key]


def reads_digits_well(summaries: Sequence[RunSummary]) -> bool:
    """Whether one of these classifies at least `GOOD` of the test digits correctly."""
    return any(_reads(run) == "digits" and (run.accuracy or 0.0) >= GOOD for run in summaries)


def chosen(text: str, summaries: Sequence[RunSummary]) -> tuple[list[str], list[str]]:
    """The keys that the setting `runs` of a link names, and what it names that is not here."""
    if text == "":
        return automatic(summaries), []
    asked = [name for name in text.split("-") if name and name != NONE][:MOST]
    keys = [_named(name) for name in asked]
    missing = [name for name, key in zip(asked, keys, strict=True) if not key]
    return list(dict.fromkeys(key for key in keys if key)), missing


def _named(letters: str) -> str:
    """The key of the run that these first letters name; of several, the newest that was trained on digits."""
    fit = [run for run in runs.store().starting(letters) if _reads(run)]
    return min(fit, key=lambda run: _reads(run) != "digits").key if fit else ""


def picker(state: PageState, summaries: Sequence[RunSummary]) -> list[RunSummary]:
    """Choose the networks; the choice goes into the setting `runs`."""
    keys, missing = chosen(str(state.values["runs"]), summaries)
    if missing:
        st.warning(
            f"The link names a run that is not here: {', '.join(missing)}.", icon=":material/link_off:"
        )
    offered = offers.newest(summaries, keys)
    titles = runs.titles(offered)
    key = f"{state.prefix}_networks"
    st.session_state[key] = keys

    def take(picked: Sequence[str]) -> None:
        state.values["runs"] = "-".join(run[:_KEY_LETTERS] for run in picked) or NONE

    st.multiselect(
        "Networks",
        [run.key for run in offered],
        format_func=lambda run: titles[run],
        key=key,
        on_change=answered(key, take),
        max_selections=MOST,
        placeholder="Choose trained networks",
        help="Those that were trained on 28 × 28 grey pictures of ten classes. Put several side by side.",
    )
    offers.say_rest(len(summaries))
    return [run for wanted in keys for run in offered if run.key == wanted]


def loaded(picked: Sequence[RunSummary]) -> Mapping[str, Classifier]:
    """The networks ready to read, by their titles; a damaged one is said and left out."""
    titles = runs.titles(picked)
    by_title: dict[str, Classifier] = {}
    for run in picked:
        try:
            network = _classifier(str(runs.store().root), run.key, run.created)
        except DamagedRun as error:
            show_error(error)
            continue
        if network is not None:
            by_title[titles[run.key]] = network
    return by_title


@st.cache_resource(max_entries=8, show_spinner="Reading the network …")
def _classifier(_root: str, key: str, created: datetime) -> Classifier | None:  # noqa: ARG001 - a new run has a new time
    run = runs.store().load(key)
    return Classifier.of(run.result) if run is not None else None
