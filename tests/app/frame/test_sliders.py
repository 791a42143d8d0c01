"""The slider over what there is: where it ends, what it shows, and the place that comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.pages import link, press, ran, texts, view_link


def _script(there: list[int]) -> None:
    import streamlit as st

    from dashlab.settings.fields import Spec
    from ui.parts.sliders import along
    from ui.parts.state import arrive, share

    spec = Spec(kind="integer", label="Epoch", help="Which one.", low=0, high=500)
    state = arrive("t", {"at": spec}, lambda _preset: {"at": 15}, "")
    st.session_state["found"] = along(state, "at", st.session_state.get("there", there))
    share(state)


@pytest.fixture
def over() -> Callable[..., AppTest]:
    """An app whose slider goes over these places, opened with the place that a link asks for."""

    def start(*there: int, at: int | None = None) -> AppTest:
        app = AppTest.from_function(_script, args=(list(there),))
        if at is not None:
            app.query_params["t_at"] = str(at)
        return ran(app)

    return start


def found(app: AppTest) -> int | None:
    place: int | None = app.session_state["found"]
    return place


def only(app: AppTest) -> Any:
    (slider,) = app.select_slider
    return slider


def now_over(app: AppTest, *there: int) -> AppTest:
    app.session_state["there"] = list(there)
    return ran(app)


def test_it_ends_at_what_there_is(over: Callable[..., AppTest]) -> None:
    app = over(0, 1, 2, 3)
    assert only(app).options == ["0", "1", "2", "3"]
    assert found(app) == only(app).value == 3


def test_gaps_in_what_there_is_cannot_be_chosen(over: Callable[..., AppTest]) -> None:
    app = over(0, 1, 5, 20)
    assert only(app).options == ["0", "1", "5", "20"]
    assert found(app) == 20


@pytest.mark.parametrize(("there", "place"), [((), None), ((4,), 4)])
def test_none_or_one_needs_no_slider(
    over: Callable[..., AppTest], there: tuple[int, ...], place: int | None
) -> None:
    app = over(*there)
    assert list(app.select_slider) == []
    assert found(app) == place


@pytest.mark.parametrize("fewer", [(), (0,), (0, 1, 2), (0, 2, 3)])
def test_the_place_that_was_chosen_comes_back(over: Callable[..., AppTest], fewer: tuple[int, ...]) -> None:
    app = over(*range(21))
    ran(only(app).set_value(12))
    assert found(now_over(app, *fewer)) == (fewer[-1] if fewer else None)
    ran(app)
    app = now_over(app, *range(21))
    assert found(app) == only(app).value == 12


def test_the_place_of_a_link_comes_back(over: Callable[..., AppTest]) -> None:
    app = over(*range(4), at=9)
    assert "The link asked for at=9; here the nearest is 3" in texts(app)
    assert found(now_over(app, *range(21))) == 9
    assert link(app)["t_at"] == "9"


def test_a_place_chosen_among_fewer_is_the_new_wish(over: Callable[..., AppTest]) -> None:
    app = now_over(over(*range(21)), *range(4))
    ran(only(app).set_value(1))
    assert found(now_over(app, *range(21))) == 1
    assert link(app)["t_at"] == "1"


def test_a_place_chosen_just_before_it_went_comes_back(over: Callable[..., AppTest]) -> None:
    app = over(*range(21))
    only(app).set_value(12)
    assert found(now_over(app, *range(4))) == 3
    assert found(now_over(app, *range(21))) == 12


def test_the_layer_that_was_chosen_comes_back_with_its_stack(open_app: Callable[..., AppTest]) -> None:
    query = view_link("init", "stack", {"depth": "5", "width": "16"})
    app = ran(open_app("pages/initialization.py", **query))
    for name, value in (("layer", 4), ("depth", 2), ("depth", 5)):
        app = ran(app.select_slider(key=f"init_stack_{name}").set_value(value))
    assert app.select_slider(key="init_stack_layer").value == 4


def test_step_and_racer_that_were_chosen_come_back_with_their_race(open_app: Callable[..., AppTest]) -> None:
    three = {"racers": "lr~0.01~~lr~0.02~~lr~0.03", "steps": "40", "detail": "step"}
    app = ran(open_app("pages/optimizers.py", **view_link("optim", "surface", three)))
    ran(app.select_slider(key="optim_surface_step").set_value(30))
    ran(app.selectbox(key="optim_surface_racer").set_value(3))
    ran(app.number_input(key="optim_surface_steps").set_value(20))
    assert app.select_slider(key="optim_surface_step").value == 20
    press(app, "optim_surface_racers_2_remove")
    assert app.selectbox(key="optim_surface_racer").value == 2
    press(app, "optim_surface_racers_add")
    ran(app.number_input(key="optim_surface_steps").set_value(40))
    assert app.select_slider(key="optim_surface_step").value == 30
    assert app.selectbox(key="optim_surface_racer").value == 3
