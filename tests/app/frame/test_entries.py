"""The editor of lists, on each page that has one: what a press means, and what it must not lose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.augmentation.pipeline import read_steps
from dashlab.experiments.initialization.settings import Setting
from dashlab.settings.lists import entries_of, text_of
from dashlab.settings.optim import OptimConfig, SurfaceOptimConfig
from tests.app.pages import link, press, ran, view_link

pytestmark = pytest.mark.usefixtures("pictures_at_hand")
LRS = "lr~0.1~~lr~0.2~~lr~0.3"


@dataclass(frozen=True)
class Editor:
    """A page with a list of three, of each of which a test looks at one number.

    `field` is the widget of the first entry's number; `set_to` what it is set to, and `comes_to` the number.
    """

    page: str
    query: dict[str, str]
    setting: str
    read: Callable[[str], Sequence[Any]]
    stem: str
    numbers: tuple[float, ...]
    field: tuple[str, str]
    set_to: Any
    comes_to: float
    can_copy: bool = False
    can_add: bool = True
    can_move: bool = False


def _racers(view: str, kind: type[OptimConfig]) -> Editor:
    setting = f"optim_{view}_racers"
    return Editor(
        page="optimizers",
        query=view_link("optim", view, {"racers": LRS}),
        setting=setting,
        read=lambda text: [racer.lr for racer in entries_of(text, kind)],
        stem=f"{setting}_",
        numbers=(0.1, 0.2, 0.3),
        field=("select_slider", "lr"),
        set_to=0.5,
        comes_to=0.5,
        can_copy=True,
    )


def _stacks(view: str) -> Editor:
    setting = f"init_{view}_settings"
    three = text_of(Setting(std=std) for std in (0.1, 0.2, 0.3))
    return Editor(
        page="initialization",
        query=view_link("init", view, {"settings": three, "depth": "2", "width": "8"}),
        setting=setting,
        read=lambda text: [entry.std for entry in entries_of(text, Setting)],
        stem=f"{setting}_",
        numbers=(0.1, 0.2, 0.3),
        field=("select_slider", "std"),
        set_to=0.5,
        comes_to=0.5,
    )


EDITORS = {
    "surface": _racers("surface", SurfaceOptimConfig),
    "network": _racers("net", OptimConfig),
    "signals": _stacks("stack"),
    "training": _stacks("learn"),
    "augmentation": Editor(
        page="augmentation",
        query={
            "aug_draws": "1",
            "aug_pipeline": "~~".join(f"transform~Pad~padding~{width}" for width in (1, 2, 3)),
        },
        setting="aug_pipeline",
        read=lambda text: [float(str(step.values["padding"])) for step in read_steps(text)],
        stem="aug_step",
        numbers=(1, 2, 3),
        field=("text_input", "padding"),
        set_to="9",
        comes_to=9,
        can_add=False,
        can_move=True,
    ),
}


@dataclass
class Opened:
    """An editor on its page."""

    editor: Editor
    app: AppTest

    def key(self, mark: int, what: str) -> str:
        return f"{self.editor.stem}{mark}_{what}"

    def numbers(self) -> list[float]:
        return [float(number) for number in self.editor.read(link(self.app)[self.editor.setting])]

    def shown(self) -> list[float]:
        """The numbers that the widgets show, in the order of their marks."""
        kind, what = self.editor.field
        keys = [widget.key for widget in self.app.get(kind)]
        here = [key for key in keys if key and key.startswith(self.editor.stem) and key.endswith(f"_{what}")]
        return [float(getattr(self.app, kind)(key=key).value) for key in here]

    def change(self, mark: int = 0) -> None:
        """Set the entry's number, with no run that sees it."""
        kind, what = self.editor.field
        getattr(self.app, kind)(key=self.key(mark, what)).set_value(self.editor.set_to)

    def press(self, mark: int, what: str) -> None:
        press(self.app, self.key(mark, what))

    def called(self, mark: int, what: str) -> Callable[[], None]:
        """What a press on a button calls, to be called as often as it was pressed before a run drew it."""
        return callback_of(self.app, self.key(mark, what))


def callback_of(app: AppTest, key: str) -> Callable[[], None]:
    state = app.session_state._state  # type: ignore[attr-defined]
    (known,) = {w for w in state._new_widget_state.widget_metadata if w == app.button(key=key).proto.id}
    callback: Callable[[], None] = state._new_widget_state.widget_metadata[known].callback
    return callback


@pytest.fixture(params=EDITORS)
def opened(request: pytest.FixtureRequest, open_app: Callable[..., AppTest]) -> Opened:
    editor = EDITORS[request.param]
    app = ran(open_app(f"pages/{editor.page}.py", **editor.query))
    if editor.page == "initialization":
        for mark in range(3):
            app.session_state[f"{editor.stem}{mark}_box"] = True
        ran(app)
    found = Opened(editor, app)
    assert found.shown() == list(editor.numbers)
    return found


# A change, and a press that comes with it


def test_a_removal_keeps_what_was_just_changed(opened: Opened) -> None:
    opened.change()
    opened.press(1, "remove")
    one, _, three = opened.editor.numbers
    assert one != opened.editor.comes_to
    assert opened.numbers() == [opened.editor.comes_to, three]
    ran(opened.app)
    assert opened.shown() == opened.numbers()


def test_a_copy_has_what_was_just_changed(opened: Opened) -> None:
    if not opened.editor.can_copy:
        assert opened.key(0, "copy") not in {button.key for button in opened.app.button}
        return
    opened.change()
    opened.press(0, "copy")
    new = opened.editor.comes_to
    assert opened.numbers() == [new, new, *opened.editor.numbers[1:]]
    ran(opened.app)
    assert opened.shown() == opened.numbers()
