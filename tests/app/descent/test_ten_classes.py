"""Ten classes without a browser: the step, one picture, and both softmaxes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.descent.ten_classes_settings import TenClassesConfig
from dashlab.jobs import JobState
from tests.app.fakes import FakeLab
from tests.app.pages import link, press, ran, texts, view_link

pytestmark = pytest.mark.usefixtures("pictures_at_hand")

PAGE = "pages/descent.py"
SMALL = {"train_size": "1000", "epochs": "2", "dataset": "mnist"}


@pytest.fixture
def open_view(open_app: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """Opens the view with settings of its own, with few pictures."""
    return lambda **settings: ran(open_app(PAGE, **view_link("descent", "softmax", SMALL | settings)))


def test_what_is_quick_is_there_at_once_and_the_step_can_be_moved(open_view: Callable[..., AppTest]) -> None:
    app = open_view()
    assert "the test accuracy is" in texts(app)
    assert "By hand and by torch.nn:" in texts(app)
    app = ran(app.selectbox(key="descent_softmax_step").set_value(0))
    assert "At step 0 the picture" in texts(app)
    assert link(app)["descent_softmax_step"] == "0"


def test_large_outputs_overflow(open_view: Callable[..., AppTest]) -> None:
    assert "both softmaxes give the same" in texts(open_view())
    app = open_view(scale="1000", lr="1.0", epochs="10")
    assert "divides ∞ by ∞" in texts(app)
    table = next(table.value for table in app.dataframe if "naive" in table.value.columns)
    assert "no number (∞/∞)" in set(table["naive"])


def test_what_takes_long_is_trained_at_a_press(open_view: Callable[..., AppTest], lab: FakeLab) -> None:
    app = open_view(train_size="60000", epochs="30")
    assert "Press Train" in texts(app).replace("*", "")
    app = press(app, "descent_softmax_start")
    (study,) = lab.submitted
    assert isinstance(study, TenClassesConfig)
    lab.show(study, JobState.RUNNING, "Step 3 of 7,050.", rows=())
    assert "The first step comes soon." in texts(ran(app))
