"""Every page, view and preset opens by its link: with something telling, again as it was, and put back."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.pages import link, press, ran, texts
from tests.places import PLACES, PRESETS
from ui.frame.pages import PAGES, PageInfo
from ui.parts.state import PageState

pytestmark = pytest.mark.usefixtures("pictures_at_hand")

TELLING = ("plotly_chart", "vega_lite_chart", "image", "imgs", "arrow_data_frame")
"""What is worth seeing: a picture or a table."""
SHEET = "bidi_component"
"""What people draw on, where the picture is theirs."""
WITH_SETTINGS = [place for place in PLACES if place[0] != "app.py"]


def page_at(path: str) -> PageInfo:
    return next(page for page in PAGES if page.path == path)


def state_of(app: AppTest, path: str) -> PageState:
    state: PageState = app.session_state[f"{page_at(path).prefix}__state"]
    return state


def telling(app: AppTest, path: str) -> int:
    """How many things are worth seeing."""
    kinds = (*TELLING, SHEET) if page_at(path).slug == "sketch" else TELLING
    return sum(len(app.get(kind)) for kind in kinds)


@pytest.mark.parametrize(("path", "query"), [*WITH_SETTINGS, *PRESETS], ids=str)
def test_it_opens_with_something_telling_and_stays_as_it_is(
    path: str, query: Mapping[str, str], open_app: Callable[..., AppTest]
) -> None:
    app = ran(open_app(path, **query))
    if query.get("train_preset") != "s16":  # one's own pictures, of which there are none yet
        assert telling(app, path), texts(app)
    assert state_of(app, path).address.notes == ()
    seen, values, address = telling(app, path), dict(state_of(app, path).values), link(app)
    ran(app)
    assert (telling(app, path), state_of(app, path).values, link(app)) == (seen, values, address)


@pytest.mark.parametrize(("path", "query"), PRESETS, ids=str)
def test_a_preset_is_what_its_link_says_and_nothing_is_changed(
    path: str, query: Mapping[str, str], open_app: Callable[..., AppTest]
) -> None:
    state = state_of(ran(open_app(path, **query)), path)
    (preset,) = query.values()
    assert (state.preset, state.values) == (preset, dict(state.start(preset) or {}))


@pytest.mark.parametrize(("path", "query"), WITH_SETTINGS, ids=str)
def test_settings_that_were_changed_are_in_the_link_and_can_be_put_back(
    path: str, query: Mapping[str, str], open_app: Callable[..., AppTest]
) -> None:
    app, prefix = ran(open_app(path, **query)), page_at(path).prefix
    view = query.get(f"{prefix}_view", "")
    dice = random.Random(f"{path} {view}")
    numbers = [
        name
        for name, spec in state_of(app, path).specs.items()
        if spec.kind in ("number", "integer") and name.startswith(view) and f"{prefix}_{name}" in keys(app)
    ]
    assert numbers, "a view has a number to set"
    name = dice.choice(numbers)
    spec = state_of(app, path).specs[name]
    other = spec.low if state_of(app, path).values[name] != spec.low else spec.high
    asked = {f"{prefix}_{name}": spec.format(int(other) if spec.kind == "integer" else float(other))}
    app = ran(open_app(path, **query, **asked))
    state = state_of(app, path)
    if spec.parse(asked[f"{prefix}_{name}"]) != state.values[name]:  # there is less of it just now
        assert f"{name}=" in texts(app) or "it is at the edge now" in texts(app)
    again = state_of(ran(open_app(path, **link(app))), path)
    assert again.values == state.values
    assert again.address.notes in ((), state.address.notes)  # a wish that is kept is said again
    if f"{prefix}_put_back" in {button.key for button in app.button}:
        app = press(app, f"{prefix}_put_back")
        state = state_of(app, path)
        assert state.values[name] == (state.start(state.preset) or {})[name]


def keys(app: AppTest) -> set[str]:
    kinds = ("slider", "select_slider", "number_input")
    return {str(one.key) for kind in kinds for one in getattr(app, kind)}
