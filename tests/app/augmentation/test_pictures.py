"""Pictures of the augmentation page without a browser: of data sets, and uploaded."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashlab.experiments.augmentation.pipeline import make_step
from tests.app.augmentation.steps import names, pictures, with_steps
from tests.app.pages import ran, texts

PAGE = "pages/augmentation.py"


def upload(app: AppTest, content: bytes, name: str = "mine.png") -> AppTest:
    return ran(app.file_uploader(key="aug_file").set_value((name, content, "image/png")))


def encoded(image: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def bomb() -> bytes:
    """A PNG that promises 40,000 × 40,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99)))


@pytest.mark.parametrize(("source", "shape"), [("mnist", "L, 28 × 28"), ("cifar10", "RGB, 32 × 32")])
def test_a_picture_of_a_data_set_can_be_chosen(
    open_page: Callable[..., AppTest], source: str, shape: str
) -> None:
    app = open_page(**with_steps(make_step("Identity"), aug_source=source))
    assert shape in texts(app)
    assert "pictures for training" in texts(app)
    before = app.get("image")[0].proto.imgs[0].url
    app.number_input(key="aug_number").set_value(2).run()
    assert app.get("image")[0].proto.imgs[0].url != before


def test_without_an_upload_there_is_a_hint_and_nothing_is_lost(page: AppTest) -> None:
    page.selectbox(key="aug_source").set_value("upload").run()
    assert "Upload a picture to draw on" in texts(page)
    assert pictures(page) == 0
    page.selectbox(key="aug_source").set_value("photo").run()
    assert names(page) == ["Pad", "RandomRotation"]
    assert pictures(page) > 0


GOOD = Image.new("RGB", (40, 30), (200, 30, 30))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (encoded(GOOD)[:60], "mine.png is"),
        (encoded(GOOD.resize((300, 300)), "JPEG")[:900], "truncated"),
        (b"no picture at all", "is not a picture that can be read here"),
        (b"", "is an empty file"),
        (bomb(), "too many pixels"),
        (encoded(Image.new("RGB", (1, 1))), "is too small to show anything: 1 × 1 pixels"),
    ],
)
def test_a_bad_upload_is_a_sentence_and_the_picture_before_it_stays(
    open_page: Callable[..., AppTest], content: bytes, said: str
) -> None:
    app = upload(open_page(**with_steps(make_step("Pad")), aug_source="upload"), encoded(GOOD), "good.png")
    assert "RGB, 72 × 62 uint8" in texts(app)
    upload(app, content)
    assert said in texts(app)
    assert "RGB, 72 × 62 uint8" in texts(app)


def rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(GOOD, "JPEG", exif=exif)


@pytest.mark.parametrize(
    ("content", "said", "shape"),
    [
        (encoded(GOOD.convert("CMYK"), "JPEG"), "CMYK colours turned to RGB", "RGB, 40 × 30"),
        (encoded(GOOD.convert("P")), "", "RGB, 40 × 30"),
        (encoded(GOOD.convert("RGBA"), "PNG"), "", "RGB, 40 × 30"),
        (
            encoded(Image.new("RGBA", (40, 30), (1, 2, 3, 90))),
            "transparent parts laid on white",
            "RGB, 40 × 30",
        ),
        (encoded(Image.new("I;16", (40, 30), 999)), "values of more than 8 bits scaled", "L, 40 × 30"),
        (rotated(), "turned upright, as its camera noted", "RGB, 30 × 40"),
        (
            encoded(GOOD, "GIF", save_all=True, append_images=[Image.new("RGB", (40, 30))]),
            "only the first is used",
            "RGB, 40 × 30",
        ),
        (encoded(Image.new("RGB", (1200, 600))), "shrunk to 384 × 192 pixels", "RGB, 384 × 192"),
    ],
)
def test_an_unusual_upload_is_made_usable_and_said(
    open_page: Callable[..., AppTest], content: bytes, said: str, shape: str
) -> None:
    app = upload(open_page(**with_steps(make_step("Identity")), aug_source="upload"), content)
    assert app.error == []
    assert said in texts(app)
    assert shape in texts(app)


def test_an_upload_is_mixed_with_the_photographs(open_page: Callable[..., AppTest]) -> None:
    mix = (make_step("Resize", size="32,32"), make_step("ToImage"), make_step("ToDtype"), make_step("MixUp"))
    app = upload(open_page(**with_steps(*mix), aug_source="upload"), encoded(GOOD))
    assert app.error == []
    assert "your picture" in texts(app)
    assert "cat" in texts(app)
