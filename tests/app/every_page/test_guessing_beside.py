"""Wherever a test accuracy is shown, what always predicting the largest class gives stands there too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.errors import DataError
from dashlab.experiments.batchnorm.network import load_points
from dashlab.experiments.batchnorm.rows import TwinsConfig
from dashlab.experiments.batchnorm.sweeps import RateSweep, Trial
from dashlab.experiments.fitting.network import CuresConfig, entries
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.jobs import JobState
from dashlab.store.runs import Store
from tests.app.fakes import FakeLab, result
from tests.app.initialization.stacks import LEARN
from tests.app.initialization.stacks import rows as learned
from tests.app.optimizers.raced import GRID, GRID_RACE, LINK, RACE, store_all
from tests.app.pages import elements, ran, texts
from tests.app.sketch.kept import keep
from tests.places import PLACES
from ui.parts import runs

pytestmark = pytest.mark.usefixtures("pictures_at_hand")

OPTIM, BATCHNORM, TRAINER = "pages/optimizers.py", "pages/batchnorm.py", "pages/trainer.py"
FAST = PRESETS["mnist-fast"].config
GIVES = "Always predicting the largest class gives"
TWINS = TwinsConfig(points=100, hidden=(8, 6), epochs=15)
DIGITS = TWINS.change(dataset="mnist", batch_size=64).without_unused()
SWEEP = RateSweep(dataset="mnist", batch_size=64)
TRIAL = Trial(
    lr=0.1, batch_size=64, batchnorm=True, seed=0, steps=9, training_loss=0.4, by_batch=0.9, by_running=0.8,
    diverged=0,
)  # fmt: skip


def shown(app: AppTest) -> str:
    """All that the page says, with the columns of its tables and what stands in its charts."""
    charts = [element.proto for kind in ("vega_lite_chart", "plotly_chart") for element in app.get(kind)]
    links = [str(element.value) for element in elements(app, "page_link")]
    columns = [str(list(table.value.columns)) for table in app.dataframe]
    return "\n".join((texts(app), *(chart.spec for chart in charts), *columns, *links))


def twins_of_digits(lab: FakeLab) -> None:
    """The rows are of two classes; what stands beside them is of ten."""
    rows: list[Any] = [row for row in TWINS.rows() if isinstance(row, TWINS.ROW)]
    lab.show(DIGITS, JobState.FINISHED, rows=tuple(rows))


def several_runs(_lab: FakeLab) -> None:
    for config in (FAST.change(lr=0.05), PRESETS["s1"].config, FAST):
        Store().save(result(config))


def in_view(prefix: str, view: str, **settings: object) -> dict[str, str]:
    own = {f"{prefix}_{view}_{name}": str(value) for name, value in settings.items()}
    return {f"{prefix}_view": view, **own}


SMALL = {"points": 100, "hidden": "8-6"}
ON_DIGITS = {"dataset": "mnist", "batch_size": 64}


@dataclass(frozen=True)
class Case:
    """Where a test accuracy is shown, what is there before, and the words beside it."""

    name: str
    path: str | None
    query: Mapping[str, str]
    said: str
    before: Callable[[FakeLab], object] = field(default=lambda _lab: None)
    tab: str = ""
    times: int = 1

    def __str__(self) -> str:
        return self.name


CASES = (
    Case("a race", OPTIM, LINK, f"{GIVES} 10.00 %.", lambda _lab: store_all(RACE), times=2),
    Case("a grid", OPTIM, GRID, f"{GIVES} 10.00 %.", lambda _lab: store_all(GRID_RACE), times=2),
    Case(
        "a cell of a grid", OPTIM, {**GRID, "optim_net_cell": "2"}, f"{GIVES} 10.00 %.",
        lambda _lab: store_all(GRID_RACE), times=3,
    ),
    Case("twins", BATCHNORM, in_view("bn", "twins", **SMALL, epochs=6), f"{GIVES} 60.00 %.", times=2),
    Case(
        "twins of digits", BATCHNORM, in_view("bn", "twins", **SMALL, **ON_DIGITS, epochs=15),
        f"{GIVES} 10.00 %.", twins_of_digits, times=2,
    ),
    Case("a sweep", BATCHNORM, in_view("bn", "rates", **SMALL, epochs=2, count=3), f"{GIVES} 60.00 %."),
    Case(
        "a sweep of several seeds", BATCHNORM,
        in_view("bn", "batches", **SMALL, largest=4, steps=10, seeds=3),
        f"{GIVES} 56.67 % to 60.00 %, by the seed.",
    ),
    Case(
        "a sweep on digits", BATCHNORM, in_view("bn", "rates", **ON_DIGITS), f"{GIVES} 10.00 %.",
        lambda lab: lab.show(SWEEP, JobState.FINISHED, rows=(TRIAL,)),
    ),
    Case(
        "stacks", "pages/initialization.py",
        in_view("init", "learn", settings=LEARN.settings, depth=2, width=16, steps=20), f"{GIVES} 12.60 %.",
        lambda lab: lab.show(LEARN, JobState.FINISHED, rows=learned()),
    ),
    Case(
        "cures", "pages/fitting.py", in_view("fit", "network"), f"{GIVES} 10.00 %.",
        lambda _lab: keep(entries(CuresConfig())[0].config),
    ),
    Case(
        "units", "pages/activations.py", in_view("act", "units"), f"{GIVES} 10.00 %.",
    ),
    Case("a run", TRAINER, {}, "Largest class alone 10.00 %", several_runs),
    Case("runs compared", TRAINER, {}, "'Largest class alone in %'", several_runs, tab="Compare"),
    Case("recent runs", None, {}, f"{GIVES} 10.00 % on MNIST.", several_runs),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_beside_a_test_accuracy_stands_that_of_the_largest_class(
    case: Case, open_app: Callable[..., AppTest], lab: FakeLab
) -> None:
    case.before(lab)
    app = ran(open_app(case.path, **case.query))
    if case.tab:
        app.session_state["train_tabs"] = case.tab
        ran(app)
    words = shown(app)
    assert re.search("est accuracy|92.50 %", words)
    assert words.count(case.said) == case.times, re.findall(f"{GIVES}[^\n]*", words)


@pytest.mark.parametrize(("path", "query"), PLACES, ids=str)
def test_no_page_opens_with_a_test_accuracy_alone(
    path: str, query: Mapping[str, str], open_app: Callable[..., AppTest]
) -> None:
    words = shown(ran(open_app(path, **query)))
    assert "est accuracy" not in words or "argest class" in words


def test_what_the_twins_stand_beside_is_the_share_of_their_own_test_points(
    open_app: Callable[..., AppTest],
) -> None:
    _, test = load_points(TWINS).split(TWINS.test_fraction)
    share = max(int((test.y == kind).sum()) for kind in (0, 1)) / len(test.y)
    app = ran(open_app(BATCHNORM, **in_view("bn", "twins", **SMALL, epochs=6)))
    assert f"{GIVES} {100 * share:.2f} %." in texts(app)


def test_where_the_digits_cannot_be_read_any_more_the_study_stands_and_says_so(
    open_app: Callable[..., AppTest], lab: FakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_config: object) -> NoReturn:
        raise DataError("The pictures are gone.")

    monkeypatch.setattr(runs, "images", refuse)
    lab.show(SWEEP, JobState.FINISHED, rows=(TRIAL,))
    app = ran(open_app(BATCHNORM, **in_view("bn", "rates", **ON_DIGITS)))
    assert "What always predicting the largest class gives is not known: The pictures are gone." in texts(app)
    assert len(app.get("vega_lite_chart")) == 1


def test_recent_runs_on_several_kinds_of_pictures_say_each_share_once(
    open_app: Callable[..., AppTest],
) -> None:
    run = result(FAST)
    assert run.evaluation is not None
    uneven = tuple((11, 0, *(0,) * 8) if k == 0 else (1, *(0,) * 9) for k in range(10))
    Store().save(run)
    Store().save(result(FAST.change(seed=1)))
    fashion = result(FAST.change(dataset="fashion"))
    Store().save(replace(fashion, evaluation=replace(run.evaluation, confusion=uneven)))
    Store().save(result(FAST.change(seed=2), "stopped"))
    assert f"{GIVES} 55.00 % on Fashion-MNIST and 10.00 % on MNIST." in texts(ran(open_app()))
