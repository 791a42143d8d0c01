"""What is imported and started as soon as the server stands."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import pytest
from streamlit import runtime

from dashlab import jobs
from dashlab.errors import JobError
from ui.frame import warm
from ui.frame.pages import PAGES


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The modules that the warm-up asks for, on a server that stands."""
    names: list[str] = []
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(warm, "importlib", SimpleNamespace(import_module=names.append))
    monkeypatch.setattr(warm, "freeze_imports", lambda: names.append("frozen"))
    return names


def test_the_processes_are_started_and_the_pages_imported_and_then_frozen(
    imported: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "warm_up", lambda: imported.append("started"))
    warm.warm_up()
    assert imported == ["started", *warm.MODULES, "frozen"]


def test_the_pages_are_imported_also_where_no_process_can_be_started(
    imported: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise JobError("DASHLAB_CALCULATORS must be a whole number.")

    monkeypatch.setattr(jobs, "warm_up", refuse)
    warm.warm_up()
    assert imported == [*warm.MODULES, "frozen"]


def test_every_page_is_among_what_is_imported() -> None:
    assert all(importlib.util.find_spec(module) for module in warm.MODULES)
    of_pages = {module.split(".")[1] for module in warm.MODULES if module.startswith("ui.")}
    assert of_pages == {page.slug for page in PAGES} - {"home"}, "Home comes with the frame"
