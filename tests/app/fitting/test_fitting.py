"""The page on over- and underfitting without a browser: what is set moves what is computed and said."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.pages import elements, link, press, ran, texts, view_link
from tests.app.sketch.kept import MADE, PLAIN, keep

pytestmark = pytest.mark.usefixtures("pictures_at_hand")

PAGE = "pages/fitting.py"
VERDICTS = {"1": "Degree 1 is underfitted", "3": "Degree 3 fits well", "15": "Degree 15 is overfitted"}


@pytest.fixture
def open_view(open_app: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """Opens one view of the page with settings of that view."""
    return lambda view, **settings: ran(open_app(PAGE, **view_link("fit", view, settings)))


def captions(app: AppTest) -> list[str]:
    return [caption.value for caption in app.caption]


def drawn_points(app: AppTest) -> str:
    """The first picture, as the browser gets it."""
    return str(elements(app, "plotly_chart")[0].proto.spec)


def test_the_degree_moves_the_verdict_and_the_parts_of_the_error(open_view: Callable[..., AppTest]) -> None:
    app = open_view("curve")
    for degree, words in VERDICTS.items():
        app = ran(app.select_slider(key="fit_curve_degree").set_value(int(degree)))
        assert words in texts(app)
        (parts,) = re.findall(r"Bias² (\S+) \+ variance (\S+) \+ noise (\S+) = (\S+)\. On", texts(app))
        *each, total = (float(part.replace("−", "-")) for part in parts)
        assert sum(each) == pytest.approx(total, rel=0.01)
        assert link(app).get("fit_curve_degree", "3") == degree


def test_a_new_sample_is_another_seed_and_leaves_the_expected_error_as_it_is(
    open_view: Callable[..., AppTest],
) -> None:
    app = open_view("curve", degree="12")
    (before,) = (one for one in captions(app) if "Bias²" in one)
    points = drawn_points(app)
    app = press(app, "fit_curve_new")
    assert link(app)["fit_curve_seed"] == "1"
    assert drawn_points(app) != points
    assert before in captions(app), "the hundred samples are others than the one that is shown"


def test_the_table_has_every_degree(open_view: Callable[..., AppTest]) -> None:
    (table,) = (frame.value for frame in open_view("curve").dataframe)
    assert list(table["degree"]) == list(range(26))
    assert (table["training_of_this_sample"].diff().dropna() <= 1e-9).all(), (
        "more coefficients never fit worse"
    )


def test_the_peak_stands_where_the_features_are_as_many_as_the_points(
    open_view: Callable[..., AppTest],
) -> None:
    assert "With as many features as points, 40," in texts(open_view("features", points="40", most="200"))


def test_eval_mode_drops_nothing(open_view: Callable[..., AppTest]) -> None:
    app = open_view("dropout", mask="3")
    assert "Mask 3 sets" in texts(app)
    assert "multiplies the others by 1/(1 − p) = 2" in texts(app)
    app = ran(app.select_slider(key="fit_dropout_mask").set_value(1))
    assert "Mask 1 sets" in texts(app)
    assert "Nothing is dropped and nothing is scaled" in texts(open_view("dropout", mode="eval"))


def test_any_cached_run_can_vote(open_view: Callable[..., AppTest]) -> None:
    key = keep(PLAIN)
    keep(MADE, "diverged")
    app = open_view("votes", run=key[:12], votes="20")
    assert app.selectbox(key="fit_votes_run_menu").value == key
    assert re.search(r"\d+ of 20 masks vote for \d", texts(app))


def test_the_picture_and_the_number_of_votes_move_the_votes(open_view: Callable[..., AppTest]) -> None:
    app = open_view("votes", picture="4", votes="99")  # a 4 among MNIST's and among the few at hand
    assert "The picture shows 4" in texts(app)
    assert "of 99 masks vote" in texts(app)
    app = ran(app.number_input(key="fit_votes_picture").set_value(10))
    assert "The picture shows 0" in texts(app)


def test_a_series_says_what_another_number_of_values_brings(open_view: Callable[..., AppTest]) -> None:
    app = open_view("series", tau="1")
    assert "with τ = 1" in texts(app)
    app = ran(app.select_slider(key="fit_series_ahead").set_value(64))
    assert "64 steps ahead" in texts(app)
    assert link(app)["fit_series_ahead"] == "64"


def keys(app: AppTest) -> set[str | None]:
    return {one.key for one in (*app.text_input, *app.slider, *app.number_input)}


def test_only_a_network_has_hidden_units(open_view: Callable[..., AppTest]) -> None:
    assert "fit_series_hidden" not in keys(open_view("series"))
    assert "fit_series_hidden" in keys(open_view("series", model="mlp"))
