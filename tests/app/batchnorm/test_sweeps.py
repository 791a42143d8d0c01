"""The sweeps of twins over rates and batch sizes, without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.batchnorm.sweeps import BatchSweep, RateSweep, Trial
from dashlab.jobs import JobState
from dashlab.training.study import Study
from tests.app.fakes import FakeLab
from tests.app.pages import elements, link, ran, texts

PAGE = "pages/batchnorm.py"


def test_the_sweep_over_rates_names_where_each_twin_stops(open_view: Callable[..., AppTest]) -> None:
    app = open_view("rates")
    said = texts(app)
    stops = re.findall(r"\*\*: learns from [\d.]+ to [\d.]+, and \*\*stops learning at ([\d.]+)\*\*\.", said)
    assert len(stops) == 2
    assert float(stops[0]) < float(stops[1])
    assert "at least 75 %" in said
    assert len(app.dataframe[0].value) == 26
    assert len(app.get("download_button")) == 1


def test_running_statistics_that_lag_are_said(open_view: Callable[..., AppTest]) -> None:
    assert "statistics are still those of an earlier network" in texts(open_view("rates"))
    assert "statistics are still those of an earlier network" not in texts(open_view("rates", track="off"))


def test_a_rate_at_which_a_twin_diverges_is_said(open_view: Callable[..., AppTest]) -> None:
    app = open_view(
        "rates", points="400", hidden="64-64-64-64", init="kaiming_normal", lowest="0.1", highest="5.0",
        count="3", epochs="10",
    )  # fmt: skip
    assert "Without BatchNorm, 1 of the trainings diverged, the first at learning rate 5" in texts(app)


def test_the_sweep_over_sizes_says_what_two_inputs_do(open_view: Callable[..., AppTest]) -> None:
    app = open_view("batches")
    found = re.findall(
        r"\*\*(With|Without) BatchNorm\*\*, batches of 2: ([\d.]+) % in eval mode\.", texts(app)
    )
    accuracy = {name: float(value) for name, value in found}
    assert accuracy["With"] < 70 < accuracy["Without"]


@pytest.mark.parametrize(("view", "study"), [("rates", RateSweep()), ("batches", BatchSweep())])
def test_a_long_sweep_is_a_study_that_grows(
    open_view: Callable[..., AppTest], lab: FakeLab, all_is_long: None, view: str, study: Study
) -> None:
    app = ran(open_view(view).button(key="bn_start").click())
    assert lab.submitted == [study]
    trial = Trial(
        lr=0.1, batch_size=4, batchnorm=True, seed=0, steps=5, training_loss=1.0, by_batch=0.9,
        by_running=0.8, diverged=0,
    )  # fmt: skip
    lab.show(study, JobState.RUNNING, "Learning rate 0.1.", rows=(trial,), fraction=0.5)
    app = ran(app)
    assert len(app.get("vega_lite_chart")) == 1
    assert "learns from" not in texts(app)
    assert elements(app, "progress")[0].value == 50


def test_the_views_keep_settings_of_their_own(open_view: Callable[..., AppTest], all_is_long: None) -> None:
    app = open_view("rates", hidden="5-5")
    app.session_state["bn_view"] = "batches"
    app = ran(app)
    assert "BatchNorm1d(64" in "".join(element.value for element in app.code)
    assert link(app) == {"bn_view": "batches", "bn_rates_hidden": "5-5"}
