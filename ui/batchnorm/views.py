"""BatchNorm against none: the views of the page."""

from dashlab.experiments.batchnorm import presets
from dashlab.experiments.batchnorm.look import TwinsLook
from ui.batchnorm import sweeps, twins
from ui.frame.views import View

VIEWS = (
    View(
        name="twins",
        title="Twins",
        icon=":material/compare:",
        lead=twins.LEAD,
        config=TwinsLook,
        presets=presets.TWINS,
        draw=twins.draw,
    ),
    View(
        name="rates",
        title="Learning-rate sweep",
        icon=":material/speed:",
        lead=sweeps.RATES_LEAD,
        config=sweeps.RateSweep,
        presets=presets.RATES,
        draw=sweeps.draw,
    ),
    View(
        name="batches",
        title="Batch-size sweep",
        icon=":material/stacked_bar_chart:",
        lead=sweeps.BATCHES_LEAD,
        config=sweeps.BatchSweep,
        presets=presets.BATCHES,
        draw=sweeps.draw,
    ),
)
HOME = "s7"
"""The preset that stands there before anything is touched."""
