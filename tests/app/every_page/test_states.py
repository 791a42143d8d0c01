"""Whatever a page has trained at a press says how it stands: waiting, going on, stopped, failed, lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.jobs import JobState
from dashlab.settings.run import RunConfig
from tests.app.fakes import FakeLab, started, steps
from tests.app.pages import ran, texts
from tests.places import PRESETS

pytestmark = pytest.mark.usefixtures("pictures_at_hand")

STARTS = ("_start", "_train")
"""How the keys of buttons end that have something trained."""
OVER = {
    JobState.STOPPED: "Stopped.",
    JobState.FAILED: "This went wrong as nothing else does.",
    JobState.LOST: "Its process is gone, and nobody knows where.",
}


def starts(app: AppTest) -> list[str]:
    """The buttons that can be pressed to have something trained."""
    return [str(one.key) for one in app.button if str(one.key).endswith(STARTS) and not one.disabled]


def can_be_stopped(app: AppTest) -> bool:
    return any(str(button.key).endswith("_stop") for button in app.button)


@pytest.mark.parametrize(("path", "query"), PRESETS, ids=str)
def test_what_a_preset_has_trained_says_how_it_stands(
    path: str, query: Mapping[str, str], open_app: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = ran(open_app(path, **query))
    for _ in range(2):  # a button may only lead to the view that trains
        if starts(app) and not lab.submitted:
            ran(app.button(key=starts(app)[-1]).click())
    assert lab.submitted or not starts(app)
    jobs = [*lab.submitted]

    def show(state: JobState, sentence: str) -> None:
        for job in jobs:
            begun = isinstance(job, RunConfig) and state is not JobState.QUEUED
            lab.show(job, state, sentence, **({"started": started(job), "steps": steps(5)} if begun else {}))
        ran(app)

    for state in (JobState.QUEUED, JobState.RUNNING) if jobs else ():
        show(state, "It is under way.")
        assert can_be_stopped(app), state
    for state, sentence in OVER.items() if jobs else ():
        show(state, sentence)
        assert sentence in texts(app), state
        assert not can_be_stopped(app), state
        assert starts(app), "it can be begun anew"
