"""Figures and pictures made from numbers."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dashlab.charts.pictures import encoded, mosaic
from dashlab.charts.style import MOST_POINTS, thinned
from dashlab.charts.trainer import confusion as confusion_charts
from dashlab.charts.trainer import curves as charts
from dashlab.charts.trainer.curves import Curve
from dashlab.charts.vega import VegaChart
from dashlab.training.results import EpochRow, StepRow

COUNTS = ((8, 2, 0), (1, 9, 0), (0, 0, 0))
CLASSES = ("cat", "dog", "a class with a very long name")


def steps(count: int) -> tuple[StepRow, ...]:
    return tuple(
        StepRow(step=10 * k, window=10, loss=1 / k, accuracy=1 - 1 / k, lr=0.1 / k)
        for k in range(1, count + 1)
    )


def epoch(number: int, val: float | None) -> EpochRow:
    return EpochRow(
        epoch=number, step=100 * number, train_loss=0.5, train_accuracy=0.8, val_loss=val, val_accuracy=val,
        lr=0.1, seconds=1.0,
    )  # fmt: skip


def curve(**more: object) -> Curve:
    return Curve(name="run", steps=steps(20), steps_per_epoch=100, total_epochs=5, **more)  # type: ignore[arg-type]


def axis(chart: VegaChart, name: str) -> dict[str, Any]:
    encoding: dict[str, Any] = chart.spec["encoding"][name]
    return encoding


def values(chart: VegaChart, series: str) -> list[object]:
    return [row["value"] for row in chart.rows if row["series"] == series]


def test_the_epoch_axis_spans_the_whole_run_while_it_goes_on() -> None:
    assert axis(charts.loss(curve()), "x")["scale"]["domain"] == [0, 5]


def test_steps_stand_at_their_share_of_an_epoch() -> None:
    first, second, *_ = charts.loss(curve()).rows
    assert (first["epoch"], second["epoch"]) == (0.1, 0.2)
    assert (first["step"], second["step"]) == (10, 20)


def test_a_growing_curve_keeps_its_specification() -> None:
    later = Curve(
        steps=steps(200), epochs=(epoch(1, 0.4),), steps_per_epoch=100, total_epochs=5, validated=True
    )
    for chart in (charts.loss, charts.accuracy, charts.learning_rate):
        assert chart(curve(validated=True)).spec == chart(later).spec


def test_validation_is_announced_where_pictures_are_held_back() -> None:
    assert axis(charts.loss(curve()), "color")["scale"]["domain"] == ["Training"]
    assert axis(charts.loss(curve(validated=True)), "color")["scale"]["domain"] == ["Training", "Validation"]


def test_validation_stands_at_the_end_of_its_epoch() -> None:
    chart = charts.loss(curve(validated=True, epochs=(epoch(1, 0.4), epoch(2, 0.3))))
    rows = [row for row in chart.rows if row["series"] == "Validation"]
    assert [(row["epoch"], row["value"]) for row in rows] == [(1.0, 0.4), (2.0, 0.3)]


def test_accuracy_is_drawn_in_per_cent() -> None:
    chart = charts.accuracy(curve(validated=True, epochs=(epoch(1, 0.25),)))
    assert values(chart, "Training")[1] == pytest.approx(50.0)
    assert values(chart, "Validation") == [25.0]


def test_a_loss_that_is_not_finite_is_left_out() -> None:
    rows = (*steps(2), StepRow(step=30, window=10, loss=math.inf, accuracy=0.1, lr=0.1))
    chart = charts.loss(Curve(steps=rows, steps_per_epoch=100, total_epochs=1))
    assert values(chart, "Training") == [1.0, 0.5]


def test_a_logarithmic_loss_has_a_logarithmic_axis() -> None:
    assert axis(charts.loss(curve(), log=True), "y")["scale"] == {"type": "log"}
    assert axis(charts.loss(curve()), "y")["scale"] == {"zero": True}


def test_a_run_that_has_reported_nothing_yet_can_be_drawn() -> None:
    empty = charts.loss(Curve(total_epochs=3))
    assert (empty.rows, axis(empty, "x")["scale"]["domain"]) == ([], [0, 3])


def test_compared_runs_keep_their_names_and_the_longest_sets_the_axis() -> None:
    short = Curve(name="short", steps=steps(3), steps_per_epoch=10, total_epochs=2)
    chart = charts.compared_loss([short, curve()])
    assert axis(chart, "color")["scale"]["domain"] == ["short", "run"]
    assert axis(chart, "x")["scale"]["domain"] == [0, 5]
    assert len(values(chart, "short")) == 3


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    rows = steps(12_345)
    kept = thinned(rows)
    assert len(kept) <= MOST_POINTS + 1
    assert (kept[0], kept[-1]) == (rows[0], rows[-1])


def test_short_curves_are_drawn_whole() -> None:
    assert thinned(steps(MOST_POINTS)) == list(steps(MOST_POINTS))


def test_no_trace_needs_webgl() -> None:
    drawn = [confusion_charts.confusion(COUNTS, CLASSES), confusion_charts.class_accuracy(COUNTS, CLASSES)]
    assert not [trace.type for figure in drawn for trace in figure.data if "gl" in trace.type]


def test_every_cell_of_the_matrix_can_be_clicked_and_tells_its_counts() -> None:
    catcher = confusion_charts.confusion(COUNTS, CLASSES).data[1]
    assert len(catcher.x) == 9
    position = catcher.customdata.index([0, 1, 2])
    assert (catcher.x[position], catcher.y[position]) == (1, 0)
    assert "2 of 10 (20.0 %)" in catcher.text[position]


def test_the_first_class_stands_at_the_top() -> None:
    low, high = confusion_charts.confusion(COUNTS, CLASSES).layout.yaxis.range
    assert low > high


def test_the_chosen_cell_is_framed() -> None:
    (frame,) = confusion_charts.confusion(COUNTS, CLASSES, chosen=(0, 1)).layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (0.5, 1.5, -0.5, 0.5)


def test_long_class_names_are_shortened_beside_a_chart() -> None:
    names = confusion_charts.confusion(COUNTS, CLASSES).layout.yaxis.ticktext
    assert names[2] == "a class with …"


def test_a_class_without_pictures_has_no_bar() -> None:
    (bars,) = confusion_charts.class_accuracy(COUNTS, CLASSES).data
    assert bars.x == (80.0, 90.0, None)
    assert bars.text[2] == "no picture"


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_an_enlarged_picture_keeps_every_pixel_a_square() -> None:
    picture = np.array([[[0, 255], [255, 0]]], dtype=np.uint8)
    image = opened(encoded(picture, side=8)[0])
    assert image.size == (8, 8)
    colours = image.getcolors()
    assert colours is not None
    assert sorted(colours) == [(32, 0), (32, 255)]
    assert image.getpixel((3, 0)) == 0
    assert image.getpixel((4, 0)) == 255


def test_a_large_picture_is_shrunk_in_its_shape() -> None:
    picture = np.full((3, 300, 200), 90, dtype=np.uint8)
    image = opened(encoded(picture, side=60)[0])
    assert image.size == (40, 60)
    assert image.getcolors() == [(40 * 60, (90, 90, 90))]


@pytest.mark.parametrize(
    ("shape", "size"), [((1, 1, 500), (80, 2)), ((1, 500, 1), (2, 80)), ((1, 1, 60), (60, 2))]
)
def test_a_thin_picture_is_still_to_be_seen(shape: tuple[int, int, int], size: tuple[int, int]) -> None:
    assert opened(encoded(np.zeros(shape, dtype=np.uint8), side=80)[0]).size == size


def test_a_colour_picture_keeps_its_channels() -> None:
    picture = np.zeros((3, 4, 4), dtype=np.uint8)
    picture[0] = 200
    assert opened(encoded(picture, side=8)[0]).getpixel((0, 0)) == (200, 0, 0)


def test_a_photograph_comes_as_jpeg_with_all_its_colours() -> None:
    chance = np.random.default_rng(0)
    picture = chance.integers(0, 256, (3, 256, 256), dtype=np.uint8)  # the worst there is
    data, form = encoded(picture, side=288)
    shown = np.moveaxis(np.asarray(opened(data)), 2, 0).astype(int)
    assert (form, opened(data).format) == ("JPEG", "JPEG")
    assert abs(shown - picture).mean() < 4
    assert len(data) < picture.nbytes


def test_a_small_picture_comes_without_loss() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (3, 32, 32), dtype=np.uint8)
    data, form = encoded(picture, side=288)
    shown = np.moveaxis(np.asarray(opened(data)), 2, 0)
    assert (form, opened(data).format) == ("PNG", "PNG")
    assert np.array_equal(shown[:, ::9, ::9], picture)


def test_pictures_of_a_mosaic_stand_in_rows_with_clear_gaps() -> None:
    tiles = [np.full((1, 4, 4), value, dtype=np.uint8) for value in (10, 20, 30)]
    sheet = opened(mosaic(tiles, columns=2, side=4, gap=2))
    assert sheet.size == (10, 10)
    shown = np.asarray(sheet)
    assert shown[0, 6, 0] == 20
    assert shown[6, 0, 0] == 30
    assert shown[0, 4, 3] == 0


def test_a_mosaic_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        mosaic([], columns=2)
