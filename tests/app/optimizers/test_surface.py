"""The race on a surface without a browser: its states, its details, its link, its bad input."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.optimizers.outcome import outcome
from dashlab.experiments.optimizers.race import DETAILS, Course
from dashlab.experiments.optimizers.run import race as run_race
from dashlab.experiments.optimizers.surface_presets import SURFACE as PRESETS
from dashlab.experiments.optimizers.surfaces import SURFACES
from dashlab.experiments.optimizers.terms import terms
from dashlab.settings.optim import SurfaceOptimConfig
from tests.app.pages import link, texts
from ui.optimizers.surface_details import state_rows
from ui.optimizers.surface_table import SurfaceRun, every_step

PAGE = "pages/optimizers.py"


@pytest.fixture
def race(open_app: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """The view, opened with a link of its own settings: `race(steps="20")`."""

    def start(preset: str = "", **query: str) -> AppTest:
        asked = {f"optim_surface_{name}": value for name, value in query.items()}
        app = open_app(PAGE, **asked, **({"optim_preset": preset} if preset else {})).run()
        return sound(app)

    return start


def sound(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    assert not app.error, app.error
    return app


def racers(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["Racer"])


def press(app: AppTest, key: str) -> AppTest:
    return sound(app.button(key=key).click().run())


def test_it_opens_with_seven_racers_that_have_run(race: Callable[..., AppTest]) -> None:
    app = race()
    assert app.title[0].value == "Optimizer comparison"
    assert racers(app) == [
        "SGD 0.02",
        "Momentum 0.02",
        "Nesterov 0.02",
        "AdaGrad 0.5",
        "RMSProp 0.03",
        "Adam 0.2",
        "AdamW 0.2",
    ]
    assert not app.warning
    assert app.get("plotly_chart")


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_drawn_and_says_what_it_shows(race: Callable[..., AppTest], preset: str) -> None:
    shorter = {"steps": "10"} if preset == "at-its-best" else {}  # the same search
    app = race(preset, **shorter)
    assert PRESETS[preset].about in texts(app)
    assert app.selectbox(key="optim_preset").value == preset


@pytest.mark.parametrize("surface", SURFACES)
def test_another_surface_brings_its_own_start_and_formula(race: Callable[..., AppTest], surface: str) -> None:
    app = race(steps="10")
    sound(app.selectbox(key="optim_surface_surface").set_value(surface).run())
    assert app.number_input(key="optim_surface_x").value == SURFACES[surface].start[0]
    assert app.number_input(key="optim_surface_y").value == SURFACES[surface].start[1]
    assert SURFACES[surface].formula.replace("\\", "") in texts(app)


@pytest.mark.parametrize("detail", DETAILS)
def test_every_detail_is_drawn_for_every_kind_of_racer(race: Callable[..., AppTest], detail: str) -> None:
    kinds = ["sgd", "adagrad", "rmsprop", "adadelta", "adam", "nadam", "radam", "lbfgs"]
    app = race(detail=detail, steps="12", racers="~~".join(f"optimizer~{kind}~lr~0.02" for kind in kinds))
    if detail in ("state", "step", "basins"):
        for number in range(2, len(kinds) + 1):
            sound(app.selectbox(key="optim_surface_racer").set_value(number).run())
            assert link(app)["optim_surface_racer"] == str(number)


def test_the_link_holds_what_is_looked_at(race: Callable[..., AppTest]) -> None:
    app = race(detail="step", racer="6", step="4")
    assert app.select_slider(key="optim_surface_step").value == 4
    assert "step t = 4" in texts(app)
    assert r"$m_t=beta_1 m_{t-1}" in texts(app)


def test_a_racer_that_diverges_is_said_with_its_step_and_stays_out_of_the_best(
    race: Callable[..., AppTest],
) -> None:
    app = race("too-large")
    assert "SGD 0.041 left the picture at step 9, and did not come back" in app.warning[0].value.replace(
        "\\", ""
    )
    table = app.dataframe[0].value.set_index("Racer")
    assert table.loc["SGD 0.041", "Left"] == "9"
    assert table.loc["SGD 0.039", "Left"] == "–"


def test_a_racer_that_breaks_down_can_be_looked_at_in_every_detail(race: Callable[..., AppTest]) -> None:
    for detail in DETAILS:
        app = race(surface="rosenbrock", racers="lr~1.0", steps="30", detail=detail, step="30")
        assert "too large to be finite" in texts(app)


def test_equal_rates_are_set_once_for_all(race: Callable[..., AppTest]) -> None:
    app = race(rates="equal", lr="0.1", steps="10")
    assert {name.split()[-1] for name in racers(app)} == {"0.1"}
    keys = [slider.key for slider in app.select_slider]
    assert "optim_surface_lr" in keys
    assert "optim_surface_racers_0_lr" not in keys


def test_each_at_its_best_shows_the_search_and_races_with_what_it_found(race: Callable[..., AppTest]) -> None:
    app = race(rates="best", steps="10", detail="search", surface="bowl", x="1", y="1", racers="lr~0.001")
    assert racers(app) == ["SGD 1"]
    assert "lowest final loss" in texts(app)


def test_without_a_search_the_page_says_how_to_get_one(race: Callable[..., AppTest]) -> None:
    assert "Each at its best" in race(detail="search", steps="10").info[0].value


def test_lbfgs_is_said_to_rest_where_it_takes_no_step(race: Callable[..., AppTest]) -> None:
    settings = {"surface": "bowl", "x": "-2.5", "y": "2", "racers": "optimizer~lbfgs~lr~1.0", "steps": "10"}
    assert "L-BFGS rests" in texts(race(**settings, detail="step", step="3"))
    assert "L-BFGS rests" not in texts(race(**settings, detail="step", step="2"))
    assert "Here in 8 of 10 steps, first in step 3." in texts(race(**settings, detail="state"))


def test_lbfgs_has_no_basins_and_says_why(race: Callable[..., AppTest]) -> None:
    app = race(detail="basins", racers="optimizer~lbfgs~lr~1.0", steps="10")
    assert "cannot be stepped as one tensor" in app.info[0].value


def test_noise_has_a_seed_and_another_one_gives_another_race(race: Callable[..., AppTest]) -> None:
    app = race(noise="0.5", steps="20", surface="bowl")
    first = app.dataframe[0].value
    start = app.number_input(key="optim_surface_x").value
    press(app, "optim_new_seed")
    assert not app.dataframe[0].value.equals(first)
    assert link(app)["optim_surface_seed"] == "1"
    assert app.number_input(key="optim_surface_x").value == start
    assert "optim_new_seed" not in [button.key for button in race(steps="10").button]


def test_racers_are_added_copied_and_removed(race: Callable[..., AppTest]) -> None:
    app = race(racers="lr~0.01~~optimizer~adam~lr~0.1", steps="10")
    press(app, "optim_surface_racers_add")
    assert len(racers(app)) == 3
    press(app, "optim_surface_racers_1_copy")
    assert racers(app)[1:3] == ["Adam 0.1", "Adam 0.1 #2"]
    press(app, "optim_surface_racers_0_remove")
    assert racers(app)[0] == "Adam 0.1"


def test_a_racer_that_is_not_sound_is_said_and_the_last_sound_one_races(race: Callable[..., AppTest]) -> None:
    app = race(racers="lr~0.01", steps="10")
    sound(app.toggle(key="optim_surface_racers_0_nesterov").set_value(True).run())
    assert "Nesterov needs a momentum above 0" in texts(app)
    assert racers(app) == ["SGD 0.01"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("surface", "everest", "ill-conditioned|ravine"),
        ("racers", "optimizer~gradient", "racers=optimizer~gradient"),
        ("racers", "~~~", "cannot be read"),
        ("racers", "~~".join(["lr~0.1"] * 9), "1 to 8 entries"),
        ("steps", "1000000", "the most is 1000"),
        ("steps", "many", "cannot be read"),
        ("x", "nan", "x=nan"),
        ("x", "99", "the most is 6"),
        ("noise", "-1", "the least is 0"),
        ("detail", "everything", "detail=everything"),
        ("racer", "9", "the most is 8"),
        ("step", "0", "the least is 1"),
    ],
)
def test_a_link_with_nonsense_is_mended_and_said(
    race: Callable[..., AppTest], name: str, value: str, said: str
) -> None:
    app = race(**{name: value})
    assert app.warning, "nothing was said"
    assert any(part in texts(app) for part in said.split("|")), texts(app)


def test_a_start_outside_of_the_picture_is_brought_to_its_edge_and_said(race: Callable[..., AppTest]) -> None:
    app = race(surface="camel", x="5", y="-5", steps="10")
    assert "The start was outside of the picture" in texts(app)
    assert app.number_input(key="optim_surface_x").value == 2.0
    assert app.number_input(key="optim_surface_y").value == -1.2
    assert link(app)["optim_surface_x"] == "2.0"


def test_a_racer_or_step_beyond_the_race_is_the_last_one(race: Callable[..., AppTest]) -> None:
    app = race(detail="step", racers="lr~0.01", racer="5", step="500", steps="30")
    assert app.selectbox(key="optim_surface_racer").value == 1
    assert app.select_slider(key="optim_surface_step").value == 30


def test_the_files_have_every_step_and_what_the_optimizer_made_of_it() -> None:
    course = Course(surface="saddle", start=(1.0, 0.5), steps=3)
    (track,) = run_race(course, [SurfaceOptimConfig(optimizer="adam", lr=0.1)])
    ends = (outcome(course.on, track.points, track.losses, 1e-3),)
    run = SurfaceRun(course=course, names=("Adam 0.1",), tracks=(track,), outcomes=ends, searches=())
    rows = list(every_step(run))
    assert [row["step"] for row in rows] == [0, 1, 2, 3]
    assert rows[1]["x"] == track.points[1, 0]
    assert rows[1]["loss above the lowest"] == pytest.approx(track.losses[1] + 0.25)
    assert rows[0]["length of the next step"] == pytest.approx(0.1 * 2**0.5)  # Adam's first step is its rate
    assert rows[3]["gradient x"] == ""
    inside = list(state_rows(terms(track.racer, track.points, track.gradients, track.state)))
    assert [row["step"] for row in inside] == [1, 2, 3]
    assert inside[0]["Step x"] == pytest.approx(-0.1)
    assert inside[2]["Mean of squares y"] == track.state["exp_avg_sq"][2, 1]
