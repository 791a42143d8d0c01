"""The pages of the course: seconds from a slider to the new picture of each view."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

from tests.bench.browser import moved, opened, visited
from tests.bench.settings import Settings
from tests.bench.timing import Bench, Clock, Limit, Side

WANTED_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A slider of a view, and the pictures that it changes."""

    title: str
    address: str
    slider: str
    pictures: tuple[str, ...]
    keys: tuple[str, str] = ("ArrowRight", "ArrowLeft")  # there and back

    @property
    def drawings(self) -> str:
        """The selector of what is drawn anew."""
        return ", ".join(f".st-key-{picture} .cartesianlayer" for picture in self.pictures)


LEFT = ("ArrowLeft", "ArrowLeft")
LINE = "/descent?descent_line_stop=steps&descent_line_steps=80"
MOVED = (
    Moved(
        title="a line: another learning rate",
        address=LINE,
        slider="descent_line_lr",
        pictures=("descent_line_map",),
        keys=LEFT,
    ),
    Moved(title="a line: another step", address=LINE, slider="descent_line_step",
          pictures=("descent_line_map",), keys=LEFT),
    Moved(
        title="a plane, 1,000 points: another learning rate",
        address="/descent?descent_preset=s12plane",
        slider="descent_line_lr",
        pictures=("descent_line_map",),
        keys=LEFT,
    ),
    Moved(title="two classes: another threshold", address="/descent?descent_view=classes",
          slider="descent_classes_threshold", pictures=("descent_classes_map",)),
    Moved(title="backpropagation: another step of it", address="/descent?descent_view=backprop",
          slider="descent_backprop_phase", pictures=("descent_backprop_chart",)),
    Moved(title="backpropagation: another learning rate", address="/descent?descent_preset=byhand&"
          "descent_backprop_phase=99", slider="descent_backprop_lr", pictures=("descent_backprop_chart",)),
    Moved(title="a polynomial: another degree", address="/fitting", slider="fit_curve_degree",
          pictures=("fit_curve_chart", "fit_curve_chart_degree")),
    Moved(title="a polynomial: another noise, 100 new samples", address="/fitting", slider="fit_curve_noise",
          pictures=("fit_curve_chart", "fit_curve_chart_degree")),
    Moved(title="random features: another ridge", address="/fitting?fit_view=features",
          slider="fit_features_ridge", pictures=("fit_features_chart",)),
    Moved(title="activations: another x", address="/activations", slider="act_curves_point",
          pictures=("act_curves_chart_values",)),
    Moved(title="layers: another layer", address="/activations?act_view=layers", slider="act_layers_layer",
          pictures=("act_layers_chart", "act_layers_chart_layer"), keys=LEFT),
)  # fmt: skip


def course(settings: Settings) -> Bench:
    """Seconds from a key on a slider to the new picture, in a real browser."""
    clock, seconds = Clock(1), {}
    with opened(MOVED[0].address, MOVED[0].drawings) as page:
        for one in MOVED:
            visited(page, urljoin(page.url, one.address), one.drawings)

            def move(pair: int, one: Moved = one) -> float:
                return moved(page, one.slider, one.drawings, one.keys[pair % 2])

            move(1)
            sides: dict[str, Side] = {one.title: move}
            seconds.update(clock.alternate(sides, settings.pairs))
    return Bench(
        name="course",
        title="The pages of the course: from a slider to the picture",
        seconds=seconds,
        limits=tuple(Limit(side=one.title, seconds=WANTED_S) for one in MOVED),
        notes=("Server and browser on the same machine.",),
    )
