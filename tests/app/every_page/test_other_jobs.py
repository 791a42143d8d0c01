"""Every page and view stands, whatever job or fetch the server has, and however that stands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.batchnorm.rows import TwinsConfig
from dashlab.experiments.batchnorm.sweeps import BatchSweep, RateSweep
from dashlab.experiments.descent.ten_classes_settings import TenClassesConfig
from dashlab.experiments.initialization.training import StackTraining
from dashlab.experiments.optimizers.network import NetworkRace, entries
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.jobs import JobState
from dashlab.settings.run import RunConfig
from dashlab.training.study import Study
from dashlab.training.together import orders
from tests.app.fakes import FakeLab, started, steps
from tests.app.pages import elements, ran, texts
from tests.places import PLACES
from ui.trainer import own
from ui.trainer.own import Fetch

pytestmark = pytest.mark.usefixtures("pictures_at_hand")

STATES = (JobState.RUNNING, JobState.QUEUED, JobState.FAILED, JobState.LOST)


def kinds_of_jobs() -> dict[str, RunConfig | Study]:
    """One job of every kind; each is what some page starts by itself."""
    (race,) = orders(entry.config for entry in entries(NetworkRace(seeds=1)))
    return {
        "a race trained as one": race,
        "twins": TwinsConfig(dataset="mnist", batch_size=64),
        "a sweep of rates": RateSweep(dataset="mnist", batch_size=64),
        "a sweep of batches": BatchSweep(dataset="mnist"),
        "stacks": StackTraining(),
        "a softmax regression": TenClassesConfig(),
        "the trainer's run": PRESETS["mnist-fast"].config,
        "the sketch pad's run": PRESETS["sketch"].config,
    }


def test_every_kind_of_study_is_among_the_jobs() -> None:
    def leaves(kind: type) -> set[type]:
        # A dataclass with slots is made twice, and only the second is what its module has.
        subs: list[type] = kind.__subclasses__()
        real = [sub for sub in subs if vars(sys.modules[sub.__module__]).get(sub.__name__) is sub]
        below = [sub for sub in real if sub.__module__.startswith("dashlab.")]
        return {leaf for sub in below for leaf in leaves(sub)} or {kind}

    submitted = {type(kind().computed()) for kind in leaves(Study)}  # without what only changes the picture
    assert submitted == {type(job) for job in kinds_of_jobs().values()} - {RunConfig}


@pytest.mark.parametrize(("path", "query"), PLACES, ids=str)
def test_a_page_stands_whatever_job_the_server_has(
    path: str, query: Mapping[str, str], open_app: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = ran(open_app(path, **query))
    for kind, config in kinds_of_jobs().items():
        for state in STATES:
            lab.known.clear()
            rows: dict[str, object] = {}
            if state is not JobState.QUEUED and isinstance(config, RunConfig):
                rows = {"started": started(config), "steps": steps(5)}
            lab.show(config, state, "This is how it stands.", **rows)
            app.run()
            assert not app.exception, (kind, state, app.exception)


FETCHES = {
    "begun": Fetch("cifar10"),
    "of a size that nobody told": Fetch("cifar10", done=5_000_000),
    "half way": Fetch("cifar10", done=85_000_000, total=170_000_000),
    "over": Fetch("cifar10", done=170_000_000, total=170_000_000, is_over=True),
    "failed": Fetch("cifar10", is_over=True, problem="The server of CIFAR-10 does not answer: try later."),
}


@pytest.mark.parametrize(("path", "query"), PLACES, ids=str)
def test_a_page_stands_while_pictures_are_fetched_and_afterwards(
    path: str, query: Mapping[str, str], open_app: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "_fetches", {})
    app = ran(open_app(path, **query))
    for state, fetch in FETCHES.items():
        monkeypatch.setattr(own, "_fetches", {fetch.name: fetch})
        app.run()
        assert not app.exception, (state, app.exception)


@pytest.mark.parametrize("state", FETCHES)
def test_a_fetch_that_goes_on_has_a_bar_and_one_that_failed_a_sentence(
    open_app: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    fetch = FETCHES[state]
    monkeypatch.setattr(own, "_fetches", {fetch.name: fetch})
    app = ran(open_app("pages/trainer.py", train_dataset="cifar10"))
    assert app.button(key="train_fetch").disabled == (not fetch.is_over)
    assert [bar.proto.text.startswith("Fetching CIFAR-10: ") for bar in elements(app, "progress")] == (
        [] if fetch.is_over else [True]
    )
    assert len(app.error) == bool(fetch.problem)
    assert fetch.problem in texts(app)


@pytest.mark.parametrize(
    ("ahead", "title"),
    [(TwinsConfig(), "BatchNorm twins"), (PRESETS["s1"].config, PRESETS["s1"].title)],
    ids=["a study", "a run"],
)
def test_a_job_that_waits_says_by_title_what_comes_before_it(
    open_app: Callable[..., AppTest], lab: FakeLab, ahead: RunConfig | Study, title: str
) -> None:
    sentence = "Waiting for 1 other run to end."
    lab.show(PRESETS["mnist-fast"].config, JobState.QUEUED, sentence, behind=ahead)
    (bar,) = elements(ran(open_app("pages/trainer.py")), "progress")
    assert bar.text.replace("\\", "").startswith(f"{sentence} Its turn comes after: {title}")
