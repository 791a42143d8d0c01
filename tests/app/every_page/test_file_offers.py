"""Every file that a page hands out is made here: the browser asks for it only when somebody presses."""

from __future__ import annotations

import ast
import csv
import io
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from dashlab.experiments.fitting.network import CuresConfig, entries
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.jobs import JobState
from dashlab.store.runs import Store
from tests.app.fakes import FakeLab, result
from tests.app.initialization.stacks import LEARN, rows
from tests.app.optimizers.raced import RACE, store_all
from tests.app.pages import ran
from tests.app.sketch.kept import MADE, ink, keep
from tests.places import PLACES
from ui.parts import tables, unexpected

pytestmark = pytest.mark.usefixtures("pictures_at_hand")

ROOT = Path(__file__).resolve().parents[3]
OFFERS = {"csv_download", "download"}
FAST = PRESETS["mnist-fast"].config
SMALL = {"points": "100", "hidden": "8-6"}


def nothing(_lab: FakeLab) -> None:
    """What is there before by itself."""


@dataclass(frozen=True)
class Case:
    """Where files are offered, by their labels; what is there before; and the tab that is open."""

    path: str
    query: Mapping[str, str]
    labels: tuple[str, ...]
    before: Callable[[FakeLab], object] = nothing
    tab: str = ""

    def __str__(self) -> str:
        return f"{self.path} {dict(self.query)} {self.tab}"


def two_runs(_lab: FakeLab) -> None:
    for config in (FAST.change(lr=0.05), FAST):
        Store().save(result(config))


def learned(lab: FakeLab) -> None:
    lab.show(LEARN, JobState.FINISHED, rows=rows())


def optim(view: str, *labels: str, before: Callable[[FakeLab], object] = nothing, **query: str) -> Case:
    own = {f"optim_{view}_{name}": value for name, value in query.items()}
    return Case("pages/optimizers.py", {"optim_view": view, **own}, labels, before)


def init(view: str, label: str, before: Callable[[FakeLab], object], **query: str) -> Case:
    own = {f"init_{view}_{name}": value for name, value in query.items()}
    return Case("pages/initialization.py", {"init_view": view, **own}, (label,), before)


def batchnorm(view: str, **query: str) -> Case:
    own = {f"bn_{view}_{name}": value for name, value in (SMALL | query).items()}
    return Case("pages/batchnorm.py", {"bn_view": view, **own}, ("CSV",))


def cured(_lab: FakeLab) -> None:
    """A run without any cure and one with L2, of the first seed."""
    for one in entries(CuresConfig())[:2]:
        keep(one.config)


def fitting(view: str, *labels: str, before: Callable[[FakeLab], object] = nothing, **query: str) -> Case:
    own = {f"fit_{view}_{name}": value for name, value in query.items()}
    return Case("pages/fitting.py", {"fit_view": view, **own}, labels, before)


def activations(view: str, label: str) -> Case:
    return Case("pages/activations.py", {"act_view": view}, (label,))


def trainer(tab: str, *labels: str) -> Case:
    return Case("pages/trainer.py", {}, labels, two_runs, tab)


RACES = ("This table as CSV", "Every step as CSV")
CASES = (
    optim("surface", *RACES, detail="curves"),
    optim("surface", *RACES, "The inner state as CSV", detail="state"),
    optim("surface", *RACES, "The basins as CSV", detail="basins", surface="himmelblau"),
    optim("surface", *RACES, "The search as CSV", detail="search", rates="best", steps="20"),
    optim("plane", "Plane as CSV", "Descent as CSV"),
    optim("ema", "Series and averages as CSV"),
    optim("batches", "Table as CSV", "Every update as CSV"),
    optim("net", "Runs as CSV", "Curves as CSV", before=lambda _lab: store_all(RACE), racers=RACE.racers),
    optim("net", "Curves as CSV", task="linear"),
    init("stack", "All layers as CSV", nothing, depth="3", width="16"),
    init("learn", "All steps as CSV", learned, settings=LEARN.settings, depth="2", width="16", steps="20"),
    init("gain", "Gains as CSV", nothing),
    *(batchnorm("twins", epochs="6", pane=pane) for pane in ("values", "statistics", "gradients", "classes")),
    batchnorm("rates", epochs="2", count="3"),
    batchnorm("batches", largest="4", steps="10"),
    Case("pages/descent.py", {"descent_view": "line"}, ("Every step as CSV", "Points as CSV")),
    Case("pages/descent.py", {"descent_preset": "s12plane"}, ("Epochs as CSV",)),
    Case(
        "pages/descent.py",
        {"descent_view": "softmax", "descent_softmax_train_size": "1000"},
        ("Every step kept as CSV",),
    ),
    Case("pages/descent.py", {"descent_view": "backprop"}, ("Every derivative as CSV",)),
    Case("pages/descent.py", {"descent_view": "classes"}, ("Every step of the boundary as CSV",)),
    Case("pages/convolution.py", {"conv_layer_source": "ramp"}, ("Linked pixels as CSV",)),
    Case("pages/convolution.py", {"conv_view": "field"}, ("Layers as CSV",)),
    Case("pages/augmentation.py", {"aug_draws": "2"}, ("All numbers as CSV", "The original as picture.png")),
    trainer("Compare", "Comparison as CSV"),
    trainer("Worst mistakes", "These mistakes as CSV"),
    trainer("Downloads", "History, CSV", "Settings, JSON", "Weights, safetensors", "Predictions, CSV"),
    Case("pages/sketch.py", {"sketch_ink": ink(4)}, ("Probabilities as CSV",), lambda _lab: keep(MADE)),
    fitting("curve", "Every degree as CSV"),
    fitting("features", "Every fit as CSV", points="10"),
    fitting("network", "Combinations as CSV", before=cured),
    fitting("dropout", "Masks as CSV", masks="3"),
    fitting("votes", "Votes as CSV"),
    fitting("series", "Errors as CSV", "Predictions as CSV"),
    activations("curves", "Curves as CSV"),
    activations("layers", "Every layer as CSV"),
    activations("units", "Units as CSV"),
    activations("softmax", "Probabilities as CSV"),
)


@dataclass(frozen=True)
class Offered:
    """What a button for a download was given."""

    label: str
    make: Callable[[], str | bytes]
    file_name: str
    kind: str


@pytest.fixture
def offers(monkeypatch: pytest.MonkeyPatch) -> list[Offered]:
    """What the page offers, each time it is drawn; nobody presses."""
    found: list[Offered] = []

    def take(label: str, make: Callable[[], str | bytes], file_name: str, kind: str, **_more: object) -> bool:
        found.append(Offered(label, make, file_name, kind))
        return False

    monkeypatch.setattr(streamlit, "download_button", take)
    return found


def holds_something(offered: Offered) -> None:
    made = offered.make()
    assert made, offered
    if offered.kind == "text/csv":
        assert offered.file_name.endswith(".csv")
        assert isinstance(made, str)
        table = list(csv.DictReader(io.StringIO(made)))
        assert table, offered
        assert all(row.keys() == table[0].keys() for row in table), offered
        assert all(name and value is not None for row in table for name, value in row.items()), offered


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_file_that_is_offered_can_be_made_and_holds_something(
    case: Case, open_app: Callable[..., AppTest], lab: FakeLab, offers: list[Offered]
) -> None:
    case.before(lab)
    app = ran(open_app(case.path, **case.query))
    if case.tab:
        app.session_state["train_tabs"] = case.tab
        offers.clear()
        ran(app)
    assert set(case.labels) <= {offered.label for offered in offers}
    for offered in offers:
        holds_something(offered)


@pytest.mark.parametrize(("path", "query"), PLACES, ids=str)
def test_what_every_page_and_view_offers_at_first_can_be_made(
    path: str, query: Mapping[str, str], open_app: Callable[..., AppTest], offers: list[Offered]
) -> None:
    ran(open_app(path, **query))
    for offered in offers:
        holds_something(offered)


def test_no_file_is_offered_that_is_not_made_above() -> None:
    labels: set[str] = set()
    for file in (*(ROOT / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0] if node.args else None
            assert name != "download_button" or file.name == "tables.py", "its faults would have no number"
            if name in OFFERS and isinstance(first, ast.Constant):
                labels.add(str(first.value))
    assert labels
    assert labels <= {label for case in CASES for label in case.labels}


def test_a_fault_in_making_a_file_is_a_number_in_the_log(
    offers: list[Offered], caplog: pytest.LogCaptureFixture
) -> None:
    tables.csv_download("Rows as CSV", lambda: [{"share": 1 / 0}], "rows.csv", "rows")
    with caplog.at_level(logging.ERROR), pytest.raises(unexpected.DownloadFailed) as raised:
        offers[0].make()
    (number,) = re.findall(r"number ([0-9a-f]{6}) in the server's log", str(raised.value))
    (record,) = [record for record in caplog.records if number in record.getMessage()]
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
