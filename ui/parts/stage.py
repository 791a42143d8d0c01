"""The ONE way in which a page has something trained: its button, what is watched, and what it left.

A page says in a `Stage` what differs: the words on its button, its icon, what is said beside it. What its
settings ask for it says in a `Wanted`. A `StudyStage` also knows what to draw, and needs the settings alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import streamlit as st

from dashlab import jobs
from dashlab.errors import ConfigError, DamagedRun, DashlabError
from dashlab.jobs import Progress
from dashlab.settings.flat import FlatConfig
from dashlab.settings.run import RunConfig
from dashlab.training.study import Study
from ui.parts import kept_studies, live
from ui.parts.computed import computed
from ui.parts.text import as_text, show_error

C = TypeVar("C", bound=FlatConfig | RunConfig)
J = TypeVar("J", bound=RunConfig | Study)
S = TypeVar("S", bound=Study)
Draw = Callable[[Any, tuple[Any, ...], bool], None]
"""Draws the study, its rows so far, and whether there are no more to come."""

OTHER = "This training goes on; it has other settings than those beside it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted(Generic[C]):
    """What sound settings ask for.

    Attributes:
        config: the settings.
        orders: gives what is to be submitted.
        going: keys of the jobs by which all of it is under way, whoever began them; empty where it is not.
        is_there: whether nothing is left to be trained.
        count: a line below the button; what there is to train, and what is there already.
        note: what to say above the curves as long as they grow.
    """

    config: C
    orders: Callable[[], Sequence[RunConfig | Study]]
    going: tuple[str, ...]
    is_there: bool = False
    count: str = ""
    note: str = ""


def wanted(config: J, *, is_there: bool = False) -> Wanted[J]:
    """What settings ask for that one job answers."""
    key = config.key()
    return Wanted(
        config=config, orders=lambda: [config], going=(key,) if _goes_on([key]) else (), is_there=is_there
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun(Generic[C]):
    """Jobs that belong together, and the settings that they answer: what a session remembers."""

    config: C
    keys: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Generic[C]):
    """What differs between the places in which something is trained.

    Attributes:
        prefix: of the bar and its Stop.
        config: the kind of settings; of each kind a session remembers what it began last.
        start: key of the button; made of the prefix where it is empty.
        train: on the button.
        going: the same, while it is trained.
        there: the same, where all of it is there; where this is empty it may be asked for all the same.
        icon: on the button.
        there_icon: the same, where all of it is there.
        one_at_a_time: whether nothing else can be begun here meanwhile.
        from_cache: said on a press that found everything there.
        other: said above what goes on under other settings than those that are set.
    """

    prefix: str
    config: type[C]
    start: str = ""
    train: str = "Train"
    going: str = "Training …"
    there: str = ""
    icon: str = ":material/play_arrow:"
    there_icon: str = ":material/check:"
    one_at_a_time: bool = False
    from_cache: str = ""
    other: str = OTHER

    def button(self, asked: Wanted[C] | None, problem: str = "") -> None:
        """The button in its state, and the line below it; None where the settings are not sound."""
        is_going = bool(asked and (self.watched(asked) if self.one_at_a_time else asked.going))
        is_there = bool(self.there and asked and asked.is_there and not is_going)
        clicked = st.button(
            self.there if is_there else self.going if is_going else self.train,
            key=self.start or f"{self.prefix}_start",
            type="primary",
            icon=self.there_icon if is_there else self.icon,
            width="stretch",
            disabled=asked is None or is_going or is_there,
        )
        self.below(problem, asked.count if asked else "")
        if clicked and asked:
            self.begin(asked)

    def below(self, problem: str, count: str = "") -> None:
        """The line below the button, or in its place: what is not sound, else what there is to train."""
        if problem:
            st.caption(f":red[{as_text(problem)}]")
        elif count:
            st.caption(count)

    def begin(self, asked: Wanted[C]) -> None:
        """Submit it and run the page anew; or say why that cannot be done."""
        keys: list[str] = []
        try:
            for order in asked.orders():
                keys.append(jobs.submit(order))  # noqa: PERF401  those before one that is refused go on
        except DashlabError as error:
            show_error(error)
            if keys:
                self.remember(Begun(config=asked.config, keys=tuple(keys), note=asked.note))
            return
        live.forget_stop(self.prefix)
        self.remember(Begun(config=asked.config, keys=tuple(keys), note=asked.note))
        if self.from_cache and not _goes_on(keys):
            st.toast(self.from_cache, icon=":material/history:")
        st.rerun()

    def watched(self, asked: Wanted[C] | None) -> Begun[C] | None:
        """What to watch: what the settings name, else what was begun last, as long as it goes on."""
        last = self.last()
        if last is None or not _goes_on(last.keys):
            live.forget_stop(self.prefix)
            last = None
        if asked is None or not asked.going or (last is not None and last.config == asked.config):
            return last
        named = Begun(config=asked.config, keys=asked.going)
        if last is None:
            self.remember(named)  # it stays in sight while settings are changed
        return named

    def watch(
        self,
        begun: Begun[C],
        asked: Wanted[C] | None,
        draw: Callable[[Sequence[Progress]], None],
        bar: Any = None,
    ) -> None:
        """Draw it again and again, until it is over; `bar` is the place of the bar and its Stop."""
        if self.other and (asked is None or asked.config != begun.config):
            st.info(self.other)
        if begun.note:
            st.caption(begun.note)
        live.watch(begun.keys, self.prefix, draw, place=bar)

    def last(self) -> Begun[C] | None:
        """What this session began or watched last, be it over or not."""
        begun: Begun[C] | None = st.session_state.get(self._memory())
        return begun

    def remember(self, begun: Begun[C]) -> None:
        """Take this for what was begun last."""
        st.session_state[self._memory()] = begun

    def _memory(self) -> str:
        return f"{self.prefix}__begun_{self.config.__name__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyStage(Stage[S]):
    """A stage for one study, which is drawn by its rows, and cached as such.

    Attributes:
        draw: draws rows.
        before: draws what there is before anything is trained.
        is_quick: whether a study is computed at once, without a button; None where none is.
        mend: said in the place of the curves where settings are not sound; empty where the problem itself is.
    """

    draw: Draw
    before: Callable[[S], None]
    is_quick: Callable[[S], bool] | None = None
    mend: str = ""

    def show(self, study: S, problem: str = "", *, button: Any, bar: Any = None) -> None:
        """Draw what came of the study that the settings name, or how to start it.

        Args:
            study: as set; not yet checked.
            problem: what is not sound beside it.
            button: place of the button.
            bar: place of the progress bar and its Stop.
        """
        problem = problem or _problem(study)
        if problem:
            self._unsound(problem, button, bar)
            return
        if self.is_quick is not None and self.is_quick(study):
            self.draw(study, computed(jobs.rows_of, study, doing="Training …"), True)
            return
        rows = _cached(study)
        asked = wanted(study, is_there=rows is not None)
        with button:
            self.button(asked)
        mine = jobs.progress(study.key())
        if mine is not None and mine.is_over:
            live.status(mine)
            rows = mine.rows
        begun = self.watched(asked)
        if rows is not None and not asked.going:
            self.draw(study, rows, True)
        elif begun is not None:
            self.watch(begun, asked, self._draw, bar)
        else:
            self.before(study)

    def _unsound(self, problem: str, button: Any, bar: Any) -> None:
        if self.is_quick is None:  # else nobody knows yet whether a button is needed
            with button:
                self.button(None, problem if self.mend else "")
        begun = self.watched(None)
        if not self.mend:
            st.info(as_text(problem), icon=":material/tune:")
        elif begun is None:
            st.info(self.mend)
        if begun is not None:
            self.watch(begun, None, self._draw, bar)

    def _draw(self, known: Sequence[Progress]) -> None:
        for now in known:
            self.draw(now.config, now.rows, now.is_over)


def _goes_on(keys: Sequence[str]) -> bool:
    return any(not progress.is_over for progress in jobs.batch(keys))


def _problem(study: Study) -> str:
    try:
        study.check()
    except ConfigError as error:
        return str(error)
    return ""


def _cached(study: Study) -> tuple[Any, ...] | None:
    try:
        stored = kept_studies.load(study)
    except DamagedRun as error:
        st.warning(as_text(str(error)), icon=":material/heart_broken:")
        return None
    return stored.rows if stored is not None else None
