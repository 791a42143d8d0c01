"""Lists of cached runs to choose from, where there are more runs than anybody reads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.trainer.presets import PRESETS
from dashlab.settings.run import RunConfig
from dashlab.store.runs import Store
from tests.app.fakes import result
from tests.app.pages import ran, texts
from tests.app.sketch.kept import keep
from ui.parts import offers, runs

pytestmark = pytest.mark.usefixtures("pictures_at_hand")
FAST = PRESETS["mnist-fast"].config
COUNT = 6


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of six runs, newest first, of which a list offers two."""
    monkeypatch.setattr(offers, "MOST", 2)
    keys = [keep(FAST.change(seed=seed)) for seed in range(COUNT)]
    return keys[::-1]


@pytest.fixture
def titled(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The seeds of all runs that are given a title."""
    seeds: set[int] = set()
    title = runs.title

    def noted(run: RunConfig, name: str = "") -> str:
        seeds.add(run.loop.seed)
        return title(run, name)

    monkeypatch.setattr(runs, "title", noted)
    return seeds


def compared(open_app: Callable[..., AppTest], seed: int) -> AppTest:
    app = open_app("pages/trainer.py", train_preset="mnist-fast", train_seed=str(seed))
    app.session_state["train_tabs"] = "Compare"
    return ran(app)


def test_a_run_is_compared_with_the_newest_and_the_page_says_how_many_there_are(
    open_app: Callable[..., AppTest], kept: list[str], titled: set[int]
) -> None:
    app = compared(open_app, seed=0)
    (picker,) = app.multiselect
    assert picker.value == kept[:2]
    assert len(picker.options) == 2
    assert f"The newest 2 of {COUNT - 1} runs are listed." in texts(app)
    assert titled == {0, COUNT - 1, COUNT - 2}


def test_a_run_that_is_compared_stays_chosen_when_newer_ones_come(
    open_app: Callable[..., AppTest], kept: list[str]
) -> None:
    app = compared(open_app, seed=0)
    for seed in (97, 98, 99):
        Store().save(result(FAST.change(seed=seed)))
    (picker,) = ran(app).multiselect
    assert picker.value == kept[:2]
    assert len(picker.options) == 4


def test_a_run_is_compared_with_those_on_its_own_pictures_however_old(
    open_app: Callable[..., AppTest], kept: list[str]
) -> None:
    cifar = PRESETS["cifar-fast"].config
    for seed in range(3):
        Store().save(result(cifar.change(seed=seed)))
    (picker,) = compared(open_app, seed=0).multiselect
    assert picker.value == kept[:2]


def test_a_link_finds_an_old_network_for_a_drawing(
    open_app: Callable[..., AppTest], kept: list[str], titled: set[int]
) -> None:
    app = ran(open_app("pages/sketch.py", sketch_runs=kept[-1][:12]))
    (picker,) = app.multiselect
    assert picker.value == [kept[-1]]
    assert len(picker.options) == 3
    assert f"The newest 2 of {COUNT} runs are listed." in texts(app)
    assert len(titled) == 3


def test_the_best_network_reads_also_where_it_is_not_among_the_newest(
    open_app: Callable[..., AppTest], kept: list[str]
) -> None:
    best = keep(FAST.change(seed=50), wrong=0)
    for seed in (51, 52, 53):
        keep(FAST.change(seed=seed))
    assert ran(open_app("pages/sketch.py")).multiselect[0].value == [best]


def test_a_training_starts_from_an_old_run_that_is_not_among_the_newest(
    open_app: Callable[..., AppTest], kept: list[str], titled: set[int]
) -> None:
    app = ran(open_app("pages/trainer.py", train_preset="mnist-fast", train_start_from=kept[-1]))
    picker = app.selectbox(key="train_start_from")
    assert picker.value == kept[-1]
    assert len(picker.options) == 1 + 3
    assert f"The newest 2 of {COUNT} runs are listed." in texts(app)
    assert titled <= {COUNT - 1, COUNT - 2, 0}


def test_nothing_is_said_of_the_rest_where_all_runs_are_listed(open_app: Callable[..., AppTest]) -> None:
    keep(FAST)
    assert "are listed" not in texts(ran(open_app("pages/sketch.py")))
