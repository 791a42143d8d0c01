"""Pages of several views."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.pages import elements, link, press, ran
from ui.frame.pages import PAGES as ALL_PAGES
from ui.frame.views import views_of
from ui.parts.links import PLAIN

PAGES = [(page.slug, page.prefix, views_of(page)[-1].name) for page in ALL_PAGES if len(page.views) > 1]


@pytest.mark.parametrize(("slug", "prefix", "view"), PAGES)
def test_a_switch_that_the_browser_left_unanswered_stays_where_it_was(
    slug: str, prefix: str, view: str, open_app: Callable[..., AppTest]
) -> None:
    app = open_app(f"pages/{slug}.py", **{f"{prefix}_view": view}).run()
    app.session_state[f"{prefix}_view"] = None
    app.run()
    assert not app.exception
    assert app.session_state[f"{prefix}_view"] == view


PUT_BACK = (
    ("optim", {"optim_surface_steps": "70"}, "optim_put_back", None),
    ("init", {"init_stack_depth": "20"}, "init_put_back", None),
    ("bn", {"bn_twins_momentum": "0.3"}, "bn_put_back", None),
    ("train", {"train_lr": "0.05"}, "train_put_back", None),
    ("aug", {"aug_seed": "5"}, "aug_seed", 0),
    ("sketch", {"sketch_pen": "31"}, "sketch_pen", 18),
    ("descent", {"descent_line_lr": "0.02"}, "descent_put_back", None),
    ("fit", {"fit_curve_degree": "7"}, "fit_put_back", None),
    ("act", {"act_curves_reach": "7"}, "act_put_back", None),
    ("conv", {"conv_layer_stride": "2"}, "conv_put_back", None),
)
"""Prefix, a link without a preset, and what brings the plain defaults back: a button, or a value."""


@pytest.mark.parametrize(("prefix", "query", "key", "value"), PUT_BACK, ids=[case[0] for case in PUT_BACK])
def test_the_link_of_the_plain_defaults_brings_back_the_plain_defaults(
    prefix: str, query: dict[str, str], key: str, value: int | None, open_app: Callable[..., AppTest]
) -> None:
    path = next(page.path for page in ALL_PAGES if page.prefix == prefix)
    app = ran(open_app(path, **query))
    if value is None:
        app = press(app, key)
    else:
        (widget,) = [
            one for kind in ("slider", "number_input") for one in elements(app, kind) if one.key == key
        ]
        app = ran(widget.set_value(value))
    state = app.session_state[f"{prefix}__state"]
    assert (state.values, state.preset) == (dict(state.start("")), "")
    again = ran(open_app(path, **link(app))).session_state[f"{prefix}__state"]
    assert (again.values, again.preset, again.address.notes) == (state.values, "", ())


def test_pages_for_each_of_which_the_plain_defaults_are_tried_are_all_there_are() -> None:
    assert {case[0] for case in PUT_BACK} == {page.prefix for page in ALL_PAGES} - {"home"}


def test_what_is_put_back_to_the_plain_defaults_has_a_link_of_its_own(
    open_app: Callable[..., AppTest],
) -> None:
    app = press(ran(open_app("pages/trainer.py", train_lr="0.05")), "train_put_back")
    assert link(app) == {"train_preset": "none"}
    assert not ran(open_app("pages/trainer.py")).query_params


def test_no_preset_has_the_name_that_stands_for_the_plain_defaults(open_app: Callable[..., AppTest]) -> None:
    for page in ALL_PAGES[1:]:
        state = ran(open_app(page.path)).session_state[f"{page.prefix}__state"]
        assert state.start(PLAIN) is None
