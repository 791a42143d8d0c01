"""The presets of all pages and views: each topic lists its own in `dashlab.experiments.<topic>.presets`."""

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from dashlab import experiments
from dashlab.settings.presets import Preset


def every() -> Iterator[tuple[str, str, Preset[Any]]]:
    """Each preset with its topic, which is the page's word, and its view; `""` where the page has but one.

    Topics come by the alphabet, views and presets in the order in which the page has them. A topic may have
    none.
    """
    for topic in pkgutil.iter_modules(experiments.__path__):
        module = f"{experiments.__name__}.{topic.name}.presets"
        if not topic.ispkg or find_spec(module) is None:
            continue
        for view, presets in importlib.import_module(module).BY_VIEW.items():
            for preset in presets.values():
                yield topic.name, view, preset
