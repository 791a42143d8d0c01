"""Pictures of a race: what diverges does not ruin them, and the replay ends where the race ended."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import plotly.io
import pytest
from PIL import Image

from dashlab.charts.ground import catchers, ground
from dashlab.charts.optimizers import curves as race_curves
from dashlab.charts.optimizers import views as race_views
from dashlab.charts.optimizers.race import Path, edge_crossing, race_map
from dashlab.charts.replay import COLOURS
from dashlab.experiments.optimizers.surfaces import SURFACES

BOWL = SURFACES["bowl"]
STEPS = 150


def line(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, dtype=float)


def spiral() -> Path:
    turns = np.linspace(0, 9, STEPS + 1)
    shrinking = 2 * 0.98 ** np.arange(STEPS + 1)
    return Path(name="Adam 0.1", points=np.stack([shrinking * np.cos(turns), shrinking * np.sin(turns)], 1))


def lost() -> Path:
    """Doubles its distance with each step, until it is no number any more."""
    points = np.stack([(-2.0) ** np.arange(STEPS + 1), np.zeros(STEPS + 1)], 1)
    points[-3:] = np.nan
    return Path(name="SGD 3", points=points, left_at=2, is_lost=True)


def drawn(*paths: Path) -> dict[str, Any]:
    side = np.linspace(-3, 3, 5)
    flat = np.arange(25.0).reshape(5, 5)
    figure = race_map(BOWL, ground(flat), catchers(side, side, flat), paths)
    made: dict[str, Any] = json.loads(plotly.io.to_json(figure, validate=False))
    return made


def numbers(encoded: dict[str, str]) -> np.ndarray:
    assert encoded["dtype"] == "f4"
    flat = np.frombuffer(base64.b64decode(encoded["bdata"]), dtype="<f4")
    return flat.reshape([int(side) for side in encoded["shape"].split(",")])


def test_the_last_frame_is_the_picture_at_rest() -> None:
    made = drawn(spiral(), lost())
    frame = made["frames"][-1]
    for place, update in zip(frame["traces"], frame["data"], strict=True):
        trace = made["data"][place]
        assert trace["type"] == update["type"]
        if trace["type"] == "scatter":
            assert trace["x"] == update["x"]
            assert trace["y"] == update["y"]


def test_a_replay_has_at_most_a_hundred_frames_and_knows_every_step_it_shows() -> None:
    made = drawn(spiral())
    names = [frame["name"] for frame in made["frames"]]
    assert 10 < len(names) <= 100
    assert (names[0], names[-1]) == ("0", str(STEPS))
    assert [step["label"] for step in made["layout"]["sliders"][0]["steps"]] == names


def test_rewind_goes_to_the_start_and_play_goes_on_from_where_it_is() -> None:
    buttons = {
        button["label"]: button["args"] for button in drawn(spiral())["layout"]["updatemenus"][0]["buttons"]
    }
    assert buttons["Rewind"][0] == ["0"]
    assert buttons["Play"][1]["fromcurrent"]
    assert buttons["Fast"][1]["frame"]["duration"] < buttons["Slow"][1]["frame"]["duration"]


def test_a_step_is_a_replay_whose_first_frame_lasts_and_after_the_last_there_is_none() -> None:
    made = drawn(spiral())
    buttons = {button["label"]: button["args"] for button in made["layout"]["updatemenus"][0]["buttons"]}
    names = [frame["name"] for frame in made["frames"]]
    queue, pace = buttons["Step"]
    assert pace["fromcurrent"]
    assert pace["frame"]["duration"] > 1e8
    # Plotly goes on behind the frame that is shown, unless that is the first of the queue.
    follows = {name: queue[queue.index(name) + 1 if queue.index(name) else 0] for name in names}
    assert follows == dict(zip(names, [*names[1:], names[-1]], strict=True))


def test_the_first_frame_has_every_racer_at_the_start() -> None:
    made = drawn(spiral(), spiral())
    frame = made["frames"][0]
    heads = frame["data"][-2:]
    assert [numbers(head["x"]).tolist() for head in heads] == [[2.0], [2.0]]


def test_the_contours_are_a_picture_that_a_replay_does_not_touch() -> None:
    made = drawn(spiral())
    (image,) = made["layout"]["images"]
    assert (image["x"], image["y"], image["sizex"], image["sizey"]) == (-3, 3, 6, 6)
    assert {trace["type"] for trace in made["data"]} == {"scatter"}


def test_the_picture_of_contours_has_its_low_rows_at_the_bottom_and_is_clear_where_it_is_low() -> None:
    rising = np.linspace(0, 1, 40)[:, None].repeat(30, axis=1)  # higher with y
    encoded = ground(rising).partition(",")[2]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA"))
    assert picture.shape == (40, 30, 4)
    assert picture[-1, 0, 3] < 10
    assert picture[0, 0, 3] > 120


def test_a_flat_surface_has_no_contours() -> None:
    encoded = ground(np.ones((4, 4))).partition(",")[2]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA"))
    assert picture[..., 3].max() == 0


def test_the_axes_are_those_of_the_surface_whatever_diverges() -> None:
    layout = drawn(lost())["layout"]
    assert layout["xaxis"]["range"] == list(BOWL.x_range)
    assert layout["yaxis"]["range"] == list(BOWL.y_range)


def test_a_lost_racer_is_drawn_until_it_left_and_marked_on_the_edge() -> None:
    made = drawn(lost())
    track = numbers(made["data"][0]["x"])
    assert track[:3].tolist() == [1, -2, 4]
    assert np.isnan(track[3:]).all()
    crosses = [trace for trace in made["data"] if trace.get("marker", {}).get("symbol") == "x"]
    assert [trace["text"] for trace in crosses] == [["SGD 3 left at step 2"]]
    assert numbers(crosses[0]["x"]).tolist() == [3.0]


@pytest.mark.parametrize(
    ("outside", "wanted"),
    [
        ((4.0, 0.0), (3.0, 0.0)),
        ((0.0, -9.0), (0.0, -3.0)),
        ((6.0, 6.0), (3.0, 3.0)),
        ((np.nan, 0), (0.0, 0.0)),
    ],
)
def test_a_racer_is_marked_where_its_way_crosses_the_edge(
    outside: tuple[float, float], wanted: tuple[float, float]
) -> None:
    assert edge_crossing(BOWL, line((0, 0), outside), 1) == pytest.approx(wanted)


def test_catchers_cover_the_picture_and_cannot_be_seen() -> None:
    made = drawn(spiral())
    caught = made["data"][-1]
    assert numbers(caught["x"]).shape == (25,)
    assert caught["marker"]["opacity"] == 0
    assert caught["selected"] == caught["unselected"] == {"marker": {"opacity": 0}}


def curves(*values: np.ndarray, highest: float = 3.0) -> dict[str, Any]:
    """One panel of curves, as JSON has it."""
    names = [f"racer {number}" for number in range(len(values))]
    panel = race_curves.Panel(title="Loss", values=values, highest=highest)
    made: dict[str, Any] = json.loads(plotly.io.to_json(race_curves.curves(names, [panel]), validate=False))
    return made


def test_a_curve_that_diverges_leaves_the_axis_to_the_others() -> None:
    good, bad = np.geomspace(1, 1e-6, 50), np.geomspace(1, 1e200, 50)
    bad[-1] = np.inf
    made = curves(good, bad)
    assert made["layout"]["yaxis"]["range"] == pytest.approx([-6.15, 0.15])
    assert np.nanmax(numbers(made["data"][1]["y"])) <= 3


def test_a_loss_of_exactly_nothing_is_left_out_of_a_log_axis() -> None:
    made = curves(np.array([1.0, 0.1, 0.0]))
    assert np.isnan(numbers(made["data"][0]["y"])[-1])
    assert np.isfinite(made["layout"]["yaxis"]["range"]).all()


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    x = numbers(curves(np.geomspace(1, 1e-3, 1001))["data"][0]["x"])
    assert len(x) <= 500
    assert (x[0], x[-1]) == (0, 1000)


def test_panels_share_the_steps_and_do_not_overlap() -> None:
    panel = race_curves.Panel(title="Loss", values=[np.array([1.0, 0.1])], highest=3.0)
    later = race_curves.Panel(title="Step", values=[np.array([1.0])], highest=3.0, first=1)
    made = json.loads(plotly.io.to_json(race_curves.curves(["a"], [panel, later, later]), validate=False))
    layout = made["layout"]
    assert [trace["yaxis"] for trace in made["data"]] == ["y", "y2", "y3"]
    assert [trace["showlegend"] for trace in made["data"]] == [True, False, False]
    domains = [layout[name]["domain"] for name in ("yaxis3", "yaxis2", "yaxis")]
    ends = [end for domain in domains for end in domain]
    assert ends == sorted(ends)
    assert (ends[0], ends[-1]) == (0, 1)
    assert layout["xaxis"]["anchor"] == "y3"
    assert numbers(made["data"][1]["x"]).tolist() == [1]


def test_coordinates_that_are_equal_are_drawn_once() -> None:
    both = np.ones((5, 2))
    apart = np.stack([np.ones(5), np.zeros(5)], 1)
    assert len(race_curves.both_coordinates([("c", both)], y_title="", log=True).data) == 1
    assert len(race_curves.both_coordinates([("c", apart)], y_title="", log=False).data) == 2


def test_the_best_rate_is_the_large_dot() -> None:
    figure = race_curves.searched(["a"], [0.1, 1.0], [np.array([1e-3, np.nan])], [0.1], 3.0)
    assert list(figure.data[0].marker.size) == [13, 5]


def test_the_step_is_drawn_to_scale_and_the_other_arrows_at_its_length() -> None:
    side = np.linspace(-1, 1, 3)
    figure = race_views.arrows(
        (side, side, np.zeros((3, 3))),
        np.zeros(2),
        [("downhill", np.array([0.0, -9.0]))],
        np.array([0.3, 0.4]),
    )
    downhill, step = figure.data[1:]
    assert (step.x[1], step.y[1]) == pytest.approx((0.3, 0.4))
    assert (downhill.x[1], downhill.y[1]) == pytest.approx((0.0, -0.5))


def test_a_step_of_nothing_is_drawn_without_a_direction() -> None:
    side = np.linspace(-1, 1, 3)
    figure = race_views.arrows(
        (side, side, np.zeros((3, 3))), np.zeros(2), [("downhill", np.zeros(2))], np.zeros(2)
    )
    assert all(list(trace.x) == [0, 0] for trace in figure.data[1:])


def test_basins_have_a_colour_for_each_minimum_and_grey_for_none() -> None:
    side = np.linspace(-5.5, 5.5, 3)
    reached = np.array([[-1, 0, 1], [2, 3, -1], [0, 0, 0]])
    figure = race_views.basin_map(SURFACES["himmelblau"], side, side, reached)
    scale = [colour for _, colour in figure.data[0].colorscale]
    assert scale == [c for colour in ("rgba(128,128,128,0.35)", *COLOURS[:4]) for c in (colour, colour)]
    assert figure.data[0].text[0].tolist() == ["none", "A", "B"]
    assert list(figure.data[1].text) == list("ABCD")


def test_tracks_in_space_lie_on_the_surface_or_nowhere() -> None:
    side = np.linspace(-1, 1, 3)
    track = np.array([[0.0, 0.0, 1.0], [np.nan, np.nan, np.nan]])
    figure = race_views.in_space(["a"], (side, side, np.eye(3)), [track], "loss")
    assert figure.data[1].z[0] == pytest.approx(1.01)
    assert np.isnan(figure.data[1].z[1])
