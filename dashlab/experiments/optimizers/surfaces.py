"""Loss surfaces over two numbers, each with its known minima.

Losses are written with methods of tensors alone and without powers above 2, which torch may round differently
for one number and for many: points that are evaluated together shall get the bits that they get alone.
This module imports no torch: settings and pages name surfaces without it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """A loss over the plane.

    Attributes:
        title: for people.
        about: what makes it hard, in a sentence.
        formula: LaTeX of f(x, y).
        source: where it was published.
        loss: points [..., 2] to losses [...].
        x_range: what is drawn; all minima lie inside.
        y_range: as `x_range`.
        start: where racers set off by default.
        minima: every global minimum inside the ranges.
        lowest: the loss there.
        log_levels: contours are drawn at even steps of the logarithm of the loss, not of the loss.
    """

    title: str
    about: str
    formula: str
    source: str
    loss: Callable[[Tensor], Tensor]
    x_range: Point
    y_range: Point
    start: Point
    minima: tuple[Point, ...]
    lowest: float = 0.0
    log_levels: bool = True

    def nearest_inside(self, x: float, y: float) -> Point:
        """The point of the drawn range that is nearest to (x, y)."""
        (low_x, high_x), (low_y, high_y) = self.x_range, self.y_range
        return min(max(x, low_x), high_x), min(max(y, low_y), high_y)


def _bowl(at: Tensor) -> Tensor:
    x, y = at.unbind(-1)
    return 0.5 * (x * x + y * y)


def _ravine(at: Tensor) -> Tensor:
    x, y = at.unbind(-1)
    return 0.5 * (x * x + 50 * (y * y))


def _saddle(at: Tensor) -> Tensor:
    x, y = at.unbind(-1)
    yy = y * y
    return 0.5 * (x * x) + 0.25 * (yy * yy) - 0.5 * yy


def _monkey(at: Tensor) -> Tensor:
    x, y = at.unbind(-1)
    xx, yy = x * x, y * y
    return x * (xx - 3 * yy) + 0.5 * ((xx + yy) * (xx + yy))


def _rosenbrock(at: Tensor) -> Tensor:
    x, y = at.unbind(-1)
    across, along = y - x * x, 1 - x
    return along * along + 100 * (across * across)


def _beale(at: Tensor) -> Tensor:
    x, y = at.unbind(-1)
    yy = y * y
    a, b, c = 1.5 - x + x * y, 2.25 - x + x * yy, 2.625 - x + x * (yy * y)
    return a * a + b * b + c * c


def _himmelblau(at: Tensor) -> Tensor:
    x, y = at.unbind(-1)
    a, b = x * x + y - 11, x + y * y - 7
    return a * a + b * b


def _rastrigin(at: Tensor) -> Tensor:
    turns = (2 * math.pi) * at
    return 20 + (at * at - 10 * turns.cos()).sum(-1)


def _styblinski(at: Tensor) -> Tensor:
    squared = at * at
    return 0.5 * (squared * squared - 16 * squared + 5 * at).sum(-1)


def _ackley(at: Tensor) -> Tensor:
    # The tiny number keeps the root's derivative finite at the very minimum.
    radius = ((at * at).mean(-1) + 1e-30).sqrt()
    waves = ((2 * math.pi) * at).cos().mean(-1)
    return 20 + math.e - 20 * (-0.2 * radius).exp() - waves.exp()


def _camel(at: Tensor) -> Tensor:
    x, y = at.unbind(-1)
    xx, yy = x * x, y * y
    return xx * (4 - 2.1 * xx + (xx * xx) / 3) + x * y + yy * (4 * yy - 4)


def _plateau(at: Tensor) -> Tensor:
    squares = at * at
    return 1 - (-0.5 * squares.sum(-1)).exp() + 0.0005 * squares.sum(-1)


def _styblinski_lowest() -> tuple[Point, float]:
    """Its minimum is where 2t³ − 16t + 2.5 = 0 at the left; by Newton's method."""
    t = -2.9
    for _ in range(20):
        t -= (2 * t**3 - 16 * t + 2.5) / (6 * t**2 - 16)
    return (t, t), t**4 - 16 * t**2 + 5 * t


_STYBLINSKI, _STYBLINSKI_LOWEST = _styblinski_lowest()
_ROOT = math.sqrt(27) / 4  # the height of the monkey saddle's upper minimum

SURFACES: dict[str, Surface] = {
    "bowl": Surface(
        title="Bowl",
        about="The easiest there is: the gradient points straight at the minimum.",
        formula=r"f(x,y)=\tfrac12\,(x^2+y^2)",
        source="The quadratic of every textbook.",
        loss=_bowl,
        x_range=(-3.0, 3.0),
        y_range=(-3.0, 3.0),
        start=(-2.5, 2.0),
        minima=((0.0, 0.0),),
    ),
    "ravine": Surface(
        title="Ill-conditioned ravine",
        about="Fifty times as steep across as along: what is stable across is slow along.",
        formula=r"f(x,y)=\tfrac12\,(x^2+50\,y^2)",
        source="Goh 2017, Why Momentum Really Works; condition number 50.",
        loss=_ravine,
        x_range=(-5.0, 2.0),
        y_range=(-1.5, 1.5),
        start=(-4.5, 1.0),
        minima=((0.0, 0.0),),
    ),
    "saddle": Surface(
        title="Saddle",
        about="Down in y, up in x: near the middle the gradient vanishes though no minimum is there.",
        formula=r"f(x,y)=\tfrac12x^2+\tfrac14y^4-\tfrac12y^2",
        source="Nesterov 2004, example 1.2.2: x²−y² near the origin, bounded by a fourth power.",
        loss=_saddle,
        x_range=(-2.0, 2.0),
        y_range=(-1.8, 1.8),
        start=(-1.6, 0.0001),
        minima=((0.0, -1.0), (0.0, 1.0)),
        lowest=-0.25,
        log_levels=False,
    ),
    "monkey": Surface(
        title="Monkey saddle",
        about="Three ways down and three up, and no curvature at all in the middle.",
        formula=r"\begin{aligned}&f(x,y)=x^3-3xy^2\\&\quad +\tfrac12\,(x^2+y^2)^2\end{aligned}",
        source="The monkey saddle of differential geometry, bounded by a fourth power.",
        loss=_monkey,
        x_range=(-2.2, 2.2),
        y_range=(-2.2, 2.2),
        start=(0.9, 0.05),
        minima=((-1.5, 0.0), (0.75, _ROOT), (0.75, -_ROOT)),
        lowest=-0.84375,
        log_levels=False,
    ),
    "rosenbrock": Surface(
        title="Rosenbrock",
        about="A bent valley: its floor is found at once, its lowest point hardly ever.",
        formula=r"\begin{aligned}&f(x,y)=(1-x)^2\\&\quad +100\,(y-x^2)^2\end{aligned}",
        source="Rosenbrock 1960.",
        loss=_rosenbrock,
        x_range=(-2.0, 2.0),
        y_range=(-1.0, 3.0),
        start=(-1.5, 2.0),
        minima=((1.0, 1.0),),
    ),
    "beale": Surface(
        title="Beale",
        about="A plateau with gradients near 0 and walls with huge ones: no single rate suits both.",
        formula=r"\begin{aligned}&f(x,y)=(1.5-x+xy)^2\\&\quad +(2.25-x+xy^2)^2"
        r"\\&\quad +(2.625-x+xy^3)^2\end{aligned}",
        source="Beale 1958.",
        loss=_beale,
        x_range=(-4.5, 4.5),
        y_range=(-4.5, 4.5),
        start=(1.0, 1.5),
        minima=((3.0, 0.5),),
    ),
    "himmelblau": Surface(
        title="Himmelblau",
        about="Four equally good minima: which one is reached depends on start, rule and rate.",
        formula=r"\begin{aligned}&f(x,y)=(x^2+y-11)^2\\&\quad +(x+y^2-7)^2\end{aligned}",
        source="Himmelblau 1972.",
        loss=_himmelblau,
        x_range=(-5.5, 5.5),
        y_range=(-5.5, 5.5),
        start=(-0.5, -1.0),
        minima=(
            (3.0, 2.0),
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.283185991286170),
            (3.584428340330492, -1.848126526964404),
        ),
    ),
    "rastrigin": Surface(
        title="Rastrigin",
        about="A bowl full of dents: every small step ends in the nearest one.",
        formula=r"\begin{aligned}&f(x,y)=20+x^2+y^2\\&\quad -10\,(\cos 2\pi x+\cos 2\pi y)\end{aligned}",
        source="Rastrigin 1974; Mühlenbein, Schomisch and Born 1991.",
        loss=_rastrigin,
        x_range=(-5.12, 5.12),
        y_range=(-5.12, 5.12),
        start=(3.4, -2.6),
        minima=((0.0, 0.0),),
        log_levels=False,
    ),
    "styblinski": Surface(
        title="Styblinski–Tang",
        about="Four hollows, one a little deeper than the rest.",
        formula=r"\begin{aligned}&f(x,y)=\tfrac12\,(x^4-16x^2+5x)"
        r"\\&\quad +\tfrac12\,(y^4-16y^2+5y)\end{aligned}",
        source="Styblinski and Tang 1990.",
        loss=_styblinski,
        x_range=(-5.0, 5.0),
        y_range=(-5.0, 5.0),
        start=(0.5, 4.5),
        minima=(_STYBLINSKI,),
        lowest=_STYBLINSKI_LOWEST,
        log_levels=False,
    ),
    "ackley": Surface(
        title="Ackley",
        about="Ripples on a funnel: almost flat far out, steep at the very middle.",
        formula=r"\begin{aligned}&f(x,y)=20+e\\&\quad -20\,e^{-0.2\sqrt{(x^2+y^2)/2}}"
        r"\\&\quad -e^{(\cos 2\pi x+\cos 2\pi y)/2}\end{aligned}",
        source="Ackley 1987.",
        loss=_ackley,
        x_range=(-4.0, 4.0),
        y_range=(-4.0, 4.0),
        start=(2.7, -1.6),
        minima=((0.0, 0.0),),
        log_levels=False,
    ),
    "camel": Surface(
        title="Six-hump camel",
        about="Six hollows, two of them deepest, on walls that rise with the sixth power.",
        formula=r"\begin{aligned}&f(x,y)=(4-2.1x^2+\tfrac13x^4)\,x^2\\&\quad +xy+(4y^2-4)\,y^2\end{aligned}",
        source="Dixon and Szegő 1978.",
        loss=_camel,
        x_range=(-2.0, 2.0),
        y_range=(-1.2, 1.2),
        start=(-1.7, 0.9),
        minima=((0.08984201310, -0.71265640), (-0.08984201310, 0.71265640)),
        lowest=-1.0316284534898774,
    ),
    "plateau": Surface(
        title="Plateau",
        about="A hole in a table: a few steps away the gradient is so small that plain steps hardly move.",
        formula=r"\begin{aligned}&f(x,y)=1-e^{-(x^2+y^2)/2}\\&\quad +0.0005\,(x^2+y^2)\end{aligned}",
        source="Saturation, as behind a sigmoid: Glorot and Bengio 2010.",
        loss=_plateau,
        x_range=(-5.0, 5.0),
        y_range=(-5.0, 5.0),
        start=(-3.6, 3.2),
        minima=((0.0, 0.0),),
        log_levels=False,
    ),
}
"""By the name that a link uses."""
