"""Small parts that several views of over- and underfitting are made of."""

from collections.abc import Iterable

from dashlab.errors import ConfigError
from dashlab.settings.flat import FlatConfig
from ui.frame.views import View
from ui.parts.sliders import along
from ui.parts.state import PageState


def slider(state: PageState, view: View, name: str, places: Iterable[int]) -> int:
    """A slider over the places of a whole number that a link may also have set to another one."""
    full = view.full(name)
    spec, now = state.specs[full], int(str(state.values[full]))
    there = sorted({now, *(place for place in places if spec.low <= place <= spec.high)})
    return along(state, full, there) or now


def problem_of(state: PageState, view: View, config: FlatConfig) -> str:
    """What cannot be read, or is not sound, among the settings, as a sentence; "" if nothing is."""
    try:
        config.check()
    except ConfigError as error:
        return view.problem(state) or str(error)
    return view.problem(state)
