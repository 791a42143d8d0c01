"""Garbage collection after every run of a page."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest

from ui import collection


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
