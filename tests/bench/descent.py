"""Gradient descent: seconds from a slider to the new picture of a line and of two classes."""

from __future__ import annotations

from urllib.parse import urljoin

from tests.bench.browser import moved, opened, visited
from tests.bench.settings import Settings
from tests.bench.timing import Bench, Clock, Limit, Side

LINE, CLASSES = (
    ".st-key-descent_line_map .scatterlayer",
    ".st-key-descent_classes_map .subplot.xy .scatterlayer",
)
RATE, STEP = "a line: another learning rate", "a line: another step"
PLANE, THRESHOLD = "a plane, 1,000 points: another learning rate", "two classes: another threshold"
WANTED_S = 0.5


def descent(settings: Settings) -> Bench:
    """Seconds from a key on a slider to the new picture, in a real browser."""
    clock, seconds = Clock(1), {}
    with opened("/descent?descent_line_stop=steps&descent_line_steps=80", LINE) as page:

        def measured(side: str, address: str, drawings: str, slider: str, keys: tuple[str, str]) -> None:
            visited(page, urljoin(page.url, address), drawings)
            move: Side = lambda pair: moved(page, slider, drawings, keys[pair % 2])  # noqa: E731
            move(1)
            seconds.update(clock.alternate({side: move}, settings.pairs))

        back, forth = ("ArrowLeft", "ArrowRight"), ("ArrowLeft", "ArrowLeft")
        line = "/descent?descent_line_stop=steps&descent_line_steps=80"
        measured(RATE, line, LINE, "descent_line_lr", forth)
        measured(STEP, "/descent?descent_view=line", LINE, "descent_line_step", forth)
        measured(PLANE, "/descent?descent_preset=s12plane", LINE, "descent_line_lr", forth)
        measured(THRESHOLD, "/descent?descent_view=classes", CLASSES, "descent_classes_threshold", back)
    return Bench(
        name="descent",
        title="Gradient descent: from a slider to the picture",
        seconds=seconds,
        limits=tuple(Limit(side=side, seconds=WANTED_S) for side in (RATE, STEP, PLANE, THRESHOLD)),
        notes=("Server and browser on the same machine.",),
    )
