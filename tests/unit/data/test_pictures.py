"""One picture from bytes that nobody vouches for."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from dashlab.data import pictures
from dashlab.data.pictures import read_picture
from dashlab.errors import PictureError
from tests.archives import encoded, pixels, png


def png_header_of(width: int, height: int) -> bytes:
    """A PNG that promises a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1_000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def refusal(data: bytes) -> str:
    with pytest.raises(PictureError) as caught:
        read_picture(data, name="cat.png")
    return str(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "WEBP", "JPEG"])
def test_each_accepted_format_is_read(kind: str) -> None:
    image = Image.fromarray(pixels(1, side=16))
    picture = read_picture(encoded(image, kind))
    assert picture.image.mode == "RGB"
    assert picture.image.size == (16, 16)
    assert picture.notes == ()


def test_a_lossless_colour_picture_keeps_its_pixels() -> None:
    assert np.array_equal(np.asarray(read_picture(png(3)).image), pixels(3))


def test_a_grey_picture_stays_grey() -> None:
    picture = read_picture(encoded(Image.fromarray(pixels(2, channels=1))))
    assert picture.image.mode == "L"
    assert np.array_equal(np.asarray(picture.image), pixels(2, channels=1))


def test_a_black_and_white_picture_becomes_grey() -> None:
    picture = read_picture(encoded(Image.fromarray(pixels(2, channels=1)).convert("1")))
    assert picture.image.mode == "L"
    assert set(np.unique(np.asarray(picture.image))) == {0, 255}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_a_truncated_picture_is_refused(kind: str) -> None:
    whole = encoded(Image.fromarray(pixels(1, side=64)), kind)
    assert refusal(whole[: len(whole) // 2]).startswith("cat.png is ")


def test_a_truncated_jpeg_is_called_truncated() -> None:
    whole = encoded(Image.fromarray(pixels(1, side=64)), "JPEG")
    assert refusal(whole[: len(whole) // 2]) == "cat.png is truncated: the file ends before the picture does."


def test_what_is_not_a_picture_is_called_so() -> None:
    assert "is not a picture that can be read here" in refusal(b"Dear diary, " * 100)


def test_an_empty_file_is_called_empty() -> None:
    assert refusal(b"") == "cat.png is an empty file."


def test_a_telephones_heic_is_told_to_be_saved_as_jpeg() -> None:
    assert "save it as JPEG or PNG" in refusal(b"\0\0\0\x18ftypheic" + bytes(100))


@pytest.mark.parametrize("kind", ["PPM", "ICO", "TGA", "PCX", "SGI"])
def test_formats_beyond_the_list_are_refused_even_though_pillow_knows_them(kind: str) -> None:
    assert "is not a picture that can be read here" in refusal(encoded(Image.fromarray(pixels(1)), kind))


@pytest.mark.parametrize("side", [9_000, 12_000, 60_000])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoded(_image: Image.Image) -> None:
        raise AssertionError("the picture was decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)
    assert "too many pixels: at most 64 million are read" in refusal(png_header_of(side, side))


def test_a_file_beyond_the_size_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_BYTES", 100)
    assert "at most 0 are read" in refusal(png(side=32))


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1)])
def test_one_pixel_is_too_small(size: tuple[int, int]) -> None:
    assert "is too small to show anything" in refusal(encoded(Image.new("RGB", size)))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame_is_taken_and_that_is_said(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    picture = read_picture(data)
    assert picture.image.convert("RGB").getpixel((4, 4)) == (255, 0, 0)
    assert len(picture.notes) == 1
    assert "only the first is used" in picture.notes[0]


def test_a_telephones_jpeg_with_a_second_picture_inside_is_an_ordinary_picture() -> None:
    first, second = Image.new("RGB", (16, 16), "teal"), Image.new("RGB", (16, 16), "red")
    picture = read_picture(encoded(first, "MPO", save_all=True, append_images=[second]), shrink_to=8)
    assert np.abs(np.asarray(picture.image, dtype=int) - (0, 128, 128)).max() <= 4
    assert picture.notes == ()


def test_cmyk_becomes_rgb_and_that_is_said() -> None:
    red = encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100)
    picture = read_picture(red)
    assert picture.image.mode == "RGB"
    assert np.abs(np.asarray(picture.image, dtype=int) - (255, 0, 0)).max() <= 4
    assert picture.notes == ("CMYK colours turned to RGB",)


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    values = np.array([[0, 257, 32_768], [40_000, 65_278, 65_535], [128, 129, 60_000]], dtype=np.uint16)
    picture = read_picture(encoded(Image.fromarray(values)))
    expected = [[0, 1, 128], [156, 254, 255], [0, 1, 233]]
    assert picture.image.mode == "L"
    assert np.asarray(picture.image).tolist() == expected
    assert picture.notes == ("values of more than 8 bits scaled to 8",)


def test_a_dark_sixteen_bit_picture_stays_dark() -> None:
    values = np.full((8, 8), 300, dtype=np.uint16)
    assert np.asarray(read_picture(encoded(Image.fromarray(values))).image).max() == 1


def test_floats_between_zero_and_one_are_scaled_to_eight_bits() -> None:
    values = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    picture = read_picture(encoded(Image.fromarray(values), "TIFF"))
    assert np.asarray(picture.image).tolist() == np.rint(values * 255).astype(int).tolist()


def test_floats_of_unknown_range_are_stretched() -> None:
    values = np.linspace(-5, 1_000, 64, dtype=np.float32).reshape(8, 8)
    grey = np.asarray(read_picture(encoded(Image.fromarray(values), "TIFF")).image)
    assert (grey.min(), grey.max()) == (0, 255)


def test_floats_that_are_not_finite_are_refused() -> None:
    values = np.full((8, 8), np.nan, dtype=np.float32)
    assert "not finite" in refusal(encoded(Image.fromarray(values), "TIFF"))


def test_a_palette_becomes_its_colours() -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    picture = read_picture(encoded(image))
    assert picture.image.mode == "RGB"
    assert picture.image.getpixel((3, 3)) == (10, 20, 30)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_are_laid_on_white(mode: str) -> None:
    if mode == "P":
        image = Image.new("P", (8, 8), 1)
        image.putpalette([0, 0, 0, 10, 20, 30])
        data = encoded(image, transparency=1)
    else:
        data = encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0)).convert(mode))
    picture = read_picture(data)
    assert set(np.unique(np.asarray(picture.image))) == {255}
    assert picture.notes == ("transparent parts laid on white",)


def test_half_transparent_black_on_white_is_grey() -> None:
    picture = read_picture(encoded(Image.new("LA", (8, 8), (0, 128))))
    assert picture.image.mode == "L"
    assert picture.image.getpixel((0, 0)) == 127


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_rotation_that_a_camera_noted_is_carried_out(orientation: int) -> None:
    upright = Image.fromarray(pixels(5)).crop((0, 0, 8, 4))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read_picture(encoded(stored, exif=exif))
    assert np.array_equal(np.asarray(picture.image), np.asarray(upright))
    assert bool(picture.notes) == (orientation != 1)


def test_a_large_jpeg_is_decoded_smaller_when_that_is_enough() -> None:
    data = encoded(Image.new("RGB", (1_600, 800), "teal"), "JPEG")
    width, height = read_picture(data, shrink_to=64).image.size
    assert 64 <= height < 800
    assert width == 2 * height


def test_other_formats_are_not_shrunk() -> None:
    assert read_picture(png(side=200), shrink_to=20).image.size == (200, 200)


@pytest.mark.filterwarnings("ignore")  # decoders warn about what they find in broken files
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_damaged_files_give_a_picture_or_a_sentence_and_nothing_else(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = encoded(Image.fromarray(pixels(1, side=24)), kind, exif=exif)
    draw = random.Random(kind)
    outcomes = set()
    for _ in range(300):
        broken = bytearray(whole)
        for _ in range(draw.randint(1, 12)):
            broken[draw.randrange(len(broken))] = draw.randrange(256)
        try:
            outcomes.add(read_picture(bytes(broken[: draw.randint(1, 2 * len(broken))])).image.mode)
        except PictureError as error:
            outcomes.add(str(error)[:11])
    assert "The picture" in outcomes


def test_the_same_bytes_give_the_same_pixels_from_any_buffer() -> None:
    data = encoded(Image.fromarray(pixels(9, side=40)), "JPEG")
    again = io.BytesIO(data).read()
    assert read_picture(data).image.tobytes() == read_picture(again).image.tobytes()
