"""The line through points without a browser: its controls, points of one's own, its link."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.descent.points import points_of
from tests.app.pages import link, press, ran, texts, view_link

PAGE = "pages/descent.py"


@pytest.fixture
def open_line(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """The view, opened with a link: `open_line(lr="0.01")`."""

    def start(**settings: str) -> AppTest:
        return open_page(**view_link("descent", "line", settings))

    return start


def picture(app: AppTest) -> dict[str, Any]:
    (chart,) = [chart for chart in app.get("plotly_chart") if chart.proto.id.endswith("descent_line_map")]
    spec: dict[str, Any] = json.loads(chart.proto.spec)
    return spec


def shown(app: AppTest) -> str:
    """What stands beside the slider of the picture."""
    slider = picture(app)["layout"]["sliders"][0]
    return str(slider["steps"][slider["active"]]["label"])


def table(app: AppTest, column: str) -> Any:
    """The table that has this column."""
    (wanted,) = [one.value for one in app.dataframe if column in one.value]
    return wanted


def points(app: AppTest) -> tuple[tuple[float, float], ...]:
    return points_of(str(app.session_state["descent__state"].values["line_points"]))


def test_it_opens_as_s12_with_the_numbers_of_the_material(open_page: Callable[..., AppTest]) -> None:
    app = open_page()
    assert shown(app) == "80 · w 2.56 · b 1.8 · loss 0.984"
    assert "It stopped after **80 steps** with a loss of **0.984**" in texts(app)
    assert "18% have their largest stable rate" in texts(app)
    assert table(app, "Least squares")["True"].tolist() == [2, 5]
    assert not app.error


def test_the_recipe_with_two_weights_has_a_table_after_each_epoch(open_page: Callable[..., AppTest]) -> None:
    app = open_page(descent_preset="s12plane")
    epochs = table(app, "Epoch")
    assert epochs["Epoch"].tolist() == [0, 1, 2, 3]
    assert epochs["Farthest off"].iloc[-1] < 0.01
    assert "descent_line_outlier" not in {button.key for button in app.button}


def test_buttons_put_the_rate_around_the_largest_stable_one(open_line: Callable[..., AppTest]) -> None:
    app = press(open_line(stop="steps"), "descent_line_rate_2")
    assert "α is 1.01 times that" in texts(app)
    assert "diverges" in texts(app)
    app = press(app, "descent_line_rate_0")
    assert "α is 0.1 times that" in texts(app)
    assert link(app)["descent_line_lr"].startswith("0.0057")


def test_the_step_slider_moves_the_picture_in_the_same_run(open_line: Callable[..., AppTest]) -> None:
    app = open_line()
    ran(app.select_slider(key="descent_line_step").set_value(7))
    assert shown(app).startswith("7 · ")
    assert link(app)["descent_line_step"] == "7"
    again = open_line(step="7")
    assert shown(again) == shown(app)


def test_a_step_that_there_is_not_is_the_last_one_and_that_is_said(open_line: Callable[..., AppTest]) -> None:
    app = open_line(step="500")
    assert shown(app).startswith("80 · ")
    assert "the nearest is 80" in texts(app)


def test_an_outlier_makes_the_points_ones_own_and_the_link_has_them(
    open_line: Callable[..., AppTest],
) -> None:
    app = press(open_line(), "descent_line_outlier")
    assert len(points(app)) == 21
    assert link(app)["descent_line_data"] == "own"
    again = open_line(data="own", points=link(app)["descent_line_points"])
    assert shown(again).partition("loss")[2] == shown(app).partition("loss")[2]


def test_a_file_of_two_columns_is_fitted(open_line: Callable[..., AppTest]) -> None:
    app = open_line(stop="steps")
    csv = b"x,y\n0,1\n1,3\n2,5\n"
    ran(app.file_uploader(key="descent_line_file").set_value(("own.csv", csv, "text/csv")))
    assert points(app) == ((0, 1), (1, 3), (2, 5))
    assert table(app, "Least squares")["Least squares"].tolist() == pytest.approx([2, 1])


def test_a_file_that_cannot_be_used_says_why_and_nothing_is_lost(open_line: Callable[..., AppTest]) -> None:
    app = open_line()
    before = shown(app)
    bad = b"x,y\n0,1\n1,inf\n"
    ran(app.file_uploader(key="descent_line_file").set_value(("own.csv", bad, "text/csv")))
    assert "Line 3 has a value that is not finite" in texts(app)
    assert shown(app) == before
    good = b"0,1\n1,2\n"
    ran(app.file_uploader(key="descent_line_file").set_value(("own.csv", good, "text/csv")))
    assert "not finite" not in texts(app)


def test_hostile_points_in_a_link_are_refused_and_said(open_line: Callable[..., AppTest]) -> None:
    for text in ("nan_1~2_3", "1_2~1_3", "x" * 2000, "1_1e99~2_2"):
        app = open_line(data="own", points=text)
        assert "The link asked for line_points=" in texts(app)
        assert len(points(app)) == 6


def test_settings_that_do_not_fit_say_what_to_do_and_the_controls_stay(
    open_line: Callable[..., AppTest],
) -> None:
    app = open_line(count="1000", batch="single", stop="epochs", epochs="50", lr="0.001")
    assert "Choose fewer epochs, fewer points or larger batches" in texts(app)
    ran(app.number_input(key="descent_line_epochs").set_value(1))
    assert shown(app).startswith("1000 · ")


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("rates", "a tenth (α = 0.00578)"),
        ("round", "The condition number"),
        ("losses", "lets the largest errors pull most"),
        ("step", "by differences"),
    ],
)
def test_each_detail_has_its_words(open_line: Callable[..., AppTest], detail: str, words: str) -> None:
    assert words in texts(open_line(detail=detail)).replace("**", "")


@pytest.mark.parametrize("loss", ["absolute", "huber"])
@pytest.mark.parametrize("batch", ["full", "mini", "single"])
def test_every_loss_goes_with_every_batch(open_line: Callable[..., AppTest], loss: str, batch: str) -> None:
    app = open_line(loss=loss, batch=batch, stop="steps", steps="30", lr="0.01")
    assert shown(app).startswith("30 · ")
    assert not app.error
