"""Every control of every page, as a browser gets to know it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.pages import ran

OPENED: dict[str, dict[str, str]] = {
    "trainer": {"train_lr": "0.03", "train_train_size": "12000", "train_epochs": "4"},
    "sketch": {"sketch_pen": "31"},
    "optimizers": {"optim_surface_steps": "70", "optim_surface_x": "-3.5"},
    "initialization": {"init_stack_depth": "20", "init_stack_layer": "7"},
    "batchnorm": {"bn_twins_momentum": "0.3", "bn_twins_hidden": "20-20"},
    "augmentation": {"aug_draws": "3", "aug_seed": "5"},
}
KINDS = ("slider", "select_slider", "number_input", "toggle", "checkbox", "selectbox", "text_input")


@pytest.mark.parametrize("page", OPENED)
def test_a_browser_that_is_late_draws_what_is_set_and_not_where_a_control_would_start(
    page: str, open_app: Callable[..., AppTest], pictures_at_hand: None
) -> None:
    app = ran(open_app(f"pages/{page}.py", **OPENED[page]))
    ran(app)  # the run in which the session tells the browser each value is over
    compared = dict(_compared(app))
    assert OPENED[page].keys() <= compared.keys()
    assert {key: pair for key, pair in compared.items() if pair[0] != pair[1]} == {}


def _compared(app: AppTest) -> Iterator[tuple[str | None, tuple[Any, Any]]]:
    """Of each control: what a browser shows that has not drawn it before, and what is set."""
    for kind in KINDS:
        for widget in app.get(kind):
            if widget.proto.set_value:  # told in every run
                continue
            yield widget.key, (_shown(widget), _set(widget))


def _shown(widget: Any) -> Any:
    default = widget.proto.default
    if widget.type == "select_slider":
        return widget.proto.options[int(default[0])]
    if widget.type == "selectbox":
        return widget.options[default] if widget.proto.HasField("default") else None
    return tuple(default) if widget.type == "slider" else default


def _set(widget: Any) -> Any:
    value = widget.value
    if widget.type == "select_slider":
        return f"{value:g}" if isinstance(value, float) else str(value)
    if widget.type == "selectbox":
        return None if widget.index is None else widget.options[widget.index]
    if widget.type == "slider":
        return tuple(value) if isinstance(value, (tuple, list)) else (value,)
    return value
