"""The editor of lists, on each page that has one: what a press means, and what it must not lose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashlab.experiments.augmentation.pipeline import read_steps
from dashlab.experiments.initialization.settings import Setting
from dashlab.settings.lists import entries_of, text_of
from dashlab.settings.optim import OptimConfig, SurfaceOptimConfig
from tests.app.pages import link, press, ran, view_link

pytestmark = pytest.mark.usefixtures("pictures_at_hand")
RATES = "lr~0.1~~lr~0.2~~lr~0.3"
STDS = text_of(Setting(std=std) for std in (0.1, 0.2, 0.3))
PADS = "~~".join(f"transform~Pad~padding~{width}" for width in (1, 2, 3))


@dataclass(frozen=True, kw_only=True)
class Editor:
    """A page with a list of three; of each entry a test looks at one number.

    `kind` and `field` name the number's widget, `changed` is what it is set to.
    """

    page: str
    query: dict[str, str]
    setting: str
    stem: str
    read: Callable[[str], Sequence[float]]
    kind: str = "select_slider"
    field: str
    start: tuple[float, ...] = (0.1, 0.2, 0.3)
    changed: float | str = 0.5


def _racers(view: str, of: type[OptimConfig]) -> Editor:
    return Editor(
        page="optimizers",
        query=view_link("optim", view, {"racers": RATES}),
        setting=f"optim_{view}_racers",
        stem=f"optim_{view}_racers_",
        read=lambda text: [racer.lr for racer in entries_of(text, of)],
        field="lr",
    )


def _stacks(view: str) -> Editor:
    return Editor(
        page="initialization",
        query=view_link("init", view, {"settings": STDS, "depth": "2", "width": "8"}),
        setting=f"init_{view}_settings",
        stem=f"init_{view}_settings_",
        read=lambda text: [entry.std for entry in entries_of(text, Setting)],
        field="std",
    )


EDITORS = {
    "surface": _racers("surface", SurfaceOptimConfig),
    "network": _racers("net", OptimConfig),
    "signals": _stacks("stack"),
    "training": _stacks("learn"),
    "augmentation": Editor(
        page="augmentation",
        query={"aug_draws": "1", "aug_pipeline": PADS},
        setting="aug_pipeline",
        stem="aug_step",
        read=lambda text: [float(str(step.values["padding"])) for step in read_steps(text)],
        kind="text_input",
        field="padding",
        start=(1.0, 2.0, 3.0),
        changed="9",
    ),
}
COPYING = ("surface", "network")
ADDING = ("surface", "network", "signals", "training")


@dataclass
class Opened:
    """An editor on its page."""

    editor: Editor
    app: AppTest

    @property
    def changed(self) -> float:
        return float(self.editor.changed)

    def widget(self, mark: int) -> Any:
        return getattr(self.app, self.editor.kind)(key=f"{self.editor.stem}{mark}_{self.editor.field}")

    def change(self, mark: int) -> None:
        """Set the entry's number; the run that sees it comes with the next press."""
        self.widget(mark).set_value(self.editor.changed)

    def press(self, mark: int, what: str) -> None:
        press(self.app, f"{self.editor.stem}{mark}_{what}")

    def add(self) -> None:
        press(self.app, f"{self.editor.setting}_add")

    def has(self, **expected: float) -> bool:
        """Whether the link and, also after a run more, the widgets have these numbers, by `_<mark>`."""
        ran(self.app)
        numbers = list(self.editor.read(link(self.app)[self.editor.setting]))
        shown = [float(self.widget(int(mark[1:])).value) for mark in expected]
        assert numbers == shown == list(expected.values()), (numbers, shown)
        return True


@pytest.fixture
def open_editor(open_app: Callable[..., AppTest]) -> Callable[[str], Opened]:
    """An editor by name, with all that can be folded up unfolded."""

    def start(name: str) -> Opened:
        editor = EDITORS[name]
        app = ran(open_app(f"pages/{editor.page}.py", **editor.query))
        if editor.page == "initialization":
            for mark in range(6):
                app.session_state[f"{editor.stem}{mark}_box"] = True
            ran(app)
        return Opened(editor, app)

    return start


@pytest.fixture
def pressed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every press arrives twice before the page is drawn again."""
    once = st.button

    def twice(
        label: str, *, on_click: Callable[..., None] | None = None, args: tuple[Any, ...] = (), **more: Any
    ) -> bool:
        def callback() -> None:
            for _ in range(2):
                if on_click is not None:
                    on_click(*args)

        return once(label, on_click=callback, **more)

    monkeypatch.setattr(st, "button", twice)


# A change that no run has seen when the press comes


@pytest.mark.parametrize("name", EDITORS)
def test_a_removal_keeps_what_was_just_changed(name: str, open_editor: Callable[[str], Opened]) -> None:
    opened = open_editor(name)
    opened.change(0)
    opened.press(1, "remove")
    assert opened.has(_0=opened.changed, _2=opened.editor.start[2])


@pytest.mark.parametrize("name", COPYING)
def test_a_copy_has_what_was_just_changed(name: str, open_editor: Callable[[str], Opened]) -> None:
    opened = open_editor(name)
    opened.change(0)
    opened.press(0, "copy")
    assert opened.has(_0=0.5, _3=0.5, _1=0.2, _2=0.3)


@pytest.mark.parametrize("name", ADDING)
def test_an_addition_keeps_what_was_just_changed(name: str, open_editor: Callable[[str], Opened]) -> None:
    opened = open_editor(name)
    opened.change(2)
    opened.add()
    added = 0.5 if name in ("signals", "training") else OptimConfig().change(optimizer="adam").lr
    assert opened.has(_0=0.1, _1=0.2, _2=0.5, _3=added)


def test_a_step_that_is_added_keeps_what_was_just_changed(open_editor: Callable[[str], Opened]) -> None:
    opened = open_editor("augmentation")
    opened.change(0)
    ran(opened.app.selectbox(key="aug_add").set_value("Pad"))
    assert opened.has(_0=9, _1=2, _2=3, _3=16)


@pytest.mark.parametrize(("mark", "what"), [(0, "later"), (1, "earlier")])
def test_a_move_keeps_what_was_just_changed(
    mark: int, what: str, open_editor: Callable[[str], Opened]
) -> None:
    opened = open_editor("augmentation")
    opened.change(0)
    opened.press(mark, what)
    assert opened.has(_1=2, _0=9, _2=3)


@pytest.mark.parametrize("name", ["signals", "training"])
def test_folding_up_keeps_what_was_just_changed(name: str, open_editor: Callable[[str], Opened]) -> None:
    opened = open_editor(name)
    opened.change(0)
    opened.app.session_state[f"{opened.editor.stem}0_box"] = False
    ran(ran(opened.app))
    assert opened.editor.read(link(opened.app)[opened.editor.setting]) == [0.5, 0.2, 0.3]
    assert f"{opened.editor.stem}0_std" not in {slider.key for slider in opened.app.select_slider}


# A press that comes twice, or too late


@pytest.mark.usefixtures("pressed_twice")
@pytest.mark.parametrize("name", EDITORS)
def test_two_presses_remove_one(name: str, open_editor: Callable[[str], Opened]) -> None:
    opened = open_editor(name)
    opened.press(0, "remove")
    assert opened.has(_1=opened.editor.start[1], _2=opened.editor.start[2])


@pytest.mark.usefixtures("pressed_twice")
@pytest.mark.parametrize("name", COPYING)
def test_two_presses_make_one_copy(name: str, open_editor: Callable[[str], Opened]) -> None:
    opened = open_editor(name)
    opened.press(1, "copy")
    assert opened.has(_0=0.1, _1=0.2, _3=0.2, _2=0.3)


@pytest.mark.usefixtures("pressed_twice")
@pytest.mark.parametrize("name", ADDING)
def test_two_presses_add_one(name: str, open_editor: Callable[[str], Opened]) -> None:
    opened = open_editor(name)
    opened.add()
    assert len(opened.editor.read(link(opened.app)[opened.editor.setting])) == 4


@pytest.mark.usefixtures("pressed_twice")
def test_two_presses_move_the_same_step_twice(open_editor: Callable[[str], Opened]) -> None:
    opened = open_editor("augmentation")
    opened.press(0, "later")
    assert opened.has(_1=2, _2=3, _0=1)


@pytest.mark.parametrize("name", EDITORS)
def test_two_are_removed_at_once_each_for_itself(name: str, open_editor: Callable[[str], Opened]) -> None:
    opened = open_editor(name)
    opened.app.button(key=f"{opened.editor.stem}0_remove").click()
    opened.press(1, "remove")
    assert opened.has(_2=opened.editor.start[2])


@pytest.mark.parametrize("name", ["surface", "network", "signals", "training"])
def test_the_last_one_stays_however_many_presses_come(
    name: str, open_editor: Callable[[str], Opened]
) -> None:
    opened = open_editor(name)
    for mark in (0, 1):
        opened.app.button(key=f"{opened.editor.stem}{mark}_remove").click()
    opened.press(2, "remove")
    assert len(opened.editor.read(link(opened.app)[opened.editor.setting])) == 1


@pytest.mark.parametrize("name", ["surface", "network", "signals", "training"])
def test_what_is_put_back_forgets_a_change_and_a_press_that_came_with_it(
    name: str, open_editor: Callable[[str], Opened]
) -> None:
    opened = open_editor(name)
    prefix = opened.editor.setting.partition("_")[0]
    opened.change(0)
    opened.app.button(key=f"{opened.editor.stem}1_remove").click()
    press(opened.app, f"{prefix}_put_back")
    assert opened.editor.setting not in link(opened.app)
    ran(opened.app)
    assert opened.editor.setting not in link(opened.app)
