"""Stacks that a view shows, measured side by side."""

from collections.abc import Sequence

from dashlab.experiments.stack import StackStats
from dashlab.experiments.stack_measured import measure
from dashlab.experiments.stack_settings import StackConfig
from ui.computed import computed_each


def measured(configs: Sequence[StackConfig]) -> list[StackStats]:
    """What `layer_stats` says of each; those that were asked for before are there at once."""
    return computed_each(measure, configs, doing="Measuring the settings …")
