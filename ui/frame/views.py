"""Pages as views: one is seen at a time, each has its own settings and presets, one link holds all.

A view's setting `lr` is called `<view>_lr` in the state of the page; `lr` where the page has one view alone.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import streamlit as st

from dashlab.settings.fields import Spec, Value
from dashlab.settings.flat import FlatConfig
from dashlab.settings.presets import Preset
from dashlab.settings.run import RunConfig
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
        name: in the link; letters only. Empty where the page has no other view.
        title: on the switch between views.
        icon: before the title.
        lead: what to look for, in two or three sentences.
        config: its settings.
        presets: by name; names are unique over all views of the page.
        draw: draws controls and pictures.
        left_alone: settings that a preset leaves as they are.
        draws_link: whether `draw` itself brings the address in line, and draws the link where it belongs.
    """

    name: str
    title: str
    icon: str
    lead: str
    config: type[FlatConfig] | type[RunConfig]
    draw: Callable[[PageState, "View"], None]
    presets: Mapping[str, Preset[FlatConfig | RunConfig]]
    left_alone: tuple[str, ...] = ()
    draws_link: bool = False

    def full(self, name: str) -> str:
        """What a setting of this view is called in the state of the page."""
        return f"{self.name}_{name}" if self.name else name

    def values(self, config: FlatConfig | RunConfig) -> dict[str, Value]:
        """The values of `config` as the state of the page has them."""
        return {self.full(name): value for name, value in config.flat().items()}

    def config_of(self, state: PageState) -> Any:
        """The view's config as it is set; not checked."""
        return self.config().change(**{name: state.values[self.full(name)] for name in self.config.specs()})

    def put(self, state: PageState, config: FlatConfig | RunConfig) -> None:
        """Set everything in this view; call before its widgets are drawn, or from a callback."""
        state.put(self.values(config))

    def control(self, state: PageState, name: str) -> Value:
        """Draw one setting's widget, as `controls.control` does; nothing where it has no effect."""
        if self.config_of(state).is_used(name):
            controls.control(state, self.full(name))
        else:
            state.problems.pop(self.full(name), None)  # what is not drawn cannot be mended
        return state.values[self.full(name)]

    def problem(self, state: PageState) -> str:
        """What cannot be read among this view's settings, as a sentence; empty if there is nothing."""
        return state.problem(map(self.full, self.config.specs()))

    def preset_picker(self, state: PageState, **words: Any) -> None:
        """Choose one of the view's presets; the other views stay as they are.

        `words` as for `controls.preset_picker`.
        """
        controls.preset_picker(state, self._described(), names=self._names(), **words)

    def changed_from_preset(self, state: PageState) -> None:
        """What differs from the preset in this view, with a button that puts it back."""
        controls.changed_from_preset(state, self._described(), names=self._names())

    def settings(self, state: PageState, groups: Sequence[Group], **more: Any) -> None:
        """Draw groups of this view's settings, named without the view; `more` as for `controls.settings`."""
        full = [Group(group.title, group.icon, tuple(map(self.full, group.names))) for group in groups]
        own = self.full("")
        controls.settings(
            state, full, is_used=lambda name: self.config_of(state).is_used(name.removeprefix(own)), **more
        )

    def _described(self) -> dict[str, tuple[str, str]]:
        return {name: (preset.title, preset.about) for name, preset in self.presets.items()}

    def _names(self) -> tuple[str, ...]:
        return tuple(self.full(name) for name in self.config.specs() if name not in self.left_alone)


@cache
def views_of(page: PageInfo) -> tuple[View, ...]:
    """The views of a page, as its line in the table names them; imports them."""
    places = (place.partition(":") for place in page.views)
    return tuple(getattr(importlib.import_module(module), name) for module, _, name in places)


def open_views(slug: str) -> None:
    """Draw a whole page."""
    page = page_of(slug)
    views = views_of(page)
    with open_page(slug, "" if len(views) > 1 else views[0].lead):
        _show(page, views)


def _show(page: PageInfo, views: Sequence[View]) -> None:
    """What the link could not have, the switch between views, the chosen view, the link."""
    state = arrive(page.prefix, specs_of(views), lambda preset: start_of(views, preset), page.home)
    show_notes(state.address.notes)
    view = views[0]
    if len(views) > 1:
        view = _switch(state, views)
        st.markdown(view.lead, width=760)
    view.draw(state, view)
    if not view.draws_link:
        share(state)
        link_popover(state)


def specs_of(views: Sequence[View]) -> dict[str, Spec]:
    """The description of every setting of a page with these views."""
    specs = {view.full(name): spec for view in views for name, spec in view.config.specs().items()}
    if len(views) == 1:
        return specs
    names = {view.name: view.title for view in views}
    of_view = Spec(
        kind="choice", label="View", help="What this page shows.", choices=tuple(names), names=names
    )
    return {"view": of_view} | specs


def start_of(views: Sequence[View], preset: str) -> dict[str, Value] | None:
    """All values of a page with these views under a preset, None if it has no such; of `""`, the defaults."""
    several = len(views) > 1
    values: dict[str, Value] = {"view": views[0].name} if several else {}
    for view in views:
        values |= view.values(view.config())
    if preset == "":
        return values
    for view in views:
        if preset in view.presets:
            values |= {"view": view.name} if several else {}
            return values | view.values(view.presets[preset].config)
    return None


def _switch(state: PageState, views: Sequence[View]) -> View:
    by_name = {view.name: view for view in views}
    names = {view.name: f"{view.icon} {view.title}" for view in views}
    return by_name[controls.one_of(state, "view", names, label="View", label_visibility="collapsed")]
