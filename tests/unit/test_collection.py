"""Garbage collection after every run of a page."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ui import collection

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def as_in_a_new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(collection, "_frozen_at", 0)
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_what_was_imported_is_frozen_once_and_not_at_every_run():
    assert [collection.freeze_imports() for _ in range(5)] == [True, False, False, False, False]


def test_it_is_frozen_again_when_a_page_has_imported_much_more(monkeypatch: pytest.MonkeyPatch):
    collection.freeze_imports()
    for number in range(collection.MANY):
        monkeypatch.setitem(sys.modules, f"a_module_of_this_test_{number}", gc)
    assert collection.freeze_imports()
    assert not collection.freeze_imports()


def test_a_collection_afterwards_walks_few_objects():
    import torch  # noqa: F401 - what the server has imported

    before = len(gc.get_objects())
    collection.freeze_imports()
    assert before > 100_000
    assert len(gc.get_objects()) < 1_000


def test_what_becomes_garbage_later_is_collected():
    collection.freeze_imports()
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle
    assert gc.collect() >= 1


def test_pandas_is_whole_before_a_page_draws() -> None:
    """Plotly asks for what `sys.modules` has of it: while another page imports it, that is half a module."""
    code = "import sys; import ui.page; print('pandas' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout.strip() == "True"
