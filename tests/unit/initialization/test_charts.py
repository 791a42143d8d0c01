"""Figures of stacks and gains: what cannot be drawn must not break them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from dashlab.charts.initialization.gain import GainCurve, against_spread, before_and_after, beside
from dashlab.charts.initialization.signals import FLOOR, TOP, Signal, bars, by_layer
from dashlab.charts.initialization.training import accuracy, loss


def axis(figure: Any) -> tuple[float, float]:
    low, high = figure.layout.yaxis.range
    return low, high


def signs(figure: Any) -> list[tuple[str, int]]:
    """The crosses and triangles, and the layers at which they stand."""
    return [(note.text, note.x) for note in figure.layout.annotations if note.text in "✕▼"]


def test_a_level_curve_gets_two_decades_around_it() -> None:
    low, high = axis(by_layer([Signal("a", [0.65] * 5)], y_title="Std"))
    assert high - low == pytest.approx(2, abs=0.2)
    assert low < math.log10(0.65) < high


def test_a_curve_that_stops_being_finite_ends_in_a_cross_at_the_top() -> None:
    figure = by_layer([Signal("a", [1.0, 1e30, None, None])], y_title="Std")
    line = figure.data[0]
    assert axis(figure)[1] == TOP
    assert line.y[2] > 1e38
    assert line.y[3] is None
    assert signs(figure) == [("✕", 3)]
    assert (line.customdata[2], line.customdata[0]) == ("not finite", "1")


def test_a_gradient_that_stops_being_finite_on_its_way_down_is_marked_there() -> None:
    figure = by_layer([Signal("a", [None, None, 1e30, 1.0])], y_title="Std")
    assert figure.data[0].y[0] is None
    assert signs(figure) == [("✕", 2)]


def test_zeros_lie_along_the_floor_where_a_logarithm_has_none() -> None:
    figure = by_layer([Signal("a", [1.0, 0.0, 0.0])], y_title="Std")
    line = figure.data[0]
    assert axis(figure)[0] == FLOOR
    assert 0 < line.y[1] < 1.4e-45
    assert line.y[1] == line.y[2]
    assert line.customdata[1] == "exactly 0"
    assert signs(figure) == [("▼", 2)]


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [None, None, None], [0.0], [None]])
def test_a_stack_of_nothing_but_what_cannot_be_drawn_still_gives_a_figure(values: list[float | None]) -> None:
    figure = by_layer([Signal("a", values)], y_title="Std")
    assert [layer for _, layer in signs(figure)] == [1]
    assert all(y is None or y > 0 for y in figure.data[0].y)
    figure.to_json()


def test_the_limits_of_float32_are_drawn_where_they_are_in_view() -> None:
    everything = by_layer([Signal("a", [1.0])], y_title="Std", whole=True)
    assert [note.text.split(",")[0] for note in everything.layout.annotations] == [
        "largest number of float32",
        "smallest with full precision",
        "smallest above 0",
    ]
    assert not by_layer([Signal("a", [1.0])], y_title="Std").layout.annotations


def test_theory_is_dashed_once_in_the_legend_and_cut_off_outside_of_the_axis() -> None:
    signals = [Signal("a", [1.0, 2.0], [1.0, 1e60]), Signal("b", [1.0, 2.0], [1.0, 2.0]), Signal("c", [1.0])]
    dashed = by_layer(signals, y_title="Std").data[3:]
    assert [trace.showlegend for trace in dashed] == [True, False]
    assert dashed[0].y == (1.0, None)


def test_a_histogram_has_the_colour_of_its_stack() -> None:
    figure = bars(-1.0, 1.0, [1, 2], position=2, x_title="Output")
    assert [trace.visible for trace in figure.data] == ["legendonly", "legendonly", None]
    assert figure.data[2].x == (-0.5, 0.5)


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [(-2e12, 3e12, ("-2e+12", "0", "3e+12")), (0.0, 2.5, ("0", "2.5")), (-0.1, 9.0, ("-0.1", "9"))],
)
def test_a_histogram_is_marked_at_its_ends_and_at_zero(
    low: float, high: float, marks: tuple[str, ...]
) -> None:
    assert bars(low, high, [1, 2], position=0, x_title="Output").layout.xaxis.ticktext == marks


def test_a_histogram_of_one_value_is_a_point() -> None:
    seen = bars(3.0, 3.0, [7], position=0, x_title="Output").data[0]
    assert (seen.type, seen.x, seen.y) == ("scatter", (3.0,), (7,))


def test_an_activation_that_pytorch_does_not_know_has_no_mark() -> None:
    figure = beside(["tanh", "GELU"], [1.6, 1.7], [5 / 3, None])
    assert figure.data[0].x == ("tanh", "GELU")
    assert figure.data[1].x == ("tanh",)


def test_the_gain_is_drawn_against_the_spread() -> None:
    figure = against_spread([GainCurve("tanh", [0.1, 1.0], [1.0, 1.6])], at=1.0)
    assert figure.data[0].y == (1.0, 1.6)
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"


def test_a_spike_does_not_flatten_what_is_beside_it() -> None:
    figure = before_and_after((-1.0, 1.0, [5, 5]), (0.0, 1.0, [900, 100]), "ReLU")
    assert figure.layout.yaxis.range[1] < max(figure.data[1].y)
    assert sum(figure.data[1].y) * 0.5 == pytest.approx(1.0)


def test_losses_that_are_not_finite_are_left_out() -> None:
    chart = loss(["a", "b"], [[(1, 2.3), (2, math.nan), (3, math.inf)], [(1, 2.0)]], steps=3)
    assert [(row["series"], row["value"]) for row in chart.rows] == [("a", 2.3), ("b", 2.0)]


def test_the_specification_stays_the_same_while_curves_grow() -> None:
    assert loss(["a"], [[]], steps=9).spec == loss(["a"], [[(1, 2.0)]], steps=9).spec
    assert accuracy(["a"], [[(1, 0.5)]], steps=9).rows[0]["value"] == 50
