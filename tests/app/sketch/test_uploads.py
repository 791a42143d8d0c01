"""Pictures on the sketch pad without a browser: what is read, and the sentence for each that is not."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashlab.experiments.sketch.ink import Stroke, encode
from dashlab.store.runs import Store
from dashlab.training.engine import resolved
from dashlab.training.models import build
from dashlab.training.weights import weights_of
from tests.app.fakes import result
from tests.app.pages import link, ran, texts
from tests.app.sketch.kept import MADE, PLAIN, bars, ink, keep, pictures
from tests.strokes import placed, rasterize, strokes

PAGE = "pages/sketch.py"


def png(sheet: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(sheet).save(out, "PNG")
    return out.getvalue()


def drawn(digit: int = 4) -> np.ndarray:
    return rasterize(placed(strokes(digit), height=180, left=60, top=50), pen=18)[..., 0]


@pytest.mark.parametrize("dark_on_light", [True, False])
def test_an_uploaded_picture_is_read(open_page: Callable[..., AppTest], dark_on_light: bool) -> None:
    keep(MADE)
    app = open_page(sketch_source="upload")
    assert "There is no picture yet" in texts(app)
    sheet = drawn() if dark_on_light else 255 - drawn()
    app.file_uploader(key="sketch_file").set_value(("four.png", png(sheet), "image/png")).run()
    assert not app.exception
    assert "## Predicted:" in texts(app)


@pytest.mark.parametrize(
    ("height", "width", "line"),
    [
        (3, 2000, np.s_[1, 700:1300]),
        (2000, 3, np.s_[700:1300, 1]),
        (400, 400, np.s_[20:380, 200]),
        (400, 400, np.s_[200, 20:380]),
    ],
    ids=["a wide strip", "a tall strip", "a thin line down", "a thin line across"],
)
def test_a_thin_upright_line_is_read_and_a_level_one_is_said_to_be_no_digit(
    open_page: Callable[..., AppTest], height: int, width: int, line: tuple[Any, Any]
) -> None:
    keep(MADE)
    sheet = np.full((height, width), 255, np.uint8)
    sheet[line] = 0
    app = open_page(sketch_source="upload")
    ran(app.file_uploader(key="sketch_file").set_value(("line.png", png(sheet), "image/png")))
    is_level = bool(np.ptp(np.argwhere(sheet == 0)[:, 1]))
    assert ("## Predicted:" in texts(app)) is not is_level
    assert ("This is a level line" in texts(app)) is is_level
    assert pictures(app) == (8 if is_level else 9)  # the upload, the input, the map, six steps


def test_two_digits_in_an_upload_are_said_and_none_is_read(open_page: Callable[..., AppTest]) -> None:
    keep(MADE)
    app = open_page(sketch_source="upload")
    sheet = np.hstack([drawn(4), drawn(7)])
    ran(app.file_uploader(key="sketch_file").set_value(("both.png", png(sheet), "image/png")))
    assert "No prediction." in texts(app)
    assert "There are 2 separate things on the sheet" in texts(app)
    assert "Predicted:" not in texts(app)
    assert bars(app) == 0
    assert pictures(app) == 8  # the upload, the input, six steps


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        (((140.0, 140.0),) * 2, "This is a filled patch"),
        (((40.0, 150.0), (260.0, 150.0)), "This is a level line"),
    ],
)
def test_what_is_drawn_and_no_digit_is_said(
    open_page: Callable[..., AppTest], points: tuple[tuple[float, float], ...], sentence: str
) -> None:
    keep(MADE)
    app = open_page(sketch_ink=encode([Stroke(18, points)]))
    assert sentence in texts(app)
    assert "Predicted:" not in texts(app)
    assert bars(app) == 0


def test_a_network_that_reads_clothes_answers_where_there_is_no_digit(
    open_page: Callable[..., AppTest],
) -> None:
    config = PLAIN.change(dataset="fashion")
    made = result(config)
    network = build(made.config.model, shape=(1, 28, 28), classes=10, seed=1)
    clothes = replace(made.started, classes=tuple("abcdefghij"))
    Store().save(replace(made, started=clothes, weights=weights_of(network)))
    key = resolved(config).key()
    app = open_page(sketch_ink=encode([Stroke(40, ((140.0, 140.0),) * 2)]), sketch_runs=key[:12])
    assert "This is a filled patch" in texts(app)
    assert bars(app) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is an empty file"),
        (b"not a picture at all", "is not a picture that can be read"),
        (png(drawn())[:300], "truncated"),
        (png(np.zeros((1, 1), np.uint8)), "too small"),
        (png(np.full((50, 50), 200, np.uint8)), "There is no visible ink in"),
    ],
)
def test_a_bad_picture_gets_its_sentence(
    open_page: Callable[..., AppTest], content: bytes, sentence: str
) -> None:
    keep(MADE)
    app = open_page(sketch_source="upload")
    app.file_uploader(key="sketch_file").set_value(("bad.png", content, "image/png")).run()
    assert not app.exception
    assert sentence in texts(app)
    assert "Predicted:" not in texts(app)


def test_the_drawing_is_still_there_after_an_upload(open_page: Callable[..., AppTest]) -> None:
    keep(MADE)
    app = open_page(sketch_ink=ink(4))
    app.segmented_control(key="sketch_source").set_value("upload").run()
    app.segmented_control(key="sketch_source").set_value("draw").run()
    assert "## Predicted:" in texts(app)
    assert link(app)["sketch_ink"] == ink(4)


def test_without_the_drawing_component_pictures_can_still_be_uploaded(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.sketch.canvas.is_available", lambda: False)
    app = open_page()
    assert "upload a picture instead" in texts(app)
    app.segmented_control(key="sketch_source").set_value("upload").run()
    assert app.file_uploader(key="sketch_file") is not None
