"""The one class of presets: a config with a name, and what to look for in it.

The presets themselves stand with their topic, in `dashlab.experiments.<topic>.presets`.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

Config_co = TypeVar("Config_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Preset(Generic[Config_co]):
    """A telling case of one view.

    Attributes:
        name: in a link and on the command line; no other preset of the page has it.
        title: for people.
        about: what it shows and what to look for, in sentences.
        config: all of its settings.
    """

    name: str
    title: str
    about: str
    config: Config_co


def by_name(*presets: Preset[Config_co]) -> dict[str, Preset[Config_co]]:
    """The presets by name, in this order."""
    named = {preset.name: preset for preset in presets}
    assert len(named) == len(presets), "two presets have one name"
    return named
