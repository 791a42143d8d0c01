"""Stacks that a view shows, measured side by side."""

from collections.abc import Sequence

from dashlab.experiments.initialization.measured import measure
from dashlab.experiments.initialization.rows import StackStats
from dashlab.experiments.initialization.settings import StackConfig
from ui.parts.computed import computed_each


def measured(configs: Sequence[StackConfig]) -> list[StackStats]:
    """What `layer_stats` says of each; those that were asked for before are there at once."""
    return computed_each(measure, configs, doing="Measuring the settings …")
