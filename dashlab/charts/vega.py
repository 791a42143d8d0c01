"""Charts that grow while a page watches.

These are Vega-Lite, not plotly: a page redraws them twice a second while a run goes on, and Streamlit builds
a plotly chart anew in the browser whenever its figure changes, but only hands new rows to a Vega-Lite chart
whose specification stays the same. So whatever is known before the first step stands in the specification.

A mark that has no rows at first says "aria": False: without any, Vega would tell a screen reader of a picture
that has no name, and what the marks show, the chart's own words and the table beside it tell.
"""

from dataclasses import dataclass, field
from typing import Any

Point = dict[str, str | float]

MOST_LETTERS = 30
"""Names of curves that are longer together stand below each other."""
LEGEND_ROW = 22
"""Height of one of them in pixels."""


@dataclass(frozen=True, slots=True)
class VegaChart:
    """A Vega-Lite specification without data, and the rows that belong into it."""

    spec: dict[str, Any]
    rows: list[Point] = field(default_factory=list)


def under_the_pointer(
    *numbers: dict[str, str], y: dict[str, Any] | None = None, clip: bool = False
) -> dict[str, Any]:
    """A layer: the point that is nearest to the pointer, with its numbers.

    Args:
        numbers: what is told of it, each a field with its title and, perhaps, its format.
        y: the height at which it stands, where the layers of the chart do not share one.
        clip: leave out points beyond the axes.
    """
    near = {"type": "point", "nearest": True, "on": "pointermove", "clear": "pointerout"}
    return {
        "params": [{"name": "near", "select": near}],
        "mark": {"type": "point", "filled": True, "size": 90, "clip": clip, "aria": False},
        "encoding": {
            "opacity": {"condition": {"param": "near", "empty": False, "value": 1}, "value": 0},
            "tooltip": list(numbers),
            **({"y": y} if y is not None else {}),
        },
    }
