"""The view of few pictures without a browser: what begins, what is cached, and what each cure brings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.data.images import available_source
from dashlab.experiments.fitting.network import CureRun, CuresConfig, entries
from dashlab.jobs import JobState
from dashlab.settings.run import RunConfig
from dashlab.store.runs import Store
from dashlab.training.engine import resolved
from dashlab.training.models import build
from dashlab.training.together import StackedRuns
from dashlab.training.weights import weights_of
from tests.app.fakes import FakeLab, epoch_row, result, started
from tests.app.pages import link, press, ran, texts, view_link

pytestmark = pytest.mark.usefixtures("pictures_at_hand")

PAGE = "pages/fitting.py"
TWO = {"augment": "no", "seeds": "1"}
"""L2 and dropout, from one seed: four runs."""


@pytest.fixture
def open_view(open_app: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """Opens the view with settings of its own."""
    return lambda **settings: ran(open_app(PAGE, **view_link("fit", "network", settings)))


def four() -> tuple[CureRun, ...]:
    config = CuresConfig(augment=False, seeds=1).check()
    return entries(config, available_source(config.dataset))


def keep(run: CureRun, val: float) -> None:
    """A cached run with weights that fit it; such a share of what was held back it classified correctly."""
    made = result(run.config, val=val)
    network = build(made.config.model, shape=(1, 28, 28), classes=10, seed=1)
    Store().save(replace(made, weights=weights_of(network)), "")


def test_the_overfitted_run_begins_by_itself_the_first_time_alone(
    open_view: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = open_view()
    (begun,) = lab.submitted
    assert isinstance(begun, RunConfig)
    assert begun.key() == resolved(entries(CuresConfig(), available_source("mnist"))[0].config).key()
    lab.show(begun, JobState.STOPPED)
    app = ran(app)
    app = ran(app)
    assert len(lab.submitted) == 1, "what was stopped stays stopped"


def test_nothing_begins_by_itself_where_something_was_set(
    open_view: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = open_view(**TWO)
    assert lab.submitted == []
    assert "4 runs of 40 epochs" in texts(app)
    assert app.get("imgs") or app.get("image"), "pictures stand where the curves will"


def test_a_press_trains_what_is_missing_and_stacks_what_can_be(
    open_view: Callable[..., AppTest], lab: FakeLab
) -> None:
    plain, *_ = runs = four()
    keep(plain, 0.5)
    press(open_view(**TWO), "fit_network_start")
    trained = [
        one.key()
        for job in lab.submitted
        for one in (job.configs() if isinstance(job, StackedRuns) else [job])
    ]
    assert sorted(trained) == sorted(resolved(run.config).key() for run in runs if run is not plain)
    assert any(isinstance(job, StackedRuns) for job in lab.submitted), "dropout with and without L2"


def test_curves_grow_while_they_are_trained(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    app = press(open_view(**TWO), "fit_network_start")
    for job in lab.submitted:
        if isinstance(job, RunConfig):
            rows = (epoch_row(1, 0.5), epoch_row(2, 0.6))
            lab.show(job, JobState.RUNNING, "Epoch 2 of 40.", started=started(job), epochs=rows)
    app = ran(app)
    assert app.get("plotly_chart") or app.get("arrow_vega_lite_chart") or app.get("vega_lite_chart")
    assert app.button(key="fit_network_start").disabled


def test_what_each_cure_brings_is_said_once_its_runs_are_there(
    open_view: Callable[..., AppTest], lab: FakeLab
) -> None:
    runs = four()
    keep(runs[0], 0.5)
    assert "What each cure brings" not in texts(open_view(**TWO)), "one run alone shows nothing of that"
    for run, share in zip(runs[1:], (0.6, 0.7, 0.8), strict=True):
        keep(run, share)
    app = open_view(**TWO)
    assert "L2 brings +0.00 points of test accuracy alone" in texts(app)
    assert "4 runs, which are there." in texts(app)
    assert lab.submitted == []


def test_the_best_is_chosen_by_the_pictures_that_were_held_back(open_view: Callable[..., AppTest]) -> None:
    for run, val in zip(four(), (0.5, 0.5, 0.8, 0.5), strict=True):
        keep(run, val)
    assert "Dropout does best on the validation pictures" in texts(open_view(**TWO))


def test_a_combination_is_looked_at_beside_none(open_view: Callable[..., AppTest]) -> None:
    for run in four():
        keep(run, 0.5)
    app = open_view(**TWO)
    app = ran(app.selectbox(key="fit_network_chosen").set_value(3))
    assert link(app)["fit_network_chosen"] == "3"
    assert "No cure: " in texts(app)
    assert "L2 + Dropout: " in texts(app)


def test_a_job_that_fails_says_so_and_what_is_there_stays(
    open_view: Callable[..., AppTest], lab: FakeLab
) -> None:
    keep(four()[0], 0.5)
    app = press(open_view(**TWO), "fit_network_start")
    for job in lab.submitted:
        lab.show(job, JobState.FAILED, "The disk is full.")
    app = ran(app)
    assert "The disk is full." in texts(app)
    assert "No cure: " in texts(app)
