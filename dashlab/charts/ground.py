"""What lies under paths over a surface: a picture of its contours, and what catches clicks on it."""

import base64
import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from dashlab.charts.replay import encoded, markers
from dashlab.charts.style import CLEAR

Array = npt.NDArray[np.float64]
Range = tuple[float, float]

BANDS = 26  # of contours
GROUND = (91, 132, 166)  # blue-grey
CATCHERS = 49  # points along each side of the grid that catches clicks


def ground(heights: Array) -> str:
    """Heights [Y, X], rows from low to high y, as a picture of contours in the address of an image.

    A picture, because a replay takes traces of contours away, and they take a browser long to draw. Its
    grey is transparent where the surface is low, so that it is right on any background.
    """
    low, high = float(heights.min()), float(heights.max())
    bands = np.floor((heights - low) / ((high - low) or 1.0) * BANDS).astype(int)
    edges = np.zeros(bands.shape, dtype=bool)
    edges[1:] |= bands[1:] != bands[:-1]
    edges[:, 1:] |= bands[:, 1:] != bands[:, :-1]
    picture = np.empty((*bands.shape, 4), dtype=np.uint8)
    picture[..., :3] = GROUND
    picture[..., 3] = np.minimum(bands * (150 / BANDS) + 70 * edges, 255)
    out = io.BytesIO()
    Image.fromarray(picture[::-1]).quantize(256).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def spread_out(source: str, x_range: Range, y_range: Range, *, axes: str = "") -> dict[str, Any]:
    """The picture `source` of a layout, stretched over these ranges of the axes `x<axes>` and `y<axes>`."""
    (left, right), (bottom, top) = x_range, y_range
    return {
        "source": source,
        "xref": f"x{axes}",
        "yref": f"y{axes}",
        "x": left,
        "y": top,
        "sizex": right - left,
        "sizey": top - bottom,
        "sizing": "stretch",
        "layer": "below",
    }


def catchers(x: Array, y: Array, losses: Array, *, axes: tuple[str, str] = ("x", "y")) -> dict[str, Any]:
    """Invisible markers over the picture: Plotly reports clicks on points only.

    They stand at all pairs of `x` [X] and `y` [Y], and have `losses` [Y, X] to show; `axes` are the names by
    which they call the two.

    All of them answer to a pointer, but only one is drawn: thousands would keep a browser busy.
    """
    across, up = np.meshgrid(x, y)
    first, second = axes
    return markers(
        across.ravel(),
        up.ravel(),
        customdata=encoded(losses.ravel()),
        marker={"size": 14, "symbol": "square", "opacity": 0, "color": CLEAR, "maxdisplayed": 1},
        hovertemplate=f"start at {first} %{{x:.2f}}, {second} %{{y:.2f}}<br>loss %{{customdata:.4g}}"
        "<extra></extra>",
        opacity=0,
    )
