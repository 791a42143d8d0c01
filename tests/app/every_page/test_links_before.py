"""Links that commit 4fa65f5 made open with the settings and the numbers that they had then."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.fakes import FakeLab
from tests.app.pages import ran
from tests.before import TOLD, unpack
from tests.before.make import ends
from ui.frame.pages import PAGES, page_of

LINKS = TOLD["links"]
CLOSE = 1e-3
"""Numbers may differ by so much of themselves between processors."""
MEASURED = {"Time in ms", "µs / update"}
"""Columns that no two machines share."""
FROM_TORCH = ("~eps~1e-10", "~history~100")
"""What torch gives AdaGrad and L-BFGS, and so lists of racers that no link names have now."""
CORRECTED = {"surface, from a preset": 1}
"""How many last rows of its table are others by now: there, L-BFGS remembers as much as torch's own."""
SINCE = {"descent", "fitting", "activations", "convolution"}
"""Pages that were not there then."""
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs, studies and own pictures that stood there then."""
    unpack(tmp_path / "before")
    monkeypatch.setenv("DASHLAB_STORE", str(tmp_path / "before" / "store"))
    monkeypatch.setenv("DASHLAB_OWN", str(tmp_path / "before" / "own"))


def numbers(texts: Sequence[str]) -> list[float]:
    """All numbers in some texts, in their order."""
    return [float(one.replace(",", "")) for text in texts for one in NUMBER.findall(text)]


def is_among(column: list[float], columns: list[list[float]]) -> bool:
    return any(column == pytest.approx(other, rel=CLOSE, nan_ok=True) for other in columns)


def plain_racers(name: str, text: str) -> str:
    for by_torch in FROM_TORCH if name.endswith("racers") else ():
        text = text.replace(by_torch, "")
    return text


def test_there_is_a_link_to_every_page_that_has_settings() -> None:
    assert {told["page"] for told in LINKS.values()} == {page.slug for page in PAGES if page.views} - SINCE


@pytest.mark.parametrize("name", LINKS)
def test_a_link_opens_with_the_same_settings_and_numbers(
    name: str, open_app: Callable[..., AppTest], lab: FakeLab
) -> None:
    told = LINKS[name]
    page = page_of(told["page"])
    app = ran(open_app(page.path, **told["query"]))
    state = app.session_state[f"{page.prefix}__state"]
    assert state.address.notes == ()
    for setting, text in told["settings"].items():
        now = state.specs[setting].format(state.values[setting])
        is_named = f"{page.prefix}_{setting}" in told["query"]
        assert (now if is_named else plain_racers(setting, now)) == text, setting
    assert lab.submitted == [], "what was kept is not trained anew"

    shown = [numbers([str(metric.value)]) for metric in app.metric]
    for _label, value in told["metrics"]:
        assert is_among(numbers([value]), shown), (value, shown)
    last = -CORRECTED.get(name, 0) or None
    tables = [frame.value for frame in app.dataframe]
    columns = [numbers(ends([*map(str, table[column])])[:last]) for table in tables for column in table]
    for table in told["tables"]:
        for label, column in table.items():
            if label not in MEASURED:
                assert is_among(numbers(column[:last]), columns), (label, column)
