"""What tests of the sketch pad draw, and the networks that they keep."""

from __future__ import annotations

from dataclasses import replace

from streamlit.testing.v1 import AppTest

from dashlab.experiments.sketch.ink import Stroke, encode, simplified
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.settings.run import RunConfig
from dashlab.store.runs import Store
from dashlab.training.engine import resolved
from dashlab.training.models import build
from dashlab.training.weights import weights_of
from tests.app.fakes import result
from tests.strokes import placed, strokes

MADE = PRESETS["sketch"].config
PLAIN = RunConfig().change(hidden=(16,), epochs=1)


def ink(digit: int, pen: int = 18) -> str:
    """A drawn digit, as a link holds it."""
    glyph = placed(strokes(digit), height=180, left=60, top=50)
    return encode(tuple(simplified(Stroke(pen, stroke)) for stroke in glyph))


def keep(config: RunConfig, state: str = "finished", *, name: str = "", wrong: int = 3) -> str:
    """A cached run of `config` with weights that fit it, and its key; it read so many pictures wrongly."""
    made = result(config, state, wrong=wrong)  # type: ignore[arg-type]
    shape = (3, 32, 32) if config.data.dataset == "cifar10" else (1, 28, 28)
    network = build(made.config.model, shape=shape, classes=10, seed=1)
    Store().save(replace(made, weights=weights_of(network)), name)
    return resolved(config).key()


def pictures(app: AppTest) -> int:
    return len(app.get("image"))


def bars(app: AppTest) -> int:
    return len(app.get("plotly_chart"))
