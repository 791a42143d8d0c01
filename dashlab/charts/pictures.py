"""Pictures as PNG bytes, enlarged without smoothing: every pixel stays a square."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def png(picture: Pixels, *, side: int = 112) -> bytes:
    """One picture, uint8 [C, H, W] with C = 1 or 3, enlarged by a whole factor to about `side` pixels."""
    return _encoded(_enlarged(picture, side))


def mosaic(pictures: Sequence[Pixels], *, columns: int, side: int = 56, gap: int = 2) -> bytes:
    """Pictures of one shape in rows of `columns`, with a clear gap between them.

    Raises:
        ValueError: there is no picture.
    """
    if not pictures:
        raise ValueError("a mosaic needs at least one picture")
    tiles = [_enlarged(picture, side) for picture in pictures]
    width, height = tiles[0].size
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGBA", (columns * (width + gap) - gap, rows * (height + gap) - gap), (0, 0, 0, 0))
    for position, tile in enumerate(tiles):
        row, column = divmod(position, columns)
        sheet.paste(tile, (column * (width + gap), row * (height + gap)))
    return _encoded(sheet)


def _enlarged(picture: Pixels, side: int) -> Image.Image:
    channels, height, width = picture.shape
    image = Image.fromarray(picture[0] if channels == 1 else np.moveaxis(picture, 0, 2))
    factor = max(1, round(side / max(height, width)))
    return image.resize((width * factor, height * factor), Image.Resampling.NEAREST)


def _encoded(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
