"""A text that cannot be read: what it blocks, and what it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.pages import ran, texts

UNREAD = "is not whole numbers joined by '-'"
QUICK = {"bn_twins_points": "40", "bn_twins_epochs": "2", "bn_rates_count": "3", "bn_rates_epochs": "1"}


def typed(app: AppTest, key: str, text: str) -> AppTest:
    return ran(app.text_input(key=key).set_value(text))


def test_it_blocks_the_view_in_which_it_stands_and_no_other(open_app: Callable[..., AppTest]) -> None:
    app = typed(ran(open_app("pages/batchnorm.py", **QUICK)), "bn_twins_hidden", "8-x")
    assert UNREAD in app.info[0].value
    app = ran(app.segmented_control(key="bn_view").set_value("rates"))
    assert UNREAD not in texts(app)
    assert app.get("plotly_chart") or app.get("vega_lite_chart")
    app = ran(app.segmented_control(key="bn_view").set_value("twins"))
    assert app.text_input(key="bn_twins_hidden").value == "128-64"
    assert UNREAD not in texts(app)
    assert app.get("plotly_chart") or app.get("vega_lite_chart")


@pytest.mark.usefixtures("pictures_at_hand")
def test_it_blocks_nothing_once_its_setting_has_no_effect(open_app: Callable[..., AppTest]) -> None:
    app = typed(ran(open_app("pages/trainer.py")), "train_hidden", "8-x")
    assert app.button(key="train_start").disabled
    app = ran(app.selectbox(key="train_model").set_value("softmax"))
    assert UNREAD not in texts(app)
    assert not app.button(key="train_start").disabled
