"""Races on a network without a browser: every state of the view."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab import jobs
from dashlab.errors import JobError
from dashlab.experiments.optimizers.linear import floor
from dashlab.experiments.optimizers.network import NetworkRace
from dashlab.experiments.trainer.presets import PRESETS as RUNS
from dashlab.jobs import JobState
from dashlab.settings.run import RunConfig
from dashlab.store.runs import Store
from dashlab.training.results import EndState
from dashlab.training.together import RacerRow, StackedRuns, orders
from tests.app.fakes import FakeLab, epoch_row, result, started, steps
from tests.app.optimizers.raced import GRID, GRID_RACE, LINK, RACE, RACERS, runs, store_all
from tests.app.pages import elements, press, ran, texts

PAGE = "pages/optimizers.py"
pytestmark = pytest.mark.usefixtures("pictures_at_hand")


def study(race: NetworkRace) -> StackedRuns:
    (order,) = orders(run.config for run in runs(race))
    assert isinstance(order, StackedRuns)
    return order


def rows(count: int, racers: int = 2) -> tuple[RacerRow, ...]:
    """What stacked runs have reported after so many steps and one epoch."""
    begun = started(RunConfig())
    out: list[RacerRow] = []
    for k in range(racers):
        out.append(RacerRow(racer=k, started=begun))
        out += [RacerRow(racer=k, step=step) for step in steps(count)]
        out.append(RacerRow(racer=k, epoch=epoch_row(1)))
    return tuple(out)


# Before a race


def test_nothing_is_trained_before_the_button_is_pressed(
    open_view: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = open_view(optim_view="net", optim_net_epochs="2")
    assert "Press **Start**: 5 runs of 2 epochs over 4,000 training pictures." in texts(app)
    assert "5 runs, none trained yet." in texts(app)
    assert len(app.get("image")) == 10, "what it will learn from"
    assert "of training for the 5 runs together" in texts(app)
    assert lab.submitted == []


def test_the_race_of_the_defaults_starts_by_itself_and_only_once(
    open_view: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = open_view(optim_view="net")
    (order,) = lab.submitted
    assert [config.key() for config in order.configs()] == [run.key for run in runs(NetworkRace())]
    lab.known.clear()  # as after a restart of the server
    assert "Press **Start**" in texts(ran(app))
    assert len(lab.submitted) == 1


def test_the_race_of_the_defaults_holds_up_no_training_of_others(
    open_view: Callable[..., AppTest], lab: FakeLab
) -> None:
    lab.show(RUNS["s1"].config, JobState.RUNNING, "Epoch 1 of 5.")
    app = open_view(optim_view="net")
    assert "Press **Start**" in texts(app)
    lab.known.clear()  # it has come to its end
    assert "Press **Start**" in texts(ran(app))
    assert lab.submitted == []


def test_coming_back_to_the_defaults_starts_no_race(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    app = open_view()
    app.session_state["optim__state"].put({"net_racers": NetworkRace().racers})
    assert "Press **Start**" in texts(ran(app))
    assert lab.submitted == []


def test_start_submits_all_racers_as_one_study(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    press(open_view(), "optim_net_start")
    (order,) = lab.submitted
    assert isinstance(order, StackedRuns)
    assert [config.key() for config in order.configs()] == [run.key for run in runs(RACE)]


def test_every_seed_is_a_study_of_its_own(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    press(open_view(**LINK, optim_net_seeds="3"), "optim_net_start")
    assert [order.configs()[0].loop.seed for order in lab.submitted] == [0, 1, 2]


def test_what_cannot_be_stacked_is_submitted_run_by_run(
    open_view: Callable[..., AppTest], lab: FakeLab
) -> None:
    press(open_view(**LINK, optim_net_network="lenet"), "optim_net_start")
    assert [order.optim.optimizer for order in lab.submitted] == ["sgd", "adam"]


def test_a_racer_that_ran_before_costs_nothing(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    Store().save(result(runs(RACE)[0].config))
    app = open_view()
    assert "2 runs, 1 of them there already." in texts(app)
    app = press(app, "optim_net_start")
    assert [config.optim for order in lab.submitted for config in order.configs()] == [RACERS[1]]
    assert "1 of 2 were there already, at no cost." in texts(app)


def test_a_lab_that_cannot_start_is_said(
    open_view: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_config: object) -> str:
        raise JobError("No process could be started: start it by hand.")

    monkeypatch.setattr(jobs, "submit", refuse)
    assert "No process could be started" in texts(press(open_view(), "optim_net_start"))


# While it goes on


def going_on(app: AppTest, lab: FakeLab, race: NetworkRace = RACE, count: int = 8) -> AppTest:
    press(app, "optim_net_start")
    lab.show(study(race), JobState.RUNNING, "2 runs: 40% of their steps.", rows=rows(count), fraction=0.4)
    app.run()
    assert not app.exception, app.exception
    return app


def test_a_race_that_goes_on_shows_its_bar_and_curves(
    open_view: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = going_on(open_view(), lab)
    (bar,) = elements(app, "progress")
    assert bar.value == 40
    assert bar.text.replace("\\", "").startswith("2 runs: 40% of their steps ·")
    assert len(app.get("vega_lite_chart")) == 2
    assert "The test pictures are used once, at the end of each run." in texts(app)
    assert app.button(key="optim_net_start").disabled


def test_stop_ends_every_part_of_the_race(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    app = press(open_view(**LINK, optim_net_seeds="2"), "optim_net_start")
    keys = [order.key() for order in lab.submitted]
    app = press(app, "optim_stop")
    assert sorted(lab.stopped) == sorted(keys)
    assert app.button(key="optim_stop").disabled


def test_a_race_stays_in_view_while_settings_are_changed(
    open_view: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = going_on(open_view(), lab)
    app.number_input(key="optim_net_epochs").set_value(9).run()
    assert not app.exception, app.exception
    assert len(app.get("progress")) == 1
    assert "it has other settings than those beside it" in texts(app)


def test_a_race_that_somebody_else_began_is_watched(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    lab.show(study(RACE), JobState.RUNNING, "2 runs: 40% of their steps.", rows=rows(8), fraction=0.4)
    app = open_view()
    assert len(app.get("progress")) == 1
    assert app.button(key="optim_net_start").disabled
    assert "were there" not in texts(app)


def test_a_training_that_is_no_part_of_the_race_is_not_watched(
    open_view: Callable[..., AppTest], lab: FakeLab
) -> None:
    lab.show(RunConfig(), JobState.RUNNING, "Training.")
    app = open_view()
    assert len(app.get("progress")) == 0
    assert not app.button(key="optim_net_start").disabled


def test_a_grid_fills_in_while_it_goes_on(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    Store().save(result(runs(GRID_RACE)[0].config))
    app = press(open_view(**GRID), "optim_net_start")
    (order,) = lab.submitted
    lab.show(order, JobState.RUNNING, "3 racers.", rows=rows(4, 3))
    app.run()
    assert not app.exception, app.exception
    assert len(app.get("plotly_chart")) == 1
    assert "1 of 4 were there" in texts(app)


# How it ends


def test_a_finished_race_has_curves_accuracies_table_and_files(open_view: Callable[..., AppTest]) -> None:
    store_all(RACE)
    app = open_view()
    assert len(app.get("vega_lite_chart")) == 3
    (table,) = app.dataframe
    assert list(table.value["Racer"]) == ["SGD 0.1", "Adam 0.01"]
    assert list(table.value["Test accuracy in %"]) == ["92.50", "92.50"]
    assert "Finished" not in table.value.columns
    assert len(app.get("download_button")) == 2
    assert app.button(key="optim_net_start").disabled, "everything is there"


def test_several_seeds_are_told_as_mean_and_deviation(open_view: Callable[..., AppTest]) -> None:
    for run in runs(RACE.change(seeds=2)):
        Store().save(result(run.config, wrong=2 if run.seed else 4))
    app = open_view(**LINK, optim_net_seeds="2")
    (table,) = app.dataframe
    assert list(table.value["Test accuracy in %"]) == ["92.50 ± 3.54", "92.50 ± 3.54"]
    assert list(table.value["Against the best in points"]) == ["–", "+0.00 ± 0.00 (0 of 2 lower)"]
    assert "Against **SGD 0.1**, the best on average" in texts(app)


def test_a_diverged_racer_is_said_and_the_others_stand(open_view: Callable[..., AppTest]) -> None:
    first, second = runs(RACE)
    Store().save(result(first.config, "diverged", "Diverged: at step 7 the loss was no number."))
    Store().save(result(second.config))
    app = open_view()
    assert "**SGD 0.1**: Diverged: at step 7" in texts(app)
    (table,) = app.dataframe
    assert list(table.value["Finished"]) == ["0 of 1, 1 diverged ✕", "1 of 1"]
    assert list(table.value["Test accuracy in %"]) == ["–", "92.50"]


def test_a_stopped_race_keeps_its_curves_and_can_be_started_again(
    open_view: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = press(open_view(), "optim_net_start")
    store_all(RACE, "stopped")
    lab.show(study(RACE), JobState.STOPPED, "Stopped.", rows=rows(8))
    app.run()
    assert "Stopped. What was trained until then is kept." in texts(app)
    assert len(app.get("vega_lite_chart")) == 2
    assert not app.button(key="optim_net_start").disabled


def test_a_race_whose_process_died_says_so(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    app = press(open_view(), "optim_net_start")
    lab.show(study(RACE), JobState.LOST, "The process that trains was killed.")
    app.run()
    assert "The process that trains was killed." in texts(app)


def test_a_grid_holds_pictures_back_and_says_so(open_view: Callable[..., AppTest]) -> None:
    assert "of which 20% are held back to choose the rates by" in texts(open_view(**GRID))
    assert "held back" not in texts(open_view())


def test_a_finished_grid_chooses_each_rate_by_validation_and_tells_its_test_accuracy(
    open_view: Callable[..., AppTest],
) -> None:
    for run in runs(GRID_RACE):  # the rate that validation prefers reads fewer test pictures
        preferred = run.column == run.racer
        Store().save(result(run.config, wrong=4 if preferred else 0, val=0.9 if preferred else 0.8))
    app = open_view(**GRID)
    assert "classifies correctly there: **SGD** at 0.0003 (90.00 %), **Adam** at 1 (90.00 %)." in texts(app)
    assert list(app.dataframe[0].value["Validation accuracy in %"]) == ["90.00", "80.00", "80.00", "90.00"]
    assert len(app.get("plotly_chart")) == 1


def test_a_rate_at_which_seeds_diverge_is_marked_and_not_best(open_view: Callable[..., AppTest]) -> None:
    race = GRID_RACE.change(seeds=3)
    for run in runs(race):
        bold = run.column == 1
        state: EndState = "diverged" if bold and run.seed else "finished"
        Store().save(result(run.config, state, wrong=0 if bold else 4, val=0.93 if bold else 0.7))
    app = open_view(**GRID, optim_net_seeds="3")
    assert "**SGD** at 0.0003 (90.00 %)" in texts(app)
    table = app.dataframe[0].value.set_index("Racer")
    assert table.loc["SGD 1", "Finished"] == "1 of 3, 2 diverged ✕"
    assert table.loc["SGD 1", "Validation accuracy in %"].startswith("37.67 ±")
    assert "In the means it counts as guessing." in texts(app)
    (chart,) = app.get("plotly_chart")
    assert "37.7 ✕2" in json.loads(chart.proto.spec)["data"][0]["text"][0]


def test_a_cell_of_the_grid_opens_in_the_trainer(open_view: Callable[..., AppTest]) -> None:
    store_all(GRID_RACE)
    app = open_view(**GRID, optim_net_cell="3")
    assert app.selectbox(key="optim_net_cell").value == 3
    assert "Seed 0: **92.50 % test accuracy**" in texts(app)
    links = [link.proto for link in app.get("page_link")]
    assert any("train_optimizer=adam" in str(link) and "train_lr=0.0003" in str(link) for link in links)


def test_a_cell_outside_of_the_grid_is_none_and_said(open_view: Callable[..., AppTest]) -> None:
    store_all(GRID_RACE)
    app = open_view(**GRID, optim_net_cell="50")
    assert app.selectbox(key="optim_net_cell").value == 0
    assert "asked for net_cell=50; there are" in texts(app)


def test_the_linear_layer_is_there_without_a_button(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    app = open_view(optim_preset="netlinear")
    assert len(app.get("plotly_chart")) == 3
    (table,) = app.dataframe
    assert len(table.value) == 5
    assert "Momentum 0.1** diverged under SGD" in texts(app)
    assert "optim_net_start" not in {button.key for button in app.button}
    assert lab.submitted == []


def test_the_line_of_the_linear_race_is_that_of_these_samples(open_view: Callable[..., AppTest]) -> None:
    app = open_view(optim_preset="netlinear", optim_net_seed="1")
    assert f"line at {floor(1000, seed=1):.5f} is the loss of the least-squares fit" in texts(app)
