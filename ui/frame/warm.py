"""What is imported and started as soon as the server stands: no visitor need wait for it."""

import importlib
import logging
import time

from streamlit import runtime

from dashlab import jobs
from dashlab.errors import DashlabError
from ui.frame.collection import freeze_imports
from ui.frame.pages import PAGES
from ui.frame.threads import compute_on_one_core

MODULES = (
    *dict.fromkeys(place.partition(":")[0] for page in PAGES for place in page.views),
    # What those import only once they need it:
    "plotly.graph_objects",
    "torch",
    "torchvision.transforms.v2",
    "dashlab.training.device",
    "dashlab.training.classifier",
    "dashlab.experiments.optimizers.cache",
    "dashlab.experiments.sketch.reading",
)
"""The pages and what they show."""

_LOOK_EVERY_S = 0.02

log = logging.getLogger(__name__)


def warm_up() -> None:
    """To be called in a thread of the server's process; it begins when the server answers."""
    while not runtime.exists():
        time.sleep(_LOOK_EVERY_S)
    try:
        jobs.warm_up()  # they import at the same time
    except DashlabError as error:  # every page says it too
        log.warning("The processes that train and compute were not started: %s", error)
    for module in MODULES:
        importlib.import_module(module)
    compute_on_one_core()
    freeze_imports()
