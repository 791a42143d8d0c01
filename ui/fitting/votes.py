"""The view *Votes*: one picture classified under many dropout masks."""

import streamlit as st

from dashlab import jobs
from dashlab.charts.fitting import dropout as charts
from dashlab.errors import DashlabError
from dashlab.experiments.fitting import dropout as experiment
from dashlab.experiments.fitting import words
from dashlab.experiments.fitting.dropout import Votes
from dashlab.experiments.fitting.presets import VOTES
from dashlab.experiments.fitting.settings import VoteConfig
from dashlab.store.runs import RunSummary
from ui.fitting.parts import problem_of
from ui.frame.views import View
from ui.parts import one_run, pictures, runs
from ui.parts.computed import computed
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text, show_error

LEAD = (
    "Leave dropout on while a trained network predicts: each mask makes another network of it, and each of "
    "these votes. Where they agree, the answer is safe; where they do not, the network's one answer in eval "
    "mode only sounds so."
)
OWN = "A small network of this page"
SIDE = 112  # pixels


def draw(state: PageState, view: View) -> None:
    """Which network and picture at the left; its votes at the right."""
    left, right = beside("fit_votes")
    with left:
        view.preset_picker(state)
        for name in ("picture", "p", "votes"):
            view.control(state, name)
        chosen = one_run.choose(state, view.full("run"), own=OWN)
        view.control(state, "seed")
        view.changed_from_preset(state)
    config: VoteConfig = view.config_of(state)
    with right:
        if problem := problem_of(state, view, config):
            st.info(as_text(problem), icon=":material/tune:")
            return
        try:
            _pictures(_votes(config, chosen))
        except DashlabError as error:
            show_error(error)


def _votes(config: VoteConfig, run: RunSummary | None) -> Votes:
    config = config.reset("run")
    if run is None:
        return computed(experiment.example_votes, config, doing="Training a small network …")
    outcome: Votes = computed(
        jobs.of_run,
        str(runs.store().root),
        run.key,
        run.created,
        experiment.votes_in,
        config,
        doing="Counting the votes …",
    )
    return outcome


def _pictures(outcome: Votes) -> None:
    pictures.show(outcome.picture, "The picture that is classified", side=SIDE)
    plot(charts.votes(outcome), "fit_votes_chart", "Votes and mean probability of each class")
    rest()
    st.markdown(as_text(words.vote_words(outcome)))
    plot(charts.strip(outcome), "fit_votes_chart_strip", "What each of the first masks says")
    st.caption("After Gal and Ghahramani 2016.")
    csv_download("Votes as CSV", lambda: _rows(outcome), "votes.csv", "fit_votes_csv")


def _rows(outcome: Votes) -> list[dict[str, float]]:
    return [
        {"mask": mask, **dict(zip(outcome.classes, map(float, each), strict=True))}
        for mask, each in enumerate(outcome.each, 1)
    ]


VIEW = View(
    name="votes",
    title="Votes",
    icon=":material/how_to_vote:",
    lead=LEAD,
    config=VoteConfig,
    presets=VOTES,
    draw=draw,
)
