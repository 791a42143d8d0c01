"""What a page does with the answer of a widget: one that is gone by then is passed over."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashlab.data.images import available_source
from dashlab.experiments.optimizers.network import NetworkRace, entries
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.store.runs import Store
from tests.app.fakes import result
from tests.app.pages import link, ran
from ui.parts import controls

WIDGETS = ("selectbox", "segmented_control", "multiselect", "file_uploader", "plotly_chart")
GRID = {"optim_view": "net", "optim_net_task": "grid", "optim_net_lr_count": "2"}
CASES: tuple[tuple[str, dict[str, str], str], ...] = (
    ("trainer", {}, "train_preset"),
    ("trainer", {}, "train_chart_matrix"),
    ("optimizers", {}, "optim_preset"),
    ("optimizers", {}, "optim_map"),
    ("optimizers", {"optim_view": "plane"}, "optim_plane_chart_cells"),
    ("optimizers", GRID, "optim_net_chart_grid"),
    ("augmentation", {"aug_draws": "2"}, "aug_preset"),
    ("augmentation", {"aug_draws": "2"}, "aug_draw"),
    ("augmentation", {"aug_draws": "2"}, "aug_add"),
    ("augmentation", {"aug_source": "upload"}, "aug_file"),
    ("sketch", {}, "sketch_preset"),
    ("sketch", {}, "sketch_networks"),
    ("sketch", {"sketch_source": "upload"}, "sketch_file"),
)
"""Page, its link, and a widget that calls back."""


@pytest.fixture
def callbacks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], object]]:
    """What the widgets of a page call back, by their keys."""
    found: dict[str, Callable[[], object]] = {}

    def listening(widget: Callable[..., Any]) -> Callable[..., Any]:
        def drawn(*args: Any, **more: Any) -> Any:
            called = more.get("on_change") or more.get("on_select")
            if callable(called):
                found[more["key"]] = called
            return widget(*args, **more)

        return drawn

    for name in WIDGETS:
        monkeypatch.setattr(st, name, listening(getattr(st, name)))
    return found


@pytest.fixture
def kept_runs(pictures_at_hand: None) -> None:
    """A run for the matrix and the networks, and all runs of a grid."""
    Store().save(result(PRESETS["mnist-fast"].config))
    race = NetworkRace().change(task="grid", lr_count=2)
    for run in entries(race, available_source(race.dataset)):
        Store().save(result(run.config))


@pytest.mark.parametrize(("page", "query", "key"), CASES, ids=[key for _, _, key in CASES])
def test_the_answer_of_a_widget_that_is_gone_changes_nothing(
    page: str,
    query: dict[str, str],
    key: str,
    open_app: Callable[..., AppTest],
    callbacks: dict[str, Callable[[], object]],
    kept_runs: None,
) -> None:
    app = ran(open_app(f"pages/{page}.py", **query))
    state = app.session_state[f"{key.partition('_')[0]}__state"]
    before, preset = deepcopy(state.values), state.preset
    callbacks[key]()  # outside of a run no widget is there
    assert (state.values, state.preset) == (before, preset)
    assert not ran(app).exception


@pytest.mark.parametrize(("page", "query"), {page: query for page, query, _ in CASES}.items())
def test_no_widget_of_a_page_needs_to_be_there_still_when_its_answer_comes(
    page: str,
    query: dict[str, str],
    open_app: Callable[..., AppTest],
    callbacks: dict[str, Callable[[], object]],
    kept_runs: None,
) -> None:
    ran(open_app(f"pages/{page}.py", **query))
    assert callbacks
    for called in callbacks.values():
        called()


def test_a_click_on_a_chart_is_taken_and_an_empty_selection_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Any] = []
    clicked = controls.clicked("chart", taken.append)
    for points in ([{"x": 1.0}], []):
        chosen = SimpleNamespace(selection=SimpleNamespace(points=points))
        monkeypatch.setattr(st, "session_state", {"chart": chosen})
        clicked()
    assert taken == [{"x": 1.0}]


def test_a_choice_that_was_emptied_is_an_answer(open_app: Callable[..., AppTest], kept_runs: None) -> None:
    app = ran(open_app("pages/sketch.py"))
    app = ran(app.multiselect(key="sketch_networks").set_value([]))
    assert link(app)["sketch_runs"] == "none"
