"""Pictures of a descent: each frame is what its step leaves, and at rest it is the frame asked for."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import plotly.io
import pytest

from dashlab.charts.descent import classes as class_charts
from dashlab.charts.descent import fit as fit_charts
from dashlab.charts.descent import line as line_charts
from dashlab.charts.descent import rates as rate_charts
from dashlab.charts.replay import stops_of
from dashlab.experiments.descent import classes, line, line_losses
from dashlab.experiments.descent.classes_rows import ClassesRun, sigmoid
from dashlab.experiments.descent.line_rows import LineRun, curvatures, largest_rate
from dashlab.experiments.descent.presets import CLASSES, LINES
from dashlab.experiments.descent.settings import LineConfig

RUN, BASE = line.picture(LINES["s12"].config)
TWO = classes.fit(CLASSES["s13"].config)


def made(figure: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(plotly.io.to_json(figure, validate=False))
    return read


def drawn(run: LineRun = RUN, step: int = 80) -> dict[str, Any]:
    base = BASE if run is RUN else line.picture(LINES["s12plane"].config)[1]
    return made(line_charts.replay(run, base, line_charts.contours(base), step))


def parted(run: ClassesRun = TWO, threshold: float = 0.5, step: int = 380) -> dict[str, Any]:
    return made(class_charts.replay(run, threshold, step))


def numbers(values: Any) -> np.ndarray:
    if isinstance(values, list):
        return np.array(values, dtype=float)
    return np.frombuffer(base64.b64decode(values["bdata"]), dtype="<f4")


def points(trace: dict[str, Any]) -> np.ndarray:
    return np.stack([numbers(trace["x"]), numbers(trace["y"])], 1)


def frame(picture: dict[str, Any], step: int) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in picture["frames"] if one["name"] == str(step))
    return found


@pytest.mark.parametrize("picture", [drawn(step=7), parted(step=7)], ids=["line", "classes"])
def test_the_picture_at_rest_is_the_frame_of_the_step_that_is_asked_for(picture: dict[str, Any]) -> None:
    shown = frame(picture, 7)
    for place, update in zip(shown["traces"], shown["data"], strict=True):
        assert "y" in update
        assert {name: picture["data"][place][name] for name in update} == update
    slider = picture["layout"]["sliders"][0]
    assert slider["steps"][slider["active"]]["label"].startswith("7 · ")
    assert [step["args"][0][0] for step in slider["steps"]] == [one["name"] for one in picture["frames"]]


def test_a_replay_has_every_one_of_the_first_steps_and_about_a_hundred_frames() -> None:
    assert stops_of(80)[:61] == list(range(61))
    assert stops_of(30) == list(range(31))
    stops = stops_of(3000, 1777)
    assert {0, 60, 1777, 3000} <= set(stops)
    assert 95 <= len(stops) <= 105
    assert stops_of(0) == [0]


@pytest.mark.parametrize("step", [0, 1, 40, 80])
def test_each_frame_has_the_line_its_errors_and_the_loss_of_its_step(step: int) -> None:
    picture = drawn()
    shown = frame(picture, step)
    # A frame changes what it has of a trace, and leaves the rest.
    errors, fitted, way, arrow, place, mark = (
        picture["data"][number] | update
        for number, update in zip(shown["traces"], shown["data"], strict=True)
    )
    slope, intercept = RUN.weights[step]
    assert points(fitted)[:, 1] == pytest.approx(slope * points(fitted)[:, 0] + intercept, rel=1e-5)
    ends = points(errors).reshape(-1, 3, 2)
    assert ends[:, 0, 1] == pytest.approx(RUN.data.y, rel=1e-5)
    assert ends[:, 1, 1] == pytest.approx(slope * RUN.data.x[:, 0] + intercept, rel=1e-5)
    assert np.isnan(ends[:, 2, 1]).all()
    assert points(way)[-1] == pytest.approx(RUN.weights[step], rel=1e-5)
    assert points(place)[0] == pytest.approx(RUN.weights[step], rel=1e-5)
    assert points(mark)[0] == pytest.approx([step, RUN.losses[step]], rel=1e-5)
    direction = np.diff(points(arrow), axis=0)[0]
    assert direction / np.hypot(*direction) == pytest.approx(
        -RUN.gradients[step] / np.hypot(*RUN.gradients[step]), abs=1e-4
    )


def test_of_a_plane_the_predictions_move_and_the_diagonal_stays() -> None:
    run = line.descend(LINES["s12plane"].config)
    picture = drawn(run, 300)
    shown = frame(picture, 300)
    moving = points(picture["data"][shown["traces"][1]] | shown["data"][1])
    assert len(moving) <= 120
    assert moving[:, 1] == pytest.approx(moving[:, 0], abs=0.1)
    assert not len(numbers(picture["data"][line_charts.NEW_POINT]["x"]))  # no click makes a point


def test_clicks_are_caught_over_both_panels() -> None:
    picture = drawn()
    new_point, new_start = (
        picture["data"][number] for number in (line_charts.NEW_POINT, line_charts.NEW_START)
    )
    assert "a new point" in new_point["hovertemplate"]
    assert "start at w" in new_start["hovertemplate"]
    assert (new_start["xaxis"], len(numbers(new_start["x"]))) == ("x2", 49 * 49)


def test_what_runs_away_is_drawn_only_as_far_as_a_browser_can() -> None:
    run, base = line.picture(LineConfig(lr=1.0, stop="steps", steps=500))
    picture = made(line_charts.replay(run, base, line_charts.contours(base), run.steps))
    for one in picture["frames"]:
        way = points(one["data"][2])
        assert not (np.abs(way) > 1e4).any()


@pytest.mark.parametrize("step", [0, 20, 380])
def test_the_bands_of_the_field_end_at_the_probabilities_that_they_stand_for(step: int) -> None:
    picture = parted()
    bands = frame(picture, step)["data"][: len(class_charts.EDGES) + 1]
    sides = np.array([picture["layout"][axis]["range"] for axis in ("xaxis", "yaxis")])
    rim = 4 * float(np.hypot(*np.diff(sides, axis=1)[:, 0]))  # farther out than any corner of the picture
    slope, b = TWO.weights[step, :2], TWO.weights[step, 2]
    exact = 0
    for band, edge in zip(bands[1:], class_charts.EDGES, strict=True):
        corner = points(band)[0].astype(float)
        out = (corner - sides.mean(1)) @ slope / np.hypot(*slope)
        if abs(out) < rim - 1e-3:
            assert float(sigmoid(corner @ slope + b)) == pytest.approx(edge, abs=1e-4)
            exact += 1
    assert exact >= 5


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.9])
def test_on_the_boundary_the_probability_is_the_threshold(threshold: float) -> None:
    boundary, *_ = frame(parted(threshold=threshold), 380)["data"][len(class_charts.EDGES) + 1 :]
    p = sigmoid(points(boundary) @ TWO.weights[380, :2] + TWO.weights[380, 2])
    assert p == pytest.approx([threshold] * 2, abs=1e-4)


def test_the_field_lies_under_the_points() -> None:
    picture = parted()
    kinds = ["fill" in trace for trace in picture["data"]]
    assert kinds == sorted(kinds, reverse=True)
    assert [
        trace["name"] for trace in picture["data"] if trace.get("mode") == "markers" and "name" in trace
    ] == [
        "class 0",
        "class 1",
    ]


def test_factors_cross_one_at_the_largest_stable_rate_and_mark_both_rates() -> None:
    figure = rate_charts.factors(curvatures(RUN.data.hessian), 0.05)
    steepest = figure.data[0]
    limit = largest_rate(RUN.data.hessian)
    assert np.interp(limit, steepest.x, steepest.y) == pytest.approx(1, abs=0.01)
    lines = [shape.x0 for shape in figure.layout.shapes if shape.x0 == shape.x1]
    assert lines == pytest.approx([limit, 0.05])


def test_the_level_lines_have_one_loss_each_and_are_round_once_the_inputs_are_standardised() -> None:
    before, after = RUN.data.raw_hessian, np.eye(2)
    figure = rate_charts.ellipses(before, after, ("before", "after"), ("w", "b"))
    for trace, curvature in zip(figure.data, [before] * 3 + [after] * 3, strict=True):
        way = np.stack([trace.x, trace.y], 1)
        losses = np.einsum("ni,ij,nj->n", way, curvature, way) / 2
        assert losses == pytest.approx(losses[0])
    radii = np.hypot(figure.data[-1].x, figure.data[-1].y)
    assert radii == pytest.approx(radii[0])


def test_the_length_of_the_weights_is_drawn_beside_the_best_where_there_is_one() -> None:
    growing, resting = (classes.fit(CLASSES[name].config) for name in ("growing", "overlapping"))
    assert len(class_charts.growth(growing).data) == 1
    curve, best = class_charts.growth(resting).data
    assert best.y[0] == pytest.approx(np.hypot(*resting.optimum[:2]))  # type: ignore[index]
    assert curve.y[-1] == pytest.approx(resting.norms[-1])


@pytest.mark.parametrize("name", ["s12", "s12plane"])
def test_three_fits_are_drawn_over_the_same_points(name: str) -> None:
    data, each = line_losses.side_by_side(LINES[name].config.change(seed=1))
    named = {one.loss: one.weights for one in each}
    picture = made(fit_charts.three(data, named))
    assert [trace["name"] for trace in picture["data"]][:3] == ["squared", "absolute", "huber"]
    for trace, weights in zip(picture["data"], named.values(), strict=False):
        ends = points(trace)
        if name == "s12":
            assert ends[:, 1] == pytest.approx(ends[:, 0] * weights[0] + weights[1], rel=1e-4)
        else:
            assert len(ends) == 80
