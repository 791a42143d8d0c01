"""The parts of the home page."""

from collections.abc import Sequence

import streamlit as st

from dashlab.data.images import IMAGE_SETS, available_source
from dashlab.errors import ConfigError
from dashlab.settings.run import spec_of
from dashlab.store import limit as disklimit
from dashlab.store.runs import RunSummary
from ui.frame.page import link_to
from ui.frame.pages import PAGES, page_of
from ui.parts import runs
from ui.parts.runs import training_link
from ui.parts.text import as_text

MOST_RUNS = 6
CARDS = 3
"""Cards in a row; more would cut their titles."""


def start() -> None:
    """The two ways to begin, as large as anything on the page."""
    with st.container(horizontal=True, gap="small"):
        if st.button(
            "Train your first network", key="home_train", type="primary", icon=":material/play_arrow:"
        ):
            st.switch_page(page_of("trainer").path, query_params={"train_preset": "mnist-fast"})
        if st.button("Sketch a digit", key="home_sketch", icon=":material/draw:"):
            st.switch_page(page_of("sketch").path)


def pages() -> None:
    """A card for every page but this one."""
    others = [page for page in PAGES if page.slug != "home"]
    st.header("What you can do here", anchor=False)
    for first in range(0, len(others), CARDS):
        for page, place in zip(others[first : first + CARDS], st.columns(CARDS), strict=False):
            with place.container(border=True, height="stretch", gap="xxsmall"):
                link_to(page.slug, f"**{page.title}**", icon=page.icon)
                st.caption(page.about)


def data_sets() -> None:
    """Which pictures are used: the full set or the bundled sample, and how many."""
    st.header("Pictures", anchor=False)
    for name, info in IMAGE_SETS.items():
        is_full = available_source(name) == "full"
        train, test = info.full_counts if is_full else info.bundled_counts
        source = "the full set" if is_full else "the bundled sample"
        st.markdown(
            f"**{info.title}** — {train:,} to train on, {test:,} to test: {source}.  \n"
            f":gray[{as_text(info.about)}]"
        )
    st.caption(
        "The trainer fetches a full set on request, and takes your own pictures as a zip of class folders."
    )


def recent_runs() -> None:
    """The last runs, each with a link that opens it in the trainer."""
    st.header("Recent runs", anchor=False)
    store = runs.store()
    newest, count = store.newest(MOST_RUNS), store.count()
    _damaged()
    if not newest:
        st.caption("None yet. Runs are kept: the same settings come back at once.")
        return
    for run in newest:
        result = f"{100 * run.accuracy:.2f} %" if run.accuracy is not None else run.state
        label = f"**{result}** · {as_text(runs.title(run.config, run.name))}"
        link_to("trainer", label, training_link(run.config))
    if words := _largest_classes(newest):
        st.caption(words)
    if count > len(newest):
        st.caption(f"… and {count - len(newest):,} more.")
    _room()


def _largest_classes(summaries: Sequence[RunSummary]) -> str:
    """What the test accuracies stand beside, once for all runs that have the same test pictures."""
    shares: dict[float, list[str]] = {}
    for run in summaries:
        if run.largest_class is not None:
            shares.setdefault(run.largest_class, []).append(_dataset(run))
    phrases = [f"{100 * share:.2f} % on {_joined(names)}" for share, names in shares.items()]
    return f"Always predicting the largest class gives {_joined(phrases)}." if phrases else ""


def _dataset(run: RunSummary) -> str:
    return spec_of("dataset").shown(run.config.data.dataset)


def _joined(words: Sequence[str]) -> str:
    """Each of them once: a, b and c."""
    *first, last = dict.fromkeys(words)
    return f"{', '.join(first)} and {last}" if first else last


def _damaged() -> None:
    """What was found to be damaged, until it is trained anew or put away."""
    sentences = runs.store().damaged()
    for sentence in sentences:
        st.warning(as_text(sentence), icon=":material/heart_broken:")
    if sentences:
        st.button("Dismiss these messages", key="home_dismiss", on_click=runs.store().dismiss_damaged)


def _room() -> None:
    """How much of the disk the runs take, and what happens when it is too much."""
    try:
        most = disklimit.limit()
    except ConfigError as error:
        st.warning(as_text(f"{error} Until then nothing is removed."), icon=":material/hard_drive:")
        return
    room = runs.store().room
    used, damaged, removed = room.used(), room.set_aside(), room.removed()
    waste = f", {disklimit.in_words(damaged)} of it damaged and set aside" if damaged else ""
    gone = f" So far {removed:,} {'was' if removed == 1 else 'were'} removed." if removed else ""
    st.caption(
        f"Kept runs and studies take {disklimit.in_words(used)} of {disklimit.in_words(most)} "
        f"(`DASHLAB_LIMIT`){waste}. When that is full, the oldest that are not pinned are removed.{gone}"
    )
