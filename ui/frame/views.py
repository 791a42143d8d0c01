"""Pages of several views: one is seen at a time, each has its own settings and presets, one link holds all.

A view's setting `lr` is called `<view>_lr` in the state of the page.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import streamlit as st

from dashlab.settings.fields import Spec, Value
from dashlab.settings.flat import FlatConfig
from dashlab.settings.presets import Preset
from ui.frame.page import link_popover, open_page
from ui.frame.pages import PageInfo, page_of
from ui.parts import controls
from ui.parts.controls import Group
from ui.parts.state import PageState, arrive, share
from ui.parts.text import show_notes


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view of a page.

    Attributes:
        name: in the link; letters only.
        title: on the switch between views.
        icon: before the title.
        lead: what to look for, in two or three sentences.
        config: its settings.
        presets: by name; names are unique over all views of the page.
        draw: draws controls and pictures.
    """

    name: str
    title: str
    icon: str
    lead: str
    config: type[FlatConfig]
    draw: Callable[[PageState, "View"], None]
    presets: Mapping[str, Preset[FlatConfig]]

    def full(self, name: str) -> str:
        """What a setting of this view is called in the state of the page."""
        return f"{self.name}_{name}"

    def values(self, config: FlatConfig) -> dict[str, Value]:
        """The values of `config` as the state of the page has them."""
        return {self.full(name): value for name, value in config.flat().items()}

    def config_of(self, state: PageState) -> Any:
        """The view's config as it is set; not checked."""
        return self.config().change(**{name: state.values[self.full(name)] for name in self.config.specs()})

    def put(self, state: PageState, config: FlatConfig) -> None:
        """Set everything in this view; call before its widgets are drawn, or from a callback."""
        state.put(self.values(config))

    def control(self, state: PageState, name: str) -> Value:
        """Draw one setting's widget, as `controls.control` does; nothing where it has no effect."""
        if self.config_of(state).is_used(name):
            controls.control(state, self.full(name))
        return state.values[self.full(name)]

    def preset_picker(self, state: PageState) -> None:
        """Choose one of the view's presets; the other views stay as they are."""
        controls.preset_picker(state, self._described(), names=self._names())

    def changed_from_preset(self, state: PageState) -> None:
        """What differs from the preset in this view, with a button that puts it back."""
        controls.changed_from_preset(state, self._described(), names=self._names())

    def settings(self, state: PageState, groups: Sequence[Group], **more: Any) -> None:
        """Draw groups of this view's settings, named without the view; `more` as for `controls.settings`."""
        full = [Group(group.title, group.icon, tuple(map(self.full, group.names))) for group in groups]
        cut = len(self.name) + 1
        controls.settings(state, full, is_used=lambda name: self.config_of(state).is_used(name[cut:]), **more)

    def _described(self) -> dict[str, tuple[str, str]]:
        return {name: (preset.title, preset.about) for name, preset in self.presets.items()}

    def _names(self) -> tuple[str, ...]:
        return tuple(self.values(self.config()))


@cache
def views_of(page: PageInfo) -> tuple[View, ...]:
    """The views of a page, as its line in the table names them; imports them."""
    places = (place.partition(":") for place in page.views)
    return tuple(getattr(importlib.import_module(module), name) for module, _, name in places)


def open_views(slug: str) -> None:
    """Draw a whole page that consists of views."""
    with open_page(slug):
        _show(page_of(slug))


def _show(page: PageInfo) -> None:
    """What the link could not have, the switch between views, the chosen view, the link."""
    views = views_of(page)
    state = arrive(page.prefix, _specs(views), lambda preset: _start(views, preset), page.home)
    show_notes(state.notes)
    view = _switch(state, views)
    st.markdown(view.lead, width=760)
    view.draw(state, view)
    share(state)
    link_popover(state)


def _specs(views: Iterable[View]) -> dict[str, Spec]:
    names = {view.name: view.title for view in views}
    of_view = Spec(
        kind="choice", label="View", help="What this page shows.", choices=tuple(names), names=names
    )
    return {"view": of_view} | {
        view.full(name): spec for view in views for name, spec in view.config.specs().items()
    }


def _start(views: Sequence[View], preset: str) -> dict[str, Value] | None:
    """All values of the page under a preset; of `""`, the defaults."""
    values: dict[str, Value] = {"view": views[0].name}
    for view in views:
        values |= view.values(view.config())
    if preset == "":
        return values
    for view in views:
        if preset in view.presets:
            return values | {"view": view.name} | view.values(view.presets[preset].config)
    return None


def _switch(state: PageState, views: Sequence[View]) -> View:
    by_name = {view.name: view for view in views}
    names = {view.name: f"{view.icon} {view.title}" for view in views}
    return by_name[controls.one_of(state, "view", names, label="View", label_visibility="collapsed")]
