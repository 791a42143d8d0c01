"""One picture from bytes that nobody vouches for: hostile until checked, then plain RGB or grey."""

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from dashlab.errors import PictureError

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
"""What is read, by Pillow's names; no other decoder is reached."""

MAX_BYTES = 64 * 2**20
MAX_PIXELS = 64_000_000
"""Somewhat above the largest pictures that telephones commonly write (48 million pixels)."""
MIN_SIDE = 2

_ORIENTATION = 0x0112  # EXIF tag; 1 is upright, 2 to 8 are turned or mirrored

_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    NotImplementedError,
    EOFError,
    MemoryError,
    RecursionError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders raise on broken files."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is safe to work with."""

    image: Image.Image  # mode "RGB" or "L", upright
    notes: tuple[str, ...] = ()  # what had to be done to it, in words for people


def read_picture(data: bytes, *, name: str = "The picture", shrink_to: int | None = None) -> Picture:
    """Decode one picture; of an animation, its first frame.

    Transparent parts are laid on white, 16-bit values are scaled to 8 bits, CMYK and palettes become RGB, and
    the rotation that a camera noted is carried out.

    Args:
        data: the file.
        name: what to call it in an error.
        shrink_to: a JPEG may be decoded at a fraction of its size, as long as both sides keep this many
            pixels.

    Raises:
        PictureError: the file is not a picture of a known format, is truncated, too large or too small.
    """
    if not data:
        raise PictureError(f"{name} is an empty file.")
    if len(data) > MAX_BYTES:
        raise PictureError(f"{name} has {len(data) / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} are read.")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            _check_size(opened, name)
            notes = _notes_on(opened)
            if shrink_to is not None and opened.format in {"JPEG", "MPO"}:
                opened.draft(None, (shrink_to, shrink_to))
            upright = ImageOps.exif_transpose(opened)
            if opened.getexif().get(_ORIENTATION, 1) in range(2, 9):
                notes.append("turned upright, as its camera noted")
            return Picture(_to_plain(upright, notes, name), tuple(notes))
    except UnidentifiedImageError as error:
        raise PictureError(_not_a_picture(data, name)) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(_too_large(name)) from error
    except _UNREADABLE as error:
        raise PictureError(_broken(name, error)) from error


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PictureError(f"{_too_large(name)[:-1]}; it has {width:,} × {height:,}.")
    if min(width, height) < MIN_SIDE:
        raise PictureError(
            f"{name} is too small to show anything: {width} × {height} pixels. "
            f"It needs at least {MIN_SIDE} a side."
        )


def _notes_on(image: Image.Image) -> list[str]:
    if getattr(image, "is_animated", False) and image.format != "MPO":  # a telephone's JPEG and its preview
        kind = "pages" if image.format == "TIFF" else "frames"
        return [f"has several {kind}: only the first is used"]
    return []


def _to_plain(image: Image.Image, notes: list[str], name: str) -> Image.Image:
    """The image in mode RGB or L, and a note of what that took."""
    if image.mode.startswith(("I", "F")):
        notes.append("values of more than 8 bits scaled to 8")
        return Image.fromarray(_eight_bits(image, name))
    if image.has_transparency_data:
        notes.append("transparent parts laid on white")
        with_alpha = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        grey = image.mode in {"LA", "La", "L", "1"}
        return Image.alpha_composite(white, with_alpha).convert("L" if grey else "RGB")
    if image.mode == "CMYK":
        notes.append("CMYK colours turned to RGB")
    if image.mode in {"L", "1"}:
        return image.convert("L")
    return image.convert("RGB")


def _eight_bits(image: Image.Image, name: str) -> np.ndarray:
    """Grey values of 16 or 32 bits, or floating point, scaled to uint8 rather than clipped.

    Integers that fit in 16 bits are taken to mean 0 to 65,535 and floats within 0 to 1 to mean just that;
    anything else is stretched from its smallest to its largest value, for nothing in the file says what they
    mean.
    """
    values = np.asarray(image).astype(np.float32)
    if not np.isfinite(values).all():
        raise PictureError(f"{name} has values that are not finite numbers.")
    low, high = 0.0, 1.0 if image.mode == "F" else 65_535.0
    if values.min() < low or values.max() > high:
        low, high = float(values.min()), float(values.max())
    values -= low
    values *= 255.0 / max(high - low, 1e-12)
    return np.rint(values, out=values).astype(np.uint8)


def _too_large(name: str) -> str:
    return f"{name} has too many pixels: at most {MAX_PIXELS // 1_000_000} million are read."


def _not_a_picture(data: bytes, name: str) -> str:
    if data[4:8] == b"ftyp" and data[8:12] in {b"heic", b"heix", b"mif1", b"msf1", b"avif"}:
        return f"{name} is a HEIC or AVIF picture, which cannot be read here: save it as JPEG or PNG."
    return f"{name} is not a picture that can be read here: PNG, JPEG, GIF, BMP, WebP or TIFF."


def _broken(name: str, error: BaseException) -> str:
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return f"{name} is truncated: the file ends before the picture does."
    return f"{name} is damaged and cannot be decoded."
