"""What an output pixel sees, in sentences and as rows of a table; no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dashlab.settings.plurals import counted

if TYPE_CHECKING:  # these import torch
    from dashlab.experiments.convolution.field import Field
    from dashlab.experiments.convolution.receptive import FieldRow

FORMULA = r"r \leftarrow r + d\,(k-1)\,j, \qquad j \leftarrow j\,s"
"""How receptive field and jump grow from one layer to the next."""


def field_words(field: Field, up_to: int) -> str:
    """How far the pixel sees, how much of that is on the picture, and where what counts stands."""
    row = field.rows[min(up_to, len(field.rows) - 1)]
    top, bottom, left, right = field.box
    return counted(
        min(up_to, len(field.rows) - 1),
        "After {count} layer one output sees {reach} × {reach} pixels, of which {high} × {wide} lie on the "
        "picture. {half} of the pixels that it sees make up half of what counts.",
        "After {count} layers one output sees {reach} × {reach} pixels, of which {high} × {wide} lie on the "
        "picture. {half} of the pixels that it sees make up half of what counts.",
        reach=row.reach,
        high=bottom - top + 1,
        wide=right - left + 1,
        half=f"{field.middle_half:.0%}",
    )


def field_rows(rows: Sequence[FieldRow]) -> Iterator[dict[str, Any]]:
    """One row for the picture and each layer."""
    for row in rows:
        yield {
            "layer": row.title,
            "output": f"{row.size} × {row.size}",
            "receptive field r": row.reach,
            "jump j": row.jump,
            "start": row.start,
        }
