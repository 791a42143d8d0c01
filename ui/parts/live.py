"""Watching jobs: the one fragment of a page that asks again and again, until they are over."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from dashlab import jobs
from dashlab.jobs import JobState, Progress
from ui.parts import runs
from ui.parts.text import as_text

EVERY_S, LATER_EVERY_S, LATER_S = 0.5, 1.0, 3.0
"""How often a page that watches jobs draws anew, at first and once one has gone on for `LATER_S`: server
and browser take their time from the training where they share a machine."""


def watch(
    keys: Sequence[str], prefix: str, draw: Callable[[Sequence[Progress]], None], *, place: Any = None
) -> bool:
    """Draw jobs that belong together, below one bar with one Stop; while any goes on, again and again.

    When all have ended the whole page runs once more. Call at most once in a run of the page.

    Args:
        keys: of the jobs, from `jobs.submit`.
        prefix: of the page's widgets.
        draw: what stands below the bar; gets the latest snapshots of those jobs that are known.
        place: a container in which the bar and Stop stand instead.

    Returns:
        Whether any of them goes on; if none does, nothing was drawn.
    """
    known = jobs.batch(keys)
    if all(progress.is_over for progress in known):
        forget_stop(prefix)
        return False
    every = _every_s(known)
    st.fragment(_watched, run_every=every)(tuple(keys), prefix, draw, place, every)
    return True


def _every_s(known: Sequence[Progress]) -> float:
    """How long to wait between two looks at these jobs."""
    return LATER_EVERY_S if max(progress.elapsed_s for progress in known) > LATER_S else EVERY_S


def _watched(
    keys: tuple[str, ...],
    prefix: str,
    draw: Callable[[Sequence[Progress]], None],
    place: Any,
    every: float,
) -> None:
    known = jobs.batch(keys)
    if all(progress.is_over for progress in known):
        forget_stop(prefix)
        st.rerun()
    if _every_s(known) > every:
        st.rerun()  # the page then asks less often
    with place if place is not None else st.container():
        _bar(keys, known, prefix)
    draw(known)


def _bar(keys: tuple[str, ...], known: Sequence[Progress], prefix: str) -> None:
    going = [progress for progress in known if not progress.is_over]
    now = next((progress for progress in going if progress.state is JobState.RUNNING), going[0])
    stopping = st.session_state.get(f"{prefix}__stopping") == keys
    words = [_while_running(now)] + ([f"part {known.index(now) + 1} of {len(known)}"] if known[1:] else [])
    done = sum(1.0 if progress.is_over else progress.fraction for progress in known) / len(known)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, done), text=" · ".join(words))
        st.button(
            "Stopping …" if stopping else "Stop",
            key=f"{prefix}_stop",
            icon=":material/stop_circle:",
            disabled=stopping,
            on_click=_stop,
            args=(keys, prefix),
        )


def _stop(keys: tuple[str, ...], prefix: str) -> None:
    st.session_state[f"{prefix}__stopping"] = keys
    for key in reversed(keys):  # or those that wait would begin
        jobs.stop(key)


def forget_stop(prefix: str) -> None:
    """The same run may be started again, and must be stoppable again."""
    st.session_state.pop(f"{prefix}__stopping", None)


def _while_running(progress: Progress) -> str:
    if progress.state is not JobState.RUNNING:
        now = f" Its turn comes after: {runs.job_title(progress.behind)}." if progress.behind else ""
        return as_text(progress.sentence + now)
    words = [as_text(progress.sentence.removesuffix(".")), f"{seconds(progress.elapsed_s)} so far"]
    if progress.left_s is not None:
        # After the last step there is still the test: a clock that stands at 0 would look stuck.
        words.append(f"about {seconds(progress.left_s)} left" if progress.left_s >= 0.1 else "nearly done")
    return " · ".join(words)


def status(progress: Progress) -> None:
    """How a run ended, in one line; a finished one needs none."""
    text = as_text(progress.sentence)
    if progress.state is JobState.STOPPED:
        st.info(text, icon=":material/stop_circle:")
    elif progress.state is JobState.DIVERGED:
        st.warning(text, icon=":material/trending_up:")
    elif progress.state in (JobState.FAILED, JobState.LOST):
        st.error(text, icon=":material/error:")


def seconds(value: float) -> str:
    """A time span as people say it: 0.4 s, 12 s, 3 min 05 s, 2 h 10 min."""
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"
