"""The page on activations without a browser: what is set moves what is said."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.activations.entries import Chosen, write_curves
from tests.app.pages import link, press, ran, texts, view_link
from tests.app.sketch.kept import MADE, PLAIN, keep

pytestmark = pytest.mark.usefixtures("pictures_at_hand")

PAGE = "pages/activations.py"
RRELU = write_curves([Chosen("RReLU")])


@pytest.fixture
def open_view(open_app: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """Opens one view of the page with settings of that view."""
    return lambda view, **settings: ran(open_app(PAGE, **view_link("act", view, settings)))


def test_the_point_moves_value_slope_and_the_sentence(open_view: Callable[..., AppTest]) -> None:
    app = open_view("curves")
    assert "At x = 1 most of a gradient goes on through GELU" in texts(app)
    app = ran(app.slider(key="act_curves_point").set_value(-2.0))
    assert "At x = −2 most of a gradient goes on through GELU (slope −0.08523), least through ReLU" in texts(
        app
    )
    assert link(app)["act_curves_point"] == "-2.0"


def test_a_point_beyond_what_is_drawn_is_shown_at_its_edge(open_view: Callable[..., AppTest]) -> None:
    app = open_view("curves", point="12", reach="4")
    assert app.slider(key="act_curves_point").value == 4
    assert "At x = 4 " in texts(app)
    assert link(app)["act_curves_point"] == "12.0"
    app = ran(app.slider(key="act_curves_reach").set_value(15.0))
    assert "At x = 12 " in texts(app)


def test_only_rrelu_asks_for_a_mode(open_view: Callable[..., AppTest]) -> None:
    key = "act_curves_mode"
    assert key not in {menu.key for menu in open_view("curves").selectbox}
    assert key in {menu.key for menu in open_view("curves", curves=RRELU).selectbox}


def test_an_activation_is_chosen_set_and_kept_in_the_link(open_view: Callable[..., AppTest]) -> None:
    app = open_view("curves")
    app = ran(app.selectbox(key="act_curves_curves_1_activation").set_value("LeakyReLU"))
    app = ran(app.slider(key="act_curves_curves_1_LeakyReLU_negative_slope").set_value(0.4))
    assert "autograd takes 0.4 there" in texts(app)
    assert link(app)["act_curves_curves"] == (
        "activation~ReLU~~activation~LeakyReLU~negative_slope~0.4~~activation~GELU"
    )
    app = ran(app.selectbox(key="act_curves_curves_1_activation").set_value("ELU"))
    assert "activation~ELU~~" in link(app)["act_curves_curves"]


def test_slopes_of_rrelu_that_are_the_wrong_way_round_are_said_and_not_taken(
    open_view: Callable[..., AppTest],
) -> None:
    app = open_view("curves", curves=RRELU)
    app = ran(app.slider(key="act_curves_curves_0_RReLU_lower").set_value(0.9))
    assert "the lower end of its slopes must not be above the upper end" in texts(app)
    assert link(app)["act_curves_curves"] == RRELU
    assert not app.get("plotly_chart")


def test_six_are_the_most(open_view: Callable[..., AppTest]) -> None:
    app = open_view("curves")
    for _ in range(3):
        app = press(app, "act_curves_curves_add")
    assert len(link(app)["act_curves_curves"].split("~~")) == 6
    assert app.button(key="act_curves_curves_add").disabled


def test_the_layer_that_is_looked_at_ends_with_the_stack(open_view: Callable[..., AppTest]) -> None:
    app = open_view("layers", layers="4", width="32", layer="9")
    assert app.select_slider(key="act_layers_layer").options[-1] in (4, "4")
    assert "after 4 layers" in texts(app)


def test_any_cached_run_can_be_looked_into(open_view: Callable[..., AppTest]) -> None:
    key = keep(PLAIN)
    keep(MADE, "diverged")
    app = open_view("units", run=key[:12])
    menu = app.selectbox(key="act_units_run_menu")
    assert menu.value == key
    assert len(menu.options) == 2, "a run that diverged left no weights"
    assert "of 16 units" in texts(app)
    app = ran(menu.set_value(""))
    assert "of 192 units" in texts(app)
    assert "act_units_run" not in link(app)


def test_a_run_that_is_not_here_is_said_and_a_small_network_shown(open_view: Callable[..., AppTest]) -> None:
    app = open_view("units", run="0123456789ab", example="dying")
    assert "The link names a run that is not here: 0123456789ab" in texts(app)
    assert app.get("plotly_chart")


def test_softmax_says_what_the_temperature_does(open_view: Callable[..., AppTest]) -> None:
    assert "At T = 0.1 z1 has 100.0% of the probability" in texts(open_view("softmax", temperature="0.1"))
