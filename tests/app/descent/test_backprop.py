"""Every number of a step without a browser: phases, units, numbers by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.pages import link, press, ran, texts, view_link

PAGE = "pages/descent.py"


@pytest.fixture
def open_view(open_app: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """Opens the view with settings of its own, on the known example or on another network."""

    def start(preset: str = "byhand", **settings: str) -> AppTest:
        own = view_link("descent", "backprop", settings)
        return ran(open_app(PAGE, **({"descent_preset": preset} if preset else {}), **own))

    return start


def test_it_stands_at_the_update_and_the_phases_lead_back(open_view: Callable[..., AppTest]) -> None:
    app = open_view()
    assert "Update." in texts(app)
    assert "Loss 0.2984" in texts(app)
    app = ran(app.select_slider(key="descent_backprop_phase").set_value(1))
    assert "Forward, layer 1." in texts(app)
    assert "The rest comes when the step has gone farther" in texts(app)
    assert link(app)["descent_backprop_phase"] == "1"


def test_a_unit_is_chosen_by_menu_and_its_chain_rule_shown(open_view: Callable[..., AppTest]) -> None:
    app = open_view()
    app = ran(app.selectbox(key="descent_backprop_chosen_menu").set_value("a1.1"))
    assert any(r"0.15 \cdot 0.05 + 0.2 \cdot 0.1 + 0.35" in formula.value for formula in app.latex)
    assert "From z1.1 2 paths lead to the loss" in texts(app)
    assert link(app)["descent_backprop_chosen"] == "a1.1"


def test_a_weight_by_hand_moves_the_loss_and_can_be_taken_out(open_view: Callable[..., AppTest]) -> None:
    app = open_view("", chosen="w2.1.1")
    before = next(text for text in texts(app).splitlines() if "Loss" in text and "after this step" in text)
    app = ran(app.number_input(key="descent_backprop_hand_w2_1_1").set_value(3.0))
    assert link(app)["descent_backprop_by_hand"] == "w2.1.1_3"
    assert "Without the numbers by hand it would be" in texts(app)
    app = press(app, "descent_backprop_clear")
    assert before in texts(app)


def test_a_step_is_taken_for_good_and_taken_back(open_view: Callable[..., AppTest]) -> None:
    app = press(press(open_view(), "descent_backprop_take"), "descent_backprop_take")
    assert "Steps taken: 2." in texts(app)
    assert "Loss 0.2984" not in texts(app)
    app = press(app, "descent_backprop_first")
    assert "Loss 0.2984" in texts(app)


def test_what_is_chosen_in_a_larger_network_gives_way_in_a_smaller_one(
    open_view: Callable[..., AppTest],
) -> None:
    app = open_view("", chosen="w3.1.1", hidden="2")
    assert "The chain rule for w1.1.1" in texts(app)


def test_settings_that_make_no_network_are_said(open_view: Callable[..., AppTest]) -> None:
    app = open_view("", loss="softmax", outputs="1")
    assert "Softmax tells at least two classes apart" in texts(app)
    assert not app.get("plotly_chart")
